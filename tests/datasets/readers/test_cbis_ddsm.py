"""CBIS-DDSM is read in every layout that people have: tables joined to pixels, masks told from crops."""

from __future__ import annotations

import re
import shutil

import numpy as np
import pytest
from builders import manifest_of, noise, square, write_dicom, write_image
from miniatures import CBIS_LAYOUTS, CBIS_ROWS, FRAME, lesion_of, write_cbis

from bcd_utils.datasets import dataset_of
from bcd_utils.datasets.cbis.files import index_files, lesion_box, masks_among
from bcd_utils.datasets.cbis.tables import ROWS
from bcd_utils.datasets.readers import cbis_ddsm
from bcd_utils.images.reading import read_with_mask
from bcd_utils.study.loading import make_study
from bcd_utils.utils.errors import StudyError


def dataset(**settings):
    return dataset_of(make_study({"name": "mine", "dataset": "cbis_ddsm", "cbis_ddsm": settings}).source)


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """Twelve abnormalities in nine mammograms of seven patients, in each layout."""
    return {layout: write_cbis(tmp_path_factory.mktemp("cbis"), layout) for layout in CBIS_LAYOUTS}


every_layout = pytest.mark.parametrize("layout", CBIS_LAYOUTS)

# id: label, patient, set, kinds of abnormality
MAMMOGRAMS = {
    "P_00001_LEFT_CC": ("malignant", "P_00001", "train", "mass"),
    "P_00001_LEFT_MLO": ("malignant", "P_00001", "train", "mass"),
    "P_00002_RIGHT_CC": ("benign", "P_00002", "train", "mass"),
    "P_00010_LEFT_CC": ("malignant", "P_00010", "train", "mass, calcification"),
    "P_00010_LEFT_MLO": ("benign", "P_00010", "train", "mass"),
    "P_00011_RIGHT_MLO": ("malignant", "P_00011", "test", "mass"),
    "P_00020_LEFT_CC": ("malignant", "P_00020", "train", "calcification"),
    "P_00021_RIGHT_CC": ("benign", "P_00021", "test", "calcification"),
    "P_00022_RIGHT_CC": ("malignant", "P_00022", "test", "calcification"),
}
SHOWN = ["label", "patient", "official_split", "abnormality"]


@every_layout
def test_each_mammogram_is_one_image_malignant_where_one_of_its_abnormalities_is(folders, layout):
    found = dataset().scan(folders[layout])
    rows = found.images.set_index("id")
    assert {name: tuple(row) for name, row in rows[SHOWN].iterrows()} == MAMMOGRAMS
    assert rows["masks"].str.count(r"\|").add(1).to_dict() == dict.fromkeys(MAMMOGRAMS, 1) | {
        "P_00002_RIGHT_CC": 2, "P_00010_LEFT_CC": 2, "P_00020_LEFT_CC": 2,
    }  # fmt: skip
    assert found.remarks == [
        "3 mammograms have several abnormalities; each is one image, malignant where one is",
        "1 mammograms are filed under masses and under calcifications, 1 of them in train and in test; each is one "
        "image here, of train where it is in both",
        "1 patients are published in train for one kind of abnormality and in test for the other; all their images "
        "are taken as train",
    ]


@every_layout
def test_what_is_found_is_the_mammogram_and_its_masks_not_the_crop(folders, layout):
    manifest, remarks = manifest_of(dataset(abnormality="calcification"), folders[layout], allow_partial=True)
    assert (manifest["status"] == "ok").all()
    assert manifest[["height", "width"]].drop_duplicates().values.tolist() == [list(FRAME)]
    _, mask = read_with_mask(folders[layout], manifest.set_index("id").loc["P_00020_LEFT_CC"])
    assert (mask == ((lesion_of(1) > 0) | (lesion_of(2) > 0))).mean() > 0.999
    several, unused = remarks
    assert several == "1 mammograms have several abnormalities; each is one image, malignant where one is"
    assert re.match(r"Not read: \d+ x picture that is none of this data set's, the first ", unused), (
        "the crops"
    )


