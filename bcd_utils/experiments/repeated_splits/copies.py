"""What copies are worth: the same images, predicted with their copies among the training images and without."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from bcd_utils.datasets.base import SAME_LESION
from bcd_utils.evaluation.cross_validation import out_of_fold
from bcd_utils.evaluation.format import in_columns, number, with_interval
from bcd_utils.evaluation.means import share_interval
from bcd_utils.evaluation.predictions import with_predictions
from bcd_utils.experiments.repeated_splits.training import FOLDS, Splits
from bcd_utils.study.settings import Study
from bcd_utils.utils.parallel import Result

STRICT = f"look from {SAME_LESION:g} on, no verdict"
SCORES = ("by_image", "by_group", "difference")


def fold_predictions(
    splits: Splits,
    results: Mapping[tuple[str | int, int], Result],
    manifest: pd.DataFrame,
    classes: Sequence[str],
    study: Study,
) -> pd.DataFrame:
    """What was said of each image in each repeat of each cross-validation, by a model that had not learned from it.

    Parameters
    ----------
    manifest : pandas.DataFrame
        Columns id and label; rows in the order of the splits.

    Returns
    -------
    pandas.DataFrame
        Columns scheme (of `training.FOLDS`), repeat, id, label and those of `predictions.with_predictions`.
    """
    count, tables = study.repeated_splits.folds, []
    for scheme in FOLDS:
        names = [name for name in splits if name[0] == scheme]
        for start in range(0, len(names), count):
            part = names[start : start + count]
            predicted = out_of_fold([results[name] for name in part], [splits[name] for name in part])
            table = with_predictions(manifest[["id", "label"]], predicted, classes)
            tables.append(table.assign(scheme=scheme, repeat=start // count))
    table = pd.concat(tables, ignore_index=True)
    return table[["scheme", "repeat", *table.columns.drop(["scheme", "repeat"])]]


def worth_of_copies(
    predictions: pd.DataFrame, manifest: pd.DataFrame, own: str, study: Study
) -> pd.DataFrame:
    """Accuracy on the same images with folds by image and with folds by group.

    A test image that has a copy meets it in training where folds are by image, and does not where they are by group. An
    image that stands alone meets none in either, so what differs for it is no leak.

    Parameters
    ----------
    predictions : pandas.DataFrame
        From `fold_predictions`.
    manifest : pandas.DataFrame
        Columns id, group, strict_group.
    own : str
        How the study's own groups were joined.

    Returns
    -------
    pandas.DataFrame
        Columns joined (``own``, then `STRICT` where that gives other groups), images ("all", "with a copy",
        "alone"; none that is empty), count, and of `SCORES` the mean over images and repeats with ``_low`` and
        ``_high``: Wilson's interval for as many images as the groups amount to.
    """
    right = (predictions["label"] == predictions["predicted"]).astype(float)
    shares = right.groupby([predictions["id"], predictions["scheme"]]).mean().unstack().loc[manifest["id"]]
    shares = shares.reset_index(drop=True)
    rows = []
    for scheme, joined in {"folds": own, "strict_folds": STRICT}.items():
        if scheme not in shares:
            continue
        groups = manifest[FOLDS[scheme]].reset_index(drop=True)
        values = pd.DataFrame({"by_image": shares["image_folds"], "by_group": shares[scheme]})
        values["difference"] = values["by_image"] - values["by_group"]
        several = groups.duplicated(keep=False)
        for images, chosen in {"all": several | True, "with a copy": several, "alone": ~several}.items():
            if chosen.any():
                row = {"joined": joined, "images": images, "count": int(chosen.sum())}
                rows.append(row | _with_ends(values[chosen], groups[chosen], study))
    return pd.DataFrame(rows)


def _with_ends(values: pd.DataFrame, groups: pd.Series, study: Study) -> dict[str, float | None]:
    lowest = dict.fromkeys(SCORES, 0.0) | {"difference": -1.0}
    return in_columns(
        {score: share_interval(values[score], groups, study.confidence, lowest[score]) for score in SCORES}
    )


def as_text(worth: pd.DataFrame) -> pd.DataFrame:
    """The table of `worth_of_copies` for reading."""
    shown = worth[["joined", "images", "count"]].rename(columns={"joined": "groups by", "count": "number"})
    for score in SCORES:
        sign = "+" if score == "difference" else ""
        rows = worth.to_dict("records")
        shown[score.replace("by_", "folds by ")] = [with_interval(row, sign=sign, name=score) for row in rows]
    return shown


def said_of_worth(rows: Sequence[Mapping[str, Any]]) -> str:
    """What the table of `worth_of_copies` says of the study's own groups.

    Parameters
    ----------
    rows : sequence of mapping
        Its rows.

    Examples
    --------
    >>> row = {"joined": "look-alikes", "images": "with a copy", "count": 331, "by_image": 0.837, "by_group": 0.723}
    >>> ends = {"difference": 0.114, "difference_low": 0.08, "difference_high": 0.15}
    >>> said_of_worth([row | ends])
    'On the 331 images with a copy, accuracy is 0.837 with folds by image and 0.723 with folds by group: the leak is \
worth +0.114 [+0.080, +0.150] there. No image stands alone.'
    """
    own = {row["images"]: row for row in rows if row["joined"] == rows[0]["joined"]}
    if "with a copy" not in own:
        return "No image has a copy, so folds by image and by group are the same, and there is no leak to measure."
    copied, alone = own["with a copy"], own.get("alone")
    text = (
        f"On the {copied['count']} images with a copy, accuracy is {number(copied['by_image'])} with folds by "
        f"image and {number(copied['by_group'])} with folds by group: the leak is worth {_gap(copied)} there"
    )
    if alone is None:
        return f"{text}. No image stands alone."
    return (
        f"{text}, and on the {alone['count']} without, which can meet none, the same change is {_gap(alone)} "
        f"({number(alone['by_image'])} and {number(alone['by_group'])})."
    )


def _gap(row: Mapping[str, Any]) -> str:
    return with_interval(row, sign="+", name="difference")
