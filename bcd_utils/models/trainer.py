"""Passes over batches with Adam and cross-entropy, as Keras' ``fit`` makes them, without its input pipeline."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

import numpy as np

from bcd_utils.utils.backend import adam_kernel, keras, passes_in_one_call

#: Batches that are handed over together hold at most about this many bytes of values.
SPAN_BYTES = 16 * 2**20
Batch = tuple[np.ndarray, np.ndarray]


class Trainer:
    """A model with an optimiser, compiled once and trained as often as wanted.

    Parameters
    ----------
    model : keras.Model
        Trained in place; saving it leaves the optimiser out.
    learning_rate : float or keras.optimizers.schedules.LearningRateSchedule
    compile_with_xla : bool or "auto"
    rates : sequence of float, optional
        Each trainable weight array's share of the learning rate.
    weight_decay : float
        Decoupled from the loss (Loshchilov and Hutter 2019).
    label_smoothing : float
    """

    def __init__(
        self,
        model: keras.Model,
        learning_rate: float | keras.optimizers.schedules.LearningRateSchedule,
        compile_with_xla: bool | str = "auto",
        rates: Sequence[float] | None = None,
        weight_decay: float = 0.0,
        label_smoothing: float = 0.0,
    ):
        self.model = keras.Model(model.inputs, model.outputs)
        adam = Adam(learning_rate, rates, compile_with_xla is not True, weight_decay)
        loss = keras.losses.CategoricalCrossentropy(label_smoothing=label_smoothing)
        self.model.compile(adam, loss, metrics=["accuracy"], jit_compile=compile_with_xla)
        # A first step that has to make variables is traced twice, a second each time for the smallest head.
        adam.build(self.model.trainable_variables)
        nothing = keras.ops.zeros((1, *self.model.output_shape[1:]))
        self.model.compute_metrics(None, nothing, nothing)
        self.model.reset_metrics()
        # Keras' way from step to step costs more than a small head's arithmetic, several times over.
        self._passes = None if self.model.jit_compile else passes_in_one_call(self.model)

    @property
    def learning_rate(self) -> float:
        """Adam's."""
        return float(self.model.optimizer.learning_rate)

    def start_again(self, model: keras.Model) -> None:
        """Take the weights and random states of ``model``, and an optimiser that has seen nothing.

        It then trains as a new trainer of ``model`` would, without being compiled anew.
        """
        for variable, fresh in zip(self.model.variables, model.variables, strict=True):
            variable.assign(fresh)
        for variable in self.model.optimizer.variables:
            if variable is not self.model.optimizer.learning_rate:
                variable.assign(keras.ops.zeros_like(variable))

    def fit_epoch(
        self, batches: Iterable[Batch], class_weights: Mapping[int, float] | None = None
    ) -> dict[str, float]:
        """Take a step of Adam on each batch.

        Parameters
        ----------
        batches : iterable of (values, one_hot)
            float32, shapes (k, ...) and (k, classes).
        class_weights : mapping from int to float, optional
            What an image of each class weighs in the loss; 1 where nothing is said.

        Returns
        -------
        dict
            "loss" and "accuracy" while training, means in which each image counts once.
        """

        def weighted(one_hot: np.ndarray) -> np.ndarray:
            weights = [(class_weights or {}).get(label, 1.0) for label in range(one_hot.shape[1])]
            return one_hot @ np.array(weights, dtype=np.float32)

        if self._passes:
            return _in_spans(self._passes[0], batches, weighted)
        return _mean_logs(
            (len(values), self.model.train_on_batch(values, one_hot, weighted(one_hot), return_dict=True))
            for values, one_hot in batches
        )

    def score_epoch(self, batches: Iterable[Batch]) -> dict[str, float]:
        """Loss and accuracy on batches as `fit_epoch` gives them, of a model that stays as it is."""
        if self._passes:
            return _in_spans(self._passes[1], batches, lambda one_hot: np.ones(len(one_hot), np.float32))
        return _mean_logs(
            (len(values), self.model.test_on_batch(values, one_hot, return_dict=True))
            for values, one_hot in batches
        )


class Adam(keras.optimizers.Adam):
    """Keras' Adam, in one pass over the weights where the backend has a kernel for it.

    Parameters
    ----------
    learning_rate : float
    rates : sequence of float, optional
        Each trainable weight array's share of it, in the model's order.
    in_one_pass : bool
        False leaves it to Keras, whose dozen passes XLA joins.
    weight_decay : float
    """

    def __init__(
        self,
        learning_rate: float | keras.optimizers.schedules.LearningRateSchedule,
        rates: Sequence[float] | None = None,
        in_one_pass: bool = True,
        weight_decay: float = 0.0,
    ):
        super().__init__(learning_rate, weight_decay=weight_decay or None)
        self.rates, self.in_one_pass = rates, in_one_pass

    def apply(self, grads, trainable_variables=None):
        self._kernel = adam_kernel(self) if self.in_one_pass else None
        super().apply(grads, trainable_variables)

    def update_step(self, gradient, variable, learning_rate):
        index = self._get_variable_index(variable)
        rate = learning_rate if self.rates is None else learning_rate * self.rates[index]
        if self._kernel:
            self._kernel(variable, (self._momentums[index], self._velocities[index]), gradient, rate)
        else:
            super().update_step(gradient, variable, rate)


def _in_spans(
    over_batches: Callable[..., tuple[float, float]],
    batches: Iterable[Batch],
    weighted: Callable[[np.ndarray], np.ndarray],
) -> dict[str, float]:
    images, losses, hits = 0, 0.0, 0.0
    for values, one_hot, ends in _spans(batches):
        loss, right = over_batches(values, one_hot, weighted(one_hot), ends)
        images, losses, hits = images + len(values), losses + float(loss), hits + float(right)
    return {"loss": losses / images, "accuracy": hits / images}


def _spans(batches: Iterable[Batch]) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Values, one-hot labels and ends (int32) of batches joined up to `SPAN_BYTES`."""
    held: list[Batch] = []
    for batch in batches:
        if held and sum(values.nbytes for values, _ in (*held, batch)) > SPAN_BYTES:
            yield _joined(held)
            held = []
        held.append(batch)
    if held:
        yield _joined(held)


def _joined(batches: list[Batch]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    values, one_hot = (np.concatenate(arrays) for arrays in zip(*batches, strict=True))
    return values, one_hot, np.cumsum([0, *(len(batch[0]) for batch in batches)]).astype(np.int32)


def _mean_logs(logs: Iterable[tuple[int, Mapping[str, float]]]) -> dict[str, float]:
    """Means over batches of (size, logs), each image counting once."""
    images, sums = 0, {"loss": 0.0, "accuracy": 0.0}
    for size, of_batch in logs:
        images += size
        sums = {name: total + size * float(of_batch[name]) for name, total in sums.items()}
    return {name: total / images for name, total in sums.items()}
