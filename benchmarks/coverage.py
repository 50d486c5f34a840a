"""How often the intervals of the reports cover the true score: ``python benchmarks/coverage.py`` prints docs' table.

Images are drawn again and again from a world whose true scores are known to four digits, scored by the package, and the
true score looked for in each printed interval. Of nominal 95%.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence

import numpy as np
import pandas as pd

from bcd_utils.evaluation.intervals import Scored, mean_over_repeats
from bcd_utils.evaluation.metrics import score

CLASSES = ("benign", "malignant", "normal")
#: Test images of each class: the phantom study's, and the paper's.
SIZES = {36: (20, 10, 6), 117: (66, 31, 20)}
ACCURACIES = (0.81, 0.91, 0.98)
SHOWN = (
    "accuracy",
    "sensitivity_normal",
    "f1_macro",
    "kappa",
    "mcc",
    "recall_macro",
    "roc_auc_malignant",
    "roc_auc",
)
MANY = 200_000  # images that tell a true score


def predictions(labels: np.ndarray, distance: float, generator: np.random.Generator) -> np.ndarray:
    """Probabilities of a classifier whose logits are normal, the true class's ``distance`` higher; float (n, 3)."""
    logits = generator.normal(size=(len(labels), 3)) + distance * np.eye(3)[labels]
    shares = np.exp(logits)
    return shares / shares.sum(axis=1, keepdims=True)


def distance_for(accuracy: float, shares: Sequence[int]) -> float:
    """The distance at which that share of images is recognised."""
    from scipy.optimize import brentq

    labels = many_labels(shares)

    def missing(distance: float) -> float:
        given = predictions(labels, distance, np.random.default_rng(0))
        return float((given.argmax(axis=1) == labels).mean() - accuracy)

    return float(brentq(missing, 0, 10, xtol=1e-3))


def many_labels(shares: Sequence[int]) -> np.ndarray:
    """Labels of many images with these shares of classes."""
    return np.repeat(np.arange(3), np.multiply(shares, MANY // sum(shares)))


def coverage_on_a_test_set(
    images: int,
    accuracy: float,
    repeats: int,
    samples: int = 1000,
    names: Sequence[str] = SHOWN,
    seed: int = 1,
) -> pd.DataFrame:
    """Coverage of each score's interval on one test set.

    Returns
    -------
    pandas.DataFrame
        Index: the scores; columns ``true``, ``covered`` (share of the printed intervals that hold the true score),
        ``printed`` (share of data sets that have an interval), ``width`` (median).
    """
    shares = SIZES[images]
    distance = distance_for(accuracy, shares)
    many, labels = many_labels(shares), np.repeat(np.arange(3), shares)
    scores = score(many, predictions(many, distance, np.random.default_rng(0)), CLASSES)
    true = {name: value for name, value in scores.items() if value is not None}
    generator = np.random.default_rng(seed)
    found: dict[str, list[dict]] = {name: [] for name in names}
    for repeat in range(repeats):
        given = predictions(labels, distance, generator)
        scored = Scored.of(labels, given, CLASSES, samples=samples, seed=repeat)
        for name, intervals in found.items():
            intervals.append(scored.interval(name, 0.95))
    return pd.DataFrame({name: judged(intervals, true[name]) for name, intervals in found.items()}).T


def coverage_of_cross_validation(images: int, repeats: int, rounds: int, seed: int = 1) -> pd.DataFrame:
    """Coverage of cross-validated scores: five folds, as many rounds, of a linear classifier on ten features.

    The true score is that of classifiers trained on as many images as a fold's, on average. Columns as in
    `coverage_on_a_test_set`, and ``resampled``: what the bootstrap of out-of-fold predictions would cover.
    """
    from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
    from sklearn.model_selection import StratifiedKFold

    generator = np.random.default_rng(seed)
    centres = np.random.default_rng(0).normal(size=(3, 10)) * 0.45
    world = np.repeat(np.arange(3), np.multiply(SIZES[117], 40))
    world_features = generator.normal(size=(len(world), 10)) + centres[world]
    names = ("accuracy", "sensitivity_malignant", "f1_macro", "kappa", "roc_auc")
    found: dict[str, list[dict]] = {name: [] for name in names}
    naive: dict[str, list[dict]] = {name: [] for name in names}
    true = []
    for _ in range(repeats):
        labels = generator.choice(3, size=images, p=np.divide(SIZES[117], 117))
        features = generator.normal(size=(images, 10)) + centres[labels]
        scored = []
        for number in range(rounds):
            folds = list(StratifiedKFold(5, shuffle=True, random_state=number).split(features, labels))
            given = np.zeros((images, 3))
            for learned, tested in folds:
                model = LinearDiscriminantAnalysis().fit(features[learned], labels[learned])
                given[tested] = model.predict_proba(features[tested])
                if not number:
                    true.append(score(world, model.predict_proba(world_features), CLASSES))
            scored.append(
                Scored.of(labels, given, CLASSES, samples=300, folds=[tested for _, tested in folds])
            )
        for name in names:
            found[name].append(mean_over_repeats(scored, name, 0.95))
            naive[name].append(
                Scored.of(labels, scored[0].probabilities, CLASSES, samples=300).interval(name, 0.95)
            )
    means = pd.DataFrame(true).mean()
    table = pd.DataFrame({name: judged(found[name], means[name]) for name in names}).T
    return table.assign(resampled=[judged(naive[name], means[name])["covered"] for name in names])


def judged(intervals: Sequence[dict], true: float) -> dict[str, float]:
    """How often intervals hold the true score."""
    printed = [each for each in intervals if each["low"] is not None]
    covered = [each["low"] <= true <= each["high"] for each in printed]
    return {
        "true": true,
        "covered": float(np.mean(covered)) if covered else np.nan,
        "printed": len(printed) / len(intervals),
        "width": float(np.median([each["high"] - each["low"] for each in printed])) if printed else np.nan,
    }


def main() -> None:
    """Print the tables of docs/intervals.md."""
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("--repeats", type=int, default=1000)
    asked = words.parse_args()
    print(
        "| test images | score | true | covered | printed | median width |\n| --- | --- | --- | --- | --- | --- |"
    )
    for images in SIZES:
        for accuracy in ACCURACIES:
            for name, row in coverage_on_a_test_set(images, accuracy, asked.repeats).iterrows():
                print(
                    f"| {images} | {name} | {row.true:.3f} | {row.covered:.3f} | {row.printed:.3f} | {row.width:.3f} |"
                )
    print(
        "\n| images | rounds | score | true | covered | one bootstrap would | median width |\n|"
        + " --- |" * 7
    )
    for images in (100, 300):
        for rounds in (1, 5):
            for name, row in coverage_of_cross_validation(images, asked.repeats // 4, rounds).iterrows():
                cells = f"{row.true:.3f} | {row.covered:.3f} | {row.resampled:.3f} | {row.width:.3f}"
                print(f"| {images} | {rounds} x 5 folds | {name} | {cells} |")


if __name__ == "__main__":
    main()
