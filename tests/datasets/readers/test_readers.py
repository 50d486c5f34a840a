"""Data sets that are descriptions only: what their layouts make of the files, in the order of the published ones."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from builders import scan_of, write_image
from miniatures import write_breast_usg, write_buid, write_bus_bra, write_busc, write_udiat_b

from bcd_utils.datasets import REGISTRY
from bcd_utils.images.reading import read_with_mask
from bcd_utils.utils.errors import StudyError


def test_bus_bra_has_masks_patients_bi_rads_and_a_published_fold(tmp_path):
    scan = scan_of(write_bus_bra(tmp_path), dataset="bus_bra")
    images = scan.images.set_index("id")
    assert images.index.tolist() == [
        "bus_0002-l",
        "bus_0002-r",
        "bus_0003-s",
        "bus_0001-l",
        "bus_0001-r",
        "bus_0004-s",
    ]
    assert images["masks"].tolist() == [f"BUSBRA/Masks/mask_{name[4:]}.png" for name in images.index]
    assert images["patient"].tolist() == ["2", "2", "3", "1", "1", "4"]
    assert images["official_split"].tolist() == ["train", "train", "test", "test", "test", "train"]
    assert images["BIRADS"].tolist() == ["2", "2", "4", "5", "5", "4"]
    assert images.loc["bus_0001-r", "Side"] == "right" and not scan.left_out


def test_another_fold_of_bus_bra_is_taken_by_a_setting_and_the_rest_of_its_table_stays(tmp_path):
    sets = {"test": [2], "train": [1, 3, 4, 5]}
    images = scan_of(write_bus_bra(tmp_path), dataset="bus_bra", table={"sets": sets}).images
    assert images.loc[images["official_split"] == "test", "id"].tolist() == ["bus_0002-l", "bus_0002-r"]
    assert images["patient"].nunique() == 4


def test_tables_of_bus_bra_that_disagree_are_named(tmp_path):
    folds = write_bus_bra(tmp_path) / "BUSBRA" / "5-fold-cv.csv"
    folds.write_text(folds.read_text().replace("bus_0003-s,benign", "bus_0003-s,malignant"))
    with pytest.raises(
        StudyError, match=r"5-fold-cv\.csv: Pathology of BUSBRA/Images/bus_0003-s\.png is 'malignant'"
    ):
        scan_of(tmp_path, dataset="bus_bra")


def test_breast_usg_takes_masks_of_tumours_and_leaves_other_findings_out(tmp_path):
    scan = scan_of(write_breast_usg(tmp_path), dataset="breast_usg")
    images = scan.images.set_index("id")
    assert images["label"].to_dict() == {
        "case001": "benign", "case003": "benign", "case002": "malignant", "case004": "normal",
    }  # fmt: skip
    assert images["masks"].str.rpartition("/")[2].tolist() == [
        "case001_tumor.png", "case003_tumor.png", "case002_tumor.png", "",
    ]  # fmt: skip
    assert images["Age"].tolist() == ["57"] * 4 and images["patient"].tolist() == ["1", "3", "2", "4"]
    others = [("case002_other1.png", "case002_other2.png", "case004_other1.png")]
    assert [tuple(path.rpartition("/")[2] for path, _ in scan.left_out)] == others
    _, mask = read_with_mask(tmp_path, {**images.loc["case002"], "box": ""})
    assert mask.sum() == 400 and mask[15:35, 10:30].all()  # the alpha channel of a black picture


def test_buid_takes_neither_overlay_nor_number_for_an_image(tmp_path):
    scan = scan_of(write_buid(tmp_path), dataset="buid")
    assert scan.images["id"].tolist() == [
        "1 Benign Image", "2 Benign Image", "1 Malignant Image", "2 Malignant Image",
    ]  # fmt: skip
    assert scan.images["masks"].tolist()[2:] == [f"Malignant/{n} Malignant Mask.tif" for n in (1, 2)]
    assert {path.rpartition(" ")[2] for path, _ in scan.left_out} == {"Lesion.bmp"} and len(
        scan.left_out
    ) == 4


def test_numbers_in_the_sheet_of_udiat_b_find_names_with_zeros(tmp_path):
    images = scan_of(write_udiat_b(tmp_path), dataset="udiat_b").images
    assert images["path"].tolist() == [f"BUS/original/00000{n}.png" for n in (1, 4, 2, 3)]
    assert images["masks"].tolist() == [f"BUS/GT/00000{n}.png" for n in (1, 4, 2, 3)]
    assert images["label"].tolist() == ["benign"] * 2 + ["malignant"] * 2
    assert images["Diagnosis"].tolist() == ["FA", "FA", "IDC", "IDC"]


@pytest.mark.parametrize("inside", ["", "originals"])
def test_busc_is_read_from_its_folder_and_from_the_one_inside(tmp_path, inside):
    write_image(write_busc(tmp_path) / "repeated" / "benign" / "us9.bmp", np.zeros((75, 100), np.uint8))
    scan = scan_of(tmp_path / inside, dataset="busc")
    assert scan.images["id"].str.rpartition("/")[2].tolist() == ["us1", "us2"] * 2
    assert scan.images["label"].tolist() == ["benign"] * 2 + ["malignant"] * 2
    assert (scan.images["masks"] == "").all() and "patient" not in scan.images


@pytest.mark.parametrize(
    ("name", "total"), [("bus_bra", 1875), ("breast_usg", 256), ("buid", 232), ("busc", 250)]
)
def test_published_counts_add_up_and_a_part_is_refused(name, total):
    dataset = REGISTRY[name]
    assert sum(dataset.counts.values()) == total
    with pytest.raises(StudyError, match=f"holds 1 of {total} images"):
        dataset.check_counts(pd.DataFrame({"label": ["benign"]}), dataset.name)
