"""Controls, picture and answers on one screen, for JupyterLab and Voila; a change draws anew and writes nothing."""

from __future__ import annotations

import traceback
from collections.abc import Callable
from typing import Any

import ipywidgets as widgets

from bcd_utils.datasets.files import IMAGE_SUFFIXES
from bcd_utils.explorer.case import Case, case_of_run
from bcd_utils.explorer.collection import ALL, CONFIDENCE, RIGHT, WRONG, YOURS, Collection, chosen
from bcd_utils.explorer.limits import LIMITS, MOST_FILES
from bcd_utils.explorer.picture import address, as_jpeg, as_png, drawn, sheet
from bcd_utils.explorer.uploads import cases_of_uploads
from bcd_utils.explorer.words import as_json, below_picture, note, said_of_case, said_of_threshold
from bcd_utils.prediction.columns import NOT_CLINICAL
from bcd_utils.prediction.heat_maps import METHODS
from bcd_utils.reporting.html import rendered
from bcd_utils.reporting.plots.heat_maps import MOST_OPAQUE
from bcd_utils.study.set_titles import SET_TITLES
from bcd_utils.utils.paths import TEMPLATES

PREDICTED, NO_MAP = "predicted class", "none"
KEPT = 32  # cases that are not computed again
WRAPPED = {"flex_flow": "row wrap", "align_items": "center"}
BESIDE = {"flex_flow": "row wrap", "align_items": "flex-start", "grid_gap": "0 24px"}
LABELLED = {"description_width": "initial"}


