"""How often images, and how often patients, are recognised (Spanhol et al. 2016, IEEE TBME 63:1455-1462)."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from bcd_utils.datasets.manifest import known_patients
from bcd_utils.evaluation.bootstrap import percentile_interval
from bcd_utils.evaluation.format import with_interval

RATES = ("image_rate", "patient_rate")


def patients_of_test(splits: pd.DataFrame) -> pd.Series | None:
    """The patient of each test image; None where patients are not known, or fewer than two are in the test set.

    Parameters
    ----------
    splits : pandas.DataFrame
        Columns patient, group, split.

    Examples
    --------
    >>> table = pd.DataFrame({"patient": ["eve", "eve", "ann"], "group": ["eve", "eve", "ann"], "split": "test"})
    >>> patients_of_test(table).tolist()
    ['eve', 'eve', 'ann']
    >>> patients_of_test(table.assign(patient="")) is None
    True
    """
    groups = splits.loc[splits["split"] == "test", "group"]
    return groups if known_patients(splits) is not None and groups.nunique() > 1 else None


def recognition_rates(
    rows: pd.DataFrame, samples: int = 2000, confidence: float = 0.95, seed: int = 0
) -> dict[str, Any]:
    """Image-level and patient-level recognition rate, with bootstrap intervals over whole patients.

    The image-level rate is the share of images that are recognised. A patient's score is that share of the
    patient's images, and the patient-level rate is the mean of these scores: each patient counts the same, however
    many images there are of each.

    Parameters
    ----------
    rows : pandas.DataFrame
        One row an image: columns group, label, predicted.
    samples : int, default 2000
        Resamples, each of as many patients, drawn with replacement.
    confidence : float, default 0.95
        Nominal coverage, between 0 and 1.
    seed : int, default 0

    Returns
    -------
    dict
        ``images`` and ``patients`` (how many), and ``image_rate`` and ``patient_rate``, each a dict of value, low
        and high (0..1); no ends with a single patient, of whom nothing can be resampled.

    Examples
    --------
    >>> rows = pd.DataFrame({"group": ["eve"] * 4 + ["ann"], "label": "benign",
    ...                      "predicted": ["benign"] * 4 + ["malignant"]})
    >>> rates = recognition_rates(rows)
    >>> rates["image_rate"]["value"], rates["patient_rate"]["value"]  # 4 of 5 images; eve wholly, ann not
    (0.8, 0.5)
    """
    recognised = (rows["label"] == rows["predicted"]).groupby(rows["group"], sort=False)
    right, images = recognised.agg(["sum", "size"]).to_numpy(float).T
    drawn = np.random.default_rng(seed).integers(len(right), size=(samples, len(right)))
    resampled = {
        "image_rate": right[drawn].sum(axis=1) / images[drawn].sum(axis=1),
        "patient_rate": (right / images)[drawn].mean(axis=1),
    }
    values = {"image_rate": right.sum() / images.sum(), "patient_rate": (right / images).mean()}
    known = np.full(samples, True if len(right) > 1 else np.nan)
    return {"images": len(rows), "patients": len(right)} | {
        rate: percentile_interval(float(values[rate]), resampled[rate] * known, confidence) for rate in RATES
    }


def patient_scores(
    rows: pd.DataFrame, samples: int, confidence: float, seed: int
) -> dict[str, dict[str, Any]]:
    """`recognition_rates` of all images and, where there is a column ``magnification``, at each of them.

    Returns
    -------
    dict of str to dict
        Keys "all", "40x", "100x" and so on.
    """
    parts = {"all": rows}
    if "magnification" in rows:
        parts |= {f"{zoom}x": part for zoom, part in rows.groupby("magnification")}
    return {name: recognition_rates(part, samples, confidence, seed) for name, part in parts.items()}


def as_table(scores: dict[str, dict[str, Any]]) -> pd.DataFrame:
    """Scores for reading, a row for all and each magnification: images, patients, both rates as "value [low, high]"."""
    rows = {
        name: {"images": rates["images"], "patients": rates["patients"]}
        | {rate.replace("_", "-level "): with_interval(rates[rate]) for rate in RATES}
        for name, rates in scores.items()
    }
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis(
        "magnification" if len(rows) > 1 else "test set"
    )
