"""What stands in the environment of a process and could change its results: taken away, or recorded."""

from __future__ import annotations

import os
from collections.abc import MutableMapping

#: Switches that change numbers and nothing else: every study computes with the libraries' own choice.
SWITCHES = (
    "DNNL_DEFAULT_FPMATH_MODE", "JAX_DEFAULT_DTYPE_BITS", "JAX_DEFAULT_MATMUL_PRECISION", "JAX_DISABLE_JIT",
    "JAX_ENABLE_X64", "JAX_NUMPY_DTYPE_PROMOTION", "KERAS_MAX_EPOCHS", "KERAS_MAX_STEPS_PER_EPOCH",
    "KERAS_NNX_ENABLED", "NVIDIA_TF32_OVERRIDE", "ONEDNN_DEFAULT_FPMATH_MODE", "PANDAS_COPY_ON_WRITE",
    "PANDAS_FUTURE_INFER_STRING", "TF_CUDNN_DETERMINISTIC", "TF_DETERMINISTIC_OPS", "TF_ENABLE_ONEDNN_OPTS",
    "TORCH_ALLOW_TF32_CUBLAS_OVERRIDE",
)  # fmt: skip

#: What a machine may need, although sums can then come out otherwise in their last digits.
RECORDED = (
    "KERAS_BACKEND", "XLA_FLAGS", "TF_XLA_FLAGS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS",
    "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS", "CUDA_VISIBLE_DEVICES",
)  # fmt: skip


def without_switches(environment: MutableMapping[str, str] = os.environ) -> None:
    """Take `SWITCHES` away, before the libraries that read them are imported.

    Examples
    --------
    >>> environment = {"TF_ENABLE_ONEDNN_OPTS": "0", "LANG": "de_DE"}
    >>> without_switches(environment)
    >>> environment
    {'LANG': 'de_DE'}
    """
    for name in SWITCHES:
        environment.pop(name, None)


def recorded(environment: MutableMapping[str, str] = os.environ) -> dict[str, str]:
    """Variables among `RECORDED` that are set."""
    return {name: environment[name] for name in RECORDED if environment.get(name)}
