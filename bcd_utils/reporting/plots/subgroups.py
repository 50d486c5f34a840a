"""Forest plot: sensitivity and specificity of a class in each subgroup, with intervals."""

from __future__ import annotations

from typing import Any

from matplotlib.figure import Figure

from bcd_utils.evaluation.subgroups import SMALL, Subgroups
from bcd_utils.reporting.plots import lettering, style

FEW = "#767676"
LOOKS = {
    "sensitivity": {"color": style.LOOKS[0].colour, "marker": "o"},
    "specificity": {"color": style.LOOKS[1].colour, "marker": "s"},
}
COUNTS = {"sensitivity": ("found", "positives"), "specificity": ("spared", "others")}


def forest(found: Subgroups, title: str = "") -> Figure:
    """Each subgroup's sensitivity and specificity on their intervals, under the name of its column, counts beside them.

    Shares of fewer than `evaluation.subgroups.SMALL` images are drawn grey and hollow.

    Parameters
    ----------
    found : Subgroups
    title : str
        Of whom it is said.
    """
    lines: list[dict[str, Any]] = []
    for column, rows in found.table.groupby("column", sort=False):
        lines += [{"heading": column}] if column else []
        lines += rows.to_dict("records")
    figure, [[panel]] = style.panels(0.9 + 0.26 * len(lines), width=style.COLUMN, lines="x")
    for place, line in enumerate(lines):
        for shift, (share, look) in zip((-0.17, 0.17), LOOKS.items(), strict=True):
            right, of = (line.get(name, 0) for name in COUNTS[share])
            if of:
                few = {"color": FEW, "fillstyle": "none"} if of < SMALL else {}
                style.score(panel, line, place + shift, share, markersize=4, **look | few)
                beside = {"xycoords": ("axes fraction", "data"), "size": style.SMALL}
                beside["color"] = FEW if few else look["color"]
                style.note(panel, f"{right:,} of {of:,}", (1, place + shift), (5, 0), **beside)
    for share, look in LOOKS.items():
        panel.axvline(
            found.table.loc[0, share], color=look["color"], linewidth=0.8, linestyle=(0, (3, 3)), zorder=1
        )
    names = [
        lettering.wrap(line.get("heading") or line["subgroup"], 1.1, style.SMALL, "bold") for line in lines
    ]
    panel.set_yticks(range(len(lines)), names)
    for tick, line in zip(panel.get_yticklabels(), lines, strict=True):
        tick.set_weight("bold" if "heading" in line else "normal")
    panel.tick_params(axis="y", length=0)
    panel.set(xlim=(-0.02, 1.02), ylim=(len(lines) - 0.4, -0.6))
    panel.set_xticks([0, 0.25, 0.5, 0.75, 1], ["0", "", "0.5", "", "1"])
    style.heading(panel, lettering.wrap(title, style.COLUMN - 1.7, style.LARGE, "bold"))
    named = {"sensitivity": f"{style.spaced(found.positive)} found", "specificity": "others spared"}
    handles = [style.sign(named[share], markersize=4, **look) for share, look in LOOKS.items()]
    handles.append(style.sign(f"fewer than {SMALL}", marker="o", color=FEW, fillstyle="none", markersize=4))
    style.key(figure, handles, ncols=2, handletextpad=0.1, columnspacing=1)
    of_all = found.table.iloc[0]
    said = (f"{of_all[right]} of {of_all[of]} {named[share]}" for share, (right, of) in COUNTS.items())
    figure.set_label(f"Of all images: {', '.join(said)}; {len(found.table) - 1} subgroups below.")
    return figure
