"""The list of runs: the last first, half ones and damaged ones too."""

from __future__ import annotations

import json
import os

import pytest
from builders import make_run
from summaries import FULL

from bcd_utils.reporting.runs_listed import rows
from bcd_utils.study.loading import make_study


@pytest.fixture
def reports(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for age, name in enumerate(["finished", "half", "damaged"]):
        study = make_study({"name": "mine", "notebooks": ["01_data_exploration", "02_preprocessing"]})
        made = make_run(tmp_path / "reports" / name, study)
        if name == "half":
            made.mark_done("01_data_exploration", {}, 1.0, 0.0)
        else:
            text = json.dumps(FULL) if name == "finished" else "{"
            (made.folder / "summary.json").write_text(text)
        for path in made.folder.rglob("*.json"):
            os.utime(path, (10**9 - age,) * 2)
    (tmp_path / "reports" / "nothing").mkdir()
    return tmp_path / "reports"


def test_every_run_is_listed_with_its_state(reports):
    finished, half, damaged = rows(reports)
    assert finished[:3] == ("reports/finished", "mine", "BUSI") and finished[3].startswith(
        "finished 2001-09-"
    )
    assert finished[4] == "0.500 [0.100, 0.900]"
    assert half == ("reports/half", "mine", "busi", "1 of 2 stages done", "–")
    assert damaged[0] == "reports/damaged" and "is damaged" in damaged[3]
    assert rows(reports / "nothing") == []
