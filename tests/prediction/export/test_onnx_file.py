"""Weights in 8 bit: which are, and how far they then are."""

from __future__ import annotations

import numpy as np
import pytest

onnxruntime = pytest.importorskip("onnxruntime")
pytest.importorskip("onnx")


def test_large_weights_are_stored_in_8_bit_within_half_a_step_of_each_output():
    from onnx import TensorProto, helper, numpy_helper

    from bcd_utils.prediction.export.onnx_file import in_8_bit

    spread = np.logspace(-3, 0, 20)  # of each output's weights
    weights = (np.random.default_rng(0).normal(size=(64, 20)) * spread).astype(np.float32)
    bias = np.arange(20, dtype=np.float32)
    graph = helper.make_graph(
        [helper.make_node("MatMul", ["x", "w"], ["xw"]), helper.make_node("Add", ["xw", "b"], ["y"])],
        "g",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [64, 64])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [64, 20])],
        [numpy_helper.from_array(weights, "w"), numpy_helper.from_array(bias, "b")],
    )
    made = in_8_bit(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 15)], ir_version=8))
    kinds = {each.name: each.data_type for each in made.graph.initializer}
    assert kinds == {"w_int8": TensorProto.INT8, "w_scale": TensorProto.FLOAT, "b": TensorProto.FLOAT}
    session = onnxruntime.InferenceSession(made.SerializeToString(), providers=["CPUExecutionProvider"])
    (found,) = session.run(None, {"x": np.eye(64, dtype=np.float32)})
    steps = abs(weights).max(axis=0) / 127
    assert (abs(found - bias - weights) <= 0.5 * steps + 2e-6).all() and abs(found - bias - weights).max() > 0
