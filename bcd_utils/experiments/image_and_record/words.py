"""What the numbers of image and record allow to say."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bcd_utils.evaluation.format import with_interval
from bcd_utils.evaluation.verdicts import NOT_TESTED, SUPPORTED

OPINION = (
    "Columns that were read from the image are another reader's opinion of the same image, not a covariate: they are "
    "never mixed with what was known before it, and stand apart in every table."
)


def said_of_scores(made: Mapping[str, Any]) -> str:
    """What each arm's area says, and what fusion gains, a line an arm."""
    area = f"roc_auc_{made['positive']}"
    lines = []
    for name, title in made["arms"].items():
        value = made["scores"][name][area]
        text = f"- **{title}**: AUC of {made['positive']} against the rest {with_interval(value)}"
        if name != made["reference"]:
            gain, against = made["gains"][name], made["arms"][made["reference"]]
            text += f", {with_interval(gain, sign='+', name='gain')} against “{against}”"
        lines.append(f"{text}.")
    return "\n".join(lines)


def said_of_claim(made: Mapping[str, Any]) -> str:
    """Whether fusion gained anything, in a sentence."""
    claim = made["claim"]
    if claim["this run's network"] == NOT_TESTED:
        return f"Whether the record adds to the image is not tested: {claim['evidence']}."
    found = claim["this run's network"] == SUPPORTED
    return f"What is known before the image {'adds' if found else 'is not shown to add'} to it. {claim['evidence']}."


def said_of_published(made: Mapping[str, Any]) -> str:
    """What the published split is, and whether patients are on both sides of it."""
    published = made["published"]
    if published is None:
        return "No split is published with these images, or a class lacks patients in one of its sets."
    crossing = published["crossing_patients"]
    text = f"Learned on the published training set, tested on {published['images']:,} images of the published test set"
    if not crossing:
        return f"{text}; no patient is in both."
    return f"{text}. **Leak**: {crossing} patients are in both, as published, and these scores flatter."
