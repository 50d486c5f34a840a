"""Where the spread of a test accuracy comes from: the split, the seed, and the draw of the test images."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from bcd_utils.evaluation.format import number
from bcd_utils.evaluation.predictions import class_numbers
from bcd_utils.experiments.repeated_splits.training import Splits
from bcd_utils.utils.parallel import Result


def accuracy_by_seed(
    crossed: Splits,
    results: Mapping[tuple[str | int, int], Result],
    manifest: pd.DataFrame,
    classes: Sequence[str],
) -> pd.DataFrame:
    """The test accuracy of every split with every seed.

    Parameters
    ----------
    crossed : dict
        From `training.crossed_splits`.
    manifest : pandas.DataFrame
        Column label; rows in the order of the splits.

    Returns
    -------
    pandas.DataFrame
        Columns split, seed (counted from 0, the study's own), test_images, right (images), accuracy.
    """
    labels, rows = class_numbers(manifest["label"], classes), []
    for (number_of_split, seed), split in crossed.items():
        test = (split == "test").to_numpy()
        right = results[number_of_split, seed]["probabilities"][test].argmax(axis=1) == labels[test]
        rows.append((number_of_split, seed, len(right), right.sum(), right.mean()))
    return pd.DataFrame(rows, columns=["split", "seed", "test_images", "right", "accuracy"])


def spread_by_source(table: pd.DataFrame) -> pd.DataFrame:
    r"""The standard deviation of one test accuracy, taken apart.

    With accuracy = mean + split + seed + rest, each drawn at random and each seed once on each split, the mean
    squares of a two-way analysis of variance give the variances by the method of moments: of the split
    :math:`(MS_{split} - MS_{rest}) / seeds`, 0 where that is negative; of the seed within a split, the mean over
    splits of the sample variance over seeds (Searle, Casella and McCulloch, Variance Components, 1992, chapter 4;
    for trained models Bouthillier et al., Accounting for Variance in Machine Learning Benchmarks, MLSys 2021).

    Parameters
    ----------
    table : pandas.DataFrame
        From `accuracy_by_seed`; two splits and two seeds at least.

    Returns
    -------
    pandas.DataFrame
        Column ``sd``, index ``source``: "split", "seed" (within a split), "split and seed" (the root of the sum of
        their squares: one training), "sampling", the binomial sqrt(p (1 - p) / n) of the mean accuracy and test
        set. The last is no further part: each split tests other images, so the first contains it.

    Examples
    --------
    >>> table = pd.DataFrame({"split": [0, 0, 1, 1], "seed": [0, 1, 0, 1], "accuracy": [0.7, 0.8, 0.8, 0.9]})
    >>> spread_by_source(table.assign(test_images=100))["sd"].round(4).to_dict()
    {'split': 0.0707, 'seed': 0.0707, 'split and seed': 0.1, 'sampling': 0.04}
    """
    crossed = table.pivot(index="split", columns="seed", values="accuracy").to_numpy()
    splits, seeds = crossed.shape
    of_split = crossed.mean(axis=1, keepdims=True)
    rest = crossed - of_split - crossed.mean(axis=0) + crossed.mean()
    rest_square = (rest**2).sum() / ((splits - 1) * (seeds - 1))
    between = max(0.0, of_split.var(ddof=1) - rest_square / seeds)
    within = crossed.var(axis=1, ddof=1).mean()
    right = table["accuracy"].mean()
    variances = {
        "split": between,
        "seed": within,
        "split and seed": between + within,
        "sampling": right * (1 - right) / table["test_images"].mean(),
    }
    return np.sqrt(pd.Series(variances)).to_frame("sd").rename_axis("source")


def variance_record(table: pd.DataFrame) -> dict[str, float]:
    """The standard deviation of each source, and how many splits, seeds and test images it is from."""
    counts = {"splits": table["split"].nunique(), "seeds": table["seed"].nunique()}
    return (
        spread_by_source(table)["sd"].to_dict() | counts | {"test_images": round(table["test_images"].mean())}
    )


def said_of_spread(variance: Mapping[str, float]) -> str:
    """What `variance_record` holds, in a sentence."""
    counted = f"{variance['splits']} splits by image, {variance['seeds']} seeds each"
    return (
        f"One training (one split, one seed) has a test accuracy with an SD of {number(variance['split and seed'])}: "
        f"{number(variance['split'])} between splits and {number(variance['seed'])} between seeds of a split "
        f"({counted}); testing {variance['test_images']} images makes {number(variance['sampling'])} by itself, which "
        "the first of the two contains."
    )
