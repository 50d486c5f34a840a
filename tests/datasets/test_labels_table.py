"""Tables that come with images: how a line finds its image, and what is said where it does not."""

from __future__ import annotations

import pandas as pd
import pytest
from builders import scan_of, touch

from bcd_utils.datasets.path_index import PathIndex
from bcd_utils.datasets.sheets import read_sheet
from bcd_utils.utils.errors import StudyError

PATHS = ("a/1.png", "a/2.png", "b/01.5.png")


def labels_of(folder, text: str | bytes, name: str = "t.csv", **table) -> dict[str, str]:
    (folder / name).write_bytes(text if isinstance(text, bytes) else text.encode())
    images = scan_of(touch(folder, *PATHS), table={"file": name} | table).images
    return dict(zip(images["path"], images["label"], strict=True))


EXPECTED = {"a/1.png": "benign", "a/2.png": "malignant", "b/01.5.png": "benign"}


@pytest.mark.parametrize(
    "text",
    [
        "path,label\na/1.png,benign\na/2.png,malignant\nb/01.5.png,benign\n",
        b"\xef\xbb\xbfPath;Label\r\na\\1.png;BENIGN\r\nA\\2.PNG;Malignant\r\n.\\b\\01.5.png;benign\r\n",
        "label\tpath\nbenign\t1\nmalignant\t2\nbenign\t01.5\n",
        "path,label\nC:\\old\\a\\1.png,benign\n/home/eve/a/2.png,malignant\n../data/b/01.5.png,benign\n",
        ',path,label,\n0,"a/1.png", benign,\n\n1,a/2,maligno,\n,,,\n2,b/01.5,benigna,\n',
        "path\tlabel\n1.png\tbenign\n2.png\tmalignant\n01.5.png\tbenign\n".encode("utf-16"),
    ],
    ids=["plain", "Windows", "names", "from elsewhere", "blank lines and columns", "Unicode text"],
)
def test_a_line_finds_its_image_however_it_was_written(tmp_path, text):
    assert labels_of(tmp_path, text) == EXPECTED


@pytest.mark.parametrize("numbers", [[1, 2, 15], [1.0, 2.0, 15.0], ["000001", "2", "0015"]])
def test_numbers_in_a_sheet_find_names_with_zeros(tmp_path, numbers):
    touch(tmp_path, "x/000001.png", "x/000002.png", "y/15.png")
    table = pd.DataFrame(
        {"Case": numbers, "label": ["benign", "malignant", "benign"], "age": [40.0, 50.5, None]}
    )
    table.to_excel(tmp_path / "clinic 2024.xlsx", index=False)
    images = scan_of(tmp_path, table={"file": "clinic*.xlsx", "path": "Case"}).images
    assert images["path"].tolist() == ["x/000001.png", "y/15.png", "x/000002.png"]
    assert images["age"].tolist() == ["40", "", "50.5"]


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ("1.png", ["1.png"]),  # the whole path, though others end so
        ("A/1.PNG", ["a/1.png"]),
        ("b/1", ["b/1.png"]),
        ("a/1.png", ["a/1.png"]),
        ("U\u0308/x.png", ["\u00fc/x.png"]),
        ("D:/study/b/1.png", ["b/1.png"]),
        ("c/1.png", []),  # another folder than asked for is no answer
        ("2", []),
        ("X.png", ["\u00fc/x.png"]),
        ("7", ["007.png"]),
        ("1", ["1.png", "a/1.png", "b/1.png"]),
    ],
)
def test_what_a_cell_means(given, meant):
    assert PathIndex(["1.png", "a/1.png", "b/1.png", "\u00fc/x.png", "007.png"]).meant(given) == meant


def test_paths_may_count_from_where_the_table_lies(tmp_path):
    touch(tmp_path, "set/a/1.png", "set/b/1.png", "other/a/1.png")
    (tmp_path / "set" / "t.csv").write_text("path,label\na/1.png,benign\nb/1.png,malignant\n")
    images = scan_of(tmp_path, table={"file": "t.csv"}).images
    assert images["path"].tolist() == ["set/a/1.png", "set/b/1.png"]


