"""How numbers are written, everywhere: `number`, `with_interval`, and numbers as publications round them.

One notation, ``0.735 [0.703, 0.769]``, with three decimals and a true minus sign; what is not known is a dash,
and an interval that is not known is left out.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np

if TYPE_CHECKING:
    import pandas as pd

Bounds = Mapping[str, Any]
DIGITS = 3
MISSING = "–"
NO_INTERVAL = "(no interval)"  # where it was asked for and nothing is known of the spread
HAIR = 1e-9  # what arithmetic may add to a value that lies exactly on the edge


def number(value: float | None, digits: int = DIGITS, sign: str = "") -> str:
    """A number with fixed decimals and thousands apart; a dash where it is None, NaN or no number.

    Parameters
    ----------
    value : float or None
    digits : int
        Decimals.
    sign : {"", "+"}
        "+" for changes: positive ones are marked too.

    Examples
    --------
    >>> number(0.5), number(-0.25, sign="+"), number(0.25, 1, "+"), number(None), number(float("nan"))
    ('0.500', '−0.250', '+0.2', '–', '–')
    """
    if not isinstance(value, int | float | np.number) or np.isnan(value):
        return MISSING
    return f"{value:{sign}z,.{digits}f}".replace("-", "−")


def interval(low: float | None, high: float | None, digits: int = DIGITS, sign: str = "") -> str:
    """The ends of an interval in brackets; nothing where one is not known.

    Examples
    --------
    >>> interval(0.703, 0.7689), interval(None, None)
    ('[0.703, 0.769]', '')
    """
    ends = number(low, digits, sign), number(high, digits, sign)
    return "" if MISSING in ends else f"[{', '.join(ends)}]"


def with_interval(bounds: Bounds | None, digits: int = DIGITS, sign: str = "", name: str = "value") -> str:
    """A value with its interval, as far as they are known.

    Parameters
    ----------
    bounds : mapping, pandas.Series or None
        ``value``, ``low`` and ``high``; any may be missing, None or NaN.
    digits, sign
        As in `number`.
    name : str
        Another name of the value, whose ends then are ``<name>_low`` and ``<name>_high``, as in a row of a table.

    Examples
    --------
    >>> with_interval({"value": 0.735, "low": 0.703, "high": 0.769}), with_interval({"value": 0.5})
    ('0.735 [0.703, 0.769]', '0.500')
    >>> with_interval({"value": 1.0, "low": None, "high": None})
    '1.000 (no interval)'
    >>> with_interval({"kappa": -0.1, "kappa_low": -0.2, "kappa_high": 0.05}, sign="+", name="kappa")
    '−0.100 [−0.200, +0.050]'
    >>> with_interval({"value": None}), with_interval(None)
    ('–', '–')
    """
    given = {} if bounds is None else bounds
    value, low, high = value_and_ends(given, name)
    text, ends = number(value, digits, sign), interval(low, high, digits, sign)
    if text == MISSING or (not ends and ("low" if name == "value" else f"{name}_low") not in given):
        return text
    return f"{text} {ends or NO_INTERVAL}"


def value_and_ends(bounds: Bounds, name: str = "value") -> tuple[float | None, ...]:
    """Value, low and high, None where one is missing; parameters as for `with_interval`."""
    prefix = "" if name == "value" else f"{name}_"
    return tuple(bounds.get(key) for key in (name, f"{prefix}low", f"{prefix}high"))


def in_columns(intervals: Mapping[str, Bounds]) -> dict[str, Any]:
    """Several intervals as a row of a table: ``<name>``, ``<name>_low`` and ``<name>_high`` each.

    Examples
    --------
    >>> in_columns({"kappa": {"value": 0.5, "low": 0.4, "high": None}})
    {'kappa': 0.5, 'kappa_low': 0.4, 'kappa_high': None}
    """
    endings = {"value": "", "low": "_low", "high": "_high"}
    return {name + endings[end]: bounds[end] for name, bounds in intervals.items() for end in endings}


def span(low: float, high: float, digits: int = DIGITS) -> str:
    """The two ends of a range, or one number where they are the same.

    Examples
    --------
    >>> span(0.9, 0.9, 2), span(0.9, 0.95, 2), span(1, 1200, 0)
    ('0.90', '0.90 to 0.95', '1 to 1,200')
    """
    return " to ".join(dict.fromkeys((number(low, digits), number(high, digits))))


def p_value(value: float) -> str:
    """A p-value with four decimals.

    Examples
    --------
    >>> p_value(0.03125), p_value(1e-9), p_value(float("nan"))
    ('0.0312', '<0.0001', '–')
    """
    return "<0.0001" if value < 1e-4 else number(value, 4)


def as_text(table: pd.DataFrame, columns: Mapping[str, str]) -> pd.DataFrame:
    """A table of numbers for reading.

    Parameters
    ----------
    table : pandas.DataFrame
        With ``<column>_low`` and ``<column>_high`` where there are intervals.
    columns : mapping of column to heading
        Those to show, in order. Those that end in ``_p`` hold p-values; of others without an interval, counts are
        shown without decimals.
    """
    import pandas as pd

    shown = {}
    for column, heading in columns.items():
        values = table[column] if column in table else pd.Series(dtype=float)
        if f"{column}_low" in table:
            shown[heading] = [with_interval(row, name=column) for _, row in table.iterrows()]
        elif column.endswith("_p"):
            shown[heading] = [p_value(value) for value in values]
        else:
            whole = not ((values.abs() < 1).all() and values.dtype == float)
            shown[heading] = [number(value, 0 if whole else DIGITS) for value in values]
    return pd.DataFrame(shown, index=table.index)


def plain_rows(table: pd.DataFrame, by: Literal["index", "records"] = "index") -> Any:
    """A table's rows as plain values for JSON, None where undefined: by index, or as a list.

    Examples
    --------
    >>> import pandas as pd
    >>> plain_rows(pd.DataFrame({"kappa": [0.5, float("nan")]}, index=["first", "second"]))
    {'first': {'kappa': 0.5}, 'second': {'kappa': None}}
    """
    return table.astype(object).where(table.notna(), None).to_dict(by)


class Rounded(NamedTuple):
    """A rounded number: its value, and the unit of its last digit."""

    value: float
    unit: float

    @classmethod
    def read(cls, text: str | float) -> Rounded:
        """Read "0.9402" or "94.02%".

        Raises
        ------
        ValueError
            If it is no number.

        Examples
        --------
        >>> Rounded.read("0.8430")
        Rounded(value=0.843, unit=0.0001)
        >>> Rounded.read("94.0%")
        Rounded(value=0.94, unit=0.001)
        """
        words = str(text).strip()
        try:
            decimal = Decimal(words.removesuffix("%"))
        except InvalidOperation:
            decimal = Decimal("nan")
        if not decimal.is_finite():
            raise ValueError(f"{text!r} is no number")
        if words.endswith("%"):
            decimal = decimal.scaleb(-2)
        return cls(float(decimal), float(Decimal(1).scaleb(int(decimal.as_tuple().exponent))))

    def bounds(self, rounding: str) -> tuple[float, float]:
        """Lowest and highest value that is printed so.

        Parameters
        ----------
        rounding : {"nearest", "down", "up"}
            As `decimal` has them: down cuts digits off, towards 0; up moves away from 0. To the nearest, a half may
            have gone either way.

        Examples
        --------
        >>> printed = Rounded.read("0.94")
        >>> [[round(end, 3) for end in printed.bounds(rounding)] for rounding in ("nearest", "down", "up")]
        [[0.935, 0.945], [0.94, 0.95], [0.93, 0.94]]
        """
        if rounding == "nearest":
            return self.value - self.unit / 2 - HAIR, self.value + self.unit / 2 + HAIR
        size, width = abs(self.value), max(self.unit - HAIR, HAIR)  # where the next number begins is left out
        least, most = (size - HAIR, size + width) if rounding == "down" else (size - width, size + HAIR)
        if not self.value:
            return -most, most  # for "up" 0 alone
        return (least, most) if self.value > 0 else (-most, -least)
