"""A locked test set: drawn by group, and each opening written down."""

import numpy as np
import pandas as pd
import pytest
from builders import make_run

from bcd_utils.experiments.recipe.locked import LOG, openings, said_of_locked
from bcd_utils.study.loading import make_study
from bcd_utils.utils.errors import StudyError
from bcd_utils.utils.files import write_json

MADE = {"images": 12, "groups": 9, "test_set": "a", "opened": True}


def entry(day, test_set="a"):
    return {"opened": f"2026-01-{day:02}T10:00:00+00:00", "commit": "abc", "test_set": test_set, "scores": {}}


def test_what_is_said_counts_the_openings_of_this_set_alone():
    assert "No test set is locked" in said_of_locked(None, [])
    assert "12 images of 9 groups" in said_of_locked(MADE, []) and "never opened" in said_of_locked(MADE, [])
    text = said_of_locked(MADE, [entry(2, "another"), entry(3), entry(5)])
    assert "opened 2 times, first on 2026-01-03 by commit `abc`" in text
    assert "opened 1 time, first" in said_of_locked(MADE, [entry(3)])


def test_a_damaged_log_is_not_written_over(tmp_path):
    run = make_run(tmp_path / "run", make_study({"name": "t"}))
    assert openings(run) == []
    write_json(run.folder / LOG, [entry(3)])
    assert openings(run) == [entry(3)]
    (run.folder / LOG).write_text("[{")
    with pytest.raises(StudyError, match=r"locked_test.json is damaged"):
        openings(run)


def test_no_group_is_locked_in_part():
    from bcd_utils.experiments.recipe.locked import locked_split

    labels = np.repeat(["benign", "malignant", "normal"], 40)
    table = pd.DataFrame({"label": labels, "group": np.arange(120) // 2, "status": "ok"})

    class Images:
        pass

    images = Images()
    images.table = table
    split = locked_split(images, make_study({"name": "t", "locked_test": {"share": 0.2}}))
    assert (
        table.groupby("group").apply(lambda rows: split[rows.index].nunique(), include_groups=False).max()
        == 1
    )
    assert abs((split == "test").mean() - 0.2) < 0.03
