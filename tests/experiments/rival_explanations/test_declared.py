"""The declared rivals: what each predicts, which images allow it, and how often it is run."""

from __future__ import annotations

import re

import pandas as pd
import pytest

from bcd_utils.evaluation.reported import paper_reported
from bcd_utils.experiments.rival_explanations import declared
from bcd_utils.experiments.rival_explanations.declared import PLAIN, RIVALS
from bcd_utils.images.transforms import INPUTS
from bcd_utils.study.loading import make_study
from bcd_utils.utils.errors import StudyError

#: As BUSI: of 780 images 16 have two masks and one has three.
BUSI = pd.DataFrame({"masks": ["a.png"] * 763 + ["a.png|b.png"] * 16 + ["a.png|b.png|c.png"]})


def study(**settings):
    repeated = {"repeated_splits": {"splits": settings.pop("repeated", 100)}}
    return make_study({"name": "mine", "rival_explanations": {"splits": 30} | settings} | repeated)


def test_names_and_titles_are_unique_and_inputs_can_be_drawn():
    assert RIVALS[0].name == PLAIN
    for part in ("name", "title"):
        assert len({getattr(rival, part) for rival in RIVALS}) == len(RIVALS)
    assert all(re.sub(r"-0\.\d$", "", rival.input) in INPUTS for rival in RIVALS)
    assert all(rival.input == PLAIN for rival in RIVALS if rival.kind == "protocol"), (
        "one thing is changed at a time"
    )


def test_only_780_of_all_totals_up_to_1600_allows_the_papers_accuracies():
    reported = paper_reported()
    assert [total for total in range(200, 1601) if declared.allows(total, reported)] == [780]


def test_what_the_rivals_predict_of_the_papers_data():
    chosen, left_out = declared.chosen_rivals(BUSI, study())
    assert chosen == list(RIVALS[:-1]) and list(left_out) == ["network tuned"]
    table = declared.declared_table(chosen, BUSI, study(), paper_reported())
    totals = table["images"][table["images"] != 780].to_dict()
    assert totals == {"mask_files": 1578, "copies-1": 1560, "copies-3": 3120}
    assert table.index[~table["allowed"]].tolist() == list(totals)
    # 780 / 1578, 780 / 1560 and a quarter of 30 splits would be fewer than can tell anything
    few = table["splits"][table["splits"] != 30].to_dict()
    assert few == {"image": 100, "mask_files": 20, "copies-1": 20, "copies-3": 20, "luckiest": 20}
    assert table["trainings"].sum() == 100 + 3 * 20 + 11 * 30
    assert "allowed" not in declared.declared_table(chosen, BUSI, study())


def test_the_network_is_tuned_on_as_few_splits_as_are_asked_for():
    few = study(names=["tuned"], tuned_splits=3)
    chosen, _ = declared.chosen_rivals(BUSI, few)
    table = declared.declared_table(chosen, BUSI, few, paper_reported())
    assert table["splits"].to_dict() == {"image": 100, "tuned": 3} and table["allowed"].all()


def test_no_rival_is_run_on_more_splits_than_there_are():
    chosen, left_out = declared.chosen_rivals(BUSI, study(repeated=3))
    table = declared.declared_table(chosen, BUSI, study(repeated=3))
    assert (table["splits"] == 3).all()
    assert left_out.pop("network tuned").startswith("it takes long")
    assert left_out == {"best split of several": "it needs 5 splits, and there are 3"}


def test_without_a_mask_for_each_image_only_what_needs_none_is_left():
    chosen, left_out = declared.chosen_rivals(pd.DataFrame({"masks": ["a.png", ""]}), study())
    names = [rival.name for rival in chosen]
    assert names == [PLAIN, "copies-1", "copies-3", "stop_on_test", "cut_off", "luckiest"]
    assert left_out.pop("network tuned").startswith("it takes long")
    assert set(left_out.values()) == {"1 of 2 images have no mask file"} and len(left_out) == 10


def test_a_study_chooses_by_name_and_plain_images_always_take_part():
    chosen, left_out = declared.chosen_rivals(BUSI, study(names=["outline"]))
    assert [rival.name for rival in chosen] == [PLAIN, "outline"]
    assert set(left_out.values()) == {"this study's settings do not name it"}
    with pytest.raises(StudyError, match=r"no rival explanation outlines.*did you mean 'outline'"):
        declared.chosen_rivals(BUSI, study(names=["outlines"]))
