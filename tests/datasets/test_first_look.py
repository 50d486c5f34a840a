"""What is said of a folder before a study is made of it: enough to go on, nothing that is not so."""

from __future__ import annotations

import os
from collections import Counter

import pytest
import yaml
from builders import noise, write_busi, write_image
from miniatures import write_breakhis

from bcd_utils.datasets.first_look import first_look
from bcd_utils.study.loading import source_of
from bcd_utils.utils.errors import StudyError
from bcd_utils.utils.files import folders_at_rest, walk


def said_of(folder, *overrides):
    return dict(first_look(source_of({"dataset": "folder", "data_dir": str(folder)}, list(overrides))))


def test_the_section_to_paste_reads_what_was_shown(tmp_path):
    said = said_of(write_busi(tmp_path))
    images = said["Images"].set_index("class")
    assert images["images"].to_dict() == {"benign": 3, "malignant": 3, "normal": 3, "all": 9}
    assert images.loc["benign", "most masks"] == 2
    section = yaml.safe_load(said[next(title for title in said if title.startswith("A study of them"))])[
        "source"
    ]
    again = dict(first_look(source_of(section, [])))
    assert again["Images"].equals(said["Images"])


def test_the_section_to_paste_says_of_a_table_what_was_said(tmp_path):
    write_busi(tmp_path)
    files = sorted(path for path in tmp_path.rglob("*.png") if "mask" not in path.name)
    lines = [f"{path.relative_to(tmp_path)},{'AB'[k % 2]}" for k, path in enumerate(files)]
    (tmp_path / "labels.csv").write_text("\n".join(["path,label", *lines]))
    said = said_of(tmp_path, "source.table.file=labels.csv", "source.classes=[A, B]")
    section = yaml.safe_load(said[next(title for title in said if title.startswith("A study of them"))])[
        "source"
    ]
    assert section["table"] == {"file": "labels.csv"}
    assert dict(first_look(source_of(section, [])))["Images"].equals(said["Images"])


def test_each_folder_is_read_once(tmp_path, monkeypatch):
    write_busi(tmp_path)
    below = [str(path) for path in (tmp_path, *tmp_path.rglob("*")) if path.is_dir()]
    read, scandir = Counter(), os.scandir
    monkeypatch.setattr(os, "scandir", lambda folder: read.update([str(folder)]) or scandir(folder))
    said_of(tmp_path)
    assert len(below) == 5
    assert read == dict.fromkeys(below, 1)


def test_what_comes_after_the_look_is_seen(tmp_path):
    write_image(tmp_path / "a.png", noise(0))
    with folders_at_rest():
        assert len(walk(tmp_path)) == 1
        write_image(tmp_path / "b.png", noise(1))
        assert len(walk(tmp_path)) == 1
    assert len(walk(tmp_path)) == 2


def test_a_part_of_a_known_set_is_named_with_doubt(tmp_path):
    said = said_of(write_breakhis(tmp_path))["Data sets that have such files"]
    assert said.startswith("BreakHis: ")
    assert said.endswith(" may be a part of its 7,909; if they are, use dataset: breakhis")


def test_pictures_of_another_kind_are_of_no_known_set(tmp_path):
    for number in range(2):
        write_image(tmp_path / "images" / f"{number}.jpg", noise(number))
    parts = first_look(source_of({"dataset": "folder", "data_dir": str(tmp_path / "images")}, []))
    assert next(parts)[0] == "Files"
    with pytest.raises(StudyError, match="2 x in no class folder") as error:
        next(parts)
    assert "bcd inspect" not in error.value.fix


def study_in(said):
    return yaml.safe_load(said[next(title for title in said if title.startswith("A study of them"))])


def test_the_study_is_split_as_the_images_allow(tmp_path):
    for label in ("high", "low"):
        for patient in "abc":
            write_image(tmp_path / "named" / label / f"{patient}-1.png", noise(1, len(label), ord(patient)))
            for place in ("train", "test"):
                write_image(
                    tmp_path / "sets" / place / label / f"{patient}.png", noise(2, len(label), ord(patient))
                )
    assert study_in(said_of(tmp_path / "named", "source.classes=[low, high]"))["split"] == "image"
    by_patient = said_of(tmp_path / "named", "source.classes=[low, high]", "source.patients=(.)-1")
    assert study_in(by_patient)["split"] == "group"
    assert study_in(said_of(tmp_path / "sets", "source.classes=[low, high]"))["split"] == "official"


def test_a_class_without_images_and_a_guessed_positive_class_look_odd(tmp_path):
    for label in ("high", "low"):
        write_image(tmp_path / label / "1.png", noise(len(label)))
    odd = said_of(tmp_path, "source.classes=[low, high, midd]")["What looks odd"]
    assert "midd has no images" in odd and "low is taken for the positive class" in odd
