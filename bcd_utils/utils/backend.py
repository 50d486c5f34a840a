"""Keras, imported without its native libraries' start-up lines, and the little that depends on its backend."""

from __future__ import annotations

import ctypes
import os
import platform
import random
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from bcd_utils.utils.errors import StudyError
from bcd_utils.utils.redirect import stderr_into


@contextmanager
def _silent_stderr() -> Iterator[None]:
    """Send file descriptor 2 to a scratch file; its text is shown again only on an error."""
    with tempfile.TemporaryFile() as scratch:
        try:
            with stderr_into(scratch):
                yield
        except BaseException:
            scratch.seek(0)
            os.write(2, scratch.read())
            raise


#: From how many weights on a head's training wins back on the CPU what XLA's compiling costs.
WEIGHTS_FOR_XLA = 100_000


def _keep_freed_memory() -> None:
    """Ask glibc to reuse large blocks instead of returning them to the kernel after every training step.

    A step of the paper's head frees a few 100 MB buffers; having the kernel zero them anew each time
    costs a third of the step.
    """
    if platform.libc_ver()[0] == "glibc":
        libc = ctypes.CDLL(None)
        libc.mallopt(-4, 0)  # M_MMAP_MAX: no separate mappings
        libc.mallopt(-1, 2**31 - 1)  # M_TRIM_THRESHOLD: give nothing back


_keep_freed_memory()
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
# Several processes may share a GPU: none may take all of its memory at once.
os.environ.setdefault("TF_FORCE_GPU_ALLOW_GROWTH", "true")
os.environ.setdefault("XLA_PYTHON_CLIENT_PREALLOCATE", "false")
with _silent_stderr():
    try:
        import keras
    except Exception as error:
        home = os.environ.get("KERAS_HOME") or "~/.keras"
        raise StudyError(
            f"Keras cannot be set up ({type(error).__name__}: {error})",
            f"run 'export KERAS_BACKEND=tensorflow'; if that is not enough, 'rm {home}/keras.json'",
        ) from error

    if keras.backend.backend() == "tensorflow":
        import tensorflow

        tensorflow.config.list_physical_devices()
        tensorflow.get_logger().setLevel("ERROR")  # else it remarks on every network that is built


def as_published() -> None:
    """Set what a user's ``keras.json`` or environment may have set otherwise to Keras' own defaults."""
    keras.config.set_image_data_format("channels_last")
    keras.config.set_floatx("float32")
    keras.config.set_dtype_policy("float32")
    keras.config.set_epsilon(1e-7)
    keras.config.set_max_epochs(None)
    keras.config.set_max_steps_per_epoch(None)


as_published()


def device() -> str:
    """What computes: "CPU (model)" or the names of the GPUs Keras' backend sees."""
    name = keras.backend.backend()
    if name == "tensorflow":
        gpus = [
            tensorflow.config.experimental.get_device_details(gpu).get("device_name", gpu.name)
            for gpu in tensorflow.config.list_physical_devices("GPU")
        ]
    elif name == "jax":
        import jax

        gpus = [gpu.device_kind for gpu in jax.devices() if gpu.platform != "cpu"]
    else:
        import torch

        gpus = [torch.cuda.get_device_name(index) for index in range(torch.cuda.device_count())]
    return ", ".join(gpus) if gpus else f"CPU ({os.cpu_count()} cores, {platform.machine()})"


def peak_device_bytes() -> int | None:
    """The most memory of the first GPU that this process has held; None without a GPU."""
    if device().startswith("CPU"):
        return None
    name = keras.backend.backend()
    if name == "tensorflow":
        return int(tensorflow.config.experimental.get_memory_info("GPU:0")["peak"])
    if name == "jax":
        import jax

        return int(jax.devices()[0].memory_stats()["peak_bytes_in_use"])
    import torch

    return int(torch.cuda.max_memory_allocated())


def seed_everything(seed: int) -> str:
    """Seed Python, NumPy and Keras, and ask the backend for repeatable kernels.

    Returns
    -------
    str
        What was done, for the report. On a CPU nothing more than the seed is needed; on a GPU
        TensorFlow's deterministic kernels are switched on, which changes results slightly.
    """
    keras.utils.set_random_seed(seed)
    name = keras.backend.backend()
    if name == "tensorflow" and tensorflow.config.list_physical_devices("GPU"):
        tensorflow.config.experimental.enable_op_determinism()
        return "seeded; TensorFlow op determinism on"
    if name == "torch":
        import torch

        torch.use_deterministic_algorithms(True, warn_only=True)
        return "seeded; torch deterministic algorithms on"
    return "seeded"


def jit_compile(weights: int) -> bool | str:
    """``jit_compile`` for training a head of so many weights.

    TensorFlow runs Adam on the CPU as a dozen passes over the weights unless XLA fuses them; Keras leaves XLA off
    there by default. Compiling costs seconds for each size of batch, which a small head does not win back.
    """
    on_cpu = keras.backend.backend() == "tensorflow" and device().startswith("CPU")
    return True if on_cpu and platform.system() == "Linux" and weights >= WEIGHTS_FOR_XLA else "auto"


