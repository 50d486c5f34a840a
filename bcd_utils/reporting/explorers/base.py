"""Controls above a picture and what is to be said of it; a change of one draws both anew, and writes nothing."""

from __future__ import annotations

import base64
import html
import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from bcd_utils.study.figures import PAGE_DPI
from bcd_utils.study.run import Run

if TYPE_CHECKING:
    from ipywidgets import Widget

ALL = "all"


@dataclass(frozen=True)
class View:
    """What is shown of one choice.

    Attributes
    ----------
    facts : dict of str to str
        What is said of it, by what it is.
    figure : Figure or None
        None where nothing can be drawn.
    """

    facts: dict[str, str]
    figure: Figure | None = None

    @cached_property
    def png(self) -> bytes:
        """The picture's file; empty where there is none."""
        if self.figure is None:
            return b""
        content = io.BytesIO()
        self.figure.savefig(content, format="png", dpi=PAGE_DPI, facecolor="white")
        return content.getvalue()

    @property
    def text(self) -> str:
        """The facts as HTML."""
        said = (
            f"<b>{html.escape(name)}:</b> {html.escape(fact)}" for name, fact in self.facts.items() if fact
        )
        return "<br>".join(said)

    @property
    def told(self) -> str:
        """The facts in one sentence."""
        return ", ".join(f"{name} {fact}" for name, fact in self.facts.items() if fact)

    def _repr_html_(self) -> str:
        """The picture above its facts, for a viewer without widgets."""
        code = base64.b64encode(self.png).decode()
        picture = f'<img alt="{html.escape(self.told)}" src="data:image/png;base64,{code}">' if code else ""
        return f"{picture}<p>{self.text}</p>"

    def _repr_markdown_(self) -> str:
        return self.told

    def _repr_png_(self) -> tuple[bytes, dict[str, str]] | None:
        """The picture, which a report shows above its facts."""
        return (self.png, {"alt": self.told, "caption": self.told}) if self.figure else None


Show = Callable[..., View]
NOTHING = View({"none": "there is nothing of this kind"})


@dataclass(frozen=True)
class Rows:
    """A table to walk through, one row at a time, all rows or those of one kind.

    Attributes
    ----------
    table : pandas.DataFrame
        In the order in which it is walked through; column ``id`` finds a row.
    filters : dict of str to str
        Columns to choose a kind by, and what each is called.
    """

    table: pd.DataFrame
    filters: Mapping[str, str] = field(default_factory=dict)

    def chosen(self, **kinds: str) -> pd.DataFrame:
        """The rows of some kinds; `ALL` leaves a column open.

        Examples
        --------
        >>> rows = Rows(pd.DataFrame({"id": ["a", "b"], "label": ["benign", "normal"]}), {"label": "class"})
        >>> rows.chosen(label="normal")["id"].tolist(), rows.chosen(label=ALL)["id"].tolist()
        (['b'], ['a', 'b'])
        """
        found = self.table
        for column, kind in kinds.items():
            found = found if kind == ALL else found[found[column].astype(str) == kind]
        return found


def explorer(
    run: Run,
    show: Show,
    rows: Rows | None = None,
    choices: Mapping[str, Sequence[Any]] | None = None,
    buttons: Mapping[str, Callable[[pd.Series], str]] | None = None,
    first: Mapping[str, Any] | None = None,
) -> View | Live:
    """Something to click through where a run is explored; where it is made, its first view.

    Parameters
    ----------
    run : Run
    show : callable
        Takes what is chosen by name, and ``row`` where there are ``rows``; gives a `View`.
    rows : Rows, optional
        What is walked through.
    choices : mapping of name to sequence, optional
        What else can be chosen: of texts in a list, of numbers by a slider.
    buttons : mapping of str to callable, optional
        Each takes the row that is shown and returns what is then said of it; the next row follows.
    first : mapping, optional
        What is chosen at first, where it is not the first of the ``choices``.
    """
    begin = {name: values[0] for name, values in (choices or {}).items()} | dict(first or {})
    if run.target != run.folder:
        return Live(show, rows, choices or {}, buttons or {}, begin)
    if rows is None:
        return show(**begin)
    return show(row=rows.table.iloc[0], **begin) if len(rows.table) else NOTHING


