"""The steps of notebook 03 that shape tables; training itself is tested by the chain."""

from __future__ import annotations

from unittest.mock import MagicMock

import pandas as pd
import pytest
from builders import make_run

from bcd_utils.experiments import study_model
from bcd_utils.models.backbones import Backbone, freeze, no_scaling
from bcd_utils.study.loading import make_study
from bcd_utils.utils.backend import keras

HEAD = pd.DataFrame({"epoch": [1, 2, 3], "loss": [0.9, 0.7, 0.8]})
FURTHER = pd.DataFrame({"epoch": [1, 2], "loss": [0.6, 0.5]})


@pytest.fixture
def fit_further(tmp_path, monkeypatch):
    """Call `fit_further` after three epochs of the head, the second being the best."""
    inputs = keras.Input((8, 8, 3))
    model = keras.Model(inputs, keras.layers.Conv2D(2, 3, name="last")(inputs))
    freeze(model)
    backbone = Backbone("small", model, no_scaling, "random", "abc", "none")
    monkeypatch.setattr(study_model, "fine_tune", lambda *_: (FURTHER.copy(), 2, ["last"]))

    def call(**settings):
        run = make_run(tmp_path / "run", make_study({"name": "t"} | settings))
        return backbone, run, study_model.fit_further(run, MagicMock(), backbone, MagicMock(), HEAD, 2)

    return call


def test_without_fine_tuning_the_heads_epochs_are_all(fit_further):
    backbone, run, (history, best, layers, left) = fit_further()
    assert history.to_dict("list") == HEAD.to_dict("list") | {"stage": ["head"] * 3}
    assert (best, layers, left) == (2, [], backbone)
    assert not (run.folder / "artifacts" / "backbone.keras").exists()


def test_epochs_of_fine_tuning_go_on_from_those_of_the_head(fit_further):
    backbone, run, (history, best, layers, left) = fit_further(fine_tuning={"trainable_from": "last"})
    assert history.to_dict("list") == {
        "epoch": [1, 2, 3, 4, 5],
        "loss": [0.9, 0.7, 0.8, 0.6, 0.5],
        "stage": ["head"] * 3 + ["fine-tuning"] * 2,
    }
    assert (best, layers) == (5, ["last"])
    assert run.artifact("backbone.keras").exists() and left.model is backbone.model
    assert "stage" not in HEAD, "the table that was given stays as it was"