class Screen:
    """What a person looks at.

    Parameters
    ----------
    collection : Collection
    """

    def __init__(self, collection: Collection):
        self.collection, self.model = collection, collection.model
        self.confidence_level = collection.run.study.confidence
        self.own: list[Case] = []
        self.kept: dict[int, Case] = {}
        self.at = 0
        self.case: Case | None = None
        self.holding = False  # while controls are set by the program
        self._make_controls()
        self.message, self.count, self.picture, self.facts, self.told, self.links = (
            widgets.HTML() for _ in range(6)
        )
        self.box = self._laid_out()
        self._watch()
        self._choose()

    def _make_controls(self) -> None:
        table, classes = self.collection.table, self.model.classes
        sets = [title for title in reversed(SET_TITLES.values()) if (table["set"] == title).any()]
        self.set = _list("set", [*sets, YOURS])
        self.label = _list("class", [ALL, *classes])
        self.verdict = _list("right or wrong", [ALL, RIGHT, WRONG])
        self.confidence = _list("confidence", [*CONFIDENCE])
        self.find = widgets.Combobox(
            description="id", placeholder="type an id", options=table["id"].tolist(), continuous_update=False,
            style=LABELLED,
        )  # fmt: skip
        self.before, self.after = (widgets.Button(description=name) for name in ("previous", "next"))
        self.upload = widgets.FileUpload(
            description="choose images",
            accept=",".join(sorted(IMAGE_SUFFIXES)),
            multiple=True,
            layout={"width": "auto"},
        )
        self.method = _list("heat map", [*METHODS, NO_MAP])
        self.of_class = _list("for", [PREDICTED, *classes])
        self.opacity = widgets.FloatSlider(
            MOST_OPAQUE, min=0, max=1, step=0.05, description="opacity", continuous_update=False
        )
        recorded = [*self.model.networks[0].thresholds.values()]
        steps = sorted({step / 100 for step in range(101)} | {*recorded})
        named = [(f"{step:.3f}" if step in recorded else f"{step:.2f}", step) for step in steps]
        self.threshold = widgets.SelectionSlider(
            options=named, value=(recorded or [0.5])[0], description="threshold", continuous_update=False,
            layout={"width": "min(100%, 460px)"}, readout=True,
        )  # fmt: skip
        self.save = widgets.Button(
            description="make files of this view", layout={"width": "auto", "align_self": "flex-start"}
        )

    def _laid_out(self) -> widgets.Widget:
        style = (TEMPLATES / "explorer" / "style.css").read_text(encoding="utf-8")
        notice = note([NOT_CLINICAL, *self.model.announcements])
        walk = [
            self.set,
            self.label,
            self.verdict,
            self.confidence,
            self.find,
            self.before,
            self.after,
            self.count,
        ]
        limits = widgets.HTML(
            rendered("explorer/note.html.j2", lines=[], plain=f"At most {LIMITS}; not kept.")
        )
        columns = {"flex": "1 1 340px", "min_width": "0", "max_width": "760px"}
        heat = widgets.HBox([self.method, self.of_class, self.opacity], layout=WRAPPED)
        left = widgets.VBox([self.picture, _heading("Heat map"), heat], layout=columns)
        right = widgets.VBox([self.facts], layout=columns)
        parts = [
            widgets.HTML(f"<style>{style}</style>{notice}"),
            _heading("Choose a case of the run"), widgets.HBox(walk, layout=WRAPPED),
            _heading("Or your own images"), widgets.HBox([self.upload, limits], layout=WRAPPED),
            self.message,
            widgets.HBox([left, right], layout=BESIDE),
            _heading("Move the threshold"), self.threshold, self.told,
            _heading("Save"), self.save, self.links,
        ]  # fmt: skip
        box = widgets.VBox(parts, layout={"width": "100%", "overflow": "hidden"})
        box.add_class("bcd-screen")
        return box

    def _watch(self) -> None:
        for control in (self.set, self.label, self.verdict, self.confidence):
            control.observe(self._safely(self._choose), names="value")
        for control in (self.method, self.of_class, self.opacity):
            control.observe(self._safely(self._draw), names="value")
        self.threshold.observe(self._safely(self._decide), names="value")
        self.find.observe(self._safely(self._found), names="value")
        self.upload.observe(self._safely(self._uploaded), names="value")
        self.before.on_click(self._safely(lambda: self._step(-1)))
        self.after.on_click(self._safely(lambda: self._step(1)))
        self.save.on_click(self._safely(self._saved))

    def _safely(self, act: Callable[[], None]) -> Callable[[Any], None]:
        """An action that tells on the screen what goes wrong, which a widget would keep to itself."""

        def acting(_: Any) -> None:
            if self.holding:
                return
            self.message.value = self.links.value = ""
            try:
                act()
            except Exception as error:  # noqa: BLE001 - a reader of images may raise anything
                traceback.print_exc()
                self.say(f"This could not be done: {str(error) or type(error).__name__}")

        return acting

    def say(self, *lines: str) -> None:
        """Show a message above the picture."""
        self.message.value = note(lines)

    # -- choosing -----------------------------------------------------------------------------------

    @property
    def found(self) -> list[int]:
        """Places of the cases of the kinds that are chosen, in the run's images or among a person's own."""
        if self.set.value == YOURS:
            return list(range(len(self.own)))
        kinds = {"set": self.set.value, "label": self.label.value, "verdict": self.verdict.value}
        return chosen(self.collection.table, self.confidence.value, **kinds)["place"].tolist()

    def _choose(self, at: int = 0) -> None:
        """Show one of the cases that are found; the first, unless told otherwise."""
        found = self.found
        self.at, self.case = at, None
        for control in (self.label, self.verdict, self.confidence):
            control.disabled = self.set.value == YOURS
        self.before.disabled, self.after.disabled = at == 0, at + 1 >= len(found)
        self.count.value = f"{at + 1} of {len(found)}" if found else "no case of this kind"
        self.picture.value = self.facts.value = ""
        if found:
            self.case = self.own[found[at]] if self.set.value == YOURS else self._of_run(found[at])
            case, nearest = self.case, self.collection.nearest(self.case)
            self.facts.value = said_of_case(self.model, case, nearest)
        self._draw()
        self._decide()

    def _of_run(self, place: int) -> Case:
        if place not in self.kept:
            if len(self.kept) >= KEPT:
                self.kept.pop(next(iter(self.kept)))
            self.kept[place] = case_of_run(self.model, self.collection.images, place)
        return self.kept[place]

    def _step(self, by: int) -> None:
        if 0 <= self.at + by < len(self.found):
            self._choose(self.at + by)

    def _found(self) -> None:
        table = self.collection.table
        places = table[table["id"] == self.find.value]
        if not len(places):
            if self.find.value:
                self.say(f"No case of the run has the id {self.find.value}.")
            return
        group, place = places.iloc[0][["set", "place"]]
        self._set({self.set: group, self.label: ALL, self.verdict: ALL, self.confidence: ALL})
        self._choose(self.found.index(place))

    def _set(self, values: dict[widgets.Widget, Any]) -> None:
        """Set controls without drawing at each of them."""
        self.holding = True
        for control, value in values.items():
            control.value = value
        self.holding = False

    def _uploaded(self) -> None:
        files = self.upload.value
        if not files:
            return
        self._set({self.upload: ()})  # the files' bytes are not kept
        refused, read = [], 0
        for name, case in cases_of_uploads(self.model, files):
            if isinstance(case, Case):
                self.own, read = [*self.own, case][-MOST_FILES:], read + 1
            else:
                refused.append(f"{name}: {case}")
        if read:
            self._set({self.set: YOURS})
            self._choose(len(self.own) - read)
        if refused:
            self.say(*refused)

    # -- showing ------------------------------------------------------------------------------------

    @property
    def shown(self) -> dict[str, Any]:
        """Method, class and opacity of the heat map; nothing where there is none."""
        if self.case is None or self.method.value == NO_MAP:
            return {}
        label = self.case.row["predicted"] if self.of_class.value == PREDICTED else self.of_class.value
        return {"method": self.method.value, "class": label, "opacity": self.opacity.value}

    def _draw(self) -> None:
        case, shown = self.case, self.shown
        if case is None:
            return
        cam, heat = None, ""
        if shown:
            cam = case.heat(self.model, shown["method"], shown["class"])
            heat = f"Heat map: {shown['method']} for {shown['class']}" + (
                "" if cam.max() > 0 else ", zero everywhere"
            )
        self.lines = below_picture(self.model, case, heat)
        self.sheet = sheet(drawn(case, cam, shown.get("opacity", 0)), self.lines)
        source = address(as_jpeg(self.sheet), "image/jpeg")
        self.picture.value = rendered("explorer/picture.html.j2", source=source, told=" ".join(self.lines))

    def _decide(self) -> None:
        threshold, by_set = self.threshold.value, self.collection.by_set
        self.told.value = said_of_threshold(self.model, by_set, threshold, self.confidence_level, self.case)

    def _saved(self) -> None:
        if self.case is not None:
            self.links.value = rendered("explorer/links.html.j2", files=self.files())

    def files(self) -> dict[str, str]:
        """What can be kept of the view, as addresses by the files' names."""
        assert self.case is not None
        by_set, shown = self.collection.by_set, self.shown
        told = as_json(self.model, self.case, self.threshold.value, by_set, self.confidence_level, shown)
        return {
            "view.png": address(as_png(self.sheet, " ".join(self.lines)), "image/png"),
            "case.json": address(told.encode(), "application/json"),
        }

    def _repr_mimebundle_(self, **_: Any) -> Any:
        bundle = self.box._repr_mimebundle_()
        data, metadata = bundle if isinstance(bundle, tuple) else (bundle, {})
        plain = {
            "text/plain": "Controls to click through, in JupyterLab.",
            "text/html": self.picture.value + self.facts.value,
        }
        return data | plain, metadata


def _list(name: str, options: list[str]) -> widgets.Dropdown:
    return widgets.Dropdown(description=name, options=options, style=LABELLED, layout={"width": "auto"})


def _heading(text: str) -> widgets.HTML:
    return widgets.HTML(f"<h2 style='margin:0.8em 0 0.2em;font-size:1.15em'>{text}</h2>")
