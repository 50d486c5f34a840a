"""One split of many, counted by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
from builders import make_run
from figures import strings

from bcd_utils.reporting.explorers.splits import explore_splits
from bcd_utils.study.loading import make_study

LABELS = np.array([0, 1, 0, 1, 0, 1])
IDS = list("abcdef")
TABLE = pd.DataFrame({"accuracy": [0.5, 1.0], "epochs": [3, 4], "copied": [1, 0]})


def test_a_split_shows_its_sets_its_errors_and_its_copies(tmp_path):
    sets = (
        ["train", "train", "validation", "train", "test", "test"],
        ["test", "train", "train", "validation", "train", "test"],
    )
    keys = ("plain", 0), ("folds", 2)
    splits = {key: pd.Series(names) for key, names in zip(keys, sets, strict=True)}
    said = np.eye(2)[[0, 1, 0, 1, 1, 1]]
    results = {key: {"probabilities": said} for key in keys}
    run = make_run(tmp_path / "run", make_study({"name": "mine"})).explored()
    live = explore_splits(run, splits, results, TABLE, IDS, LABELS, ("benign", "malignant"))
    assert live.choices["split"].options == ("by image, 1", "fold of the cross-validation, 3")
    assert live.view.facts == {
        "images": "3 training, 1 tuning, 2 internal test", "accuracy": "0.500, after 3 epochs",
        "copies": "1 test images have a copy in the training or tuning set", "wrong": "e",
    }  # fmt: skip
    assert "internal test\n(2 images)" in strings(live.view.figure)
    live.choices["split"].value = "fold of the cross-validation, 3"
    assert live.view.facts["wrong"] == "none" and live.view.facts["accuracy"] == "1.000, after 4 epochs"
