"""Tables of data sets side by side, for reading; one not at hand has the command that gets it, and no number."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from bcd_utils.audit.lesions import Rule
from bcd_utils.datasets.examples import typical
from bcd_utils.datasets.image_set import ImageSet
from bcd_utils.evaluation.cross_validation import score_table, shown_metrics
from bcd_utils.evaluation.format import number, span, with_interval
from bcd_utils.evaluation.patients import as_table
from bcd_utils.experiments.modalities.protocol import Outcome
from bcd_utils.experiments.modalities.sources import Absent
from bcd_utils.experiments.modalities.transfer import Transfer
from bcd_utils.images.reading import read_with_mask
from bcd_utils.images.statistics import MEASURES

PROBE, MAJORITY = "linear probe", "majority class"


def sources_table(available: Mapping[str, ImageSet], absent: Mapping[str, Absent]) -> pd.DataFrame:
    """Which data sets there are, what images of one unit are kept together, and how to get those that are missing."""
    rows = {}
    for images in available.values():
        units = Rule.of_set(images).units
        rows[images.title] = {
            "modality": images.dataset.modality,
            "images used": f"{len(images.table):,}",
            "kept together": f"{images.table['group'].nunique():,} {units}",
            "status": "at hand" + (", synthetic" if images.dataset.synthetic else ""),
        }
    for missing in absent.values():
        row = {"modality": missing.dataset.modality, "images used": "", "kept together": ""}
        said = f"{missing.status}: {missing.command}"
        if missing.fix:
            said = f"{missing.status}: {missing.problem}. To fix: {missing.fix}"
        rows[missing.title] = row | {"status": said}
    return pd.DataFrame.from_dict(rows, orient="index")


def remarks_table(available: Mapping[str, ImageSet], absent: Mapping[str, Absent]) -> pd.DataFrame:
    """What was noticed while reading the data sets, and why some could not be read; empty if there is nothing."""
    rows = [(each.title, remark) for each in available.values() for remark in each.remarks]
    rows += [(each.title, each.problem) for each in absent.values()]
    return pd.DataFrame(rows, columns=["data set", "remark"]).set_index("data set")


def composition_table(available: Mapping[str, ImageSet], absent: Mapping[str, Absent]) -> pd.DataFrame:
    """Images, shares, groups and sizes of each class.

    Returns
    -------
    pandas.DataFrame of text
        Index: data set and class. ``share`` is of the data set's images; ``groups`` counts those with an image of
        the class; ``width`` and ``height`` are the median in pixels with the range.
    """
    rows = {}
    for each in available.values():
        for label in each.classes:
            images = each.table[each.table["label"] == label]
            rows[each.title, label] = {
                "images": f"{len(images):,}",
                "share": f"{len(images) / len(each.table):.0%}",
                "set aside": f"{each.set_aside.get(label, 0):,}",
                "groups": f"{images['group'].nunique():,}",
                "width": with_range(images["width"]),
                "height": with_range(images["height"]),
            }
    return with_absent(rows, absent)


def with_absent(
    rows: Mapping[tuple[str, str], Mapping[str, str]], absent: Mapping[str, Absent]
) -> pd.DataFrame:
    """Rows of data sets at hand, then one of each that is not."""
    columns = list(next(iter(rows.values())))
    missing = {
        (each.title, ""): {columns[0]: each.status if each.fix else f"{each.status}: {each.command}"}
        for each in absent.values()
    }
    together = {**rows, **missing}
    index = pd.MultiIndex.from_tuples(together, names=["data set", ""])
    return pd.DataFrame(list(together.values()), index=index, columns=columns).fillna("")


def with_range(pixels: pd.Series) -> str:
    """Median and range.

    Examples
    --------
    >>> with_range(pd.Series([300, 500, 450])), with_range(pd.Series([700, 700]))
    ('450 (300 to 500)', '700')
    """
    low, high = int(pixels.min()), int(pixels.max())
    median = number(pixels.median(), 0)
    return median if low == high else f"{median} ({span(low, high, 0)})"


def character_quartiles(
    available: Mapping[str, ImageSet], measured: Mapping[str, pd.DataFrame]
) -> pd.DataFrame:
    """Quartiles of each measure of `image_character`, over the images of each class.

    Parameters
    ----------
    measured : mapping of name to pandas.DataFrame
        From `statistics.measure_images`, rows as in ``images``.

    Returns
    -------
    pandas.DataFrame of float
        Index: name and class; columns (measure, "q1" | "median" | "q3").
    """
    parts = {}
    for name, values in measured.items():
        quartiles = values.groupby(available[name].table["label"]).quantile([0.25, 0.5, 0.75]).unstack()
        parts[name] = quartiles.loc[list(available[name].classes)]
    return pd.concat(parts).rename(columns={0.25: "q1", 0.5: "median", 0.75: "q3"}, level=1)


def character_table(
    quartiles: pd.DataFrame, available: Mapping[str, ImageSet], absent: Mapping[str, Absent]
) -> pd.DataFrame:
    """`character_quartiles` as text: the median, and the quartiles in brackets."""
    rows = {
        (available[name].title, label): {
            title: _quartiles(row[measure]) for measure, title in MEASURES.items()
        }
        for (name, label), row in quartiles.iterrows()
    }
    return with_absent(rows, absent)


def _quartiles(values: pd.Series) -> str:
    """A median with its quartiles; three digits or so of the median."""
    digits = 2 if values["median"] < 10 else 1 if values["median"] < 100 else 0
    return with_interval({"value": values["median"], "low": values["q1"], "high": values["q3"]}, digits)


def protocol_scores(
    available: Mapping[str, ImageSet], outcomes: Mapping[str, Outcome], confidence: float
) -> pd.DataFrame:
    """Scores of the probe and of the constant answer.

    Returns
    -------
    pandas.DataFrame of float
        Index: name and `PROBE` or `MAJORITY`; for each of the data sets' `shown_metrics` its value, ``_low`` and
        ``_high``, NaN where undefined. A score that a constant answer has whatever the images are has no interval.
    """
    rows = {}
    for name, outcome in outcomes.items():
        for model, scored in ((PROBE, outcome.probe), (MAJORITY, outcome.majority)):
            metrics = list(shown_metrics(available[name].dataset.positive))
            rows[name, model] = row = score_table({"": scored}, metrics, confidence).iloc[0]
            for metric in metrics if model == MAJORITY else ():
                if scored.by_fold[metric].nunique() == 1:
                    row[[f"{metric}_low", f"{metric}_high"]] = np.nan
    return pd.DataFrame(rows).T


def protocol_table(
    scores: pd.DataFrame, available: Mapping[str, ImageSet], absent: Mapping[str, Absent]
) -> pd.DataFrame:
    """`protocol_scores` as text."""
    metrics = {
        metric: heading
        for each in available.values()
        for metric, heading in shown_metrics(each.dataset.positive).items()
    }
    rows = {
        (available[name].title, model): {
            heading: with_interval(row, name=metric) for metric, heading in metrics.items()
        }
        for (name, model), row in scores.iterrows()
    }
    return with_absent(rows, absent)


def patients_table(available: Mapping[str, ImageSet], outcomes: Mapping[str, Outcome]) -> pd.DataFrame:
    """Image-level and patient-level recognition rates of the data sets that name patients; may be empty."""
    rates = {available[name].title: outcome.rates for name, outcome in outcomes.items() if outcome.rates}
    return as_table(rates).rename_axis(None) if rates else pd.DataFrame()


def transfer_table(transferred: Transfer, available: Mapping[str, ImageSet]) -> pd.DataFrame:
    """AUC with its interval; rows say what was trained on, columns what was tested on."""
    cells = transferred.table.assign(
        text=[with_interval(row, name="auc") for _, row in transferred.table.iterrows()]
    )
    order = list(dict.fromkeys(transferred.table["trained_on"]))
    table = cells.pivot(index="trained_on", columns="tested_on", values="text").loc[order, order]
    table.index = [f"trained on {available[name].title}" for name in order]
    table.columns = [f"tested on {available[name].title}" for name in order]
    return table.fillna("not crossed")


def example_images(
    available: Mapping[str, ImageSet], kind: str, each: int = 5
) -> dict[str, list[tuple[np.ndarray, np.ndarray, str]]]:
    """Evenly spaced images of every class of the data sets of one kind, for `plots.data.samples`.

    Parameters
    ----------
    kind : str
        A part of the modality's name, such as "ultrasound".
    """
    sets = [images for images in available.values() if kind in images.dataset.modality]
    chosen = {}
    for images in sets:
        for label, rows in typical(images.table, images.classes, each).items():
            name = label if len(sets) == 1 else f"{images.title} {label}"
            chosen[name] = [(*read_with_mask(images.folder, row), row["id"]) for _, row in rows.iterrows()]
    return chosen


def images_table(available: Mapping[str, ImageSet], measured: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Every image that is used: source, id, label, group, width, height, sha256, and what was measured of it."""
    columns = ["id", "label", "group", "width", "height", "sha256"]
    parts = {name: each.table[columns].join(measured[name].round(4)) for name, each in available.items()}
    table = pd.concat(parts, names=["source", None]).reset_index("source").reset_index(drop=True)
    return table[["source", *columns, *MEASURES]]