@every_layout
def test_a_lesion_is_a_square_around_its_mask(folders, layout):
    manifest, _ = manifest_of(dataset(region="lesion", margin=0.6), folders[layout], allow_partial=True)
    rows = manifest.set_index("id")
    assert len(rows) == 12 and (rows["status"] == "ok").all()
    # The lesion is rows 20 to 50 and columns 40 to 70: 30 * (1 + 2 * 0.6) = 66 pixels around (55, 35), moved into
    # the frame at its upper edge; the second lies 60 pixels lower.
    assert rows.loc["P_00020_LEFT_CC_calcification_1", "box"] == "22,2,88,68"
    assert rows.loc["P_00020_LEFT_CC_calcification_2", "box"] == "22,62,88,128"
    assert (rows[["width", "height"]] == 66).all(axis=None)
    assert rows.loc["P_00002_RIGHT_CC_mass_1", "path"] == rows.loc["P_00002_RIGHT_CC_mass_2", "path"]
    assert rows.loc[["P_00010_LEFT_CC_mass_1", "P_00010_LEFT_CC_calcification_1"], "label"].tolist() == [
        "benign", "malignant",
    ]  # fmt: skip
    for _, row in manifest.iterrows():
        mask = read_with_mask(folders[layout], row)[1]
        assert mask[18:48, 18:48].mean() > 0.98 and mask.sum() == pytest.approx(900, abs=20)


@pytest.mark.parametrize(("moved", "split"), [(True, "train"), (False, "test")])
def test_patients_of_both_sets_are_moved_or_left(folders, moved, split):
    found = dataset(move_crossing_patients=moved).scan(folders["DICOM tree"])
    rows = found.images.set_index("id")
    assert rows.loc["P_00010_LEFT_MLO", "official_split"] == split
    assert rows.loc["P_00010_LEFT_CC", "official_split"] == "train", "it is published in train, too"
    assert ("left as published" in found.remarks[-1]) is not moved


def test_with_one_kind_of_abnormality_nobody_is_in_both_sets(folders):
    found = dataset(abnormality="mass").scan(folders["DICOM tree"])
    rows = found.images.set_index("id")
    assert len(rows) == 6 and set(rows["abnormality"]) == {"mass"}
    assert rows.loc["P_00010_LEFT_CC", ["label", "official_split"]].tolist() == ["benign", "test"]
    assert not any("published in train" in remark for remark in found.remarks)


def test_published_counts_add_up():
    assert dataset(region="lesion").counts == {"benign": 2111, "malignant": 1457}
    assert dataset(region="lesion", abnormality="mass").counts == {"benign": 912, "malignant": 784}
    assert sum(sum(rows.values()) for rows in ROWS.values()) == 3568
    assert sum(dataset().counts.values()) == 3032
    assert sum(dataset(abnormality="mass").counts.values()) == 1592
    assert sum(dataset(abnormality="calcification").counts.values()) == 1511
    assert 1592 + 1511 == 3103, "the mammograms of the collection, of which 71 are there twice"


def test_a_part_is_refused_unless_it_is_accepted(folders):
    with pytest.raises(
        StudyError, match="holds 9 of 3032 images of CBIS-DDSM, mammograms with abnormalities"
    ):
        manifest_of(dataset(), folders["DICOM tree"])


# -- masks, crops and boxes -------------------------------------------------------------------------


@pytest.mark.parametrize("suffix", ["dcm", "jpg", "png"])
@pytest.mark.parametrize("alone", [True, False])
def test_a_mask_is_told_from_a_crop_by_its_content(tmp_path, suffix, alone):
    grey, lesion = noise(1, shape=(80, 90)), square(10, 10, (300, 200))
    if suffix == "dcm":
        crop = write_dicom(tmp_path / "000000.dcm", grey.astype(np.uint16) * 200)
        mask = write_dicom(tmp_path / "000001.dcm", lesion)
    else:
        crop = write_image(tmp_path / f"1.{suffix}", grey)
        mask = write_image(tmp_path / f"2.{suffix}", lesion)
    if alone:
        assert masks_among([crop]) == [] and masks_among([mask]) == [mask]
    else:
        assert masks_among([crop, mask]) == [mask] and masks_among([mask, crop]) == [mask]


def test_a_mask_of_16_bit_is_told_by_its_two_levels(tmp_path):
    crop = write_dicom(tmp_path / "000000.dcm", noise(1).astype(np.uint16))
    mask = write_dicom(tmp_path / "000001.dcm", square(10, 10).astype(np.uint16))
    assert masks_among([crop, mask]) == [mask]


