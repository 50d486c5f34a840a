"""What a way to learn from few labels is given, and how it chooses settings among these labels alone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np

from bcd_utils.evaluation.counts import cross_entropy

UNKNOWN = -1  # in place of a label that was not bought, as scikit-learn has it
INNER_FOLDS = 3

#: Probabilities (m, classes) of values (m, c).
Predict = Callable[[np.ndarray], np.ndarray]
Setting = TypeVar("Setting")


@dataclass(frozen=True, eq=False)
class FewLabels:
    """Images of which some have a label.

    Attributes
    ----------
    values : ndarray of float, shape (n, c)
        Scaled already, by a rule that needs no label.
    labels : ndarray of int, shape (n,)
        `UNKNOWN` where it was not bought.
    groups : ndarray of int, shape (n,)
        The lesion that an image shows; whoever buys a label buys it for all images of the lesion.
    classes : int
    seed : int
    """

    values: np.ndarray
    labels: np.ndarray
    groups: np.ndarray
    classes: int
    seed: int

    @property
    def labelled(self) -> np.ndarray:
        """Rows whose label is known."""
        return np.flatnonzero(self.labels != UNKNOWN)

    @property
    def unlabelled(self) -> np.ndarray:
        """Rows whose label is not known."""
        return np.flatnonzero(self.labels == UNKNOWN)

    def without(self, rows: np.ndarray) -> FewLabels:
        """The same without some images, as if they had never been taken."""
        kept = np.setdiff1d(np.arange(len(self.labels)), rows)
        return FewLabels(self.values[kept], self.labels[kept], self.groups[kept], self.classes, self.seed)

    def beside(self, values: np.ndarray) -> FewLabels:
        """The same with further unlabelled images (m, c) behind, each a lesion of its own."""
        return FewLabels(
            np.concatenate([self.values, values]),
            np.concatenate([self.labels, np.full(len(values), UNKNOWN)]),
            np.concatenate([self.groups, -1 - np.arange(len(values))]),
            self.classes,
            self.seed,
        )


#: ``learn(given)`` gives what predicts, and what was chosen, as text.
Learn = Callable[[FewLabels], tuple[Predict, str]]
#: ``choose(given, predict, number)`` gives the groups to label next.
Choose = Callable[[FewLabels, Predict, int], np.ndarray]


def best_setting(
    given: FewLabels, learn: Callable[[FewLabels, Setting], Predict], settings: Sequence[Setting]
) -> Setting:
    """The setting with the lowest cross-entropy on labelled images, held out by lesion within the labelled ones.

    What is held out is taken away whole: it is not among the unlabelled images either. Inner folds whose rest lacks a
    class say nothing and are left out; without any, the first setting stays.

    Parameters
    ----------
    given : FewLabels
        Two labelled lesions of each class at least.
    learn : callable
        ``learn(given, setting)`` gives what predicts.
    settings : sequence
    """
    from sklearn.model_selection import StratifiedGroupKFold

    rows = given.labelled
    labels, groups = given.labels[rows], given.groups[rows]
    folds = min(INNER_FOLDS, *(len(set(groups[labels == label])) for label in set(labels)))
    splitter = StratifiedGroupKFold(folds, shuffle=True, random_state=given.seed)
    losses = np.zeros(len(settings))
    for rest, held in splitter.split(rows, labels, groups):
        if set(labels[rest]) < set(labels):
            continue
        part, asked = given.without(rows[held]), given.values[rows[held]]
        for place, setting in enumerate(settings):
            losses[place] += cross_entropy(labels[held], learn(part, setting)(asked)).sum()
    return settings[int(losses.argmin())]


def of_all_classes(model: Any, classes: int) -> Predict:
    """A scikit-learn classifier's probabilities with a column for every class, 0 for those that it does not know."""

    def predict(values: np.ndarray) -> np.ndarray:
        columns = np.zeros((len(values), classes))
        columns[:, model.classes_] = model.predict_proba(values)
        return columns

    return predict
