"""Learners from scikit-learn: settings chosen on the validation rows, missing classes filled in."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from operator import itemgetter
from typing import Any

import numpy as np

from bcd_utils.evaluation.counts import cross_entropy
from bcd_utils.models.candidates.base import Fitted, Fold

PENALTIES = (1e-4, 1e-3, 1e-2, 1e-1, 1.0)


def logistic_regression(seed: int):
    """A logistic regression that has not learned yet; `PENALTIES` are values of its ``C`` to try."""
    from sklearn.linear_model import LogisticRegression

    return LogisticRegression(max_iter=5000, random_state=seed)


def scikit_learn(
    make: Callable[[int], Any],
    grid: Mapping[str, Sequence] | None = None,
    pool: bool = False,
    calibrate: bool = False,
) -> Callable[[Fold], Fitted]:
    """A learner that standardises its values and fits a scikit-learn classifier.

    Parameters
    ----------
    make : callable
        ``make(seed)`` gives a classifier that has not learned yet.
    grid : mapping of str to sequence, optional
        Values of its settings to try; the combination with the lowest cross-entropy on the validation rows
        stays. It is not fitted again with these rows.
    pool : bool
        The values are feature maps (n, h, w, c), to be averaged over their positions first. A linear
        classifier then also has class activation maps (Zhou et al. 2016, CVPR).
    calibrate : bool
        The classifier has no probabilities of its own: see `Calibrated`, fitted on the validation rows.

    Returns
    -------
    callable
        ``learn(fold) -> Fitted``, as `Candidate` wants it. Where the fold asks for class weights, each row
        counts n / (classes * images of its class).
    """

    def learn(fold: Fold) -> Fitted:
        from sklearn.model_selection import ParameterGrid
        from sklearn.preprocessing import StandardScaler
        from sklearn.utils.class_weight import compute_sample_weight

        vectors = _vectors(fold.values, pool)
        scaler = StandardScaler().fit(vectors[fold.training])
        labels, checked = fold.labels[fold.training], fold.labels[fold.validation]
        training, validation = (scaler.transform(vectors[rows]) for rows in (fold.training, fold.validation))
        balanced = fold.study.class_weights == "balanced"
        weights = {"sample_weight": compute_sample_weight("balanced", labels)} if balanced else {}

        def fitted_with(settings: Mapping[str, Any]) -> tuple[float, Any, Mapping[str, Any]]:
            model = make(fold.study.seed).set_params(**settings).fit(training, labels, **weights)
            model = Calibrated(model, validation, checked) if calibrate else model
            loss = cross_entropy(checked, _probabilities(model, validation, fold.classes)).mean()
            return loss, model, settings

        _, model, settings = min(map(fitted_with, ParameterGrid(dict(grid or {}))), key=itemgetter(0))
        linear = hasattr(model, "coef_")
        return Fitted(
            lambda values: _probabilities(model, scaler.transform(_vectors(values, pool)), fold.classes),
            parameters=model.coef_.size + model.intercept_.size if linear else None,
            multiply_adds=model.coef_.size if linear else None,
            choices=settings,
            heat_maps=_activation_maps(model, scaler) if linear and pool else None,
        )

    return learn


class Calibrated:
    """A classifier whose decision values become probabilities by a penalised logistic regression.

    After Platt (1999), for several classes at once; a class that is not among the labels gets none.
    """

    def __init__(self, model, values: np.ndarray, labels: np.ndarray):
        from sklearn.linear_model import LogisticRegression

        self.model = model
        self.curve = LogisticRegression(max_iter=1000).fit(self._decisions(values), labels)
        self.classes_ = self.curve.classes_

    def predict_proba(self, values: np.ndarray) -> np.ndarray:
        """Probabilities (m, classes seen), columns as in ``classes_``."""
        return self.curve.predict_proba(self._decisions(values))

    def _decisions(self, values: np.ndarray) -> np.ndarray:
        return self.model.decision_function(values).reshape(len(values), -1)


def _vectors(values: np.ndarray, pool: bool) -> np.ndarray:
    from bcd_utils.utils.memmap import pooled

    # Single precision would leave the penalised fits a few digits short.
    return (pooled(values) if pool else np.asarray(values)).astype(np.float64)


def _probabilities(model, vectors: np.ndarray, classes: int) -> np.ndarray:
    """Probabilities (m, classes), 0 for a class that the model does not know."""
    columns = np.zeros((len(vectors), classes))
    columns[:, model.classes_] = model.predict_proba(vectors)
    return columns


def _activation_maps(model, scaler) -> Callable[[np.ndarray, np.ndarray], np.ndarray]:
    def heat_maps(values: np.ndarray, classes: np.ndarray) -> np.ndarray:
        coefficients = model.coef_ if len(model.coef_) > 1 else np.vstack([-model.coef_, model.coef_])
        weights = coefficients[np.searchsorted(model.classes_, classes)] / scaler.scale_
        maps = np.maximum(np.einsum("nhwc,nc->nhw", np.asarray(values, dtype=np.float32), weights), 0)
        return maps / np.maximum(maps.max(axis=(1, 2), keepdims=True), np.finfo(np.float32).tiny)

    return heat_maps
