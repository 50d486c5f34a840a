"""What a stage's result depends on: each change makes stale what it touches, and nothing else."""

from __future__ import annotations

import ast
import shutil
from dataclasses import replace

import pytest
from builders import make_run

from bcd_utils.pipeline import staleness
from bcd_utils.pipeline.stages import all_stages
from bcd_utils.study.loading import make_study
from bcd_utils.utils import code_identity
from bcd_utils.utils.paths import NOTEBOOKS, ROOT


@pytest.fixture
def copied(tmp_path, monkeypatch):
    """The package's sources in a folder where they may be changed."""
    shutil.copytree(ROOT / "bcd_utils", tmp_path / "bcd_utils", ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("closure", "modules_among"):
        real = getattr(code_identity, name)
        monkeypatch.setattr(staleness, name, lambda names, real=real: real(names, tmp_path))
    return tmp_path / "bcd_utils"


@pytest.fixture
def parts(tmp_path):
    """Parts of every stage of a study with these settings."""

    def of(**settings):
        run = make_run(tmp_path / "run", make_study({"name": "mine", **settings}))
        return {
            name: staleness.parts_of(run, stage, [], None, NOTEBOOKS / f"{name}.ipynb")
            for name, stage in all_stages().items()
        }

    return of


def stale(before, after) -> list[str]:
    return [name[:2] for name in before if staleness.changes(before[name], after[name])]


def edit(path):
    path.write_text(path.read_text(encoding="utf-8") + "\n\nEDITED = True\n", encoding="utf-8")


EVERY = [name[:2] for name in all_stages()]


@pytest.mark.parametrize(
    ("module", "expected"),
    [
        ("reporting/plots/modalities.py", ["11"]),
        ("cli.py", []),
        ("reporting/index.py", []),
        ("pipeline/stages/modalities.py", []),
        ("pipeline/runner.py", []),
    ],
)
def test_a_change_of_code_makes_stale_what_imports_it(copied, parts, module, expected):
    before = parts()
    edit(copied / module)
    assert stale(before, parts()) == expected


def test_a_change_of_the_image_reader_makes_stale_everything_that_saw_pixels(copied, parts):
    before = parts()
    edit(copied / "images/reading.py")
    assert set(EVERY) - set(stale(before, parts())) <= {"03", "04", "07", "13"}, "they read arrays and tables"


def test_comments_and_help_texts_change_nothing(copied, parts):
    before = parts()
    for path in copied.rglob("*.py"):
        path.write_text(path.read_text(encoding="utf-8") + "\n# a remark\n", encoding="utf-8")
    assert stale(before, parts()) == []


@pytest.mark.parametrize(
    ("setting", "value", "fresh"),
    [
        ("title", "Another", EVERY),
        ("notebooks", ["01_data_exploration"], EVERY),
        ("histopathology_dir", "/somewhere", EVERY[1:]),
        ("repeated_splits", {"splits": 7}, [*EVERY[:6], "09"]),
        ("bootstrap_samples", 500, ["01", "02", "03", "06"]),
        ("learning_rate", 0.1, ["01", "02", "04"]),
        ("external", {"dataset": "phantom"}, [*EVERY[:3], "05", "06", "08", "10", "11"]),
    ],
)
def test_a_setting_makes_stale_what_reads_it(parts, setting, value, fresh):
    stages = stale(parts(), parts(**{setting: value}))
    assert set(stages).isdisjoint(fresh) and (stages or fresh == EVERY)


def test_a_section_of_a_further_stage_is_a_setting_of_it_alone(tmp_path):
    stage = all_stages()["01_data_exploration"]
    hello = type("Hello", (), {})
    notebook = NOTEBOOKS / "01_data_exploration.ipynb"

    def settings(section, greeting):
        run = make_run(
            tmp_path / "run", make_study({"name": "x", "sections": {"hello": {"greeting": greeting}}})
        )
        own = replace(stage, section=section)
        return staleness.parts_of(run, own, [], None, notebook)["settings"]

    assert settings(hello, "hi") != settings(hello, "ho")
    assert settings(None, "hi") == settings(None, "ho")


def test_artifacts_that_a_stage_reads_count_by_hash(tmp_path):
    run = make_run(tmp_path / "run", make_study({"name": "mine"}))
    before = [all_stages()["01_data_exploration"]]
    run.save_json({}, "dataset.json")
    with run.writing("manifest.csv") as path:
        path.write_text("id\n")
    run.mark_done(before[0].notebook, {}, 1, 1)
    stage = replace(all_stages()["02_preprocessing"], reads=("manifest.csv",))
    parts = staleness.parts_of(run, stage, before, None, NOTEBOOKS / f"{stage.notebook}.ipynb")
    assert list(parts["reads"]) == ["manifest.csv"], "it does not read dataset.json"


def test_what_is_called_a_study_is_called_so_everywhere():
    """Settings are found by what the code calls a study: no other name, no way around the attributes."""
    around = {"asdict", "getattr", "vars"}
    odd = []
    for path in (ROOT / "bcd_utils").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.arg) and node.annotation is not None:
                if ast.unparse(node.annotation) == "Study" and node.arg not in staleness.CALLED:
                    odd.append((path.name, node.arg))
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") in around and node.args:
                first = node.args[0]
                if {getattr(first, "id", ""), getattr(first, "attr", "")} & staleness.CALLED:
                    odd.append((path.name, ast.unparse(node)))
    assert odd == []


def test_another_folder_of_external_images_repeats_what_reads_them(parts):
    """Their test, what learns from them without labels, and what announces how a run's numbers came about."""
    before, after = (parts(external={"dataset": "folder", "data_dir": name}) for name in ("here", "there"))
    assert stale(before, after) == ["09", "12", "15"]
