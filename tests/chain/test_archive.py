"""A finished run archived, checked and run again: what goes along, what is found, what is said of it."""

from __future__ import annotations

import base64
import json
import re
import shutil
import zipfile
from html import unescape
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from bs4 import BeautifulSoup
from builders import make_run, manifest_of, write_busi
from crates import hold_to_the_specification

from bcd_utils.datasets import REGISTRY
from bcd_utils.evaluation.agreement import DIFFERENT, IDENTICAL, WITHIN
from bcd_utils.pipeline.archive import LEFT_OUT, archive
from bcd_utils.pipeline.stages import all_stages
from bcd_utils.pipeline.verification import hold_against, write_verification
from bcd_utils.pipeline.verify import changed_images, opened, study_of
from bcd_utils.study.figures import figures_of
from bcd_utils.study.loading import load_study, make_study
from bcd_utils.study.run import Run
from bcd_utils.utils.errors import StudyError
from bcd_utils.utils.paths import ROOT
from bcd_utils.utils.sealed import SEAL, faults, files_below

pytestmark = pytest.mark.slow
TRAINING, SPLIT = "03_train_resnet50", "02_preprocessing"


@pytest.fixture(scope="module")
def made(finished, tmp_path_factory) -> Path:
    """The archive of the finished run, as a folder."""
    target = tmp_path_factory.mktemp("archive") / "tiny"
    archive(Run.open(finished), all_stages(), target)
    return target


@pytest.fixture(scope="module")
def bare(finished, tmp_path_factory) -> Path:
    """The same without pictures."""
    target = tmp_path_factory.mktemp("bare") / "tiny"
    archive(Run.open(finished), all_stages(), target, pictures=False)
    return target


@pytest.fixture(scope="module")
def packed(quick, finished, tmp_path_factory) -> Path:
    """The archive of the finished run as a zip file, made by the command."""
    target = tmp_path_factory.mktemp("packed") / "tiny.zip"
    done = quick.bcd("archive", finished, "--out", target)
    assert done.returncode == 0 and re.search(r"Fingerprint: [0-9a-f]{64}", done.stdout), done.stderr
    return target


@pytest.fixture
def copy(finished, tmp_path) -> Path:
    """A run that may be changed."""
    return shutil.copytree(finished, tmp_path / "copy")


def texts(folder: Path) -> dict[str, str]:
    """What is written in an archive, and the bytes of its other files as far as they are text."""
    return {name: (folder / name).read_bytes().decode("utf-8", "replace") for name in files_below(folder)}


# -- what goes along --------------------------------------------------------------------------------


def test_an_archive_is_a_sound_crate_of_numbers_and_no_image_or_weight(finished, made):
    graph = hold_to_the_specification(made)
    assert faults(made) == []
    assert {
        "CITATION.cff",
        "LICENSE",
        "README.md",
        "requirements.lock",
        "environment.txt",
        "study.yaml",
    } <= set(files_below(made))
    stages = Run.open(finished).study.notebooks
    for stage in stages:
        for name in (f"{stage}.html", f"notebooks/{stage}.ipynb", f"markers/{stage}.json"):
            assert (made / name).is_file(), name
    for part in ("tables", "figures"):
        assert files_below(made / part) == files_below(finished / part)
    left = {path.name for path in (finished / "artifacts").iterdir()} - {
        path.name for path in (made / "artifacts").iterdir()
    }
    assert left == {"images.npy", "head.keras", "average_features.npy"}
    hashes = json.loads((made / "markers" / f"{TRAINING}.json").read_text())["artifacts"]
    assert len(hashes["head.keras"]) == 64 and "head.keras" in (made / "README.md").read_text()
    assert (
        graph["#data"]["sha256"]
        == json.loads((finished / "summary.json").read_text())["dataset"]["data_sha256"]
    )
    installed = dict(line.split("==") for line in (made / "environment.txt").read_text().splitlines())
    assert installed["numpy"] == np.__version__


def test_no_text_names_a_place_of_this_machine(finished, tiny, made, bare):
    here = [str(finished), str(tiny.file.parent), str(ROOT), f"{Path.home()}/"]
    absolute = re.compile(r"(?<![\w:/.+-])/(?:home|root|Users|tmp|var|private|opt|work)/[\w.-]+")
    for folder in (made, bare):
        for name, text in texts(folder).items():
            assert not [place for place in here if place in text or place in unescape(text)], name
            assert not absolute.findall(text), name
    assert 'run_dir = \\".\\"' in (made / "notebooks" / f"{TRAINING}.ipynb").read_text()


def test_the_same_run_makes_the_same_bytes(made, packed):
    with zipfile.ZipFile(packed) as content:  # that packing makes the same bytes, its own tests say
        assert {name: content.read(name) for name in content.namelist()} == {
            name: (made / name).read_bytes() for name in files_below(made)
        }


