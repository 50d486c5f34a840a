"""A finished run says of images what it said of its own."""

from __future__ import annotations

import json
import shutil
import tracemalloc
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from builders import noise, square, write_image

from bcd_utils.datasets.image_set import ImageSet
from bcd_utils.evaluation.domain_shift import distance_to_nearest
from bcd_utils.images.arrays import picture_of
from bcd_utils.images.fitting import Fitting
from bcd_utils.models.features import BATCH
from bcd_utils.prediction.inputs import listed
from bcd_utils.prediction.model import StudyModel
from bcd_utils.prediction.network import Network
from bcd_utils.study.run import Run
from bcd_utils.utils.errors import StudyError

pytestmark = pytest.mark.slow


@pytest.fixture
def own(tiny, finished, monkeypatch):
    """The run, its set of images, and what it says in its predictions.csv of the test images."""
    monkeypatch.setenv("BCD_CACHE_DIR", str(tiny.cache))
    run = Run.open(finished)
    predictions = run.read_csv("predictions.csv")
    return run, ImageSet.of_run(run), predictions[predictions["split"] == "test"].reset_index(drop=True)


def test_its_own_test_images_are_predicted_as_in_its_predictions(model, own):
    run, images, expected = own
    rows = images.table.iloc[images.rows["test"]]
    found = model.predict([images.folder / path for path in rows["path"]])
    names = [f"p_{label}" for label in images.classes]
    np.testing.assert_allclose(found[names], expected[names], rtol=0, atol=1e-6)
    assert found["predicted"].tolist() == expected["predicted"].tolist() and (found["status"] == "ok").all()
    record = run.read_json("evaluation.json")
    # softmax of the logarithms over the temperature, by hand
    powers = expected[names].to_numpy() ** (1 / record["calibration"]["temperature"])
    calibrated = found[[f"calibrated_{label}" for label in images.classes]]
    np.testing.assert_allclose(calibrated, powers / powers.sum(axis=1, keepdims=True), atol=1e-6)
    for wanted, point in record["operating_points"]["wanted"].items():
        kinds = {
            "sensitivity": expected["label"] == "malignant",
            "specificity": expected["label"] != "malignant",
        }
        reached = found[f"at_{wanted.replace(' ', '_')}"].astype(bool)
        assert (reached & kinds["sensitivity"]).sum() == point["test"]["sensitivity"]["right"]
        assert (~reached & kinds["specificity"]).sum() == point["test"]["specificity"]["right"]
    averages = np.load(run.artifact("average_features.npy"))
    assert averages.shape == (56, 16) and averages.dtype == np.float32
    far = distance_to_nearest(averages[images.rows["test"]], averages[images.rows["train"]])
    np.testing.assert_allclose(found["distance"], far, rtol=1e-4)
    assert found["abstain"].all(), "5 tuning images promise nothing"
    assert set(found["conformal_set"]) == {"benign|malignant|normal"}
    assert set(found["nearest_1"]) <= set(images.table["id"].iloc[images.rows["train"]])


def test_a_training_image_is_nearest_to_itself(model, own):
    _, images, _ = own
    row = images.table.iloc[images.rows["train"][0]]
    found = model.predict(images.folder / row["path"]).iloc[0]
    assert found["nearest_1"] == row["id"] and found["distance"] < 1e-3 and found["distance_percentile"] < 50


def test_a_picture_of_another_kind_is_far_away(model, tmp_path):
    found = model.predict(write_image(tmp_path / "white.png", np.full((90, 90, 3), 255, np.uint8))).iloc[0]
    assert found["distance_percentile"] == 100 and "far from the training images" in found["abstain_because"]


@pytest.mark.parametrize("coloured_rows, expected", [(3, False), (6, True)])
def test_a_coloured_picture_among_grey_ones_is_not_to_be_used(model, tmp_path, coloured_rows, expected):
    pixels = np.repeat(np.random.default_rng(1).integers(40, 200, (100, 100, 1)), 3, axis=2).astype(np.uint8)
    pixels[:coloured_rows] = (200, 40, 90)  # so many of 100 rows
    found = model.predict(write_image(tmp_path / "pink.png", pixels)).iloc[0]
    assert ("in colour" in found["abstain_because"].split("; ")) == expected
    assert found["remarks"].startswith("in colour")


