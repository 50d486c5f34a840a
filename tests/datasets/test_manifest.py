"""Each file that cannot be used is set aside with its reason, and copies are told by their pixels."""

from __future__ import annotations

import dataclasses
import hashlib
import shutil

import numpy as np
import pandas as pd
import pytest
from builders import CLASSES, manifest_of, noise, square, write_busi, write_image
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from bcd_utils.audit.duplicates import exact_kind, thumbnails
from bcd_utils.datasets import MANIFEST_COLUMNS, REGISTRY, Scan
from bcd_utils.datasets.at_hand import read_source
from bcd_utils.datasets.manifest import (
    FILE_COLUMNS,
    build_manifest,
    data_hash,
    describe_dataset,
    inspect_image,
    join_groups,
)
from bcd_utils.images.reading import read_with_mask
from bcd_utils.study.loading import source_of
from bcd_utils.utils.errors import StudyError

EMPTY = "masks are empty for all 3 images of class normal"
ANY_COUNT = dataclasses.replace(REGISTRY["busi"], counts=None)


def write_flawed(path, flaw: str) -> None:
    """A file of 70 x 90 pixels, or what is left of one, with one flaw."""
    whole = write_image(path, noise(1)).read_bytes()
    middle = len(whole) // 2
    content = {
        "empty": b"",
        "text": b"<html>not found</html>",
        "cut": whole[:middle],
        "garbled": whole[:middle] + bytes(200) + whole[middle + 200 :],
    }
    pixels = {
        "low": noise(1, shape=(63, 90)),
        "narrow": noise(1, shape=(70, 63)),
        "even": np.full((70, 90), 128, np.uint8),
        "nearly even": (noise(1) % 8 + 100).astype(np.uint8),
    }
    path.write_bytes(content[flaw]) if flaw in content else write_image(path, pixels[flaw])


@pytest.mark.parametrize(
    ("flaw", "status"),
    [
        ("empty", "empty file"),
        ("text", "no image: text"),
        ("cut", "truncated file"),
        ("garbled", "could not be read: broken data stream when reading image file"),
        ("low", "smaller than 64 pixels"),
        ("narrow", "smaller than 64 pixels"),
        ("even", "nearly uniform"),
        ("nearly even", "nearly uniform"),
    ],
)
def test_a_flawed_image_is_set_aside_with_its_reason(tmp_path, flaw, status):
    write_flawed(tmp_path / "a.png", flaw)
    assert inspect_image(tmp_path / "a.png")["status"] == status


def test_a_cut_jpeg_is_set_aside_too(tmp_path):
    path = write_image(tmp_path / "a.jpg", noise(1))
    path.write_bytes(path.read_bytes()[:2000])
    assert inspect_image(path)["status"] == "truncated file"


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "16 bit"])
def test_an_image_of_any_mode_is_usable(tmp_path, mode):
    grey = noise(1)
    deep = Image.fromarray(grey.astype(np.uint16) * 200)
    (deep if mode == "16 bit" else Image.fromarray(grey).convert(mode)).save(tmp_path / "a.png")
    assert inspect_image(tmp_path / "a.png")["status"] == "ok"


def test_the_smallest_usable_image_has_64_pixels_a_side(tmp_path):
    row = inspect_image(write_image(tmp_path / "a.png", noise(1, shape=(64, 65))))
    assert (row["status"], row["height"], row["width"]) == ("ok", 64, 65)


