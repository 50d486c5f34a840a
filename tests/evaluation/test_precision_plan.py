"""How many test images an interval takes: held against the intervals themselves."""

from __future__ import annotations

import math

import pytest
from statsmodels.stats.proportion import proportion_confint

from bcd_utils.evaluation.precision_plan import (
    images_for_area,
    images_for_proportion,
    plan_table,
    precision_plan,
)


def width(share: float, images: int, confidence: float) -> float:
    """Of Wilson's interval by statsmodels, whose counts need not be whole."""
    low, high = proportion_confint(share * images, images, 1 - confidence, "wilson")
    return high - low


@pytest.mark.parametrize("share", [0.0, 0.3, 0.5, 0.8, 0.97, 1.0])
@pytest.mark.parametrize(("half_width", "confidence"), [(0.05, 0.95), (0.02, 0.9)])
def test_the_planned_images_are_the_fewest_whose_wilson_interval_is_narrow_enough(
    share, half_width, confidence
):
    images = images_for_proportion(share, half_width, confidence)
    assert width(share, images, confidence) <= 2 * half_width < width(share, images - 1, confidence)


def hanley_mcneil(area: float, positives: float, negatives: float) -> float:
    """Standard error of an area, as equations 1 and 2 have it."""
    of_positives, of_negatives = area / (2 - area), 2 * area**2 / (1 + area)
    variance = area * (1 - area)
    variance += (positives - 1) * (of_positives - area**2) + (negatives - 1) * (of_negatives - area**2)
    return math.sqrt(variance / (positives * negatives))


@pytest.mark.parametrize(("area", "positives"), [(0.85, 210 / 780), (0.6, 0.1), (0.97, 0.5)])
def test_the_planned_images_are_the_fewest_whose_area_is_sure_enough(area, positives):
    images = images_for_area(area, positives)
    half = [1.959964 * hanley_mcneil(area, n * positives, n * (1 - positives)) for n in (images, images - 1)]
    assert half[0] <= 0.05 < half[1]
    assert images_for_area(1 - area, positives) == images


def ends(value, low, high):
    return {"value": value, "low": low, "high": high}


def test_sensitivity_and_area_are_planned_in_images_of_all_classes():
    measured = {
        "accuracy": ends(0.8, 0.7, 0.87),
        "sensitivity_malignant": ends(0.7, 0.4, 0.9),
        "roc_auc_malignant": ends(0.85, 0.75, 0.92),
    }
    plan = precision_plan(measured, "malignant", 210 / 780, 0.95)
    needed = {score: each["images"] for score, each in plan["scores"].items()}
    assert needed == {"accuracy": 245, "sensitivity_malignant": 1189, "roc_auc_malignant": 371}
    worst = {score: each["images_at_worst"] for score, each in plan["scores"].items()}
    assert worst["accuracy"] == images_for_proportion(0.7)
    assert worst["sensitivity_malignant"] == math.ceil(images_for_proportion(0.5) * 780 / 210)
    assert worst["roc_auc_malignant"] == images_for_area(0.75, 210 / 780)
    assert plan_table(plan).loc["malignant sensitivity"].tolist() == [
        "0.700 [0.400, 0.900]",
        "1,189",
        "1,416",
    ]


def test_what_is_not_known_is_not_planned():
    unknown = ends(None, None, None)
    measured = {"accuracy": ends(1.0, None, None), "sensitivity_b": unknown, "roc_auc_b": ends(1.0, 0.9, 1.0)}
    plan = precision_plan(measured, "b", 0.5, 0.95)["scores"]
    assert (plan["accuracy"]["images"], plan["accuracy"]["images_at_worst"]) == (35, None)
    assert plan["sensitivity_b"]["images"] is None is plan["roc_auc_b"]["images"]
    none = precision_plan(measured, "b", 0.0, 0.95)["scores"]
    assert none["roc_auc_b"]["images_at_worst"] is None
    assert plan_table({"scores": none}).loc["b ROC AUC", "images needed"] == "–"
