"""The three things a network may have been shown: the image, its lesion mask, or both; as arms of one experiment."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from bcd_utils.evaluation import positive_class
from bcd_utils.features import image_features
from bcd_utils.image_set import ImageSet
from bcd_utils.paired_tests import delong_test, holm_adjusted, mcnemar_test
from bcd_utils.runs import Run
from bcd_utils.training import frozen_backbone

ARMS = ("image", "mask", "overlay")


def possible_arms(images: pd.DataFrame) -> tuple[str, ...]:
    """The arms that these images allow: without a mask for each image, the plain image alone."""
    return ARMS if (images["masks"] != "").all() else ARMS[:1]


def arm_features(
    run: Run, images: ImageSet, kind: str, on_progress: Callable[[int, int], None] = lambda done, total: None
) -> np.ndarray:
    """Features of all images of the run, had the study's ``input`` been ``kind``; all else is as in the study.

    Returns
    -------
    ndarray, shape (n, h, w, c)
        Rows as in splits.csv.

    Raises
    ------
    StudyError
        If an image has no mask, or the disk is full.
    """
    shown = images if kind == images.kind else replace(images, kind=kind, stored=None)
    shown.file(on_progress)
    return image_features(frozen_backbone(run, shown), shown, run.study.feature_dtype, on_progress)


def arms_table(tables: Mapping[str, pd.DataFrame], plain_class: str = "normal") -> pd.DataFrame:
    """Test scores of each arm and plain split, under the names that the paper's row has.

    Parameters
    ----------
    tables : mapping of arm to pandas.DataFrame
        As `lottery_scores.lottery_table` gives them.
    plain_class : str
        The class whose recall tells: its masks are empty.

    Returns
    -------
    pandas.DataFrame
        Columns arm, split, accuracy, f1_macro, kappa, roc_auc, recall_normal.
    """
    parts = []
    for arm, table in tables.items():
        plain = table[table["scheme"] == "plain"]
        scores = plain[["accuracy", "f1_macro", "kappa", "roc_auc"]].astype(float)
        part = scores.assign(arm=arm, split=plain["number"])
        part["recall_normal"] = plain[f"sensitivity_{plain_class}"].astype(float)
        parts.append(part)
    order = ["arm", "split", "accuracy", "f1_macro", "kappa", "roc_auc", "recall_normal"]
    return pd.concat(parts, ignore_index=True)[order]


def paired_tests(
    probabilities: Mapping[str, np.ndarray], labels: np.ndarray, classes: Sequence[str]
) -> pd.DataFrame:
    """Each further arm against the first, on the same test images of one split.

    Parameters
    ----------
    probabilities : mapping of arm to ndarray of float, shape (n, k)
        Of the n test images; the first arm is compared with all others.
    labels : ndarray of int, shape (n,)
    classes : sequence of str, length k

    Returns
    -------
    pandas.DataFrame
        Index: the other arms. Columns ``only_first_right``, ``only_this_right`` (images), ``mcnemar_p``, and
        ``auc_difference`` (of malignant against the rest, or of the first class where there is no such) with
        ``delong_p``. The p-values of a column are Holm-adjusted; NaN where undefined.
    """
    first, *others = probabilities
    column = positive_class(classes)
    positive = labels == column
    rows = {}
    for arm in others:
        errors = mcnemar_test(labels, probabilities[first].argmax(axis=1), probabilities[arm].argmax(axis=1))
        areas = delong_test(positive, probabilities[arm][:, column], probabilities[first][:, column])
        rows[arm] = {
            "only_first_right": errors["table"][0][1],
            "only_this_right": errors["table"][1][0],
            "mcnemar_p": errors["p"],
            "auc_difference": areas["difference"],
            "delong_p": areas["p"],
        }
    table = pd.DataFrame.from_dict(rows, orient="index")
    for name in ("mcnemar_p", "delong_p"):
        table[name] = pd.Series(holm_adjusted({arm: row[name] for arm, row in rows.items()}), dtype=float)
    return table