def test_an_image_is_measured(tmp_path):
    path = write_image(tmp_path / "a.png", noise(1))
    row = inspect_image(path)
    assert (row["width"], row["height"]) == (90, 70)
    assert row["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()
    assert len(row["perceptual_hash"]) == 16 and int(row["perceptual_hash"], 16) > 0


def test_the_manifest_has_a_row_an_image_with_every_column(tmp_path):
    calls = []
    manifest, remarks = manifest_of(
        ANY_COUNT, write_busi(tmp_path), on_progress=lambda *call: calls.append(call)
    )
    assert tuple(manifest.columns) == (*MANIFEST_COLUMNS, *FILE_COLUMNS)
    assert len(manifest) == 9 and (manifest["status"] == "ok").all() and remarks == [EMPTY]
    assert manifest["group"].tolist() == manifest["id"].tolist()
    assert calls == [(done, 9) for done in range(1, 10)]


def test_the_published_counts_are_held_unless_a_part_is_accepted(tmp_path):
    write_busi(tmp_path)
    with pytest.raises(StudyError, match="holds 9 of 780 images of BUSI"):
        manifest_of(REGISTRY["busi"], tmp_path)
    assert len(manifest_of(REGISTRY["busi"], tmp_path, allow_partial=True)[0]) == 9


def test_a_flawed_image_keeps_its_row(tmp_path):
    write_busi(tmp_path)
    write_flawed(tmp_path / "benign" / "flawed.png", "cut")
    manifest, _ = manifest_of(ANY_COUNT, tmp_path)
    flawed = manifest.set_index("id").loc["flawed"]
    assert len(manifest) == 10
    assert (flawed["status"], flawed["width"], flawed["group"]) == ("truncated file", 0, "flawed")


def test_identical_pixels_share_a_group_though_their_files_differ(tmp_path):
    write_busi(tmp_path)
    write_image(tmp_path / "benign" / "x.png", noise(7), compress_level=0)
    write_image(tmp_path / "benign" / "y.png", noise(7), compress_level=9)
    write_image(tmp_path / "malignant" / "z.png", np.dstack([noise(7)] * 3))
    write_image(tmp_path / "benign" / "turned.png", noise(7)[::-1])
    manifest, _ = manifest_of(ANY_COUNT, tmp_path)
    rows = manifest.set_index("id")
    assert rows.loc[["x", "y", "z"], "sha256"].nunique() == 3
    assert rows.loc[["x", "y", "z", "turned"], "group"].tolist() == ["x", "x", "x", "turned"]


def test_two_empty_files_are_no_copies_of_each_other(tmp_path):
    write_busi(tmp_path)
    for name in ("x", "y"):
        write_flawed(tmp_path / "benign" / f"{name}.png", "empty")
    rows = manifest_of(ANY_COUNT, tmp_path)[0].set_index("id")
    assert rows.loc[["x", "y"], "group"].tolist() == ["x", "y"]


def test_a_mask_of_another_size_is_remarked_and_its_image_used(tmp_path):
    write_busi(tmp_path, "subfolders of each class")
    write_image(tmp_path / "benign" / "masks" / "benign (1).png", square(0, 0, (50, 60)))
    manifest, remarks = manifest_of(ANY_COUNT, tmp_path)
    assert remarks == ["benign (1).png is 60x50, its image 90x70", EMPTY]
    assert (manifest["status"] == "ok").all()


def test_an_image_whose_mask_cannot_be_read_is_set_aside(tmp_path):
    write_busi(tmp_path, "subfolders of each class")
    (tmp_path / "benign" / "masks" / "benign (1).png").write_bytes(b"not an image")
    manifest, remarks = manifest_of(ANY_COUNT, tmp_path)
    assert remarks == ["benign (1).png cannot be read (no image: text)", EMPTY]
    assert manifest.loc[manifest["status"] != "ok", ["id", "status"]].values.tolist() == [
        ["benign (1)", "mask cannot be read"]
    ]


def test_remarks_of_the_reader_are_passed_on(tmp_path):
    write_busi(tmp_path)
    write_image(tmp_path / "normal" / "lost_mask.png", square(0, 0))
    assert manifest_of(ANY_COUNT, tmp_path)[1] == [
        "Not read: 1 x a mask without an image, the first normal/lost_mask.png",
        EMPTY,
    ]


def test_a_class_without_a_usable_image_is_refused(tmp_path):
    write_busi(tmp_path, "subfolders of each class")
    for path in (tmp_path / "normal" / "images").iterdir():
        path.write_bytes(b"")
    with pytest.raises(StudyError, match="holds no usable image of class normal"):
        manifest_of(ANY_COUNT, tmp_path)


@pytest.mark.parametrize("classes", ["[benign, malignent]", "{benign: [], malignent: []}"])
def test_a_misspelt_class_is_told_from_its_folder_and_the_advice_works(tmp_path, classes):
    write_busi(tmp_path)
    shutil.rmtree(tmp_path / "normal", ignore_errors=True)
    values = {"dataset": "folder", "data_dir": str(tmp_path)}

    def build(*settings):
        return build_manifest(read_source(source_of(values, settings)))

    with pytest.raises(StudyError, match="holds no usable image of class malignent") as caught:
        build(f"source.classes={classes}")
    advice = caught.value.fix.partition("--set ")[2].strip("'")
    manifest, _ = build(advice)
    assert manifest["label"].value_counts().to_dict() == {"benign": 3, "malignent": 3}


def test_for_a_test_some_classes_will_do_but_not_none(tmp_path):
    write_busi(tmp_path, "subfolders of each class")
    for path in (tmp_path / "normal" / "images").iterdir():
        path.write_bytes(b"")
    manifest, _ = manifest_of(ANY_COUNT, tmp_path, require_every_class=False)
    assert (manifest["status"] == "ok").sum() == 6
    for path in tmp_path.glob("*/images/*"):
        path.write_bytes(b"")
    with pytest.raises(StudyError, match="holds no usable image"):
        manifest_of(ANY_COUNT, tmp_path, require_every_class=False)


def test_patients_and_equal_pixels_are_joined_as_far_as_they_reach():
    rows = [  # id, patient, pixels
        ("a", "ann", "1"),
        ("b", "bea", "2"),
        ("c", "cat", "2"),  # bea's picture again
        ("d", "cat", "3"),  # so cat's other picture belongs to bea too
        ("e", "", "3"),  # and its copy without a patient
        ("f", "", "4"),
        ("g", "", ""),  # two that could not be read
        ("h", "", ""),
        ("ann", "", "5"),  # no patient, only called like one
    ]
    table = pd.DataFrame(rows, columns=["id", "patient", "pixels_sha256"])
    table["path"] = "x/" + table["id"]
    assert join_groups(table).tolist() == ["ann", "bea", "bea", "bea", "bea", "f", "g", "h", "x/ann"]


@given(st.lists(st.tuples(st.sampled_from("ab"), st.sampled_from(["", "1", "2", "3"])), min_size=1))
def test_two_images_of_a_patient_or_with_the_same_pixels_are_never_apart(pairs):
    table = pd.DataFrame(pairs, columns=["patient", "pixels_sha256"]).assign(path="")
    table["id"] = [f"image {row}" for row in table.index]
    groups = join_groups(table)
    assert (groups.groupby(table["patient"]).nunique() == 1).all()
    known = table["pixels_sha256"] != ""
    assert (groups[known].groupby(table["pixels_sha256"]).nunique() == 1).all()


MANIFEST = pd.DataFrame(
    {
        "id": ["a", "b", "c"],
        "path": ["benign/a.png", "benign/b.png", "normal/c.png"],
        "label": ["benign", "benign", "normal"],
        "patient": ["", "", ""],
        "group": ["a", "a", "c"],
        "sha256": ["1", "2", "3"],
        "masks_sha256": ["m1", "m2", "m3"],
        "status": ["ok", "empty file", "ok"],
    }
)


@pytest.mark.parametrize("column", ["id", "label", "sha256", "masks_sha256", "status"])
def test_the_hash_of_the_data_changes_with_what_matters(column):
    assert data_hash(MANIFEST.assign(path="elsewhere")) == data_hash(MANIFEST)
    changed = MANIFEST.copy()
    changed.loc[2, column] = "other"
    assert data_hash(changed) != data_hash(MANIFEST)


def test_a_data_set_is_described_by_its_counts_and_what_was_set_aside():
    record = describe_dataset(REGISTRY["phantom"], MANIFEST, ["odd"])
    assert record["classes"] == dict(zip(CLASSES, (2, 0, 1), strict=True))
    assert (record["images"], record["set_aside"], record["synthetic"]) == (3, 1, True)
    assert record["set_aside_images"] == [{"id": "b", "path": "benign/b.png", "status": "empty file"}]
    assert (record["modality"], record["patients"]) == ("synthetic breast ultrasound", None)
    named = MANIFEST.assign(patient=["eve", "eve", "ann"], group=["eve", "eve", "ann"])
    assert describe_dataset(REGISTRY["phantom"], named, [])["patients"] == 2
    assert record["remarks"] == ["odd"] and record["data_sha256"] == data_hash(MANIFEST)


# -- parts of a file --------------------------------------------------------------------------------


def test_two_parts_of_one_file_are_two_images_and_the_same_part_twice_is_a_copy(tmp_path):
    pixels = noise(1, shape=(200, 200))
    pixels[100:, 100:] = pixels[:100, :100]
    write_image(tmp_path / "a.png", pixels)
    write_image(tmp_path / "mask.png", square(20, 30, shape=(200, 200)))
    boxes = {
        "upper": "0,0,100,100",
        "right": "100,0,200,80",
        "lower": "100,100,200,200",
        "again": "0,0,100,100",
    }
    rows = [(name, "a.png", CLASSES[0], "mask.png", box, name) for name, box in boxes.items()]
    images = pd.DataFrame(rows, columns=["id", "path", "label", "masks", "box", "quadrant"])
    parts = dataclasses.replace(ANY_COUNT, classes=CLASSES[:1], scan=lambda folder: Scan(images))
    manifest, remarks = manifest_of(parts, tmp_path)
    rows = manifest.set_index("id")
    assert tuple(manifest.columns) == (*MANIFEST_COLUMNS, *FILE_COLUMNS, "quadrant")
    assert remarks == [] and (manifest["status"] == "ok").all()
    assert rows[["width", "height"]].values.tolist() == [[100, 100], [100, 80], [100, 100], [100, 100]]
    assert rows["group"].to_dict() == {"upper": "upper", "right": "right", "lower": "upper", "again": "upper"}
    assert rows["sha256"].nunique() == 3 and rows["perceptual_hash"].nunique() == 2
    assert exact_kind(manifest.iloc[[0, 1]], tmp_path) == ""
    assert exact_kind(manifest.iloc[[0, 2]], tmp_path) == "same pixels"
    assert exact_kind(manifest.iloc[[0, 3]], tmp_path) == "same file"
    assert [read_with_mask(tmp_path, row)[1].sum() for _, row in manifest.iterrows()] == [400, 0, 0, 400]
    views = thumbnails(tmp_path, manifest)[1.0]
    assert np.array_equal(views[0], views[2]) and not np.array_equal(views[0], views[1])
