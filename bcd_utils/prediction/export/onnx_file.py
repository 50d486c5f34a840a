"""ONNX: written by tf2onnx, read by onnxruntime."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from bcd_utils.prediction.export.graph import OUTPUTS, signature
from bcd_utils.utils.backend import keras

if TYPE_CHECKING:
    import onnx

#: Nodes whose second input are weights, and the axis of these along which outputs lie.
WEIGHTED = {"Conv": 0, "MatMul": -1, "Gemm": -1}
LEAST = 1024  # weights that are worth being stored in 8 bit


def write(model: keras.Model, about: Mapping[str, Any], paths: Mapping[str, Path]) -> None:
    """Write a network, with what is to be said of it as the file's ``metadata_props``.

    Parameters
    ----------
    model : keras.Model
        From `graph.whole_network`.
    about : mapping of str
        Values that are no text are written as JSON.
    paths : mapping of str to Path
        By "float32" or "int8", how weights are stored.
    """
    import onnx

    first = next(iter(paths.values()))
    model.export(first, format="onnx", verbose=False, input_signature=signature(model))
    exact = onnx.load(first)
    texts = {name: value if isinstance(value, str) else json.dumps(value) for name, value in about.items()}
    for weights, path in paths.items():
        made = in_8_bit(exact) if weights == "int8" else exact
        onnx.helper.set_model_props(made, {**texts, "weights": weights})
        onnx.save(made, path)


def in_8_bit(model: onnx.ModelProto) -> onnx.ModelProto:
    """The same network, each output's weights stored as int8 and a scale; what is computed stays float32.

    onnxruntime's `quantize_dynamic` also rounds what passes between layers: of EfficientNet-Lite0 probabilities then
    differ four times as much, and convolutions take longer than in float32.
    """
    import onnx
    from onnx import helper, numpy_helper

    made = onnx.ModelProto()
    made.CopyFrom(model)
    uses: dict[str, list[tuple[str, int]]] = {}
    for node in made.graph.node:
        for place, name in enumerate(node.input):
            uses.setdefault(name, []).append((node.op_type, place))
    kept, restored = [], []
    for tensor in made.graph.initializer:
        values, ((kind, place), *others) = numpy_helper.to_array(tensor), uses[tensor.name]
        if values.size < LEAST or values.ndim < 2 or place != 1 or kind not in WEIGHTED or others:
            kept.append(tensor)
            continue
        axis = WEIGHTED[kind] % values.ndim
        scale = abs(values).max(axis=tuple({*range(values.ndim)} - {axis}), keepdims=True) / np.float32(127)
        scale[scale == 0] = 1
        names = [f"{tensor.name}_{part}" for part in ("int8", "scale")]
        stored = np.rint(values / scale).astype(np.int8), scale.ravel()
        kept += [numpy_helper.from_array(*pair) for pair in zip(stored, names, strict=True)]
        restored.append(helper.make_node("DequantizeLinear", names, [tensor.name], axis=axis))
    nodes = [*restored, *made.graph.node]
    del made.graph.initializer[:], made.graph.node[:]
    made.graph.initializer.extend(kept)
    made.graph.node.extend(nodes)
    onnx.checker.check_model(made)
    return made


class Reader:
    """A file as it is applied, on one core.

    Weights in 8 bit are restored once, when it is opened; onnxruntime would do it anew for each image.
    """

    def __init__(self, path: Path):
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = 3
        options.add_session_config_entry("session.disable_quant_qdq", "1")
        self._session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])

    def __call__(self, image: np.ndarray) -> dict[str, np.ndarray]:
        """What it says of an image, uint8 (height, width, 3): `graph.OUTPUTS`, float32 (k,)."""
        said = self._session.run(OUTPUTS, {"pixels": image[None]})
        return {name: values[0] for name, values in zip(OUTPUTS, said, strict=True)}
