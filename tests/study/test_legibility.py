"""What keeps a text from being read is found, and nothing else."""

from __future__ import annotations

import pytest
from matplotlib.figure import Figure

from bcd_utils.study.legibility import faults


def drawn(change, width=3.5):
    """Faults of a figure with one panel in its middle, after a change."""
    figure = Figure(figsize=(width, 3))
    panel = figure.add_axes((0.3, 0.3, 0.4, 0.4), xticks=[], yticks=[0, 1])
    panel.tick_params(labelsize=7)
    panel.set_ylim(0, 1)
    change(figure, panel)
    figure.draw_without_rendering()
    return faults(figure)


WELL = {
    "as it is": lambda figure, panel: None,
    "a text in the panel": lambda figure, panel: panel.text(0.5, 0.5, "inside", size=7, ha="center"),
    "lines of a text": lambda figure, panel: figure.text(0.1, 0.9, "one\ntwo", size=9, va="top"),
    "texts beside one another": lambda figure, panel: [
        figure.text(x, 0.9, "one", size=8) for x in (0.1, 0.3)
    ],
    "hidden": lambda figure, panel: panel.text(5, 5, "far away", size=20, visible=False),
    "empty": lambda figure, panel: panel.text(5, 5, "  ", size=20),
    "a tick out of view": lambda figure, panel: panel.set_ylim(0, 0.5),
    "a panel without axes": lambda figure, panel: (panel.set_axis_off(), panel.text(0, 0.5, "x", size=7)),
    "slanted": lambda figure, panel: [figure.text(x, 0.8, "long", size=7, rotation=45) for x in (0.1, 0.14)],
    "other letters": lambda figure, panel: figure.text(0.1, 0.9, "доброкачественная κακοήθης ₂", size=7),
}

ILL = {
    "'small' has 6.5 points": lambda figure, panel: figure.text(0.1, 0.9, "small", size=6.5),
    "'large' has 10 points": lambda figure, panel: figure.text(0.1, 0.9, "large", size=10),
    "'left' is cut off": lambda figure, panel: figure.text(-0.02, 0.9, "left", size=8),
    "'right' is cut off": lambda figure, panel: figure.text(0.97, 0.9, "right", size=8),
    "'above' is cut off": lambda figure, panel: figure.text(0.1, 0.99, "above", size=8),
    "'one' lies over 'two'": lambda figure, panel: [
        figure.text(0.1, 0.9, text, size=8) for text in ("one", "two")
    ],
    "'edge' lies over the edge of a panel": lambda figure, panel: panel.text(
        1, 0.5, "edge", size=8, ha="center"
    ),
    "'良' has letters that the font lacks: 良": lambda figure, panel: figure.text(0.1, 0.9, "良", size=8),
}


@pytest.mark.parametrize("case", WELL)
def test_what_can_be_read_has_no_fault(case):
    assert drawn(WELL[case]) == []


@pytest.mark.filterwarnings("ignore:Glyph")
@pytest.mark.parametrize("fault", ILL)
def test_what_cannot_be_read_is_named(fault):
    assert drawn(ILL[fault]) == [fault]


@pytest.mark.parametrize(("width", "found"), [(7.2, []), (5, ["5 inches wide"])])
def test_a_figure_is_as_wide_as_a_page_or_a_column(width, found):
    assert drawn(WELL["as it is"], width) == found
