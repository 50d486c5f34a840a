"""Who a model works for: how many images of one class it finds, and how many others it spares, in each subgroup.

Subgroups come from what the manifest and the audit know of the images: the lesion's area, what is drawn into the
pixels, the size, and whatever few values a data set's own columns have, such as density or scanner. Many subgroups
are many chances to find something, so each column is tested at most once, and the p-values are Holm-adjusted.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from bcd_utils.audit.annotations import estimate_marks
from bcd_utils.audit.masks import MASK_COLUMNS, inspect_masks
from bcd_utils.datasets.base import MANIFEST_COLUMNS
from bcd_utils.datasets.manifest import FILE_COLUMNS
from bcd_utils.evaluation.format import p_value, plain_rows, with_interval
from bcd_utils.evaluation.means import share_interval
from bcd_utils.evaluation.paired_tests import holm_adjusted
from bcd_utils.utils.counting import OnProgress, silent

SMALL = 20  # images; what rests on fewer is shown as such, and takes no part in a test
MOST_VALUES = 8  # of a column whose values are subgroups as they are
UNKNOWN = "not known"
MARKS = ("coloured_share", "text_share", "letters", "calipers")
#: Columns that are no traits of patients, machines or images, or are read in a way of their own.
OTHERS = {
    *MANIFEST_COLUMNS,
    *FILE_COLUMNS,
    *MASK_COLUMNS,
    *MARKS,
    "area_share",
    "split",
    "official_split",
    "predicted",
}


@dataclass(frozen=True)
class Subgroups:
    """What `score_subgroups` finds.

    Attributes
    ----------
    positive : str
        The class that is to be found.
    table : pandas.DataFrame
        One row a subgroup, all images first: ``column`` and ``subgroup`` (as shown), ``images``; of images of the
        class ``positives``, ``found`` and ``sensitivity`` with ``_low`` and ``_high``; of all others ``others``,
        ``spared`` (not called so) and ``specificity`` likewise. NaN where there is no such image.
    tests : dict of column to float or None
        P-values, Holm-adjusted, that sensitivity is the same in all subgroups of a column; None where fewer than two
        have `SMALL` images of the class.
    left_out : dict of column to int
        Columns of text with more than `MOST_VALUES` values, and how many.
    """

    positive: str
    table: pd.DataFrame
    tests: dict[str, float | None]
    left_out: dict[str, int]

    def record(self) -> dict[str, Any]:
        """As plain values."""
        rows = plain_rows(self.table, "records")
        return {
            "positive": self.positive,
            "small": SMALL,
            "rows": rows,
            "holm_p": self.tests,
            "left_out": self.left_out,
        }


def with_measures(folder: Path, rows: pd.DataFrame, on_progress: OnProgress = silent) -> pd.DataFrame:
    """Rows of images with the lesion's area and an estimate of the marks, as the data audit measures them.

    Parameters
    ----------
    folder : Path
    rows : pandas.DataFrame
        Columns id, label, path, masks and, where images are parts of a file, box.
    """
    marks = estimate_marks(folder, rows, on_progress)[list(MARKS)]
    return rows.join(marks).join(inspect_masks(folder, rows)["area_share"])


def score_subgroups(rows: pd.DataFrame, positive: str, confidence: float) -> Subgroups:
    """Sensitivity and specificity of a class in each subgroup, with Wilson intervals.

    Parameters
    ----------
    rows : pandas.DataFrame
        Rows of a manifest with the columns label, predicted, group, width, height, area_share, letters and calipers.
    positive : str
        The class that is to be found.
    confidence : float
        Of each interval alone, between 0 and 1.

    Notes
    -----
    Lesion area, size and other numbers are cut into thirds of the images of the class, so that sensitivities rest on
    equally many. The test of a column is that of Kruskal and Wallis (1952, JASA 47:583-621) on the share that is found
    of each group (patient, or copies of one lesion) in a subgroup, since images of one are not independent; where every
    image stands alone it is Pearson's chi-squared with n - 1 for n (Campbell 2007, Stat Med 26:3661-3675).
    """
    is_positive, called = rows["label"] == positive, rows["predicted"] == positive
    columns, left_out = _columns(rows, is_positive)
    inside = {("", "all images"): pd.Series(True, rows.index)}
    for name, values in columns.items():
        inside |= {(name, part): values == part for part in values.cat.categories}
    units = rows["group"]
    scored = {key: _score(is_positive[here], called[here], units, confidence) for key, here in inside.items()}
    table = pd.DataFrame.from_dict(scored, orient="index").rename_axis(["column", "subgroup"]).reset_index()
    tests = {
        name: _p_of_sensitivity(values[is_positive], called[is_positive], units[is_positive])
        for name, values in columns.items()
    }
    return Subgroups(positive, table, holm_adjusted(tests), left_out)


def shown_table(found: Subgroups) -> pd.DataFrame:
    """Subgroups for reading: shares with intervals and counts, those of fewer than `SMALL` images marked as few."""
    rows = {
        (row["column"] or "all", row["subgroup"]): {
            "images": row["images"],
            f"{found.positive} found": _shown(row, "sensitivity", "found", "positives"),
            "others spared": _shown(row, "specificity", "spared", "others"),
        }
        for row in found.table.to_dict("records")
    }
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis(["column", "subgroup"])


def said_of_subgroups(found: Subgroups) -> str:
    """What the one test of each column says, and which columns take no part."""
    tested = {name: p_value(p) for name, p in found.tests.items() if p is not None}
    text = f"No column has two subgroups with {SMALL} {found.positive} images each, so none was tested."
    if tested:
        shown = ", ".join(map(" ".join, tested.items()))
        text = f"That sensitivity is the same in all subgroups of a column, Holm-adjusted p of {len(tested)}: {shown}."
    left_out = ", ".join(f"{name} ({count})" for name, count in found.left_out.items())
    return f"{text} Left out, with so many values: {left_out}." if left_out else text


def _columns(rows: pd.DataFrame, is_positive: pd.Series) -> tuple[dict[str, pd.Series], dict[str, int]]:
    """Subgroups (categorical) of each column that has at least two, under its title; and the columns left out."""
    area, pixels = rows["area_share"].where(rows["area_share"] > 0), rows["width"] * rows["height"] / 1e6
    found = {
        "lesion area, share of the image": _thirds(area, is_positive, "{:.1%}", "no lesion drawn"),
        "calipers (estimated)": _as_they_are((rows["calipers"] >= 2).map({True: "with", False: "without"})),
        "text (estimated)": _as_they_are((rows["letters"] > 0).map({True: "with", False: "without"})),
        "size, megapixels": _thirds(pixels, is_positive, "{:.2f}"),
    }
    left_out = {}
    for name in (name for name in rows if name not in OTHERS):
        values, title = rows[name].replace("", np.nan), name.replace("_", " ")
        if values.nunique() <= MOST_VALUES:
            found[title] = _as_they_are(values)
        elif pd.api.types.is_numeric_dtype(values):
            found[title] = _thirds(values, is_positive, "{:.3g}")
        else:
            left_out[title] = values.nunique()
    return {title: values for title, values in found.items() if values.nunique() > 1}, left_out


def _thirds(values: pd.Series, is_positive: pd.Series, style: str, unknown: str = UNKNOWN) -> pd.Series:
    """Numbers cut at the thirds of the images of the class, as text in their order; NaN is ``unknown``."""
    of_class = values[is_positive] if values[is_positive].notna().any() else values
    shown = {
        style.format(end): end for end in of_class.quantile([1 / 3, 2 / 3])
    }  # what reads alike is one end
    first, last = list(shown)[0], list(shown)[-1]
    names = [f"up to {first}", *(f"{low} to {high}" for low, high in pairwise(shown)), f"above {last}"]
    if values.isna().all():
        return pd.Series(unknown, values.index, dtype="category")
    parts = pd.cut(values, [-np.inf, *shown.values(), np.inf], labels=names).cat.add_categories(unknown)
    return parts.fillna(unknown).cat.remove_unused_categories()


def _as_they_are(values: pd.Series) -> pd.Series:
    """Few values as text, in their order; NaN is `UNKNOWN`."""
    number = "{:g}" if values.dtype.kind in "iuf" else "{}"
    names = {value: number.format(value) for value in sorted(values.dropna().unique())}
    parts = pd.Categorical(values.map(names).fillna(UNKNOWN), [*names.values(), UNKNOWN])
    return pd.Series(parts, values.index).cat.remove_unused_categories()


def _score(
    is_positive: pd.Series, called: pd.Series, groups: pd.Series, confidence: float
) -> dict[str, float]:
    """Counts and shares of one subgroup."""
    return (
        {"images": len(called)}
        | _share(called[is_positive], groups, ("positives", "found", "sensitivity"), confidence)
        | _share(~called[~is_positive], groups, ("others", "spared", "specificity"), confidence)
    )


def _share(
    right: pd.Series, groups: pd.Series, names: tuple[str, str, str], confidence: float
) -> dict[str, float]:
    """How many images there are, how many of them are right, and that share with its interval, under these names."""
    found = share_interval(right, groups[right.index], confidence)
    values = (len(right), int(right.sum()), found["value"], found["low"], found["high"])
    return dict(zip((*names, f"{names[2]}_low", f"{names[2]}_high"), values, strict=True))


def _p_of_sensitivity(values: pd.Series, called: pd.Series, groups: pd.Series) -> float | None:
    """See `score_subgroups`; None where fewer than two subgroups have `SMALL` images."""
    from scipy.stats import kruskal

    counts = values.value_counts()
    large = counts.index[counts >= SMALL]
    if len(large) < 2:
        return None
    shares = called.astype(float).groupby([values.astype(str), groups]).mean()
    samples = [shares[part] for part in large]
    same = len({share for sample in samples for share in sample}) == 1
    return 1.0 if same else float(kruskal(*samples).pvalue)


def _shown(row: dict[str, Any], share: str, right: str, of: str) -> str:
    if not row[of]:
        return ""
    few = ", few" if row[of] < SMALL else ""
    return f"{with_interval(row, name=share)} ({row[right]:,} of {row[of]:,}{few})"
