"""Learn on one data set, test on another, where both know the same two classes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import combinations

import numpy as np
import pandas as pd

from bcd_utils.datasets.image_set import ImageSet
from bcd_utils.evaluation.cross_validation import out_of_fold, score_on
from bcd_utils.evaluation.format import in_columns
from bcd_utils.experiments.modalities.protocol import Outcome, train_folds
from bcd_utils.study.settings import Study

CHANCE = 0.5
Pair = tuple[str, str]


@dataclass(frozen=True)
class Transfer:
    """What probes of one data set say of the others.

    Attributes
    ----------
    classes : tuple of str
        See `common_pair`; empty where there are none.
    table : pandas.DataFrame
        One row a pair: ``trained_on``, ``tested_on`` (names), ``images``, ``auc`` of the second class against the
        first with ``auc_low`` and ``auc_high`` over the groups of the tested data set (NaN where undefined).
    predictions : pandas.DataFrame
        trained_on, tested_on, id, label, and ``p_<class>`` of the second class.
    left_out : dict of name to str
        Data sets, and pairs of them, that take no part, and why.
    dropped : dict of name to dict of class to int
        Images of other classes that take no part.
    """

    classes: Pair
    table: pd.DataFrame
    predictions: pd.DataFrame
    left_out: dict[str, str]
    dropped: dict[str, dict[str, int]]


def common_pair(available: Mapping[str, ImageSet]) -> Pair:
    """The two classes that most data sets know: one that is not their positive class, and that.

    Of several that as many know, the first in the order of the data sets and of their classes.
    """
    pairs = Counter(
        (label, each.dataset.positive)
        for each in available.values()
        for label in each.classes
        if label != each.dataset.positive
    )
    return pairs.most_common(1)[0][0]


def agreeing(available: Mapping[str, ImageSet], pair: Pair) -> tuple[list[str], dict[str, str]]:
    """Names of the data sets that know both classes; and why the others take no part."""
    left_out = {
        name: f"{each.title} has the classes {', '.join(each.classes)}, not {' and '.join(pair)}"
        for name, each in available.items()
        if not set(pair) <= set(each.classes)
    }
    return [name for name in available if name not in left_out], left_out


def transfer(
    available: Mapping[str, ImageSet],
    vectors: Mapping[str, np.ndarray],
    outcomes: Mapping[str, Outcome],
    study: Study,
    on_progress: Callable[[int, int], None] = lambda done, total: None,
) -> Transfer:
    """Train on each data set and test on all.

    The folds are those of the protocol, without images of other classes. On its own data set an image is
    predicted by the fold's model that was not shown its group; on another data set the models of all folds predict
    it, and their probabilities are averaged. Two data sets that share images or patients are not crossed.

    Parameters
    ----------
    available : mapping of name to ImageSet
    vectors : mapping of name to ndarray, float32, shape (n, c)
    outcomes : mapping of name to Outcome
    """
    pair = common_pair(available)
    names, left_out = agreeing(available, pair)
    apart = [two for two in combinations(names, 2) if in_common(available[two[0]], available[two[1]])]
    for two in apart:
        titles = " and ".join(available[name].title for name in two)
        left_out[", ".join(two)] = f"{titles} share images or patients and are not crossed"
    kept = {name: available[name].table["label"].isin(pair).to_numpy() for name in names}
    rows, parts = [], []
    for number, trained in enumerate(names):
        own = available[trained]
        never = {trained}.union(*(two for two in apart if trained in two))
        order = [trained, *(name for name in names if name not in never)]
        folds = [split.where(kept[trained], "") for split in outcomes[trained].folds]
        labels = numbers(own.table["label"], pair)
        tell = partial(_tell, on_progress, number, len(names))
        given = [vectors[name] for name in order]
        results = train_folds(given, labels, folds, len(pair), study, tell)
        for index, tested in enumerate(order):
            tested_in: list[pd.Series] = []
            if tested == trained:
                probabilities = out_of_fold(results, folds)
                tested_in = [split[kept[tested]] for split in folds]
            else:
                probabilities = np.mean([result[f"other_{index - 1}"] for result in results], axis=0)
            images = available[tested].table[kept[tested]].reset_index(drop=True)
            rows.append(
                {"trained_on": trained, "tested_on": tested, "images": len(images)}
                | auc_with_ends(probabilities[kept[tested]], images, pair, study, tested_in)
            )
            part = images[["id", "label"]].assign(trained_on=trained, tested_on=tested)
            parts.append(part.assign(**{f"p_{pair[1]}": probabilities[kept[tested], 1].round(7)}))
    columns = ["trained_on", "tested_on", "images", "auc", "auc_low", "auc_high"]
    table = pd.DataFrame(rows, columns=columns).astype({"auc": float, "auc_low": float, "auc_high": float})
    order = ["trained_on", "tested_on", "id", "label", f"p_{pair[1]}"]
    predictions = pd.concat(parts, ignore_index=True)[order]
    return Transfer(pair, table, predictions, left_out, dropped_classes(available, names, pair))


def _tell(on_progress: Callable, finished: int, data_sets: int, done: int, total: int) -> None:
    on_progress(finished * total + done, data_sets * total)


def in_common(one: ImageSet, other: ImageSet) -> bool:
    """Whether two data sets share images, or are of one data set and share patients or lesions.

    A model of the one has then been shown what the other would test it on.
    """
    columns = ["sha256", "pixels_sha256"] + (["group"] if one.dataset.name == other.dataset.name else [])
    return any(one.table[column].isin(other.table[column]).any() for column in columns)


def numbers(labels: pd.Series, pair: Pair) -> np.ndarray:
    """Labels as places in the pair, -1 for any other.

    Examples
    --------
    >>> numbers(pd.Series(["malignant", "normal", "benign"]), ("benign", "malignant")).tolist()
    [1, -1, 0]
    """
    return pd.Categorical(labels, pair).codes.astype(int)


def auc_with_ends(
    probabilities: np.ndarray,
    images: pd.DataFrame,
    pair: Pair,
    study: Study,
    folds: Sequence[pd.Series] = (),
) -> dict[str, float | None]:
    """AUC of the second class against the first, with its interval over folds or, without, over groups of the images.

    Parameters
    ----------
    probabilities : ndarray of float, shape (n, 2)
    images : pandas.DataFrame
        Columns label and group, rows numbered from 0.
    """
    scored = score_on(probabilities, numbers(images["label"], pair), images["group"], pair, study, folds)
    return in_columns({"auc": scored.interval(f"roc_auc_{pair[1]}", study.confidence)})


def dropped_classes(
    available: Mapping[str, ImageSet], names: list[str], pair: Pair
) -> dict[str, dict[str, int]]:
    """Images of classes other than the pair, of the data sets that take part and have some."""
    counts = {
        name: available[name].table["label"].value_counts().drop(list(pair), errors="ignore")
        for name in names
    }
    return {name: count.to_dict() for name, count in counts.items() if len(count)}
