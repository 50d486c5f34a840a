"""Does a heat map find the lesion? Pointing game, energy inside, overlap, and their chance levels."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from bcd_utils.evaluation import format as number_format
from bcd_utils.evaluation.means import share_interval

MEASURES = ("pointing_game", "energy", "iou")
THRESHOLDS = np.round(np.arange(0.1, 1.0, 0.1), 1)


def centre_gaussian(shape: tuple[int, int], width: float = 0.25) -> np.ndarray:
    """A bump in the middle of the frame: what "look at the centre" would score.

    Parameters
    ----------
    shape : (height, width)
    width : float
        Standard deviation as a share of each side.

    Returns
    -------
    ndarray, float64, shape ``shape``, values 0..1
    """
    y, x = (np.linspace(-0.5, 0.5, side) for side in shape)
    return np.exp(-(y[:, None] ** 2 + x[None, :] ** 2) / (2 * width**2))


def pointing_game(heatmap: np.ndarray, mask: np.ndarray) -> float:
    """Share of a map's maxima that lie inside the lesion (Zhang et al. 2018, IJCV); 0 for a map of zeros.

    1 or 0 where the maximum is unique.

    Examples
    --------
    >>> pointing_game(np.array([[0.0, 1.0], [0.0, 1.0]]), np.array([[False, True], [False, False]]))
    0.5
    """
    highest = heatmap.max()
    return float(mask[heatmap == highest].mean()) if highest > 0 else 0.0


def localisation(heatmap: np.ndarray, mask: np.ndarray) -> dict[str, float]:
    """How well one heat map finds one lesion.

    Parameters
    ----------
    heatmap : ndarray, float, shape (height, width), values 0..1
    mask : ndarray, bool, shape (height, width)
        The lesion; not empty.

    Returns
    -------
    dict
        ``pointing_game``: see there. ``energy``: share of the map's sum inside the lesion
        (Wang et al. 2020, CVPRW). ``iou_<t>``: intersection over union of the lesion with the map
        above t times its maximum. A map of zeros scores 0.

    Examples
    --------
    >>> scores = localisation(np.array([[0.0, 1.0], [0.0, 0.5]]), np.array([[False, True], [False, False]]))
    >>> scores["pointing_game"], round(scores["energy"], 3), scores["iou_0.5"]
    (1.0, 0.667, 0.5)
    """
    highest = heatmap.max()
    if highest <= 0:
        return dict.fromkeys(["pointing_game", "energy", *(f"iou_{level}" for level in THRESHOLDS)], 0.0)
    energy = float(heatmap[mask].sum() / heatmap.sum())
    scores = {"pointing_game": pointing_game(heatmap, mask), "energy": energy}
    for level in THRESHOLDS:
        region = heatmap >= level * highest
        scores[f"iou_{level}"] = float((region & mask).sum() / (region | mask).sum())
    return scores


def choose_threshold(validation: pd.DataFrame) -> float:
    """The threshold with the best mean IoU on validation images."""
    means = [validation[f"iou_{level}"].mean() for level in THRESHOLDS]
    return float(THRESHOLDS[int(np.argmax(means))])


def summarise(
    scores: Mapping[str, pd.DataFrame], validation_scores: Mapping[str, pd.DataFrame], confidence: float
) -> pd.DataFrame:
    """Mean of each measure over images, with the interval of a share; images of one group vary together.

    Parameters
    ----------
    scores, validation_scores : mapping of method to DataFrame
        One row an image, columns group and those of `localisation`. The IoU threshold is chosen on validation.
    confidence : float

    Returns
    -------
    pandas.DataFrame
        Index method; columns threshold and, per measure, value, ``_low`` and ``_high``. No row where either set
        has no image with a lesion.
    """
    if any(table.empty for table in (*scores.values(), *validation_scores.values())):
        return pd.DataFrame()
    rows: dict[str, dict[str, float | None]] = {}
    for method, table in scores.items():
        threshold = choose_threshold(validation_scores[method])
        rows[method] = {"threshold": threshold}
        columns = _columns(threshold).items()
        rows[method] |= number_format.in_columns(
            {measure: share_interval(table[name], table["group"], confidence) for measure, name in columns}
        )
    return pd.DataFrame.from_dict(rows, orient="index").astype(float).rename_axis("method")


def differences(
    scores: Mapping[str, pd.DataFrame], table: pd.DataFrame, confidence: float, method: str = "Grad-CAM"
) -> pd.DataFrame:
    """How much better a method does than each other on the same images.

    Parameters
    ----------
    scores, confidence
        As in `summarise`.
    table : pandas.DataFrame
        What `summarise` made of them.

    Returns
    -------
    pandas.DataFrame
        Index: the others; per measure, the difference, ``_low`` and ``_high``.
    """
    own, columns = scores[method], {other: _columns(row["threshold"]) for other, row in table.iterrows()}
    rows: dict[str, dict[str, float | None]] = {other: {} for other in table.index if other != method}
    for other, row in rows.items():
        for measure in MEASURES:
            gap = own[columns[method][measure]] - scores[other][columns[other][measure]]
            found = share_interval(gap, own["group"], confidence, lowest=-1.0)
            row |= number_format.in_columns({measure: found})
    return pd.DataFrame.from_dict(rows, orient="index").astype(float).rename_axis(f"{method} minus")


def _columns(threshold: float) -> dict[str, str]:
    """Each measure, and the column that holds it."""
    return dict(zip(MEASURES, (*MEASURES[:2], f"iou_{threshold}"), strict=True))


def as_text(table: pd.DataFrame, sign: str = "") -> pd.DataFrame:
    """A table of `summarise` or `differences` for reading: one column a measure, "value [low, high]"."""
    shown = {
        measure: [number_format.with_interval(row, sign=sign, name=measure) for _, row in table.iterrows()]
        for measure in MEASURES
    }
    rows = pd.DataFrame(shown, index=table.index)
    return rows.assign(iou_threshold=table["threshold"]) if "threshold" in table else rows


def verdict(gaps: pd.DataFrame, method: str = "Grad-CAM") -> str:
    """In words, whether the interval of each difference lies above, around or below 0.

    Parameters
    ----------
    gaps : pandas.DataFrame
        As `differences` gives it.

    Examples
    --------
    >>> rows = {"Chance": [0.5, 0.4, 0.6] + [0.0, -0.1, 0.1] + [-0.3, -0.4, -0.2]}
    >>> columns = [measure + end for measure in MEASURES for end in ("", "_low", "_high")]
    >>> verdict(pd.DataFrame.from_dict(rows, orient="index", columns=columns))
    'Grad-CAM against Chance: pointing game better, energy no clear difference, iou worse.'
    """
    sentences = []
    for control, row in gaps.iterrows():
        words = []
        for measure in MEASURES:
            low, high = row[f"{measure}_low"], row[f"{measure}_high"]
            word = "better" if low > 0 else "worse" if high < 0 else "no clear difference"
            words.append(f"{measure.replace('_', ' ')} {word}")
        sentences.append(f"{method} against {control}: {', '.join(words)}.")
    return " ".join(sentences)
