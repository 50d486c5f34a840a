"""Predictions as files: each image its row, the same after an interruption."""

from __future__ import annotations

import importlib.util
import json
import tracemalloc
import zipfile

import numpy as np
import pandas as pd
import pytest
from builders import noise, write_dicom, write_image

from bcd_utils.models.features import BATCH
from bcd_utils.prediction.heat_maps import HeatMaps
from bcd_utils.prediction.table import check_ending, write_predictions
from bcd_utils.utils.errors import StudyError

pytestmark = pytest.mark.slow


@pytest.fixture
def mixed(tmp_path):
    """Files of many kinds: three pictures, one of them twice, and five that are none."""
    folder = tmp_path / "mixed"
    image = write_image(folder / "good.PNG", noise(1))
    write_dicom(folder / "film.dcm", noise(1))
    write_image(folder / "sub" / "deep.png", noise(2).astype(np.uint16) * 200)
    (folder / "text.png").write_text("no picture at all\n")
    (folder / "broken.png").write_bytes(image.read_bytes()[:2000])
    (folder / "empty.jpg").touch()
    (folder / "notes.txt").write_text("seen on Monday")
    return folder


def test_each_file_of_a_mixed_folder_has_its_row(model, mixed, tmp_path):
    counts = write_predictions(model, [mixed], tmp_path / "out.csv")
    table = pd.read_csv(tmp_path / "out.csv", keep_default_na=False)
    assert (counts.images, counts.read, counts.abstained) == (7, 3, 3)
    status = {
        path.removeprefix(f"{mixed}/"): text
        for path, text in zip(table["path"], table["status"], strict=True)
    }
    assert status == {
        "broken.png": "truncated file",
        "empty.jpg": "empty file",
        "film.dcm": "ok",
        "good.PNG": "ok",
        "notes.txt": "no picture (.txt)",
        "sub/deep.png": "ok",
        "text.png": "no image: text",
    }
    assert set(table["use"]) == {"research only, not for clinical use"}
    dicom, png = (table[table["path"].str.endswith(name)].iloc[0] for name in ("film.dcm", "good.PNG"))
    assert dicom["p_benign"] == png["p_benign"] != ""
    assert (table.loc[table["status"] != "ok", "p_benign"] == "").all()
    meanings = pd.read_csv(tmp_path / "out.csv.columns.csv", keep_default_na=False)
    assert "Not for clinical use" in meanings["meaning"][0] and "phantoms" in meanings["meaning"][1]
    assert meanings["column"][meanings["column"] != ""].tolist() == list(table)
    assert [path.name for path in tmp_path.glob(".*")] == []


def test_python_and_files_of_all_formats_say_the_same(model, mixed, tmp_path):
    frame = model.predict(mixed)
    write_predictions(model, [mixed], tmp_path / "out.csv")
    write_predictions(model, [mixed], tmp_path / "out.jsonl")
    lines = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text().splitlines()]
    as_csv = pd.read_csv(tmp_path / "out.csv")
    for table in (as_csv, pd.DataFrame(lines)):
        assert table["p_malignant"].equals(frame["p_malignant"]) and table["nearest_3"].equals(
            frame["nearest_3"]
        )
    assert list(as_csv) == list(frame)


class Stopped(BaseException):
    """As a kill is: nothing of the program handles it."""


@pytest.mark.parametrize("torn", ["", '{"path": "half a li'])
def test_interrupted_it_goes_on_and_ends_the_same(model, tmp_path, torn):
    for number in range(2 * BATCH + 5):
        write_image(tmp_path / "images" / f"{number}.png", noise(number))
    whole, out, begun = tmp_path / "whole.csv", tmp_path / "out.csv", []

    def stop(done, total):
        if done == 2 * BATCH:
            raise Stopped

    write_predictions(model, [tmp_path / "images"], whole)
    with pytest.raises(Stopped):
        write_predictions(model, [tmp_path / "images"], out, on_progress=stop)
    assert not out.exists()
    (part,) = tmp_path.glob(".out.csv.*.part")
    with open(part, "a") as file:
        file.write(torn)
    write_predictions(model, [tmp_path / "images"], out, on_progress=lambda done, total: begun.append(done))
    assert begun[0] == 2 * BATCH and out.read_bytes() == whole.read_bytes()
    assert not list(tmp_path.glob(".out.csv.*"))


