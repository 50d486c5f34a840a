"""Files of a finished run: what they say, what they carry, and when they are refused."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pandas as pd
import pytest

from bcd_utils.pipeline.archive import archive
from bcd_utils.pipeline.stages import all_stages
from bcd_utils.prediction.export import folder as folder_module
from bcd_utils.prediction.export.agreement import RESIZED, STORED
from bcd_utils.prediction.export.folder import FORMATS, check_asked, export
from bcd_utils.prediction.network import Network
from bcd_utils.study.run import Run
from bcd_utils.utils.errors import StudyError

slow = pytest.mark.slow


@slow
def test_both_formats_say_what_the_run_says(finished, tiny, tmp_path, monkeypatch):
    monkeypatch.setenv("BCD_CACHE_DIR", str(tiny.cache))
    copy = shutil.copytree(finished, tmp_path / "run")
    network = Network.of_run(Run.open(copy))
    export(network, ["onnx"], most_changed=1)
    table = export(network, ["litert"], ["float32"], most_changed=1)
    files = ["model_float32.onnx", "model_int8.onnx", "model_float32.tflite"]
    assert table["file"].tolist() == [file for file in files for _ in range(2)]
    assert table["images_given"].tolist() == [RESIZED, STORED] * 3
    exact = table[(table["weights"] == "float32") & (table["images_given"] == RESIZED)]
    assert (exact["largest_difference"] < 1e-5).all() and (exact["changed"] == 0).all()
    predictions = network.run.read_csv("predictions.csv")
    tested = predictions[predictions["split"] == "test"]
    assert exact["accuracy"].tolist() == pytest.approx([(tested["label"] == tested["predicted"]).mean()] * 2)
    assert (table["images"] == len(tested)).all() and (table["milliseconds"] > 0).all()
    assert (table.loc[table["weights"] == "int8", "largest_difference"].between(1e-7, 0.1)).all()
    folder = copy / "export"
    assert pd.read_csv(folder / "export.csv")["file"].tolist() == table["file"].tolist()
    assert "Not for clinical use" in (folder / "export.html").read_text() and not list(folder.glob(".*"))

    import onnx

    said = {each.key: each.value for each in onnx.load(folder / files[1]).metadata_props}
    beside = json.loads((folder / f"{files[2]}.json").read_text())
    assert (
        said["use"] == beside["use"] and "Not for clinical use" in said["use"] and said["weights"] == "int8"
    )
    assert json.loads(said["classes"]) == beside["classes"] == ["benign", "malignant", "normal"]
    wanted = network.evaluation["operating_points"]["wanted"]
    assert beside["thresholds"] == {
        name: each["threshold"] for name, each in wanted.items() if each["threshold"]
    }
    archive(Run.open(copy), all_stages(), tmp_path / "archive")  # refuses a run of which a file was changed


def test_a_file_that_decides_otherwise_is_refused_with_the_number():
    row = {"changed": 3, "images": 20, "changed_share": 0.15, "images_given": RESIZED}
    folder_module._refuse_changed("model_int8.onnx", [row], 0.15)
    with pytest.raises(StudyError, match=r"of 3 of 20 images of the internal test set \(15.0%") as raised:
        folder_module._refuse_changed("model_int8.onnx", [row], 0.1)
    assert "--max-changed" in raised.value.fix


def test_what_is_not_there_is_told_with_the_command(monkeypatch):
    with pytest.raises(StudyError, match="There is no format 'onx'"):
        check_asked(["onx"], [])
    with pytest.raises(StudyError, match="There is no kind of weights 'int4'"):
        check_asked([], ["int4"])
    monkeypatch.setattr(folder_module, "find_spec", lambda name: None)
    with pytest.raises(
        StudyError, match="ONNX needs packages that are not installed: onnx, onnxruntime, tf2onnx"
    ) as raised:
        check_asked(["onnx"], [])
    assert raised.value.fix == "pip install onnx onnxruntime tf2onnx"
    assert np.all([each.ending.startswith(".") for each in FORMATS.values()])