def test_images_without_a_line_and_lines_without_an_image_are_said(tmp_path):
    (tmp_path / "t.csv").write_text("path,label\na/1.png,benign\na/2.png,malignant\na/3.png,benign\nsum,2\n")
    scan = scan_of(touch(tmp_path, *PATHS), table={"file": "t.csv"})
    assert scan.left_out == [("b/01.5.png", "in no line of the table")]
    assert scan.remarks == [
        "2 lines of t.csv without an image (first: line 4, 'a/3.png')",
        "1 image without a line in t.csv (first: b/01.5.png)",
    ]


@pytest.mark.parametrize(
    ("text", "table", "said"),
    [
        ("path,label\n9,benign\n", {}, "t.csv, line 2: '9' is no image, nor is that of any other.*such as 1.png"),
        ("path,label\na/1,benign\n1,malignant\n", {}, "line 3: '1' stands in line 2 too, with other values"),
        ("name,label\n1,benign\n", {}, "no column 'path'. To fix: set source.table.path to one of name, label"),
        ("path,label\n1,benign\n", {"patient": "who"}, "there is no column 'who'. To fix: write one of label"),
        ("path,label\n1,benign\n", {"keep": ["age"]}, "there is no column 'age'"),
        ("path,label,label\n1,benign,x\n", {}, "two columns are called 'label'"),
        ("", {}, "t.csv is empty. To fix: write a line with the names"),
        ("path,label\nm\xe4rz,benign\n".encode("latin-1"), {}, "t.csv is no table .*save it as CSV in UTF-8"),
        ("path,label,fold\n1,benign,2\n", {"split": "fold"}, "the set '2'.*source.table.sets says what"),
        ("path,label\n1,benign\n", {"file": "u.csv"}, "There is no table .*u.csv"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_table_is_named_with_its_line(tmp_path, text, table, said):
    with pytest.raises(StudyError, match=said):
        labels_of(tmp_path, text, **table)


def test_a_line_that_may_mean_two_images_and_a_name_of_two_tables_are_refused(tmp_path):
    touch(tmp_path, "a/1.png", "b/1.png")
    (tmp_path / "a" / "t.csv").write_text("path,label\n1.png,benign\n")
    scan = scan_of(tmp_path, table={"file": "t.csv"}).images
    assert scan["path"].tolist() == ["a/1.png"]  # counted from the table
    (tmp_path / "t2.csv").write_text("path,label\n1.png,benign\n")
    with pytest.raises(StudyError, match="line 2: '1.png' may be a/1.png or b/1.png"):
        scan_of(tmp_path, table={"file": "t2.csv"})
    (tmp_path / "b" / "t.csv").write_text("path,label\n1.png,benign\n")
    with pytest.raises(StudyError, match=r"The table t.csv may be .*a/t.csv or .*b/t.csv"):
        scan_of(tmp_path, table={"file": "t.csv"})


def test_labels_that_nobody_named_are_the_classes(tmp_path):
    assert labels_of(tmp_path, "path,label\n1,0\n2,Type B\n01.5,type b\n") == {
        "a/1.png": "0", "a/2.png": "Type B", "b/01.5.png": "Type B",
    }  # fmt: skip


def test_several_tables_are_read_as_one(tmp_path):
    touch(tmp_path, *PATHS)
    (tmp_path / "a.csv").write_text("path,label,age\n1,benign,40\n2,malignant,50\n01.5,benign,60\n")
    (tmp_path / "b.csv").write_text("path,age,fold\n1.png,40,1\n2.png,50,2\n")
    images = scan_of(tmp_path, table={"file": ["a.csv", "b.csv"]}).images.set_index("id")
    assert images["fold"].to_dict() == {"1": "1", "01.5": "", "2": "2"} and images["age"].tolist() == [
        "40",
        "60",
        "50",
    ]
    (tmp_path / "b.csv").write_text("path,age\n1.png,41\n")
    with pytest.raises(StudyError, match=r"b\.csv: age of a/1\.png is '41', and '40' in another table"):
        scan_of(tmp_path, table={"file": ["a.csv", "b.csv"]})


def test_line_numbers_are_those_of_the_file(tmp_path):
    (tmp_path / "t.csv").write_text('path,note\n\n1,"two\nlines"\n\n2,x,more\n')
    table = read_sheet(tmp_path / "t.csv")
    assert table.index.tolist() == [4, 6] and table["note"].tolist() == ["two\nlines", "x"]
    (tmp_path / "t.xlsx").write_text("nonsense")
    with pytest.raises(StudyError, match="t.xlsx is no table .*save it as CSV"):
        read_sheet(tmp_path / "t.xlsx")
