"""What is said of a case and of a threshold, as HTML in which no name is markup, and as JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from bcd_utils.evaluation.conformal import COVERAGE
from bcd_utils.evaluation.thresholds import at_threshold
from bcd_utils.explorer.case import Case
from bcd_utils.explorer.picture import address, thumbnail
from bcd_utils.prediction.columns import NOT_CLINICAL, decision
from bcd_utils.prediction.model import StudyModel
from bcd_utils.prediction.seen import MOST
from bcd_utils.reporting.html import rendered
from bcd_utils.reporting.plots.style import class_colours
from bcd_utils.study.set_titles import SET_TITLES

#: Labels (n,) and probabilities (n, k) by set.
BySet = Mapping[str, tuple[np.ndarray, np.ndarray]]


def said_of_case(model: StudyModel, case: Case, nearest: Sequence[Mapping[str, Any]]) -> str:
    """All that the model says of a case.

    Parameters
    ----------
    model : StudyModel
    case : Case
    nearest : sequence of mapping
        The nearest training images: ``id``, ``label`` and ``pixels``, uint8 (height, width, 3).
    """
    row, colours = case.row, class_colours(model.classes)
    return rendered(
        "explorer/case.html.j2",
        case=case,
        row=row,
        positive=model.positive,
        score=row[f"{model.positive}_score"],
        calibrated=row[f"calibrated_{model.positive}"],
        classes=[
            {"name": name, "colour": colours[name]}
            | {"trained": row[f"p_{name}"], "calibrated": row[f"calibrated_{name}"]}
            for name in model.classes
        ],
        decisions=[
            {"wanted": wanted, "threshold": threshold, "reached": row[decision(wanted)]}
            for wanted, threshold in model.networks[0].thresholds.items()
        ],
        nearest=[dict(each) | {"picture": address(thumbnail(each["pixels"]), "image/jpeg")} for each in nearest],
        coverage=f"{COVERAGE:.0%}",
        most=MOST,
    )  # fmt: skip


def rates(
    model: StudyModel, by_set: BySet, threshold: float, confidence: float
) -> dict[str, dict[str, dict[str, Any]]]:
    """What a threshold on the positive class's probability does on tuning and internal test set, by their titles."""
    column = model.classes.index(model.positive)
    return {
        SET_TITLES[name]: at_threshold(
            by_set[name][0] == column, by_set[name][1][:, column], threshold, confidence
        )
        for name in ("validation", "test")
    }


def said_of_threshold(
    model: StudyModel, by_set: BySet, threshold: float, confidence: float, case: Case | None
) -> str:
    """What a threshold does, and whether a case reaches it."""
    return rendered(
        "explorer/threshold.html.j2",
        positive=model.positive,
        threshold=threshold,
        chosen_for=[name for name, value in model.networks[0].thresholds.items() if value == threshold],
        score=case.row[f"{model.positive}_score"] if case else None,
        confidence=f"{confidence:.0%}",
        sets=[
            {"title": title, "rates": found}
            for title, found in rates(model, by_set, threshold, confidence).items()
        ],
    )


def below_picture(model: StudyModel, case: Case, heat: str) -> list[str]:
    """Lines that stand below the picture of a case, also where it is saved."""
    row = case.row
    named = case.name if len(case.name) <= 60 else f"{case.name[:57]}..."
    true = f"true class {case.label}, " if case.label else ""
    doubt = f"; not to be used: {row['abstain_because']}" if row["abstain"] else ""
    return [
        f"{named}: {true}predicted {row['predicted']} ({row['calibrated_' + row['predicted']]:.2f} calibrated){doubt}",
        *([heat] if heat else []),
        NOT_CLINICAL,
        *model.announcements,
    ]


def as_json(
    model: StudyModel,
    case: Case,
    threshold: float,
    by_set: BySet,
    confidence: float,
    shown: Mapping[str, Any],
) -> str:
    """A case as JSON: the row of `StudyModel.predict` with what its columns mean, and what was on the screen.

    Parameters
    ----------
    shown : mapping
        Method, class and opacity of the heat map.
    """
    network = model.networks[0]
    content = {
        "use": NOT_CLINICAL,
        "announcements": model.announcements,
        "study": network.run.study.title,
        "model": model.identity,
        "case": case.name,
        "set": case.group or None,
        "true_class": case.label or None,
        "prediction": dict(case.row),
        "meaning": {name: text for name, text in model.columns.items() if name in case.row},
        "thresholds": network.thresholds,
        "heat_map": dict(shown),
        "chosen_threshold": {"threshold": threshold, **rates(model, by_set, threshold, confidence)},
    }
    return json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def note(lines: Sequence[str]) -> str:
    """A notice that stands out."""
    return rendered("explorer/note.html.j2", lines=lines)
