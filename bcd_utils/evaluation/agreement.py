"""How two results agree, number by number: identical, within a tolerance, or different.

What must be equal and what may differ, and why:

- Texts and whole numbers (labels, identifiers, counts, epochs) and everything that says which images there are and how
  they are split must be equal: nothing there depends on the order in which a processor adds.
- A backbone's features may differ by 1e-3 of their length. Float32 keeps 24 bits, 6e-8 of a number; sums of thousands
  of products in another order (another number of threads, processor or backend) lose a few of them in each of dozens
  of layers. Other weights or another preparation of the pixels change features by far more.
- Other decimals may differ by 1e-3 of the larger of 1 and the number: half a unit of the last digit that tables print,
  on each side. Training amplifies what features differ by, so another backend's trained scores mostly differ by more;
  they are then called different, and are to be held against the spread over seeds.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from bcd_utils.utils.files import read_json

IDENTICAL, WITHIN, DIFFERENT = "identical", "within the tolerance", "different"
FEATURES = "features.csv"
#: Relative to the length of an image's features; to the larger of 1 and the number.
FEATURE_TOLERANCE, TOLERANCE = 1e-3, 1e-3
#: What differs from run to run, or names the machine: no result.
NO_RESULT = re.compile(
    r"seconds|per_second|duration|finished|started|_mb$|time to|images per s|memory|^(device|backend|platform|cores)$"
)
#: Measured times within a sentence, such as "takes 12 s".
_TIME = re.compile(r"\d s\b")
COLUMNS = ["file", "place", "archived", "now", "difference", "verdict"]
_NUMBER = re.compile(r"(?<![\w.])[-+−]?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?(?![\w])")


def agreement(then: str, now: str, tolerance: float = TOLERANCE) -> tuple[str, float | None]:
    """How two values agree that are given as text, and the largest difference between their numbers.

    Numbers within a text are compared one by one; what is around them must be equal.

    Returns
    -------
    verdict : str
    difference : float or None
        Absolute; None where they are no numbers, or not the same number of them.

    Examples
    --------
    >>> agreement("0.744", "0.744"), agreement("0.74400", "0.74402")[0]
    (('identical', 0.0), 'within the tolerance')
    >>> agreement("0.744 [0.658, 0.814]", "0.744 [0.658, 0.820]")[0], agreement("12", "13")
    ('different', ('different', 1.0))
    >>> agreement("benign (1)", "malignant (1)")
    ('different', None)
    """
    if then == now:
        return IDENTICAL, 0.0
    pairs = list(zip(_NUMBER.findall(then), _NUMBER.findall(now), strict=False))
    if not pairs or _NUMBER.split(then) != _NUMBER.split(now):
        return DIFFERENT, None
    gaps = [abs(_value(old) - _value(new)) for old, new in pairs]
    # 1e-9: 0.745 - 0.744 is more than 0.001 in binary.
    fits = all(
        gap == 0
        or (_is_decimal(old + new) and gap <= tolerance * max(1.0, abs(_value(old))) + 1e-9 * bool(tolerance))
        for gap, (old, new) in zip(gaps, pairs, strict=True)
    )
    return WITHIN if fits else DIFFERENT, max(gaps)


def _value(text: str) -> float:
    return float(text.replace("−", "-"))


def _is_decimal(text: str) -> bool:
    return any(mark in text for mark in ".eE")


def compare_files(then: Path, now: Path, tolerance: float = TOLERANCE) -> pd.DataFrame:
    """Hold what a file says against what another does.

    Parameters
    ----------
    then, now : Path
        Tables (.csv), plain values (.json) or arrays (.npz), of the same name.

    Returns
    -------
    pandas.DataFrame
        Columns `COLUMNS`; a row a value, of features a row an image, of arrays a row an array.
    """
    if not now.exists():
        return pd.DataFrame([(then.name, "", "is there", "is missing", None, DIFFERENT)], columns=COLUMNS)
    if then.name == FEATURES:
        rows = list(_features(then, now))
    elif then.suffix == ".npz":
        rows = list(_arrays(then, now, tolerance))
    else:
        rows = list(_values(values_of(then), values_of(now), tolerance))
    return pd.DataFrame([(then.name, *row) for row in rows], columns=COLUMNS)


def _values(then: Mapping[str, str], now: Mapping[str, str], tolerance: float) -> Iterator[tuple[Any, ...]]:
    for place in dict.fromkeys((*then, *now)):
        if place in then and place in now:
            verdict, gap = agreement(then[place], now[place], tolerance)
        else:
            verdict, gap = DIFFERENT, None
        yield place, then.get(place, "is missing"), now.get(place, "is missing"), gap, verdict


def _features(then: Path, now: Path) -> Iterator[tuple[Any, ...]]:
    """Each image's distance between its features then and now, as a share of their length.

    From random projections, whose mean square is that of the whole (Johnson and Lindenstrauss 1984).
    """
    old, new = (
        pd.read_csv(path, dtype={"id": str}, keep_default_na=False).set_index("id") for path in (then, now)
    )
    for image in dict.fromkeys((*old.index, *new.index)):
        if image not in old.index or image not in new.index or old.shape[1] != new.shape[1]:
            there = ["is there" if image in table.index else "is missing" for table in (old, new)]
            yield image, *there, None, DIFFERENT
            continue
        a, b = (table.loc[image].to_numpy(float) for table in (old, new))
        gap = float(np.linalg.norm(b - a) / max(np.linalg.norm(a), np.finfo(float).tiny))
        verdict = IDENTICAL if gap == 0 else WITHIN if gap <= FEATURE_TOLERANCE else DIFFERENT
        lengths = [f"length {np.linalg.norm(each) / np.sqrt(len(each)):.6g}" for each in (a, b)]
        yield image, *lengths, gap, verdict


def _arrays(then: Path, now: Path, tolerance: float) -> Iterator[tuple[Any, ...]]:
    with np.load(then) as old, np.load(now) as new:
        for name in dict.fromkeys((*old, *new)):
            pair = [each[name] if name in each else np.empty(0) for each in (old, new)]
            said = [f"{each.dtype} {each.shape}" for each in pair]
            if said[0] != said[1]:
                yield name, *said, None, DIFFERENT
            elif pair[0].tobytes() == pair[1].tobytes():
                yield name, *said, 0.0, IDENTICAL
            elif pair[0].dtype.kind != "f":
                yield name, *said, None, DIFFERENT
            else:
                a, b = (each.astype(float) for each in pair)
                gaps = np.where(np.isnan(a) & np.isnan(b), 0.0, np.abs(b - a))
                fits = (gaps <= tolerance * np.fmax(1.0, np.abs(a))).all()
                largest = float(gaps.max()) if np.isfinite(gaps).all() else None
                yield name, *said, largest, WITHIN if fits else DIFFERENT


def values_of(path: Path) -> dict[str, str]:
    """What a table or a file of plain values says, as text by place; without times and names of machines."""
    if path.suffix == ".json":
        return dict(_flat(read_json(path)))
    table = pd.read_csv(path, dtype=str, keep_default_na=False)
    first = table.columns[0] if len(table.columns) else ""
    rows = table[first] if first and table[first].is_unique else table.index + 1
    results = [name for name in table if not NO_RESULT.search(name)]
    return {
        f"{row}, {name}": value
        for name in results
        for row, value in zip(rows, table[name], strict=True)
        if not _TIME.search(value)
    }


def _flat(value: Any, place: str = "") -> Iterator[tuple[str, str]]:
    """Each single value, as text, by its dotted place."""
    if isinstance(value, dict):
        for key, part in value.items():
            if not NO_RESULT.search(key):
                yield from _flat(part, f"{place}.{key}".lstrip("."))
    elif isinstance(value, list) and any(isinstance(part, dict | list) for part in value):
        for number, part in enumerate(value):
            yield from _flat(part, f"{place}.{number}")
    elif not _TIME.search(str(value)):
        yield place, str(value)
