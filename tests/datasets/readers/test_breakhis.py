"""BreakHis is read from its file names, at one magnification or all, by class or subtype, with its patients."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from builders import manifest_of, noise, write_image
from miniatures import write_breakhis

from bcd_utils.datasets import dataset_of
from bcd_utils.datasets.readers.breakhis import scan
from bcd_utils.study.loading import make_study
from bcd_utils.utils.errors import StudyError


def dataset(**settings):
    return dataset_of(make_study({"name": "mine", "dataset": "breakhis", "breakhis": settings}).source)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Nine slide folders of six cases, each with an image at 40x and one at 200x."""
    return write_breakhis(tmp_path_factory.mktemp("breakhis"))


def test_all_that_is_known_is_read_from_the_names(folder):
    images = scan(folder).images.set_index("id")
    assert len(images) == 18
    row = images.loc["SOB_M_PC-15-11EF-200-001"]
    path = "malignant/SOB/papillary_carcinoma/SOB_M_PC_15-11EF/200X/SOB_M_PC-15-11EF-200-001.png"
    assert row.to_dict() == {
        "path": f"BreaKHis_v1/histology_slides/breast/{path}",
        "label": "malignant",
        "masks": "",
        "patient": "15-11",
        "subtype": "papillary_carcinoma",
        "magnification": 200,
        "slide": "15-11EF",
    }
    assert images["label"].value_counts().to_dict() == {"benign": 10, "malignant": 8}


def test_blocks_of_one_case_are_one_patient(folder):
    images = scan(folder).images
    cases = images.drop_duplicates("slide").set_index("slide")["patient"].to_dict()
    assert cases == {
        "14-1AB": "14-1", "14-1CD": "14-1", "14-2": "14-2", "14-2C": "14-2", "14-3": "14-3", "14-9": "14-9",
        "14-10": "14-10", "15-11EF": "15-11",
    }  # fmt: skip


def test_a_slide_in_two_subtypes_and_slides_of_one_case_are_remarked(folder):
    assert scan(folder).remarks == [
        "slide 14-9 is filed as ductal_carcinoma (2 images) and lobular_carcinoma (2 images)",
        "9 slide folders are of 6 cases; blocks of one case (14-22549AB and 14-22549CD, say) count as one patient",
    ]


def test_the_label_may_be_the_subtype_and_the_same_image_has_two(folder):
    manifest, _ = manifest_of(dataset(target="subtype"), folder, allow_partial=True)
    assert manifest["label"].tolist() == manifest["subtype"].tolist()
    assert set(manifest["label"]) == set(dataset(target="subtype").classes)
    copies = manifest[manifest["pixels_sha256"].duplicated(keep=False)]
    assert copies["slide"].unique().tolist() == ["14-9"]
    assert copies["label"].value_counts().to_dict() == {"ductal_carcinoma": 2, "lobular_carcinoma": 2}


@pytest.mark.parametrize("zoom", [40, 200])
def test_one_magnification_is_read_alone(folder, zoom):
    images = dataset(magnification=zoom).scan(folder).images
    assert len(images) == 9 and set(images["magnification"]) == {zoom}
    with pytest.raises(StudyError, match="holds no images of BreakHis at 100x"):
        dataset(magnification=100).scan(folder)


@pytest.mark.parametrize("part", ["", "BreaKHis_v1", "BreaKHis_v1/histology_slides/breast/malignant/SOB"])
def test_any_folder_of_the_tree_will_do(folder, part):
    below = scan(folder / part).images
    whole = scan(folder).images.set_index("id").loc[below["id"]]
    assert len(below) == (8 if part.endswith("SOB") else 18)
    assert below["patient"].tolist() == whole["patient"].tolist()
    assert all((folder / part / path).exists() for path in below["path"])


def test_other_files_copies_and_archives_of_a_mac_are_left_out(folder, tmp_path):
    shutil.copytree(folder, tmp_path / "whole")
    write_image(tmp_path / "whole" / "SOB_M_DC-14-9-40-001.png", noise(5))
    write_image(tmp_path / "whole" / "SOB_M_A-14-9-40-001.png", noise(5))  # adenosis is benign
    write_image(tmp_path / "whole" / "SOB_B_A-14-9-50-001.png", noise(5))
    write_image(tmp_path / "whole" / "._SOB_B_A-14-1AB-40-001.png", noise(5))
    found = scan(tmp_path / "whole")
    assert len(found.images) == 18
    assert found.remarks[:2] == [
        "2 files begin with SOB_ but are not named as published; left out",
        "1 files have the name of another; left out",
    ]


def test_a_low_image_of_700_by_456_pixels_is_as_good_as_the_others(tmp_path):
    write_image(tmp_path / "SOB_B_A-14-1AB-40-001.png", noise(1, shape=(456, 700)))
    write_image(tmp_path / "SOB_M_DC-14-9-40-001.png", noise(2, shape=(460, 700)))
    manifest, _ = manifest_of(dataset(), tmp_path, allow_partial=True)
    assert manifest[["width", "height", "status"]].values.tolist() == [[700, 456, "ok"], [700, 460, "ok"]]


def test_the_published_counts_are_held(folder):
    with pytest.raises(StudyError, match="holds 18 of 7909 images of BreakHis: 10 benign / 8 malignant"):
        manifest_of(dataset(), folder)
    with pytest.raises(StudyError, match="holds 9 of 1995 images of BreakHis at 40x"):
        manifest_of(dataset(magnification=40), folder)


@pytest.mark.parametrize(
    ("zoom", "benign", "malignant"),
    [(40, 625, 1370), (100, 644, 1437), (200, 623, 1390), (400, 588, 1232), ("all", 2480, 5429)],
)
def test_counts_add_up_to_those_published_for_each_magnification(zoom, benign, malignant):
    assert dataset(magnification=zoom).counts == {"benign": benign, "malignant": malignant}
    assert sum(dataset(magnification=zoom, target="subtype").counts.values()) == benign + malignant


def test_where_it_is_missing_the_message_says_how_to_get_it(tmp_path, monkeypatch):
    monkeypatch.setattr("bcd_utils.datasets.base.RAW_DATA", tmp_path)
    with pytest.raises(StudyError, match="BreakHis is not in .*bcd fetch breakhis"):
        dataset().locate(make_study({"name": "mine", "dataset": "breakhis"}).source)
    with pytest.raises(StudyError, match="holds no images of BreakHis"):
        scan(Path(tmp_path))
