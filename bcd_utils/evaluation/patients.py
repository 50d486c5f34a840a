"""How often images, and how often patients, are recognised (Spanhol et al. 2016, IEEE TBME 63:1455-1462)."""

from __future__ import annotations

from typing import Any

import pandas as pd

from bcd_utils.datasets.manifest import known_patients
from bcd_utils.evaluation.format import with_interval
from bcd_utils.evaluation.means import share_interval

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


def recognition_rates(rows: pd.DataFrame, confidence: float = 0.95) -> dict[str, Any]:
    """Image-level and patient-level recognition rate, with Wilson’s intervals; whole patients vary.

    The image-level rate is the share of images that are recognised. A patient's score is that share of the
    patient's images, and the patient-level rate is the mean of these scores: each patient counts the same, however
    many images there are of each.

    Parameters
    ----------
    rows : pandas.DataFrame
        One row an image: columns group, label, predicted.
    confidence : float, default 0.95
        Nominal coverage, between 0 and 1.

    Returns
    -------
    dict
        ``images`` and ``patients`` (how many), and ``image_rate`` and ``patient_rate``, each a dict of value, low
        and high (0..1); no ends with a single patient, who says nothing of others.

    Examples
    --------
    >>> rows = pd.DataFrame({"group": ["eve"] * 4 + ["ann"], "label": "benign",
    ...                      "predicted": ["benign"] * 4 + ["malignant"]})
    >>> rates = recognition_rates(rows)
    >>> rates["image_rate"]["value"], rates["patient_rate"]["value"]  # 4 of 5 images; eve wholly, ann not
    (0.8, 0.5)
    """
    recognised = (rows["label"] == rows["predicted"]).astype(float)
    shares = recognised.groupby(rows["group"], sort=False).mean()
    alone = len(shares) == 1
    return {
        "images": len(rows),
        "patients": len(shares),
        "image_rate": share_interval(recognised, rows["group"], confidence),
        "patient_rate": share_interval(shares, ["the same"] if alone else None, confidence),
    }


def patient_scores(rows: pd.DataFrame, confidence: float) -> dict[str, dict[str, Any]]:
    """`recognition_rates` of all images and, where there is a column ``magnification``, at each of them.

    Returns
    -------
    dict of str to dict
        Keys "all", "40x", "100x" and so on.
    """
    parts = {"all": rows}
    if "magnification" in rows:
        parts |= {f"{zoom}x": part for zoom, part in rows.groupby("magnification")}
    return {name: recognition_rates(part, confidence) for name, part in parts.items()}


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