def test_an_archived_study_is_the_study_that_was_run(finished, made):
    ours, theirs = (
        load_study(path / name).as_dict() for path, name in ((made, "study.yaml"), (finished, "study.json"))
    )
    assert {key for key in ours if ours[key] != theirs[key]} == {"backbone", "published_results"}
    given = ours["published_results"].items()  # no stage of this run reads them
    named = {key: Path(value).name for key, value in given}
    assert named == {"results": "busi.yaml", "arms": "busi_measured.json"}
    assert yaml.safe_load((made / "study.yaml").read_text())["backbone"] == "extractor.keras"
    assert Run.open(made).study.epochs == 3


def test_without_pictures_no_page_notebook_or_figure_shows_an_image(finished, bare):
    hold_to_the_specification(bare)
    records = figures_of(finished)
    kept = {name for name, record in records.items() if not record.pictures}
    assert {"fig3_ultrasound", "gradcam_examples"} <= records.keys() - kept
    assert {"confusion_matrices", "fig7_accuracy", "reliability"} <= kept
    assert {Path(name).stem for name in files_below(bare / "figures")} == kept
    drawn = {base64.b64encode((bare / "figures" / f"{name}.png").read_bytes()).decode() for name in kept}
    for stage in Run.open(finished).study.notebooks:
        content = json.loads((bare / "notebooks" / f"{stage}.ipynb").read_text())
        outputs = [output for cell in content["cells"] for output in cell.get("outputs", [])]
        shown = [
            output["data"]["image/png"].replace("\n", "")
            for output in outputs
            if "image/png" in output.get("data", {})
        ]
        assert set(shown) <= drawn, stage
        own = [record for record in records.values() if record.stage == stage and record.pictures]
        left_out = [
            output
            for output in outputs
            if "".join(output.get("data", {}).get("text/markdown", "")) == LEFT_OUT
        ]
        assert len(left_out) >= len(own), stage
        page = BeautifulSoup((bare / f"{stage}.html").read_text(encoding="utf-8"), "html.parser")
        assert len(page.select('img[src^="data:"]')) == len(shown), stage
    readme = (bare / "README.md").read_text()
    assert "pictures: " in readme and "fig3_ultrasound" in readme


# -- what is refused --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda run: (run / "markers" / f"{TRAINING}.json").unlink(), f"{TRAINING} is not done"),
        (lambda run: (run / "artifacts" / "splits.csv").write_text("id\n"), f"splits.csv was changed since {SPLIT}"),
        (lambda run: (run / "tables" / "metrics.csv").unlink(), "metrics.csv is missing"),
        (lambda run: (run / "summary.json").unlink(), "has no summary.json"),
        (lambda run: (run / "index.html").unlink(), "index.html is missing"),
    ],
)  # fmt: skip
def test_an_unfinished_or_damaged_run_is_refused_and_nothing_is_written(copy, tmp_path, damage, message):
    damage(copy)
    with pytest.raises(StudyError, match=message):
        archive(Run.open(copy), all_stages(), tmp_path / "out.zip")
    assert not (tmp_path / "out.zip").exists()


def test_a_run_is_not_taken_for_a_damaged_archive(quick, finished):
    done = quick.bcd("verify", finished)
    problem, fix = done.stderr.splitlines()
    assert done.returncode == 1 and problem.endswith("is a run, and what is checked is an archive of one.")
    assert fix.startswith("To fix: make it: bcd archive ")


def test_a_damaged_archive_is_named_by_its_file_whatever_kind_it_is(made, tmp_path):
    by_kind = {Path(name).suffix or name: name for name in files_below(made)}
    assert {
        ".csv",
        ".json",
        ".html",
        ".ipynb",
        ".png",
        ".pdf",
        ".npz",
        ".yaml",
        ".md",
        ".lock",
        "LICENSE",
    } <= by_kind.keys()
    folder = shutil.copytree(made, tmp_path / "damaged")
    for name in by_kind.values():
        content = (folder / name).read_bytes()
        middle = len(content) // 2
        (folder / name).write_bytes(content[:middle] + bytes([content[middle] ^ 4]) + content[middle + 1 :])
        with pytest.raises(
            StudyError, match=f"is damaged: {re.escape(SEAL if name == SEAL else name)} was changed|damaged"
        ):
            opened(folder)
        (folder / name).write_bytes(content)
    opened(folder)


