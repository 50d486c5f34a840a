"""mini-MIAS is read from its list or its file names, in pairs of films; INbreast from BI-RADS, by patient."""

from __future__ import annotations

import re
import shutil

import pytest
from builders import manifest_of
from miniatures import INBREAST_ROWS, write_inbreast, write_mias, write_xls

from bcd_utils.datasets import REGISTRY
from bcd_utils.datasets.readers import inbreast, mias
from bcd_utils.study.loading import make_study
from bcd_utils.utils.errors import StudyError

LABELS = ["benign", "normal", "normal", "normal", "benign", "normal", "malignant", "malignant"]
PATIENTS = [f"patient {number:03}" for number in (1, 1, 2, 2, 3, 3, 4, 4)]


@pytest.mark.parametrize("table", ["Info.txt", "README"])
def test_the_label_is_the_lists_and_films_are_pairs(tmp_path, table):
    found = mias.scan(write_mias(tmp_path, table))
    assert found.images["id"].tolist() == [f"mdb{number:03}" for number in range(1, 9)]
    assert found.images["label"].tolist() == LABELS
    assert found.images["patient"].tolist() == PATIENTS
    assert found.remarks == []


@pytest.mark.parametrize("pattern", ["{film}_{label}.pgm", "{label}/{film}.png", "x/{film}ll-{label}.pgm"])
def test_without_the_list_names_or_folders_tell_the_label(tmp_path, pattern):
    folder = write_mias(tmp_path / "whole")
    for film, label in zip(sorted(folder.rglob("*.pgm")), LABELS, strict=True):
        target = tmp_path / "mirror" / pattern.format(film=film.stem, label=label)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(film, target)
    found = mias.scan(tmp_path / "mirror")
    assert dict(zip(found.images["id"], found.images["label"], strict=True)) == {
        f"mdb{number:03}": label for number, label in enumerate(LABELS, start=1)
    }
    assert sorted(found.images["patient"]) == PATIENTS


def test_what_does_not_agree_is_remarked(tmp_path):
    folder = write_mias(tmp_path)
    films = folder / "all-mias"
    shutil.copy(films / "mdb001.pgm", films / "mdb001_malignant.pgm")
    shutil.copy(films / "mdb002.pgm", films / "mdb322.pgm")
    found = mias.scan(folder)
    assert len(found.images) == 8 and found.images["label"].tolist() == LABELS
    assert found.remarks == [
        "1 films are there twice; left out",
        "1 films are in no line of the list; left out",
        "1 films lie under another label than in the list; taken as in the list",
    ]


def test_films_without_labels_and_folders_without_films_are_refused(tmp_path):
    folder = write_mias(tmp_path / "films")
    (folder / "all-mias" / "Info.txt").unlink()
    with pytest.raises(StudyError, match="holds nothing that tells the labels of its films.*Info.txt"):
        mias.scan(folder)
    with pytest.raises(StudyError, match="holds no films of mini-MIAS"):
        mias.scan(tmp_path / "nowhere")


def test_the_published_counts_are_held(tmp_path):
    assert sum(REGISTRY["mias"].counts.values()) == 322
    with pytest.raises(
        StudyError, match="holds 8 of 322 images of mini-MIAS: 2 benign / 2 malignant / 4 normal"
    ):
        manifest_of(REGISTRY["mias"], write_mias(tmp_path))


# -- INbreast ---------------------------------------------------------------------------------------

BI_RADS = ["normal", "benign", "benign", "malignant", "malignant", "malignant"]


@pytest.mark.parametrize("table", ["csv", "xls"])
def test_inbreasts_labels_are_bi_rads_and_its_patients_are_in_the_names(tmp_path, table):
    found = inbreast.scan(write_inbreast(tmp_path, table))
    assert found.images["id"].tolist() == [row[0] for row in INBREAST_ROWS]
    assert found.images["label"].tolist() == BI_RADS
    assert found.images["bi_rads"].tolist() == [row[4] for row in INBREAST_ROWS]
    assert found.images["patient"].tolist() == [row[1] for row in INBREAST_ROWS]
    assert found.remarks == [
        "labels are BI-RADS categories, not pathology: 1 normal, 2 and 3 benign, 4 to 6 malignant"
    ]
    assert "not pathology" in REGISTRY["inbreast"].title


def test_a_mammogram_without_a_line_and_a_line_without_a_mammogram_are_remarked(tmp_path):
    folder = write_inbreast(tmp_path)
    films = sorted(folder.rglob("*.dcm"))
    films[0].rename(films[0].with_name("99999999_6c613a14b80a8591_MG_L_CC_ANON.dcm"))
    found = inbreast.scan(folder)
    assert len(found.images) == 5
    assert found.remarks[1:] == [
        "1 mammograms are in no line of the table; left out",
        "1 lines of the table have no mammogram here",
    ]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (";4a", ";0", r"INbreast\.csv, line 5: '0' is no BI-RADS category"),
        ("Bi-Rads", "Class", r"INbreast\.csv, line 1: there is no column 'Bi-Rads'"),
        (r";2\d{7}", ";99", "No mammogram in .* is in its table"),
    ],
)
def test_a_table_that_is_not_as_published_is_refused(tmp_path, old, new, said):
    folder = write_inbreast(tmp_path)
    (table,) = folder.rglob("INbreast.csv")
    table.write_text(re.sub(old, new, table.read_text()))
    with pytest.raises(StudyError, match=said):
        inbreast.scan(folder)


def test_a_missing_or_broken_sheet_is_refused(tmp_path):
    folder = write_inbreast(tmp_path, "xls")
    (sheet,) = folder.rglob("INbreast.xls")
    write_xls(sheet, [["File Name", "Class"]])
    with pytest.raises(StudyError, match="line 1: there is no column 'Bi-Rads'"):
        inbreast.scan(folder)
    sheet.write_bytes(b"no sheet")
    with pytest.raises(StudyError, match=r"INbreast\.xls cannot be read"):
        inbreast.scan(folder)
    sheet.unlink()
    with pytest.raises(StudyError, match=r"holds no INbreast\.csv and no INbreast\.xls"):
        inbreast.scan(folder)


def test_where_inbreast_is_missing_the_message_says_how_to_get_it(tmp_path, monkeypatch):
    monkeypatch.setattr("bcd_utils.datasets.base.RAW_DATA", tmp_path)
    with pytest.raises(StudyError, match="INbreast is not in .*ask its authors"):
        REGISTRY["inbreast"].locate(make_study({"name": "mine", "dataset": "inbreast"}).source)
    assert sum(REGISTRY["inbreast"].counts.values()) == 410
