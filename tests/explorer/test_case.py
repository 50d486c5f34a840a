"""A case is the image with its mask in one frame, and what the model says of it elsewhere too."""

from __future__ import annotations

import cv2
import numpy as np
import pandas as pd
import pytest
from builders import write_image

from bcd_utils.explorer.case import MOST_PIXELS, case_of_file, case_of_run, shrunk
from bcd_utils.images.reading import read_with_mask
from bcd_utils.prediction.inputs import Given
from bcd_utils.utils.path_text import path_of

pytestmark = pytest.mark.slow


def test_a_runs_own_image_is_answered_as_in_its_predictions(collection, finished):
    predictions = pd.read_csv(finished / "artifacts" / "predictions.csv")
    place = int(predictions.query("label == 'malignant' and split == 'test'").index[0])
    case = case_of_run(collection.model, collection.images, place)
    image, mask = read_with_mask(collection.images.folder, collection.images.table.iloc[place])
    assert np.array_equal(case.image, image) and np.array_equal(case.mask, mask) and mask.any()
    assert (case.name, case.label) == tuple(predictions.loc[place, ["id", "label"]])
    for name in collection.model.classes:
        assert case.row[f"p_{name}"] == pytest.approx(predictions.loc[place, f"p_{name}"], abs=1e-6)
    table = collection.model.predict(
        collection.images.folder / path_of(collection.images.table["path"][place])
    )
    assert case.row["distance"] == pytest.approx(table["distance"][0], rel=1e-4)
    for name in ("conformal_set", "nearest_1", "contrast", "remarks"):
        assert case.row[name] == table[name][0], name
    stored = np.load(finished / "artifacts" / "cams.npz")
    cam = stored["grad_cam"][stored["ids"] == case.name][0].astype(np.float32)
    heat = case.heat(collection.model, "grad-cam", case.row["predicted"])
    np.testing.assert_allclose(heat, cv2.resize(cam, mask.shape[::-1]), atol=2e-3)


def test_without_the_data_set_it_is_shown_as_the_network_saw_it(collection, tmp_path, monkeypatch):
    monkeypatch.setitem(vars(collection.images), "folder", tmp_path / "gone")
    case = case_of_run(collection.model, collection.images, 0)
    assert np.array_equal(case.image, collection.images.pixels[0]) and not case.mask.any()


def test_a_file_that_is_no_image_is_refused_with_the_reason(collection, tmp_path):
    (tmp_path / "a.png").write_text("no image")
    assert "no image: text" == case_of_file(collection.model, Given("a.png", tmp_path / "a.png"))


def test_the_nearest_training_images_are_shown_with_their_classes(collection, finished):
    place = int(collection.images.rows["train"][0])
    case = case_of_run(collection.model, collection.images, place)
    nearest = collection.nearest(case)
    splits = pd.read_csv(finished / "artifacts" / "splits.csv", dtype=str).set_index("id")
    assert [each["id"] for each in nearest][0] == case.name and len(nearest) == 3
    for each in nearest:
        assert splits.loc[each["id"], ["split", "label"]].tolist() == ["train", each["label"]]


def test_large_images_are_shown_smaller_in_the_same_frame(tmp_path, collection):
    path = write_image(tmp_path / "a.png", np.full((300, 2 * MOST_PIXELS, 3), 120, np.uint8))
    case = case_of_file(collection.model, Given("a.png", path))
    assert case.image.shape == (150, MOST_PIXELS, 3) and case.mask.shape == (150, MOST_PIXELS)
    assert (case.row["width"], case.row["height"]) == (2 * MOST_PIXELS, 300)
    assert shrunk(case.image) is case.image