@pytest.mark.parametrize("fitting", [Fitting("letterbox", "clahe"), Fitting("crop"), Fitting()])
@pytest.mark.parametrize("stain", ["none", "reinhard"])
def test_the_network_is_shown_what_preprocessing_shows_it(tmp_path, fitting, stain):
    image = np.dstack([noise(1), noise(2), noise(3)])
    write_image(tmp_path / "a.png", image)
    study = SimpleNamespace(
        source=SimpleNamespace(stain=stain), resize=fitting.resize, contrast=fitting.contrast, image_size=32
    )
    shown = Network(SimpleNamespace(study=study), *[None] * 6).shown(image)
    row = pd.Series({"path": "a.png", "masks": ""})
    assert np.array_equal(shown, picture_of(tmp_path, row, "image", 32, stain, fitting))


def test_several_runs_are_averaged(model, finished, own, tmp_path):
    run, images, _ = own
    other = shutil.copytree(finished, tmp_path / "other")
    head = model.networks[0].head
    weights = head.get_weights()
    try:
        head.set_weights([*weights[:-1], weights[-1] + np.float32([1, 0, -1])])
        head.save(other / "artifacts" / "head.keras")
    finally:
        head.set_weights(weights)
    paths = [images.folder / path for path in images.table["path"][:3]]
    one, two, both = (
        StudyModel.open(*runs).predict(paths) for runs in ([finished], [other], [finished, str(other)])
    )
    names = [f"{kind}_{label}" for kind in ("p", "calibrated") for label in images.classes]
    assert not np.allclose(one[names], two[names], atol=1e-2)
    np.testing.assert_allclose(both[names], (one[names] + two[names]) / 2, atol=1e-9)


@pytest.mark.parametrize("key", ["positive", "classes"])
def test_runs_of_other_classes_are_not_averaged(finished, tmp_path, key):
    other = shutil.copytree(finished, tmp_path / "other")
    record = json.loads((other / "artifacts" / "dataset.json").read_text())
    record[key] = {"positive": "benign", "classes": dict(reversed(record["classes"].items()))}[key]
    (other / "artifacts" / "dataset.json").write_text(json.dumps(record))
    with pytest.raises(StudyError, match="have other classes: benign, malignant, normal") as raised:
        StudyModel.open(finished, other)
    assert "other" in raised.value.problem and "same classes" in raised.value.fix


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (
            lambda run: run.joinpath("artifacts/average_features.npy").unlink(),
            "average_features.npy is missing",
        ),
        (lambda run: _without(run / "artifacts/evaluation.json", "selective"), "of an earlier version"),
        (lambda run: _with(run / "study.json", input="crop"), r"input = crop"),
    ],
)
def test_what_a_run_lacks_is_said(finished, tmp_path, change, problem):
    run = shutil.copytree(finished, tmp_path / "run")
    change(run)
    with pytest.raises(StudyError, match=problem) as raised:
        StudyModel.open(run)
    assert raised.value.fix


def _with(path, **values):
    path.write_text(json.dumps(json.loads(path.read_text()) | values))


def _without(path, key):
    path.write_text(json.dumps({k: v for k, v in json.loads(path.read_text()).items() if k != key}))


def test_memory_does_not_grow_with_the_number_of_images(model, tmp_path):
    image = write_image(tmp_path / "image.png", square(10, 10, (300, 400)))  # 360 kB in colour
    (tmp_path / "links").mkdir()
    for number in range(6 * BATCH):
        (tmp_path / "links" / f"{number}.png").symlink_to(image)
    given, peaks = listed([tmp_path / "links"]), []
    for images in (given[: 2 * BATCH], given):
        tracemalloc.start()
        assert sum(len(rows) for rows in model.batches(images)) == len(images)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] - peaks[0] < 2e6
