"""What the curves allow to say."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bcd_utils.evaluation.format import number, with_interval
from bcd_utils.evaluation.verdicts import NOT_TESTED, REFUTED, SUPPORTED
from bcd_utils.experiments.fewer_labels.declared import FLOOR
from bcd_utils.utils.words import enumerated

VERDICTS = {
    SUPPORTED: "Unlabelled images are shown to replace labels",
    REFUTED: "Unlabelled images cost rather than gain, at every number of labels",
    NOT_TESTED: "Whether unlabelled images replace labels was not tested",
}


def full_of(made: Mapping[str, Any]) -> Mapping[str, Any]:
    """The row of the curve that has all labels."""
    return made["curve"][-1]


def said_of_needed(made: Mapping[str, Any], way: str = FLOOR) -> str:
    """How many labels a way needs, in a sentence."""
    needed, full = made["needed"][way], full_of(made)
    value = needed["lesions"]
    enough = f"{made['enough']:.0%} of the AUC of all labels ({number(full['auc'])} with {full['lesions']:.0f} lesions)"
    title = made["ways"][way].capitalize()
    if value is None:
        return f"{title}: {enough} was not reached."
    fewest = min(row["lesions"] for row in made["curve"] if row["way"] == way)
    text = f"{title}: {enough} takes {with_interval(needed, 0, name='lesions')} labelled lesions"
    least = needed["lesions_low"] is not None and needed["lesions_low"] <= fewest
    return f"{text}, or fewer: {fewest:.0f} is the fewest that was tried." if least else f"{text}."


def said_of_gains(made: Mapping[str, Any]) -> str:
    """Where each rival gains and where it loses, a line a rival."""
    lines = []
    for way in dict.fromkeys(row["way"] for row in made["gains"]):
        rows = [row for row in made["gains"] if row["way"] == way]
        told = [row for row in rows if row["holm_p"] is not None and row["holm_p"] < 1 - made["confidence"]]
        parts = [
            f"{word} at {enumerated([_point(row) for row in told if (row['gain'] > 0) == ahead])}"
            for word, ahead in (("gains", True), ("loses", False))
            if any((row["gain"] > 0) == ahead for row in told)
        ]
        unclear = [row for row in rows if row not in told]
        if unclear:
            parts.append(f"is not told from it at {enumerated([_point(row) for row in unclear])}")
        lines.append(
            f"- **{made['ways'][way]}**, against {made['ways'][made['against'][way]]}: {'; '.join(parts)}."
        )
    return "\n".join(lines)


def said_of_elsewhere(described: Mapping[str, Any] | None) -> str:
    """Which images of another source are used, or that there are none and how to name some.

    Examples
    --------
    >>> said_of_elsewhere({"title": "BUS-X", "images": 90, "copies": 2, "synthetic": False, "citation": "X 2026"})
    "**BUS-X**: 90 images without labels; 2 more were left out as copies of the study's own. Source: X 2026"
    """
    if described is None:
        return (
            "**No other source was named.** To have its images as unlabelled ones: `--set external.dataset=bus_uclm`, "
            "say, or your own with `--set external.dataset=folder --set external.data_dir=FOLDER`."
        )
    copies = f"{described['copies'] or 'none'} more {'was' if described['copies'] == 1 else 'were'}"
    drawn = " **They are synthetic.**" if described["synthetic"] else ""
    return (
        f"**{described['title']}**: {described['images']:,} images without labels; {copies} left out as copies of the "
        f"study's own.{drawn} Source: {described['citation']}"
    )


def _point(row: Mapping[str, Any]) -> str:
    return f"{row['point']} a class ({with_interval(row, sign='+', name='gain')})"


def said_of_claim(made: Mapping[str, Any]) -> str:
    """Whether unlabelled images replace labels, in two sentences."""
    claim = made["claim"]
    found = claim["this run's network"]
    return f"{VERDICTS.get(found, 'Unlabelled images are not shown to replace labels')}: {claim['evidence']}."