class Live:
    """Controls, a picture and its facts, in a notebook that a person works in; parameters as for `explorer`."""

    def __init__(
        self,
        show: Show,
        rows: Rows | None,
        choices: Mapping[str, Sequence[Any]],
        buttons: Mapping[str, Callable[[pd.Series], str]],
        first: Mapping[str, Any],
    ):
        import ipywidgets

        self.show, self.rows = show, rows
        self.picture = ipywidgets.Image(
            format="png", layout={"max_width": "100%", "align_self": "flex-start"}
        )
        self.text = ipywidgets.HTML()
        self.message = ipywidgets.HTML()
        self.choices = {
            name: _control(ipywidgets, name, values, first[name]) for name, values in choices.items()
        }
        self.filters: dict[str, Any] = {}
        bars = [ipywidgets.HBox(list(self.choices.values()), layout={"flex_flow": "row wrap"})]
        if rows is not None:
            bars.insert(0, self._walk(ipywidgets, rows))
            bars.append(self._press(ipywidgets, buttons))
        for control in self.choices.values():
            control.observe(self._changed, names="value")
        self.box = ipywidgets.VBox([*bars, self.message, self.picture, self.text])
        self.draw()

    def _walk(self, ipywidgets: Any, rows: Rows) -> Widget:
        """The controls that lead from row to row."""
        for column, title in rows.filters.items():
            kinds = [ALL, *sorted(rows.table[column].astype(str).unique())]
            self.filters[column] = ipywidgets.Dropdown(description=title, options=kinds)
            self.filters[column].observe(self._filtered, names="value")
        self.place = ipywidgets.IntSlider(
            1, 1, max(1, len(rows.table)), description="number", continuous_update=False
        )
        self.place.observe(self._changed, names="value")
        self.find = ipywidgets.Combobox(
            description="find", placeholder="an id", options=rows.table["id"].astype(str).tolist()
        )
        self.find.observe(self._found, names="value")
        self.before = ipywidgets.Button(
            icon="chevron-left", tooltip="the one before", layout={"width": "40px"}
        )
        self.after = ipywidgets.Button(icon="chevron-right", tooltip="the next", layout={"width": "40px"})
        self.before.on_click(lambda _: self.step(-1))
        self.after.on_click(lambda _: self.step(1))
        parts = [*self.filters.values(), self.place, self.before, self.after, self.find]
        return ipywidgets.HBox(parts, layout={"flex_flow": "row wrap"})

    def _press(self, ipywidgets: Any, buttons: Mapping[str, Callable[[pd.Series], str]]) -> Widget:
        """The buttons that say something of a row."""
        self.buttons = {name: ipywidgets.Button(description=name) for name in buttons}
        for name, button in self.buttons.items():
            button.on_click(partial(self._judged, buttons[name]))
        return ipywidgets.HBox(list(self.buttons.values()))

    @property
    def found(self) -> pd.DataFrame:
        """The rows of the kinds that are chosen."""
        assert self.rows is not None
        return self.rows.chosen(**{column: control.value for column, control in self.filters.items()})

    def step(self, by: int) -> None:
        """Go so many rows on, as far as there are any."""
        self.place.value = int(np.clip(self.place.value + by, self.place.min, self.place.max))

    def draw(self) -> None:
        """Show what is chosen."""
        chosen: dict[str, Any] = {name: control.value for name, control in self.choices.items()}
        place = ""
        if self.rows is not None:
            found = self.found
            chosen["row"] = found.iloc[self.place.value - 1] if len(found) else None
            place = f"{self.place.value} of {len(found)}<br>"
        nothing = self.rows is not None and chosen["row"] is None
        self.view = NOTHING if nothing else self.show(**chosen)
        self.picture.value, self.text.value = self.view.png, ("" if nothing else place) + self.view.text
        self.picture.layout.display = None if self.view.figure else "none"

    def _changed(self, _: Any) -> None:
        self.message.value = ""
        self.draw()

    def _filtered(self, _: Any) -> None:
        self.place.max = max(1, len(self.found))  # which draws where it moves the place
        if self.place.value == 1:
            self._changed(None)
        self.place.value = 1

    def _found(self, change: Any) -> None:
        assert self.rows is not None
        ids = self.found["id"].astype(str).tolist()
        if change["new"] in ids:
            self.place.value = 1 + ids.index(change["new"])
        elif change["new"] in self.rows.table["id"].astype(str).tolist():
            self.message.value = "It is not of the kinds that are chosen above."

    def _judged(self, say: Callable[[pd.Series], str], _: Any) -> None:
        if not len(self.found):
            return
        said = say(self.found.iloc[self.place.value - 1])
        self.step(1)
        self.draw()
        self.message.value = html.escape(said)

    def _repr_mimebundle_(self, **_: Any) -> Any:
        bundle = self.box._repr_mimebundle_()
        data, metadata = bundle if isinstance(bundle, tuple) else (bundle, {})
        plain = {
            "text/plain": "Controls to click through, in JupyterLab.",
            "text/html": self.view._repr_html_(),
        }
        return data | plain, metadata


def _control(ipywidgets: Any, name: str, values: Sequence[Any], first: Any) -> Widget:
    """A slider over numbers, a list of anything else."""
    given = {"description": name, "value": first}
    if all(isinstance(value, int | float | np.number) for value in values):
        named = [(f"{value:g}", value) for value in values]
        return ipywidgets.SelectionSlider(options=named, continuous_update=False, **given)
    return ipywidgets.Dropdown(options=list(values), **given)
