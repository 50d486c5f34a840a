"""BUS-UCLM is read as it is published: coloured masks, INFO.csv with a byte-order mark, patients in names."""

from __future__ import annotations

import shutil

import numpy as np
import pytest
from builders import manifest_of, noise, square, write_image
from PIL import Image

from bcd_utils.datasets import REGISTRY
from bcd_utils.datasets.readers import bus_uclm
from bcd_utils.datasets.readers.bus_uclm import locate, mask_label, scan
from bcd_utils.images.reading import read_with_mask
from bcd_utils.study.source import Source, StudySource
from bcd_utils.utils.errors import StudyError

COLOURS = {"benign": (0, 255, 0), "malignant": (255, 0, 0), "normal": (0, 0, 0)}
LABELS = {"ALWI_000": "benign", "ALWI_001": "normal", "ANAT_000": "malignant", "ANAT_001": "malignant"}
LESION = square(10, 20)


def coloured(label: str) -> np.ndarray:
    return (LESION[..., None] > 0) * np.array(COLOURS[label], np.uint8)


def write_info(root, labels, columns="Image;Resolution;Doppler;Marks;Combined;Label") -> None:
    rows = [f"{stem}.png;90x70;No;No;No;{label.capitalize()}" for stem, label in labels.items()]
    text = "\n".join([columns, *rows]) + "\n"
    (root / "INFO.csv").write_bytes(b"\xef\xbb\xbf" + text.encode())


@pytest.fixture
def folder(tmp_path):
    """Four images of two patients, as the zip file unpacks; one is RGBA and narrower than its mask."""
    root = tmp_path / "BUS-UCLM Breast ultrasound lesion segmentation dataset" / "BUS-UCLM"
    for number, (stem, label) in enumerate(LABELS.items()):
        write_image(root / "masks" / f"{stem}.png", coloured(label))
        write_image(root / "images" / f"{stem}.png", np.dstack([noise(number)] * 3))
    narrow = Image.fromarray(np.dstack([noise(3, shape=(70, 66))] * 3)).convert("RGBA")
    narrow.save(root / "images" / "ANAT_001.png")
    write_info(root, LABELS)
    return tmp_path


def root_of(folder):
    return next(folder.rglob("INFO.csv")).parent


def test_labels_patients_and_masks_are_found(folder):
    found = scan(folder)
    assert dict(zip(found.images["id"], found.images["label"], strict=True)) == LABELS
    assert found.images["patient"].tolist() == ["ALWI", "ALWI", "ANAT", "ANAT"]
    assert found.remarks == []


@pytest.mark.parametrize("stem", ["ALWI_000", "ANAT_000"])
def test_a_lesion_is_what_is_coloured_red_or_green(folder, stem):
    rows = scan(folder).images.set_index("id")
    assert np.array_equal(read_with_mask(folder, rows.loc[stem])[1], LESION > 0)


def test_the_manifest_keeps_patients_together_and_remarks_on_cropped_images(folder):
    manifest, remarks = manifest_of(REGISTRY["bus_uclm"], folder, allow_partial=True)
    assert manifest["group"].tolist() == ["ALWI", "ALWI", "ANAT", "ANAT"]
    assert (manifest["status"] == "ok").all()
    empty = "masks are empty for all 1 images of class normal"
    assert remarks == ["ANAT_001.png is 90x70, its image 66x70", empty]
    with pytest.raises(StudyError, match="holds 4 of 683 images of BUS-UCLM"):
        manifest_of(REGISTRY["bus_uclm"], folder)


def test_every_column_of_the_table_is_kept_under_its_own_name(folder):
    root = root_of(folder)
    text = "Image;Resolution;Doppler;Marks;Combined;Label\nALWI_000.png;90x70;Yes;No;No;Benign\n"
    (root / "INFO.csv").write_text(text + "ANAT_000.png;90x70;No; Yes ;No;Malignant;7\n")
    manifest, _ = manifest_of(REGISTRY["bus_uclm"], folder, allow_partial=True)
    kept = manifest.set_index("id")[["Resolution", "Doppler", "Marks", "Combined"]]
    assert kept.loc["ALWI_000"].tolist() == ["90x70", "Yes", "No", "No"]
    assert kept.loc["ANAT_000", "Marks"] == "Yes" and kept.loc["ANAT_001"].tolist() == [""] * 4
    write_info(root, LABELS, columns="Image;id;Doppler;path;Combined;Label")
    found = scan(folder).images
    assert found["id"].tolist() == list(LABELS) and found["path"].str.endswith(".png").all()


