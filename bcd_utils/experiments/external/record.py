"""What a test on images from another source shows: shift, errors, and the results in words and numbers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from bcd_utils.datasets.image_set import ImageSet
from bcd_utils.evaluation.calibration import BINS
from bcd_utils.evaluation.domain_shift import distance_to_nearest, domain_auc
from bcd_utils.evaluation.format import with_interval
from bcd_utils.experiments import study_model
from bcd_utils.experiments.external.scores import SOURCES
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
    """

    table: pd.DataFrame
    histograms: dict[str, np.ndarray]
    domain_auc: dict[str, float | None]


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
    study, here = run.study, ImageSet.of_run(run)
    splits = here.table.merge(run.read_csv("manifest.csv")[["id", "width", "height"]], on="id")
    own = pooled(study_model.features(run, study_model.trained_backbone(run, here), on_progress))
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
    amounts = {"samples": study.bootstrap_samples, "confidence": study.confidence, "seed": study.seed}
    groups = [table.loc[table["source"] == source, "group"] for source in SOURCES]
    return Shift(table, histograms, domain_auc(own[test], features, *groups, **amounts))


def confident_errors(predictions: pd.DataFrame, count: int = 12) -> pd.DataFrame:
    """The wrong predictions that the model was surest of, surest first."""
    wrong = predictions[predictions["label"] != predictions["predicted"]]
    return wrong.sort_values("probability", ascending=False, kind="stable").head(count)


def error_pictures(images: ImageSet, errors: pd.DataFrame) -> list[tuple[str, np.ndarray]]:
    """Captions and images of some external predictions, for `plots.data.image_grid`."""
    rows = images.table.set_index("id")
    return [
        (
            f"{row['id']}: {row['label']} → {row['predicted']} {row['probability']:.0%}",
            read_row(images.folder, rows.loc[row["id"]]),
        )
        for _, row in errors.iterrows()
    ]


def record(
    images: ImageSet,
    counts: pd.DataFrame,
    scores: Mapping[str, Any],
    temperature: float,
    calibration: pd.DataFrame,
    shift: pd.DataFrame,
    domain: Mapping[str, float | None],
    untrained: bool,
) -> dict[str, Any]:
    """The results as plain values, for ``external.json``.

    Parameters
    ----------
    images, counts, scores, temperature, calibration, domain
        As the functions here and in `external` give them.
    shift : pandas.DataFrame
        From `domain_shift.measure_shift`.
    untrained : bool
        Whether the backbone is a random network.
    """
    dataset = images.dataset
    return {
        "given": True,
        "name": dataset.name,
        "title": dataset.title,
        "synthetic": dataset.synthetic,
        "licence": dataset.licence,
        "citation": dataset.citation,
        "homepage": dataset.homepage,
        "images": len(images.table),
        "set_aside": int(images.set_aside.sum()),
        "classes": {name: int(count) for name, count in counts["external"].items()},
        "patients": images.patients,
        "groups": int(images.table["group"].nunique()),
        "remarks": images.remarks,
        "scores": {name: ends["value"] for name, ends in scores["external"].items()},
        "intervals": scores["external"],
        "internal_intervals": scores["internal test"],
        "difference": scores["difference"],
        "temperature": temperature,
        "calibration_bins": BINS,
        "calibration": {source: _plain(calibration.loc[source]) for source in SOURCES},
        "shift": {source: _plain(shift[source]) for source in SOURCES},
        "domain_auc": dict(domain),
        "untrained": untrained,
    }


def _plain(table: pd.DataFrame) -> dict[str, dict[str, float | None]]:
    return table.astype(object).where(table.notna(), None).to_dict("index")


def verdict(record: Mapping[str, Any]) -> str:
    """What the numbers allow to say, in two or three sentences."""
    here, there, apart = (
        record[name]["accuracy"] for name in ("internal_intervals", "intervals", "difference")
    )
    said = f"Accuracy is {with_interval(there)} on {record['title']} and {with_interval(here)} "
    said += f"on the study's own test images, a difference of {with_interval(apart)}. "
    if apart["low"] is None:
        said += "There are too few patients for an interval. "
    elif apart["low"] <= 0 <= apart["high"]:
        said += "Its interval holds 0: by accuracy, these images do not tell whether the model does worse elsewhere. "
    else:
        kind = "worse" if apart["high"] < 0 else "better"
        said += f"Its interval leaves out 0, which is consistent with a model that does {kind} elsewhere. "
    if record["difference"]["roc_auc"]["value"] is not None:
        said += "The macro ROC AUC, which does not depend on how common a class is, differs by "
        said += f"{with_interval(record['difference']['roc_auc'])}. "
    domain = record["domain_auc"]
    if domain["value"] is not None:
        said += "From its features, a classifier tells where an image comes from "
        said += f"with an AUC of {with_interval(domain)}; "
        said += "0.5 would be not at all. "
    absent = [name for name, count in record["classes"].items() if not count]
    if absent:
        said += f"There is no image of class {', '.join(absent)}, so scores over all classes are undefined. "
    if record["untrained"]:
        said += "The backbone was never trained, so no score here is about a useful model. "
    return said.strip()
