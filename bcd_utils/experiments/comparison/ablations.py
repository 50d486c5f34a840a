"""What the comparison says of fewer images, of rare classes, and of the outline alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import product

import numpy as np

from bcd_utils.audit.masks import lesion_free
from bcd_utils.evaluation.cross_validation import out_of_fold, score_on, shown_metrics
from bcd_utils.evaluation.intervals import Scored
from bcd_utils.experiments.comparison.run import FittedComparison, Setup
from bcd_utils.experiments.comparison.training import IMBALANCE, Variant, fewer_groups

IMBALANCE_TITLES = {arm: arm.replace("_", " ") for arm in IMBALANCE}


def changes(fitted: FittedComparison) -> dict[str, list[str]]:
    """Candidates that differ from another in one thing, by the name of that other.

    The variants of the paper's head from the head as it is; attention from the same head with average pooling.
    """
    average = "paper" if fitted.setup.study.pooling == "average" else "paper-average"
    variants: dict[str, list[str]] = {}
    for other, family in (("paper", "ablation"), (average, "attention")):
        if other in fitted.scored:
            variants.setdefault(other, []).extend(fitted.of_family(family))
    return {other: names for other, names in variants.items() if names}


def curves(fitted: FittedComparison) -> dict[tuple[str, float], Scored]:
    """Scores of the candidates that were also trained on fewer images, by (name, fraction)."""
    settings = fitted.setup.study.comparison
    names = [name for name in settings.curve_candidates if name in fitted.scored]
    pairs = product(names, settings.curve_fractions)
    fewer = {(name, fraction): fitted.scored_as(name, Variant(fraction)) for name, fraction in pairs}
    return fewer | {(name, 1.0): fitted.scored[name] for name in names}


def training_sizes(fitted: FittedComparison) -> dict[float, float]:
    """Training images of a fold, on average, for each fraction of the groups."""
    setup = fitted.setup

    def mean_size(fraction: float) -> float:
        splits = (
            fewer_groups(split, setup.images.table, fraction, setup.study.seed + number)
            for number, split in enumerate(setup.folds)
        )
        return float(np.mean([(split == "train").sum() for split in splits]))

    return {fraction: mean_size(fraction) for fraction in (1.0, *setup.study.comparison.curve_fractions)}


def rebalanced(fitted: FittedComparison) -> dict[str, dict[str, Scored]]:
    """Scores by candidate and way of dealing with rare classes, the plain one first."""
    names = [name for name in fitted.setup.study.comparison.imbalance_candidates if name in fitted.scored]
    return {
        name: {"none": fitted.scored[name]}
        | {arm: fitted.scored_as(name, Variant(imbalance=arm)) for arm in IMBALANCE[1:]}
        for name in names
    }


def on_outlines(fitted: FittedComparison) -> dict[str, Scored]:
    """Scores on the images with a lesion, of whoever reads the outline and of the best of the others.

    Told apart are the classes in which lesions are drawn (see `outlined_classes`); the others' probabilities are
    those given that it is one of them. Empty where nobody reads outlines, or fewer than two classes have any.
    """
    setup = fitted.setup
    names = [name for name in setup.candidates if fitted.families[name] == "outline"]
    shown = outlined_classes(fitted.setup)
    if not names or len(shown) < 2:
        return {}
    places = [setup.classes.index(label) for label in shown]
    predicted = {name: out_of_fold(fitted.plain(name), setup.folds) for name in names}
    tested = np.isfinite(predicted[names[0]]).all(axis=1) & np.isin(setup.labels, places)
    beside = [fitted.reference, fitted.best_on_validation(fitted.of_family("classical"))]
    predicted |= {name: fitted.scored[name].probabilities for name in beside if name}
    groups, labels = setup.images.table["group"][tested], np.searchsorted(places, setup.labels[tested])
    parts = {name: among(given, places)[tested] for name, given in predicted.items()}
    folds = [split[tested] for split in setup.folds]
    return {name: score_on(part, labels, groups, shown, setup.study, folds) for name, part in parts.items()}


def outlined_classes(setup: Setup) -> list[str]:
    """Classes in which lesions are drawn, in the order of the study's."""
    table = setup.images.table
    free = lesion_free(table["label"], table["area_share"] > 0)
    return [label for label in setup.classes if label not in free]


def outline_metrics(setup: Setup) -> dict[str, str]:
    """`shown_metrics` of `on_outlines`."""
    return shown_metrics(replace(setup.images.dataset, classes=tuple(outlined_classes(setup))).positive)


def among(probabilities: np.ndarray, places: Sequence[int]) -> np.ndarray:
    """Probabilities of some classes, given that it is one of them; NaN where untested.

    Examples
    --------
    >>> among(np.array([[0.25, 0.5, 0.25]]), [0, 2]).tolist()
    [[0.5, 0.5]]
    """
    part = probabilities[:, list(places)]
    total = part.sum(axis=1, keepdims=True)
    return np.where(total == 0, 1 / len(places), part / np.where(total == 0, 1, total))
