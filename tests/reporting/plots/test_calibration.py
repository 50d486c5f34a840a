"""Reliability diagrams and decision curves: nothing cut off, and the numbers they were given."""

from __future__ import annotations

import re

import numpy as np
import pytest
from figures import CLASSES, SUBTYPES, drawn, strings
from matplotlib.colors import to_hex
from matplotlib.patches import Polygon

from bcd_utils.evaluation.calibration import apply_temperature, reliability_tables
from bcd_utils.evaluation.decision_curves import decision_curve
from bcd_utils.evaluation.selective import risk_coverage
from bcd_utils.reporting.plots import calibration, style

pytestmark = pytest.mark.filterwarnings("error")


def tables(classes=CLASSES, images=200, bins=5, after=True):
    rng = np.random.default_rng(0)
    probabilities = rng.dirichlet(np.ones(len(classes)), images)
    labels = rng.integers(0, len(classes), images)
    states = {"as predicted": probabilities}
    states |= {"temperature 1.43": apply_temperature(probabilities, 1.43)} if after else {}
    return {name: reliability_tables(labels, rows, classes, bins) for name, rows in states.items()}


def curves(after=True, images=60):
    rng = np.random.default_rng(0)
    positive = np.arange(images) % 3 == 0
    probabilities = (rng.random(images) + positive).clip(0, 1.9) / 2
    states = {"as predicted": probabilities} | ({"temperature 1.43": probabilities**2} if after else {})
    return {name: decision_curve(positive, values, samples=20) for name, values in states.items()}


def risks(images=60, wrong=0.3):
    rng = np.random.default_rng(0)
    probabilities = rng.dirichlet([1, 1, 1], images)
    labels = np.where(
        rng.random(images) < wrong, (probabilities.argmax(axis=1) + 1) % 3, probabilities.argmax(axis=1)
    )
    return risk_coverage(labels, probabilities)


FIGURES = {
    "reliability": lambda: calibration.reliability(tables()),
    "reliability, one state": lambda: calibration.reliability(tables(after=False)),
    "reliability, one image": lambda: calibration.reliability(tables(images=1)),
    "reliability, subtypes": lambda: calibration.reliability(tables(SUBTYPES, bins=10)),
    "reliability, thousands": lambda: calibration.reliability(tables(images=5000)),
    "decision curves": lambda: calibration.decision_curves(curves(), "biopsy"),
    "decision curves, one model": lambda: calibration.decision_curves(curves(after=False)),
    "decision curves, one image": lambda: calibration.decision_curves(curves(images=1)),
    "risk and coverage": lambda: calibration.risk_coverage(risks()),
    "risk and coverage, no error": lambda: calibration.risk_coverage(risks(wrong=0)),
    "risk and coverage, one image": lambda: calibration.risk_coverage(risks(images=1, wrong=1)),
}


@pytest.fixture(scope="module", params=FIGURES)
def figure(request):
    return drawn(FIGURES[request.param]())


def test_what_is_seen_is_said_in_a_sentence(figure):
    assert re.search(r"\.$", figure.get_label()) and not re.search(r"\bnan\b", figure.get_label())


def test_reliability_shows_every_bin_its_interval_and_its_images():
    given = tables()
    figure = calibration.reliability(given)
    assert [panel.get_title() for panel in figure.axes[:4]] == ["predicted class", *CLASSES]
    for name, upper, lower in zip(given["as predicted"], figure.axes[:4], figure.axes[4:], strict=True):
        spans, dots = upper.collections[::2], upper.collections[1::2]
        steps = [patch for patch in lower.patches if isinstance(patch, Polygon)]
        for of_state, points, lines, step in zip(given.values(), dots, spans, steps, strict=True):
            table = of_state[name]
            np.testing.assert_allclose(points.get_offsets(), table[["probability", "share"]])
            assert np.argmax(points.get_sizes()) == table["images"].argmax()
            ends = [segment[:, 1] for segment in lines.get_segments()]
            np.testing.assert_allclose(ends, table[["low", "high"]])
            assert step.get_xy()[:, 1].max() == table["images"].max()
    assert {"as predicted", "temperature 1.43", "as it should be"} <= set(strings(drawn(figure)))


def test_decision_curves_show_models_all_none_and_the_last_ones_interval():
    given = curves()
    panel = calibration.decision_curves(given, "biopsy").axes[0]
    lines = {line.get_label(): line.get_ydata() for line in panel.lines}
    assert list(lines) == ["biopsy all", "biopsy none", "as predicted", "temperature 1.43"]
    last = given["temperature 1.43"]
    for name, expected in {
        "biopsy all": last["treat_all"],
        "biopsy none": last["treat_none"],
        "as predicted": given["as predicted"]["model"],
        "temperature 1.43": last["model"],
    }.items():
        np.testing.assert_array_equal(lines[name], expected)
    (band,) = panel.collections
    edges = np.concatenate([path.vertices[:, 1] for path in band.get_paths()])
    assert (edges.min(), edges.max()) == (last["low"].min(), last["high"].max())
    assert panel.get_ylim()[1] > last["high"].max()


def test_risk_is_drawn_beside_the_best_and_the_random_order():
    given = risks()
    best, random, model = calibration.risk_coverage(given).axes[0].lines
    np.testing.assert_array_equal(model.get_xydata(), given[["coverage", "risk"]])
    assert set(random.get_ydata()) == {given["risk"].iloc[-1]}
    kept, risk = best.get_data()
    right = (
        1 - given["risk"].iloc[-1]
    )  # of all images; when all of them are kept, each further one is an error
    np.testing.assert_allclose(risk, np.where(kept <= right, 0, (kept - right) / kept), atol=1e-12)


def test_colours_are_not_those_of_a_class():
    used = {line.get_color() for line in calibration.decision_curves(curves()).axes[0].lines}
    used |= {
        to_hex(span.get_edgecolor()[0]) for span in calibration.reliability(tables()).axes[0].collections[::2]
    }
    taken = {look.colour.lower() for look in style.LOOKS[:3]} | {
        colour.lower() for colour in style.SET_COLOURS.values()
    }
    assert not {str(colour).lower() for colour in used} & taken


def test_one_models_curve_looks_like_the_last():
    alone, both = (calibration.decision_curves(curves(after)).axes[0].lines[-1] for after in (False, True))
    assert (alone.get_color(), alone.get_linestyle()) == (both.get_color(), both.get_linestyle())
