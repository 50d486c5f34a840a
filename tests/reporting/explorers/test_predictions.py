"""Predictions of a whole run, the surest first, with the heat map that was asked for."""

from __future__ import annotations

import shutil

import numpy as np
import pytest

from bcd_utils.reporting.explorers.predictions import explore_predictions
from bcd_utils.study.run import Run

pytestmark = pytest.mark.slow


def heat(hot: int):
    """A map whose only heat is in one of its corners, and in the next one for the next class."""

    def made(features, places):
        assert len(features) == len(places) == 1
        flat = np.zeros(4, np.float32)
        flat[(hot + places[0]) % 4] = 1
        return flat.reshape(1, 2, 2)

    return made


def test_the_surest_come_first_and_the_wrong_can_be_chosen(finished):
    run = Run.open(finished).explored()
    predictions = run.read_csv("predictions.csv")
    live = explore_predictions(run, predictions)
    live.filters["split"].value = "train"
    wrong = predictions[
        (predictions["split"] == "train") & (predictions["label"] != predictions["predicted"])
    ]
    assert len(wrong) > 1, "else nothing is asked"
    live.filters["verdict"].value = "wrong"
    assert live.place.max == len(wrong)
    seen = []
    for _ in range(len(wrong)):
        seen.append(live.view.facts["image"].removesuffix(" (training set)"))
        live.step(1)
    assert seen == wrong.sort_values("probability", ascending=False, kind="stable")["id"].tolist()


def test_the_heat_map_is_that_of_the_method_and_class_that_are_chosen(finished):
    run = Run.open(finished).explored()
    predictions = run.read_csv("predictions.csv")
    methods = {"one": heat(0), "other": heat(1)}
    live = explore_predictions(run, predictions, methods, np.zeros((len(predictions), 2, 2, 3)))
    first = live.view.png
    live.choices["for"].value = "benign"
    assert live.view.facts["heat"].startswith("one for benign")
    benign = live.view.png
    live.choices["map"].value = "other"
    assert live.view.facts["heat"].startswith("other for benign") and live.view.png != benign
    assert first.startswith(b"\x89PNG")


def test_without_the_data_set_the_image_is_as_the_network_saw_it(finished, tmp_path, monkeypatch):
    from bcd_utils.datasets.image_set import ImageSet

    folder = shutil.copytree(finished, tmp_path / "run")
    monkeypatch.setattr(ImageSet, "folder", tmp_path / "gone")
    still = explore_predictions(Run.open(folder), Run.open(folder).read_csv("predictions.csv"))
    assert still.figure.axes[0].images[0].get_array().shape == (64, 64, 3)
