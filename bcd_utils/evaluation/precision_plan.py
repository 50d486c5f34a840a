"""How many test images an interval of a given width takes, planned from what a study has measured.

Proportions: Wilson's interval (1927, JASA 22:209-212). Areas under the ROC curve: the variance of Hanley and McNeil
(1982, Radiology 143:29-36, equations 1 and 2), with as many positives as the study has, and the normal interval. Images
count as independent; where a patient has several, it takes more.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from statistics import NormalDist
from typing import Any

import pandas as pd

from bcd_utils.evaluation.format import number, with_interval

HALF_WIDTH = 0.05


def images_for_proportion(share: float, half_width: float = HALF_WIDTH, confidence: float = 0.95) -> int:
    """Images whose Wilson interval is at most ``2 * half_width`` wide, were this share of them right.

    Parameters
    ----------
    share, half_width, confidence : float
        Between 0 and 1, the share 0 or 1 too.

    Examples
    --------
    >>> images_for_proportion(0.8), images_for_proportion(0.7), images_for_proportion(1.0)
    (245, 320, 35)
    """
    z, h = _quantile(confidence) ** 2, half_width**2  # h (n + z)^2 = z (share (1 - share) n + z / 4)
    return _larger_root(h, z * (2 * h - share * (1 - share)), z**2 * (h - 0.25))


def images_for_area(
    area: float, positives: float, half_width: float = HALF_WIDTH, confidence: float = 0.95
) -> int | None:
    """Images whose interval of the area under the ROC curve is at most ``2 * half_width`` wide.

    Parameters
    ----------
    area, positives, half_width, confidence : float
        From 0 to 1; ``positives`` is the share of positive images.

    Returns
    -------
    int or None
        None where there is nothing to plan with: an area of 0 or 1 has no variance, and without positives or negatives
        there is no area.

    Examples
    --------
    >>> images_for_area(0.85, 210 / 780), images_for_area(0.85, 0.5), images_for_area(1.0, 0.5)
    (371, 233, None)
    """
    area = max(area, 1 - area)
    if not (area < 1 and 0 < positives < 1):
        return None
    once, of_positives, of_negatives = (
        each - area**2 for each in (area, area / (2 - area), 2 * area**2 / (1 + area))
    )
    wanted = (half_width / _quantile(confidence)) ** 2
    growing = positives * of_positives + (1 - positives) * of_negatives
    return _larger_root(wanted * positives * (1 - positives), -growing, of_positives + of_negatives - once)


def precision_plan(
    intervals: Mapping[str, Mapping[str, float | None]], positive: str, positives: float, confidence: float
) -> dict[str, Any]:
    """Test images for an interval of `HALF_WIDTH` to both sides, of accuracy, sensitivity and area.

    Parameters
    ----------
    intervals : mapping of score to mapping
        ``value``, ``low`` and ``high`` of the study's own test set.
    positive : str
        The class whose sensitivity and area are meant.
    positives : float
        Its share of the images that would be tested.
    confidence : float
        Between 0 and 1.

    Returns
    -------
    dict
        ``half_width``, ``confidence``, ``positive``, ``positives`` and ``scores``: for each score its ``title``,
        ``value``, ``low`` and ``high`` as measured, ``images`` (needed if the value holds) and ``images_at_worst`` (if
        the end of the interval does that takes most); None where undefined. Images are those of all classes.
    """

    def of_all(score: str, value: float | None) -> int | None:
        if value is None or not positives:
            return None
        if score.startswith("roc_auc"):
            return images_for_area(value, positives, HALF_WIDTH, confidence)
        images = images_for_proportion(value, HALF_WIDTH, confidence)
        return math.ceil(images / positives) if score.startswith("sensitivity") else images

    titles = {
        "accuracy": "accuracy",
        f"sensitivity_{positive}": f"{positive} sensitivity",
        f"roc_auc_{positive}": f"{positive} ROC AUC",
    }
    scores = {}
    for score, title in titles.items():
        value, low, high = (intervals[score][end] for end in ("value", "low", "high"))
        worst = None if low is None or high is None else min(max(0.5, low), high)
        needed = {"images": of_all(score, value), "images_at_worst": of_all(score, worst)}
        scores[score] = {"title": title, "value": value, "low": low, "high": high} | needed
    fixed = {"half_width": HALF_WIDTH, "confidence": confidence, "positive": positive, "positives": positives}
    return fixed | {"scores": scores}


def plan_table(plan: Mapping[str, Any]) -> pd.DataFrame:
    """A plan for reading: a row a score, what was measured, and the images that it takes."""
    rows = {
        each["title"]: {
            "measured": with_interval(each),
            "images needed": number(each["images"], 0),
            "at the interval's worst end": number(each["images_at_worst"], 0),
        }
        for each in plan["scores"].values()
    }
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("score")


def _quantile(confidence: float) -> float:
    return NormalDist().inv_cdf((1 + confidence) / 2)


def _larger_root(a: float, b: float, c: float) -> int:
    """The first whole number from which on a n^2 + b n + c >= 0."""
    return math.ceil((-b + math.sqrt(b * b - 4 * a * c)) / (2 * a))
