"""What tells one study from another, and the command that makes a run again."""

from __future__ import annotations

import json
import shlex

import pytest

from bcd_utils.study.differences import as_override, command_of, differing
from bcd_utils.study.loading import load_study
from bcd_utils.study.overrides import parse_override
from bcd_utils.utils.paths import STUDIES


def test_settings_that_differ_are_found_at_any_depth():
    first, second = {"x": {"y": {"z": 1}}}, {"x": {"y": {"z": 2}}, "new": None}
    assert differing(first, second, first) == {"x.y.z": [1, 2, 1]}
    assert differing(first, first) == {} == differing(first)


@pytest.mark.parametrize("value", ["average", "3", "no", "a: b", "", 3, 0.1, None, True, [1, 2], {"a": [1]}])
def test_a_setting_as_text_is_read_back_as_it_was(value):
    assert parse_override(as_override("key", value)) == ("key", value)


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["epochs=3", "pooling=average"],
        ["hidden_units=[64, 32]", "seed=7", "title='It''s mine: no'"],
        ["fine_tuning={epochs: 3}"],
    ],
)
@pytest.mark.parametrize("elsewhere", [False, True])
def test_the_command_of_a_run_makes_its_study_again(tmp_path, words, elsewhere, monkeypatch):
    file = STUDIES / "phantom.yaml"
    if elsewhere:
        file = tmp_path / "my own study.yaml"
        file.write_text((STUDIES / "phantom.yaml").read_text())
        folder = tmp_path / "run"
        folder.mkdir()
        (folder / "origin.json").write_text(json.dumps({"study_file": str(file)}))
    study = load_study(file, words)
    bcd, run, named, *rest = shlex.split(command_of(tmp_path / "run", study))
    assert [bcd, run, rest[:2]] == ["bcd", "run", ["--run-dir", str(tmp_path / "run")]]
    assert named == (str(file) if elsewhere else "phantom")
    given = [value for option, value in zip(rest[2::2], rest[3::2], strict=True) if option == "--set"]
    assert len(given) == len(rest[2:]) // 2
    monkeypatch.chdir(tmp_path)
    assert load_study(named, given) == study


def test_the_folder_of_the_images_is_named(tmp_path):
    study = load_study("paper", source={"data_dir": str(tmp_path / "my images")})
    assert command_of(tmp_path / "r", study).endswith(f"--data-dir '{tmp_path}/my images'")


def test_a_file_that_changed_past_reading_still_gives_a_command(tmp_path):
    (tmp_path / "origin.json").write_text(json.dumps({"study_file": str(tmp_path / "s.yaml")}))
    study = load_study("phantom", ["epochs=3"])
    assert command_of(tmp_path, study) == f"bcd run STUDY.yaml --run-dir {tmp_path}"
    (tmp_path / "s.yaml").write_text("{")
    assert command_of(tmp_path, study) == f"bcd run {tmp_path}/s.yaml --run-dir {tmp_path}"