def seed_layers(seed: int) -> None:
    """Seed what layers of Keras draw: first weights, and what dropout leaves out.

    As ``keras.utils.set_random_seed`` does, which also seeds TensorFlow's own operations. With that backend no layer
    draws from them, and TensorFlow then forgets what it has compiled, a third of a second for each head that is trained
    again. PyTorch's dropout does draw from PyTorch's own generator.

    Examples
    --------
    >>> def drawn():
    ...     return keras.ops.convert_to_numpy(keras.layers.Dropout(0.5).seed_generator.state).tolist()
    >>> seed_layers(3)
    >>> found = drawn()
    >>> keras.utils.set_random_seed(3)
    >>> drawn() == found
    True
    """
    if keras.backend.backend() != "tensorflow":
        keras.utils.set_random_seed(seed)
        return
    random.seed(seed)  # a layer's own generator starts from a number of Python's
    np.random.seed(seed)


def passes_in_one_call(model: keras.Model) -> tuple[Callable[..., Any], Callable[..., Any]] | None:
    """Training and scoring of many batches in one call; None where the backend is not TensorFlow.

    Parameters
    ----------
    model : keras.Model
        Compiled, its optimiser built.

    Returns
    -------
    learn, score : callable, or None
        Each ``call(values, one_hot, weights, ends)`` takes the rows ``ends[i]`` to ``ends[i + 1]`` of each array, one
        batch after another, and returns the sum of the losses and the number of hits. `learn` takes the step that
        ``keras.Model.train_step`` takes; metrics that are variables cost more there than a small head's arithmetic.
    """
    if keras.backend.backend() != "tensorflow":
        return None

    def forward(batch: Any, training: bool) -> tuple[Any, Any]:
        values, one_hot, weights = batch
        probabilities = model(values, training=training)
        loss = model.compute_loss(y=one_hot, y_pred=probabilities, sample_weight=weights)
        return loss, tensorflow.argmax(one_hot, -1) == tensorflow.argmax(probabilities, -1)

    def learn(*batch: Any) -> tuple[Any, Any]:
        with tensorflow.GradientTape() as tape:
            loss, hits = forward(batch, True)
        gradients = tape.gradient(loss, model.trainable_weights)
        model.optimizer.apply_gradients(zip(gradients, model.trainable_weights, strict=True))
        return loss, hits

    def over_batches(step: Callable[..., tuple[Any, Any]]) -> Callable[..., Any]:
        def call(values: Any, one_hot: Any, weights: Any, ends: Any) -> tuple[Any, Any]:
            def one(batch: Any, losses: Any, hits: Any) -> tuple[Any, Any, Any]:
                rows = slice(ends[batch], ends[batch + 1])
                loss, right = step(values[rows], one_hot[rows], weights[rows])
                size = tensorflow.cast(ends[batch + 1] - ends[batch], loss.dtype)
                hits += tensorflow.reduce_sum(tensorflow.cast(right, loss.dtype))
                return batch + 1, losses + loss * size, hits

            last = tensorflow.shape(ends)[0] - 1
            _, losses, hits = tensorflow.while_loop(lambda batch, *_: batch < last, one, (0, 0.0, 0.0))
            return losses, hits

        compiled: Callable[..., Any] = tensorflow.function(call, reduce_retracing=True)
        return compiled

    return over_batches(learn), over_batches(lambda *batch: forward(batch, False))


def adam_kernel(adam: Any) -> Callable[[Any, tuple[Any, Any], Any, Any], None] | None:
    """Adam's next step on a weight array by TensorFlow's own kernel; None where the backend is another.

    Keras writes the same step as a dozen operations, each a pass over all weights.

    Returns
    -------
    callable, or None
        ``step(variable, moments, gradient, rate)``.
    """
    if keras.backend.backend() != "tensorflow":
        return None
    steps = tensorflow.cast(adam.iterations.value + 1, "float32")
    betas = adam.beta_1, adam.beta_2
    powers = [tensorflow.constant(beta) ** steps for beta in betas]

    def step(variable: Any, moments: tuple[Any, Any], gradient: Any, rate: Any) -> None:
        momentum, velocity = (moment.value.handle for moment in moments)
        tensorflow.raw_ops.ResourceApplyAdam(
            var=variable.handle, m=momentum, v=velocity, grad=gradient, lr=rate, epsilon=adam.epsilon,
            beta1=betas[0], beta2=betas[1], beta1_power=powers[0], beta2_power=powers[1],
        )  # fmt: skip

    return step


def score_gradients(model: keras.Model, features: np.ndarray, classes: np.ndarray) -> np.ndarray:
    """Gradient of one score per image with respect to the model's input.

    Parameters
    ----------
    model : keras.Model
        Maps features (n, ...) to scores (n, k).
    features : ndarray, float32, shape (n, ...)
    classes : ndarray, int, shape (n,)
        Which score of each image to differentiate.

    Returns
    -------
    ndarray, float32, shape of ``features``
    """
    chosen = np.eye(model.output_shape[-1], dtype="float32")[classes]
    name = keras.backend.backend()
    if name == "tensorflow":
        inputs = tensorflow.convert_to_tensor(features)
        with tensorflow.GradientTape() as tape:
            tape.watch(inputs)
            score = tensorflow.reduce_sum(model(inputs, training=False) * chosen)
        return np.asarray(tape.gradient(score, inputs))
    if name == "jax":
        import jax

        gradient = jax.grad(lambda inputs: (model(inputs, training=False) * chosen).sum())
        return np.asarray(gradient(jax.numpy.asarray(features)))
    import torch

    inputs = keras.ops.convert_to_tensor(features).detach().requires_grad_(True)
    score = (model(inputs, training=False) * keras.ops.convert_to_tensor(chosen)).sum()
    return np.asarray(torch.autograd.grad(score, inputs)[0].cpu())