def test_without_the_table_the_colours_are_the_labels(folder):
    (root_of(folder) / "INFO.csv").unlink()
    found = scan(folder)
    assert dict(zip(found.images["id"], found.images["label"], strict=True)) == LABELS


def test_the_table_wins_over_the_colour_and_the_disagreement_is_remarked(folder):
    write_info(root_of(folder), LABELS | {"ALWI_000": "malignant"})
    found = scan(folder)
    assert found.images.set_index("id").loc["ALWI_000", "label"] == "malignant"
    assert found.remarks == [
        "ALWI_000.png is malignant in INFO.csv, its mask is coloured benign; taken as malignant"
    ]


def test_what_has_no_partner_is_remarked(folder):
    root = root_of(folder)
    (root / "images" / "ALWI_001.png").unlink()
    (root / "masks" / "ANAT_000.png").unlink()
    write_image(root / "images" / "ZZZZ_000.png", noise(9))
    found = scan(folder)
    assert found.images["id"].tolist() == ["ALWI_000", "ANAT_000", "ANAT_001"]
    assert found.images["masks"].tolist()[1] == ""
    assert found.remarks == [
        "ZZZZ_000.png is in no row of INFO.csv and has no mask that can be read; left out",
        "ALWI_001.png is a mask without an image; left out",
        "INFO.csv names ALWI_001, of which there is no image",
    ]


def test_a_copy_of_the_data_in_partitions_is_not_read_twice(folder):
    shutil.copytree(root_of(folder) / "images", folder / "partitions" / "images")
    assert len(scan(folder).images) == 4


def test_a_mask_with_both_colours_is_malignant_and_a_damaged_one_says_nothing(tmp_path):
    pixels = coloured("benign")
    pixels[0, 0] = COLOURS["malignant"]
    assert mask_label(write_image(tmp_path / "both.png", pixels)) == "malignant"
    (tmp_path / "bad.png").write_bytes(b"no image")
    assert mask_label(tmp_path / "bad.png") is None


def test_a_table_that_is_not_as_published_is_refused_with_its_line(folder):
    write_info(root_of(folder), LABELS | {"ANAT_000": "cyst"})
    with pytest.raises(StudyError, match=r"INFO\.csv, line 4: 'cyst' is no class"):
        scan(folder)
    write_info(root_of(folder), LABELS, columns="Image,Label")
    with pytest.raises(StudyError, match=r"INFO\.csv, line 1: there is no column 'Image'"):
        scan(folder)


def test_a_folder_without_images_is_refused(tmp_path):
    with pytest.raises(StudyError, match="holds no images of BUS-UCLM"):
        scan(tmp_path)


def test_it_is_found_where_the_study_says_zipped_or_not(folder, cache, tmp_path_factory):
    archive = shutil.make_archive(str(tmp_path_factory.mktemp("zip") / "uclm"), "zip", folder)
    for place in (folder, archive):
        located = locate(StudySource(data_dir=str(place)))
        assert len(scan(located).images) == 4


def test_where_it_is_missing_the_message_says_how_to_get_it(tmp_path, monkeypatch):
    monkeypatch.setattr(bus_uclm, "FOLDER", tmp_path / "bus_uclm")
    with pytest.raises(StudyError, match="BUS-UCLM is not in") as caught:
        locate(Source(dataset="bus_uclm"))
    assert bus_uclm.HOMEPAGE in caught.value.fix and "bcd fetch bus_uclm" in caught.value.fix


def test_the_published_counts_add_up():
    assert sum(bus_uclm.DATASET.counts.values()) == 683
