"""Another source's images: copies of the study's own are left out, and what their labels are changes nothing."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from builders import CLASSES, make_run, noise, run_of_busi, write_busi, write_image

from bcd_utils.datasets import REGISTRY
from bcd_utils.experiments.fewer_labels.elsewhere import find_elsewhere
from bcd_utils.study.loading import make_study
from bcd_utils.study.run import Run
from bcd_utils.utils.errors import StudyError

BUSI = REGISTRY["busi"]


def no_sheet(called, pairs):
    raise AssertionError("nothing to judge")


@pytest.fixture
def run(tmp_path) -> Run:
    """A run on nine images of BUSI's layout, whose source of further images is the folder ``elsewhere``."""
    data = write_busi(tmp_path / "own")
    external = {"dataset": "folder", "data_dir": str(tmp_path / "elsewhere")}
    study = make_study(
        {"name": "mine", "image_size": 64, "external": external, "data_dir": str(data), "allow_partial": True}
    )
    return run_of_busi(tmp_path / "run", study, data)


def write_others(folder: Path, classes: tuple[str, str]) -> None:
    """Six images, three a class, and a copy of one of the study's own, which is tested."""
    shutil.rmtree(folder, ignore_errors=True)
    for number in range(6):
        write_image(folder / classes[number % 2] / f"{number}.png", noise(50 + number))
    write_image(folder / classes[0] / "copy.bmp", noise(0, 10))  # benign (10)


def test_copies_are_left_out_and_wrong_labels_change_nothing(run, tmp_path, cache):
    found = []
    for classes in (("benign", "malignant"), ("malignant", "benign"), ("normal", "benign")):
        write_others(tmp_path / "elsewhere", classes)
        found.append(find_elsewhere(run, no_sheet))
        assert len(found[-1].images.pixels) == 6, "read while these files are there"
    first = found[0]
    assert run.read_csv("splits.csv").set_index("id").loc["benign (10)", "split"] == "test"
    assert sorted(first.images.table["id"]) == [str(number) for number in range(6)] and first.copies == 1
    for other in found[1:]:
        assert (other.images.table["label"] != first.images.table["label"]).any()
        assert other.images.table["id"].tolist() == first.images.table["id"].tolist()
        assert np.array_equal(other.images.pixels, first.images.pixels)
        assert other.described == first.described


def test_where_all_are_copies_or_none_is_named(run, tmp_path, cache):
    write_image(tmp_path / "elsewhere" / "benign" / "copy.png", noise(0, 1))
    with pytest.raises(StudyError, match="All 1 images of .* copies of the study's own.*external=null"):
        find_elsewhere(run, no_sheet)
    alone = make_run(tmp_path / "alone", make_study({"name": "mine"}))
    alone.save_json({"classes": dict.fromkeys(CLASSES, 3), "positive": "malignant"}, "dataset.json")
    assert find_elsewhere(alone, no_sheet) is None
