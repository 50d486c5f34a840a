"""A person's word on pairs is kept in a file that the audit takes."""

from __future__ import annotations

import pandas as pd
import pytest
from builders import make_run, noise, write_image

from bcd_utils.audit.groups import read_verdicts
from bcd_utils.reporting.explorers.pairs import explore_pairs
from bcd_utils.study.loading import make_study

COLUMNS = {
    "kind": "near",
    "correlation": 0.9,
    "detail": 0.8,
    "same": "yes",
    "verdict": "",
    "contradictory": False,
}


@pytest.fixture
def given(tmp_path):
    names = list("abcd")
    for number, name in enumerate(names):
        write_image(tmp_path / "data" / f"{name}.png", noise(number))
    usable = pd.DataFrame({"id": names, "path": [f"{name}.png" for name in names], "masks": ""})
    pairs = [
        {"id_a": "a", "id_b": "b"},
        {"id_a": "a", "id_b": "c", "contradictory": True},
        {"id_a": "c", "id_b": "d"},
    ]
    run = make_run(tmp_path / "run", make_study({"name": "mine"}))
    return run, tmp_path / "data", usable, pd.DataFrame([COLUMNS | pair for pair in pairs])


def test_verdicts_are_kept_and_can_be_changed(given):
    run, folder, usable, pairs = given
    live = explore_pairs(run.explored(), folder, usable, pairs)
    assert live.view.facts["same"] == "yes, the program says"
    live.buttons["not the same"].click()
    live.buttons["same"].click()
    file = run.folder / "exploration" / "verdicts.csv"
    assert read_verdicts(file, usable).pairs.to_numpy().tolist() == [["a", "b", "no"], ["a", "c", "yes"]]
    assert f"2 verdicts are in {file}" in live.message.value
    assert f"--set audit.reviewed_pairs={file}" in live.message.value
    again = explore_pairs(run.explored(), folder, usable, pairs)
    assert again.view.facts["same"] == "no, a person says"
    again.buttons["same"].click()
    assert read_verdicts(file, usable).pairs["verdict"].tolist() == ["yes", "yes"]
    assert again.view.facts["labels"] == "they differ"


def test_a_report_shows_a_pair_and_keeps_nothing(given):
    run, folder, usable, pairs = given
    still = explore_pairs(run, folder, usable, pairs)
    assert still.facts["pair"] == "a | b" and still.figure is not None
    assert not (run.folder / "verdicts.csv").exists()
    assert "nothing" in explore_pairs(run, folder, usable, pairs.head(0)).text