def test_what_was_begun_of_other_images_is_not_taken_up(model, tmp_path):
    image, out, begun = write_image(tmp_path / "images" / "a.png", noise(1)), tmp_path / "out.csv", []
    (tmp_path / ".out.csv.0123456789abcdef.part").write_text("{}\n" * BATCH)
    write_predictions(model, [image], out, on_progress=lambda done, total: begun.append(done))
    assert begun[0] == 0 and pd.read_csv(out)["path"].tolist() == [str(image)]
    assert not list(tmp_path.glob(".out.csv.*"))


def test_two_at_once_do_not_write_one_file(model, tmp_path):
    image, out, told = write_image(tmp_path / "images" / "a.png", noise(1)), tmp_path / "out.csv", []

    def write_too(done, total):
        if not done:
            with pytest.raises(StudyError, match=r"Another prediction is writing .*out\.csv") as raised:
                write_predictions(model, [image, image], out)
            told.append(raised.value.fix)

    write_predictions(model, [image], out, on_progress=write_too)
    assert told == ["wait for it, or name another file with --out"] and len(pd.read_csv(out)) == 1
    write_predictions(model, [image, image], out)
    assert len(pd.read_csv(out)) == 2 and not list(tmp_path.glob(".out.csv.*"))


def test_a_zip_bomb_has_its_row(model, tmp_path, monkeypatch):
    monkeypatch.setattr("bcd_utils.prediction.inputs.MOST_UNPACKED", 10_000_000)
    image = write_image(tmp_path / "a.png", noise(1))
    with zipfile.ZipFile(tmp_path / "images.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("bomb.png", bytes(20_000_000))
        archive.write(image, "good.png")
    tracemalloc.start()
    found = model.predict(tmp_path / "images.zip")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert found["status"].tolist() == ["unpacks to 0.0 GB, more than 0.01", "ok"]
    assert peak < 10_000_000


def test_heat_maps_have_a_column(model, mixed, tmp_path):
    write_predictions(model, [mixed / "good.PNG"], tmp_path / "out.csv", HeatMaps(tmp_path / "maps"))
    (name,) = pd.read_csv(tmp_path / "out.csv")["heat_map"]
    assert (tmp_path / "maps" / name).exists() and name.endswith("good.png")


def test_endings_are_told(tmp_path, monkeypatch):
    with pytest.raises(StudyError, match="ends in no known format"):
        check_ending(tmp_path / "out.xls")
    monkeypatch.setattr("bcd_utils.prediction.table.find_spec", lambda name: None)
    with pytest.raises(StudyError, match="Parquet needs pyarrow") as raised:
        check_ending(tmp_path / "out.parquet")
    assert raised.value.fix.startswith("pip install pyarrow")


@pytest.mark.skipif(
    not (importlib.util.find_spec("pyarrow") or importlib.util.find_spec("fastparquet")),
    reason="Parquet needs pyarrow or fastparquet",
)
@pytest.mark.parametrize("images", [".", "good.PNG", "text.png"])
def test_parquet_holds_what_the_csv_holds_in_types_that_no_image_changes(model, mixed, tmp_path, images):
    write_predictions(model, [mixed / images], tmp_path / "out.parquet")
    write_predictions(model, [mixed / images], tmp_path / "out.csv")
    table = pd.read_parquet(tmp_path / "out.parquet")
    as_csv = pd.read_csv(tmp_path / "out.csv", dtype=str, keep_default_na=False)
    assert list(table) == list(as_csv) and len(table) == len(as_csv)
    for name in table:
        read = {"boolean": {"True": True, "False": False}.get, "Int64": int, "float64": float}
        read = read.get(table[name].dtype.name, str)
        for value, text in zip(table[name], as_csv[name], strict=True):
            # a text may be empty: nothing remarkable
            assert text == "" and (pd.isna(value) or value == "") or value == read(text), name
    of_kind = {name: dtype.name for name, dtype in table.dtypes.items()}
    assert {of_kind[name] for name in ("at_specificity_0.90", "at_sensitivity_0.95", "abstain")} == {
        "boolean"
    }
    assert {of_kind[name] for name in ("width", "height", "letters")} == {"Int64"}
    numbers = {name for name in of_kind if name.startswith(("p_", "calibrated_", "distance"))}
    numbers |= {"malignant_score", "contrast", "coloured_share"}
    assert {name for name, kind in of_kind.items() if kind == "float64"} == numbers
    assert (table["status"] == "ok").sum() == {".": 3, "good.PNG": 1, "text.png": 0}[images]
