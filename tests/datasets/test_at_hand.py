"""Classes that a source names or a folder has: which one is positive, and names that tables need."""

from __future__ import annotations

import re

import pytest
import yaml
from builders import noise, write_image
from miniatures import write_breakhis, write_buid, write_inbreast, write_mias

from bcd_utils.datasets import REGISTRY, Source, dataset_of
from bcd_utils.datasets.at_hand import read_folder, read_source
from bcd_utils.utils.errors import StudyError


def folder_of(tmp_path, *classes: str) -> Source:
    for number, label in enumerate(classes):
        write_image(tmp_path / label / f"{number}.png", noise(number))
    return Source(dataset="folder", data_dir=str(tmp_path))


@pytest.mark.parametrize(
    ("settings", "positive"),
    [
        ({"dataset": "busi"}, "malignant"),
        ({"dataset": "busi", "positive": "normal"}, "normal"),
        ({"dataset": "busi", "classes": ("normal", "benign")}, "normal"),
        ({"dataset": "folder", "classes": ("fa", "DC", "ängstlich")}, "fa"),
        ({"dataset": "folder", "classes": ("fa", "DC", "ängstlich"), "positive": "DC"}, "DC"),
    ],
)
def test_the_positive_class_is_what_the_source_says_or_malignant_or_the_first(settings, positive):
    assert dataset_of(Source(**settings)).positive == positive


def test_a_positive_class_that_no_image_has_is_refused(tmp_path):
    folder = folder_of(tmp_path, "cyst", "fibroma")
    assert read_source(folder).dataset.positive == "cyst"
    with pytest.raises(StudyError, match=r"'DC' is no class .* use one of cyst, fibroma"):
        read_source(Source(dataset="folder", data_dir=folder.data_dir, positive="DC"))


@pytest.mark.parametrize("taken", ["all", "macro", "weighted"])
def test_a_class_with_a_name_that_tables_need_is_refused_and_the_advice_works(tmp_path, taken):
    folder = folder_of(tmp_path, taken, "cyst")
    with pytest.raises(StudyError, match=f"has a class called '{taken}'") as refused:
        read_source(folder)
    advice = re.search(r"--set 'source\.classes=(.*)'", refused.value.fix)[1]
    named = {label: tuple(names) for label, names in yaml.safe_load(advice).items()}
    found = read_source(Source(dataset="folder", data_dir=folder.data_dir, classes=named))
    assert set(found.dataset.classes) == {f"class {taken}", "cyst"} and len(found.scan.images) == 2


@pytest.mark.parametrize(
    ("name", "write"),
    [("mias", write_mias), ("inbreast", write_inbreast), ("breakhis", write_breakhis), ("buid", write_buid)],
)
def test_a_picture_that_no_reader_takes_is_left_out_with_a_word(tmp_path, name, write):
    folder = write(tmp_path)
    before = read_folder(REGISTRY[name], folder)
    write_image(folder / "holiday.png", noise(3))
    after = read_folder(REGISTRY[name], folder)
    assert after.scan.images.equals(before.scan.images)
    assert [path for path, _ in after.scan.left_out if path not in dict(before.scan.left_out)][:1] == [
        "holiday.png"
    ]
