"""LiteRT, formerly TensorFlow Lite: written by TensorFlow's converter, read by ai-edge-litert."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from bcd_utils.prediction.export.graph import OUTPUTS, signature
from bcd_utils.utils.backend import keras
from bcd_utils.utils.files import sha256_of_file, write_json


def write(model: keras.Model, about: Mapping[str, Any], paths: Mapping[str, Path]) -> None:
    """Write a network, and what is to be said of it beside each file as ``<file>.json``.

    Weights in 8 bit are the converter's dynamic-range quantisation: what passes between layers is rounded too, image
    by image, where that is faster.

    Parameters
    ----------
    model : keras.Model
        From `graph.whole_network`.
    about : mapping of str
    paths : mapping of str to Path
        By "float32" or "int8", how weights are stored.
    """
    import tensorflow as tf

    for weights, path in paths.items():
        changes = {"optimizations": [tf.lite.Optimize.DEFAULT]} if weights == "int8" else {}
        model.export(path, format="litert", verbose=False, input_signature=signature(model), **changes)
        beside = {**about, "weights": weights, "file": path.name, "sha256": sha256_of_file(path)}
        write_json(path.with_name(f"{path.name}.json"), beside)


class Reader:
    """A file as it is applied, on one core."""

    def __init__(self, path: Path):
        from ai_edge_litert.interpreter import Interpreter

        self._interpreter = Interpreter(str(path), num_threads=1)
        self._input = self._interpreter.get_input_details()[0]["index"]
        self._shape: tuple[int, ...] = ()

    def __call__(self, image: np.ndarray) -> dict[str, np.ndarray]:
        """What it says of an image, uint8 (height, width, 3): `graph.OUTPUTS`, float32 (k,)."""
        if image.shape != self._shape:
            self._shape = image.shape
            self._interpreter.resize_tensor_input(self._input, [1, *image.shape])
        said = self._interpreter.get_signature_runner()(pixels=image[None])
        return {name: said[name][0] for name in OUTPUTS}
