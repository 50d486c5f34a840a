"""A saved model is the same file at any time, and the model that it was."""

from __future__ import annotations

import time

import numpy as np

from bcd_utils.models.saving import save_undated
from bcd_utils.utils.backend import keras


def test_the_same_weights_are_the_same_bytes_later_and_load_again(tmp_path):
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])
    save_undated(model, tmp_path / "one.keras")
    time.sleep(2.1)  # an archive's dates count in twos of seconds
    save_undated(model, tmp_path / "two.keras")
    assert (tmp_path / "one.keras").read_bytes() == (tmp_path / "two.keras").read_bytes()
    loaded = keras.models.load_model(tmp_path / "two.keras")
    values = np.ones((4, 3), np.float32)
    np.testing.assert_array_equal(loaded(values), model(values))
    model.set_weights([weight + 1 for weight in model.get_weights()])
    save_undated(model, tmp_path / "two.keras")
    assert (tmp_path / "one.keras").read_bytes() != (tmp_path / "two.keras").read_bytes()
