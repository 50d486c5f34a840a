"""Records of patients that never were, drawn with phantoms: what they tell of the class is known."""

from __future__ import annotations

from zlib import crc32

import numpy as np
import pandas as pd

from bcd_utils.study.source import Column, Record

RECORD = Record(
    {
        "age": Column("known", "number"),
        "density": Column("known"),
        "family_history": Column("known"),
        "scanner": Column("known"),
        "assessment": Column("read"),
    }
)
MISSING = 0.03  # of ages and densities, whatever the class


def draw_record(images: pd.DataFrame, effect: float, seed: int) -> pd.DataFrame:
    """The columns of `RECORD` for each phantom.

    Of a malignant phantom age (standard deviation 12 years, rounded), the log-odds of a family history, and the
    assessment (1 to 5, steps of one standard deviation) lie higher by ``effect``; density and scanner tell nothing,
    nor does what is missing. Age alone then has an area under the ROC curve of Phi(effect / sqrt(2)).

    Parameters
    ----------
    images : pandas.DataFrame
        Columns id and label; a row's record depends on these and the seed alone.
    effect : float
        0 or more; 0: nothing tells the class.
    seed : int

    Returns
    -------
    pandas.DataFrame of str
        Rows as in ``images``; "" where a value is missing.

    Examples
    --------
    >>> images = pd.DataFrame({"id": ["benign (1)", "malignant (1)"], "label": ["benign", "malignant"]})
    >>> plain, told = (draw_record(images, effect, seed=1)["age"].astype(int) for effect in (0, 1))
    >>> (told - plain).tolist()
    [0, 12]
    """
    rows = [
        _draw(np.random.default_rng([seed, crc32(name.encode())]), effect * (label == "malignant"))
        for name, label in zip(images["id"], images["label"], strict=True)
    ]
    return pd.DataFrame(rows, images.index, list(RECORD.columns), dtype=object)


def _draw(rng: np.random.Generator, shift: float) -> tuple[str, ...]:
    age, assessment = rng.standard_normal(2)
    uniform = rng.random(5)
    years = f"{52 + 12 * (age + shift):.0f}"
    density = "abcd"[int(4 * uniform[0])]
    family = "yes" if uniform[1] < 1 / (1 + np.exp(1.4 - shift)) else "no"
    scanner = "AB"[int(2 * uniform[2])]
    read = f"{np.clip(np.round(2.5 + assessment + shift), 1, 5):.0f}"
    return (
        "" if uniform[3] < MISSING else years,
        "" if uniform[4] < MISSING else density,
        family,
        scanner,
        read,
    )