@pytest.mark.parametrize("suffix", ["png", "tif"])
@pytest.mark.parametrize("white", [1, 255, 65535])
@pytest.mark.parametrize("top", [255, 4095, 65535])
def test_a_mask_is_told_from_a_crop_at_any_depth(tmp_path, suffix, white, top):
    crop = write_image(tmp_path / f"1.{suffix}", noise(1).astype(np.uint16) * (top // 255))
    lesion = (square(10, 10) // 255).astype(np.uint8 if white < 256 else np.uint16) * white
    mask = write_image(tmp_path / f"2.{suffix}", lesion)
    assert masks_among([crop, mask]) == [mask] and masks_among([crop]) == []


def test_a_dark_crop_with_a_bright_speck_is_no_mask(tmp_path):
    dark = noise(1).astype(np.uint16) * 4
    dark[5, 5] = 65535
    crop = write_image(tmp_path / "1.png", dark)
    assert masks_among([crop]) == []


def test_what_cannot_be_read_counts_as_a_mask_so_that_it_is_named(tmp_path):
    broken = [tmp_path / "1.dcm", tmp_path / "2.png"]
    for path in broken:
        path.write_bytes(b"lost")
    assert masks_among(broken) == broken


@pytest.mark.parametrize(
    ("lesion", "margin", "box"),
    [
        (square(100, 50, (240, 180), side=80), 0, "50,100,130,180"),
        (square(100, 50, (240, 180), side=80), 0.25, "30,80,150,200"),
        (square(0, 170, (240, 180), side=10), 0, "116,0,180,64"),  # no smaller than 64 pixels, moved inside
        (square(10, 0, (240, 180), side=180), 0.5, "0,0,180,240"),  # cut off at the frame: 360 do not fit
        (np.zeros((240, 180), np.uint8), 0.25, ""),
    ],
)
def test_a_box_is_square_and_within_the_frame(tmp_path, lesion, margin, box):
    image = write_image(tmp_path / "image.png", noise(1, shape=(240, 180)))
    assert lesion_box([write_image(tmp_path / "mask.png", lesion)], image, margin) == box


def test_a_mask_of_another_size_is_scaled_to_the_mammogram(tmp_path):
    image = write_image(tmp_path / "image.png", noise(1, shape=(480, 360)))
    mask = write_image(tmp_path / "mask.png", square(100, 50, (240, 180), side=40))
    assert lesion_box([mask], image, 0) == "100,200,180,280"


@pytest.fixture
def copy(folders, tmp_path):
    """The DICOM tree, to be spoilt."""
    return shutil.copytree(folders["DICOM tree"], tmp_path / "copy")


def files_of(folder, case: str, depth: int):
    import pydicom

    files = folder.rglob(f"{case}/*/*/*.dcm")
    return [path for path in files if pydicom.dcmread(path).BitsAllocated == depth]


def test_without_a_mask_the_published_crop_is_the_lesion(copy):
    for case in ("Mass-Training_P_00001_LEFT_CC_1", "Calc-Training_P_00020_LEFT_CC_2"):
        (mask,) = files_of(copy, case, 8)
        mask.unlink()
    found = dataset(region="lesion").scan(copy)
    rows = found.images.set_index("id")
    crop = rows.loc["P_00001_LEFT_CC_mass_1"]
    assert crop["box"] == "" and crop["masks"] == "" and "Training_P_00001_LEFT_CC_1/" in crop["path"]
    assert "2 lesions lack a mask or their mammogram here; the published crop is used" in found.remarks
    assert "2 abnormalities have no mask here" in dataset().scan(copy).remarks


def test_what_is_left_out_is_remarked(copy):
    shutil.rmtree(copy / "CBIS-DDSM" / "Mass-Test_P_00011_RIGHT_MLO")
    write_dicom(copy / "CBIS-DDSM" / "Mass-Test_P_09999_LEFT_CC" / "1.2" / "1.2" / "000000.dcm", noise(1))
    found = dataset().scan(copy)
    assert len(found.images) == 8
    assert found.remarks[2:4] == [
        "1 mammograms have no pixels here (first: P_00011_RIGHT_MLO); left out",
        "1 pixel files belong to no row of the tables; left out",
    ]


def test_a_mask_that_cannot_be_read_sets_its_image_aside(folders, tmp_path):
    folder = shutil.copytree(folders["JPEG mirror"], tmp_path / "copy")
    first = dataset().scan(folder).images.iloc[0]
    (folder / first["masks"]).write_bytes(b"no image")
    manifest, _ = manifest_of(dataset(), folder, allow_partial=True)
    assert manifest.loc[manifest["status"] != "ok", ["id", "status"]].values.tolist() == [
        [first["id"], "mask cannot be read"]
    ]
    found = dataset(region="lesion").scan(folder)
    assert "1 lesions lack a mask or their mammogram here; the published crop is used" in found.remarks


# -- wrong turns ------------------------------------------------------------------------------------


def refusal(folder, **settings) -> str:
    with pytest.raises(StudyError) as caught:
        dataset(**settings).scan(folder)
    assert caught.value.fix
    return str(caught.value)


def test_tables_without_pixels_are_told_where_pixels_are(copy):
    shutil.rmtree(copy / "CBIS-DDSM")
    message = refusal(copy)
    assert "holds tables of CBIS-DDSM, but no DICOM or JPEG files" in message and "NBIA" in message


@pytest.mark.parametrize(
    "name", ["calc_case_description_test_set.csv", "mass_case_description_train_set.csv"]
)
def test_pixels_without_a_table_are_told_which(copy, name):
    (copy / name).unlink()
    assert f"holds no {name}, a table of CBIS-DDSM" in refusal(copy)
    other = "mass" if name.startswith("calc") else "calcification"
    assert len(dataset(abnormality=other).scan(copy).images) > 0


def test_tables_of_one_part_and_pixels_of_another_are_refused(folders, tmp_path):
    for table in folders["DICOM tree"].glob("mass*.csv"):
        shutil.copy(table, tmp_path)
    shutil.copytree(
        folders["DICOM tree"] / "CBIS-DDSM", tmp_path / "CBIS-DDSM", ignore=shutil.ignore_patterns("Mass*")
    )
    assert "None of the 14 pixel files" in refusal(tmp_path, abnormality="mass")


def test_crops_and_masks_alone_are_no_mammograms_but_lesions(copy):
    for image in files_of(copy, "*_[CM][CL]*", 16):
        if not image.parents[2].name[-1].isdigit():
            image.unlink()
    assert "holds crops and masks, but none of the mammograms" in refusal(copy)
    assert len(dataset(region="lesion").scan(copy).images) == 12


def test_both_layouts_at_once_are_refused(folders, tmp_path):
    for layout in ("DICOM tree", "JPEG mirror"):
        shutil.copytree(folders[layout], tmp_path / layout)
    assert "holds DICOM files and others" in refusal(tmp_path)


def test_an_empty_folder_is_refused(tmp_path):
    assert "holds no mass_case_description_train_set.csv" in refusal(tmp_path)


@pytest.mark.parametrize(
    ("old", "new"),
    [(",MALIGNANT,", ",UNKNOWN,"), ("Mass-Training_P_00001_LEFT_CC/", "/"), ("000000.dcm", "")],
)
def test_a_line_that_is_not_as_published_is_named(copy, old, new):
    table = copy / "mass_case_description_train_set.csv"
    table.write_text(table.read_text().replace(old, new, 1))
    assert "mass_case_description_train_set.csv, line 3: not a row as published" in refusal(copy)


@pytest.mark.parametrize("column", ["breast_density", "mass margins", "assessment", "subtlety"])
def test_a_table_that_lacks_a_column_is_named_with_it(copy, column):
    table = copy / "mass_case_description_train_set.csv"
    table.write_text(table.read_text().replace(column, "other", 1))
    assert f"mass_case_description_train_set.csv, line 1: there is no column '{column}'" in refusal(copy)


def test_where_it_is_missing_the_message_says_how_to_get_it(tmp_path, monkeypatch):
    monkeypatch.setattr("bcd_utils.datasets.base.RAW_DATA", tmp_path)
    with pytest.raises(StudyError, match="CBIS-DDSM is not in") as caught:
        dataset().locate(make_study({"name": "mine", "dataset": "cbis_ddsm"}).source)
    assert cbis_ddsm.HOMEPAGE in caught.value.fix


def test_a_file_whose_folders_say_nothing_is_known_by_its_header(folders, tmp_path):
    for number, path in enumerate(folders["DICOM tree"].rglob("*.dcm")):
        shutil.copy(path, tmp_path / f"{number}.dcm")
    for table in folders["DICOM tree"].glob("*.csv"):
        shutil.copy(table, tmp_path)
    rows = dataset().scan(tmp_path).images.set_index("id")
    assert {name: tuple(row) for name, row in rows[SHOWN].iterrows()} == MAMMOGRAMS
    (tmp_path / "x.dcm").write_bytes(b"no DICOM file")
    assert len(index_files(tmp_path)) > len(CBIS_ROWS)