def test_a_damaged_zip_ends_with_status_1_and_the_files_name(quick, packed, tmp_path):
    content = bytearray(packed.read_bytes())
    with zipfile.ZipFile(packed) as whole:
        entry = whole.getinfo("artifacts/predictions.csv")
    content[entry.header_offset + 30 + len(entry.filename) + entry.compress_size // 2] ^= 1
    (tmp_path / "tiny.zip").write_bytes(content)
    done = quick.bcd("verify", tmp_path / "tiny.zip")
    assert done.returncode == 1 and "artifacts/predictions.csv" in done.stderr


# -- run again --------------------------------------------------------------------------------------


def test_a_backbone_that_is_not_here_is_asked_for(made, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(StudyError, match="extractor.keras is not here") as found:
        study_of(Run.open(made), None, ())
    assert "--set backbone=FILE" in found.value.fix


@pytest.mark.long
def test_on_the_same_machine_every_number_is_identical(quick, finished, made, tmp_path):
    backbone = yaml.safe_load(quick.file.read_text())["backbone"]
    done = quick.bcd("verify", made, "--run-dir", tmp_path / "again", "--set", f"backbone={backbone}")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "numbers are identical" in done.stdout
    numbers = pd.read_csv(tmp_path / "again" / "verify.csv", keep_default_na=False)
    assert set(numbers["verdict"]) == {IDENTICAL}
    assert {"features.csv", "predictions.csv", "metrics.csv", "cams.npz", "summary.json"} <= set(
        numbers["file"]
    )
    page = BeautifulSoup((tmp_path / "again" / "verify.html").read_text(encoding="utf-8"), "html.parser")
    assert page.h1.get_text() == "Verification: identical"
    assert not (tmp_path / "again" / "cache").exists()


def change(run: Path, name: str, how) -> None:
    table = pd.read_csv(run / "artifacts" / name, dtype={"id": str}, keep_default_na=False)
    how(table).to_csv(run / "artifacts" / name, index=False)


def nudged(table: pd.DataFrame, column: str, by: float) -> pd.DataFrame:
    table.loc[3, column] += by
    return table


@pytest.mark.parametrize(
    ("name", "how", "verdict", "said"),
    [
        ("predictions.csv", lambda table: nudged(table, "probability", 1e-5), WITHIN, f"in {TRAINING}"),
        ("predictions.csv", lambda table: nudged(table, "probability", 0.01), DIFFERENT, f"first differ in {TRAINING}"),
        ("features.csv", lambda table: table.assign(projection_1=table["projection_1"] * 1.0001), WITHIN, TRAINING),
        ("splits.csv", lambda table: table.assign(split=table["split"].sample(frac=1, random_state=1).to_numpy()),
         DIFFERENT, f"first differ in {SPLIT}"),
    ],
)  # fmt: skip
def test_a_difference_is_judged_and_its_stage_is_named(made, copy, name, how, verdict, said):
    change(copy, name, how)
    found = hold_against(Run.open(made), Run.open(copy), [])
    assert (found.verdict, found.holds) == (verdict, verdict != DIFFERENT)
    assert said in found.answer[-1]
    others = found.numbers[found.numbers["verdict"] != IDENTICAL]
    assert set(others["file"]) == {name}
    page = write_verification(found, copy, "f" * 64).read_text(encoding="utf-8")
    assert name in page and said in page and "<script" not in page


def test_what_decided_otherwise_is_listed(made, copy):
    marker = copy / "markers" / f"{TRAINING}.json"
    content = json.loads(marker.read_text())
    content["parts"]["backend"] = "jax"
    content["parts"]["libraries"]["numpy"] = "1.0"
    content["parts"]["settings"]["seed"] = 43
    marker.write_text(json.dumps(content))
    settings = json.loads((copy / "study.json").read_text()) | {"seed": 43}
    (copy / "study.json").write_text(json.dumps(settings))
    found = hold_against(Run.open(made), Run.open(copy), ["a.png was changed"])
    why = found.stages["decided otherwise by"]
    assert why[TRAINING] == "libraries: numpy; settings: seed; Keras' backend: jax" and why[SPLIT] == ""
    assert found.settings.to_dict("index") == {"seed": {"archived": "42", "now": "43"}}
    assert found.made_with.loc["numpy"].to_dict() == {
        "archived": np.__version__,
        "now": f"1.0, {np.__version__}",
    }
    assert found.verdict == IDENTICAL and not found.holds and "a.png was changed" in found.answer[0]


def test_changed_missing_and_remasked_images_are_named(tmp_path):
    data = write_busi(tmp_path / "data")
    study = make_study({"name": "mine", "source": {"dataset": "busi", "data_dir": str(data)}})
    run = make_run(tmp_path / "run", study)
    (run.folder / "artifacts").mkdir()
    manifest_of(REGISTRY["busi"], data, allow_partial=True)[0].to_csv(
        run.folder / "artifacts" / "manifest.csv", index=False
    )
    assert changed_images(run, study) == []
    classes = {
        name: next(data.rglob(name))
        for name in ("benign (1).png", "malignant (1)_mask.png", "normal (2).png")
    }
    content = bytearray(classes["benign (1).png"].read_bytes())
    content[-20] ^= 1
    classes["benign (1).png"].write_bytes(content)
    classes["malignant (1)_mask.png"].write_bytes(classes["normal (2).png"].read_bytes())
    classes["normal (2).png"].unlink()
    found = changed_images(run, study)
    assert [text.rpartition("/")[2] for text in found] == [
        "benign (1).png was changed", "malignant (1).png was changed", "normal (2).png is missing",
    ]  # fmt: skip
    assert found[1].startswith("the mask of ")


def test_data_and_weights_of_this_machine_take_the_place_of_names(made, tmp_path):
    (tmp_path / "w.keras").write_bytes(b"")
    study = study_of(Run.open(made), tmp_path, [f"backbone={tmp_path / 'w.keras'}"])
    assert (study.source.data_dir, study.backbone) == (str(tmp_path), str(tmp_path / "w.keras"))
    assert study.epochs == 3 and study.source.dataset == "phantom"
