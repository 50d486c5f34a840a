"""What a test on images from another source shows: shift, errors, and the results in words and numbers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from bcd_utils.audit.lesions import Rule
from bcd_utils.datasets.image_set import ImageSet
from bcd_utils.evaluation.calibration import BINS
from bcd_utils.evaluation.domain_shift import (
    MEASURES,
    distance_auc,
    distance_to_nearest,
    domain_auc,
    measure_shift,
)
from bcd_utils.evaluation.format import plain_rows, with_interval
from bcd_utils.experiments.external.copies import said_of_copies, without_copies
from bcd_utils.experiments.external.scores import SOURCES, WITHOUT_COPIES, as_text
from bcd_utils.images.reading import read_row
from bcd_utils.images.statistics import grey_levels
from bcd_utils.study.run import Run
from bcd_utils.utils.memmap import one_by_one, pooled


class Shift(NamedTuple):
    """How external images differ from the study's own, as the network is shown them.

    Attributes
    ----------
    table : pandas.DataFrame
        One row an image: source (a key of `SOURCES`), group and `domain_shift.MEASURES`.
    histograms : dict of source to ndarray of float, shape (256,)
        Mean share of an image's pixels at each grey level.
    domain_auc : dict
        `domain_shift.domain_auc` of internal test against external images.
    distance_auc : dict
        `domain_shift.distance_auc` of the same.
    """

    table: pd.DataFrame
    histograms: dict[str, np.ndarray]
    domain_auc: dict[str, float | None]
    distance_auc: dict[str, float | None]

    def measured(self, confidence: float) -> pd.DataFrame:
        """Mean of each measure in each source; see `domain_shift.measure_shift`."""
        return measure_shift(self.table, confidence)


def shift_images(
    run: Run, images: ImageSet, features: np.ndarray, on_progress: Callable = lambda *_: None
) -> Shift:
    """Measure the internal test images and the external ones alike.

    Parameters
    ----------
    run : Run
    images : ImageSet
    features : ndarray of float, shape (n, c)
        Of the external images, from `images.predict_images`.
    """
    from bcd_utils.experiments import study_model

    study, here = run.study, ImageSet.of_run(run)
    splits = here.table.merge(run.read_csv("manifest.csv")[["id", "width", "height"]], on="id")
    own = pooled(study_model.features(run, study_model.frozen_backbone(run, here), on_progress))
    test, known = here.rows["test"], own[here.rows["train"]]
    sources = {
        "internal test": (splits.iloc[test], one_by_one(here.pixels, test), own[test]),
        "external": (images.table, one_by_one(images.pixels), features),
    }
    parts, histograms = [], {}
    for source, (rows, pictures, values) in sources.items():
        means, deviations, shares = zip(*map(grey_levels, pictures), strict=True)
        histograms[source] = np.mean(shares, axis=0)
        measured = pd.DataFrame({"mean_grey": means, "sd_grey": deviations, "source": source})
        measured["feature_distance"] = distance_to_nearest(values, known)
        parts.append(rows[["group", "width", "height"]].reset_index(drop=True).join(measured))
    table = pd.concat(parts, ignore_index=True)
    sides = [table[table["source"] == source] for source in SOURCES]
    inside, outside = (side["group"] for side in sides)
    apart = domain_auc(own[test], features, inside, outside, study.confidence, study.seed)
    near, far = (side["feature_distance"] for side in sides)
    farther = distance_auc(near, far, inside, outside, study.confidence)
    return Shift(table, histograms, apart, farther)


def shift_as_text(measures: pd.DataFrame) -> pd.DataFrame:
    """`measured` for reading: titles of the measures, values with their intervals."""
    return as_text(measures.rename(index=MEASURES))


def told_apart(shift: Shift) -> pd.DataFrame:
    """How well the sources are told apart, by what: AUC with its interval, as text."""
    by = {
        "a classifier that learns both from their features": shift.domain_auc,
        "the distance to the nearest training image": shift.distance_auc,
    }
    return pd.DataFrame({"AUC": {name: with_interval(found) for name, found in by.items()}})


def confident_errors(predictions: pd.DataFrame, count: int = 12) -> pd.DataFrame:
    """The wrong predictions that the model was surest of, surest first."""
    wrong = predictions[predictions["label"] != predictions["predicted"]]
    return wrong.sort_values("probability", ascending=False, kind="stable").head(count)


def error_pictures(images: ImageSet, errors: pd.DataFrame) -> list[tuple[str, np.ndarray]]:
    """Captions and images of some external predictions, for `plots.data.image_grid`."""
    rows = images.table.set_index("id")
    captions = (
        f"{row.id}: {row.label} → {row.predicted} {row.probability:.0%}" for row in errors.itertuples()
    )
    pictures = (read_row(images.folder, rows.loc[name]) for name in errors["id"])
    return list(zip(captions, pictures, strict=True))


def record(
    images: ImageSet,
    scores: Mapping[str, Any],
    temperature: float,
    calibration: pd.DataFrame,
    shift: pd.DataFrame,
    domain: Mapping[str, float | None],
    copies: Mapping[str, Any],
    untrained: bool,
    distance: Mapping[str, float | None],
) -> dict[str, Any]:
    """The results as plain values, for ``external.json``.

    Parameters
    ----------
    images, scores, temperature, calibration, domain
        As the functions here and in `external` give them.
    shift : pandas.DataFrame
        From `domain_shift.measure_shift`.
    copies : dict
        From `copies.described`.
    untrained : bool
        Whether the backbone is a random network.
    distance : dict
        From `domain_shift.distance_auc`.
    """
    return {
        "given": True,
        **images.described,
        "kept_together": Rule.of_set(images).units,
        "copies": dict(copies),
        "scores": {name: ends["value"] for name, ends in scores["external"].items()},
        "intervals": scores["external"],
        "internal_intervals": scores["internal test"],
        "intervals_without_copies": scores.get(WITHOUT_COPIES),
        "difference": scores["difference"],
        "temperature": temperature,
        "calibration_bins": BINS,
        "calibration": {source: plain_rows(calibration.loc[source]) for source in SOURCES},
        "shift": {source: plain_rows(shift[source]) for source in SOURCES},
        "domain_auc": dict(domain),
        "distance_auc": dict(distance),
        "untrained": untrained,
    }


def verdict(record: Mapping[str, Any]) -> str:
    """What the numbers allow to say, in two or three sentences."""
    own, external, gap = (
        record[name]["accuracy"] for name in ("internal_intervals", "intervals", "difference")
    )
    sentences = [
        f"Accuracy is {with_interval(external)} on {record['title']} and {with_interval(own)} "
        f"on the study's own test images, a difference of {with_interval(gap)}.",
        said_of_copies(record),
        without_copies(record),
    ]
    if gap["low"] is None:
        sentences.append("There are too few patients for an interval.")
    elif gap["low"] <= 0 <= gap["high"]:
        sentences.append(
            "Its interval holds 0: by accuracy, these images do not tell whether the model does worse elsewhere."
        )
    else:
        kind = "worse" if gap["high"] < 0 else "better"
        sentences.append(
            f"Its interval leaves out 0, which is consistent with a model that does {kind} elsewhere."
        )
    areas, domain = record["difference"]["roc_auc"], record["domain_auc"]
    if areas["value"] is not None:
        mix = "which holds each class against the others, as common as each of them is there"
        if len(record["classes"]) == 2:
            mix = "which does not depend on how common the two classes are"
        sentences.append(f"The macro ROC AUC, {mix}, differs by {with_interval(areas)}.")
    if domain["value"] is not None:
        telling = f"a classifier tells where an image comes from with an AUC of {with_interval(domain)}"
        sentences.append(f"From its features, {telling}; 0.5 would be not at all.")
    if absent := ", ".join(name for name, count in record["classes"].items() if not count):
        sentences.append(f"There is no image of class {absent}, so scores over all classes are undefined.")
    if record["untrained"]:
        sentences.append("The backbone was never trained, so no score here is about a useful model.")
    return " ".join(filter(None, sentences))
