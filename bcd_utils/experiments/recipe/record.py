"""What is kept of the recipe, and what its numbers allow to say: the whole way, each step, and the paper's claim."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import pandas as pd

from bcd_utils.evaluation.format import plain_rows, with_interval
from bcd_utils.evaluation.verdicts import NOT_TESTED, above, claim_record, one_holds
from bcd_utils.experiments.recipe.arms import CONTRASTS
from bcd_utils.experiments.recipe.results import ACCURACY, PAIR, Steps, pair_in_words
from bcd_utils.study.networks import is_the_papers
from bcd_utils.utils.words import enumerated

CLAIM = "Histogram equalisation boosts results (its section 3.2)"
CRITERION = (
    "for one of the arms with equalised contrast, the interval of the gain in accuracy over the same arm without lies "
    "above 0 (Bonferroni)"
)


def record(
    steps: Steps,
    table: pd.DataFrame,
    pointing: pd.DataFrame,
    thresholds: pd.DataFrame,
    locked: Mapping[str, Any] | None,
    synthetic: bool,
) -> dict[str, Any]:
    """What ``recipe.json`` holds; plain values, None where undefined."""
    from bcd_utils.utils.backend import device, keras

    last, first = steps.stairs[-1], steps.stairs[0]
    return {
        "network": {**steps.origin, "device": device(), "backend": keras.backend.backend()},
        "synthetic": synthetic,
        "images": len(steps.images.table),
        "groups": int(steps.images.table["group"].nunique()),
        "folds": len(steps.folds),
        "confidence": steps.study.confidence,
        "pair": pair_in_words(steps),
        "settings": asdict(steps.study.recipe),
        "titles": {name: arm.title for name, arm in steps.arms.items()},
        "against": {name: arm.against for name, arm in steps.arms.items()},
        "stairs": steps.stairs,
        "steps": plain_rows(table.drop(columns="minutes")),
        "minutes": {name: round(value, 2) for name, value in table["minutes"].items()},
        "whole_way": {what: steps.gain(last, what, over=first) for what in (ACCURACY, PAIR)},
        "pointing": plain_rows(pointing) if len(pointing) else {},
        "thresholds": plain_rows(thresholds),
        "locked_test": locked,
        "claim": judge(steps, synthetic),
    }


def judge(steps: Steps, synthetic: bool) -> dict[str, str]:
    """The paper's claim on histogram equalisation: ``claim``, ``verdict``, ``this run's network`` and others."""
    names = [name for name in CONTRASTS if name in steps.arms and steps.arms[name].against]
    verdict, evidence = NOT_TESTED, "no arm with equalised contrast takes part"
    if names:
        strict = 1 - (1 - steps.study.confidence) / len(names)
        gains = {name: steps.gain(name, ACCURACY) for name in names}
        verdict = one_holds(above(steps.gain(name, ACCURACY, confidence=strict)) for name in names)
        shown = "; ".join(
            f"{steps.arms[name].title} {with_interval(gain, sign='+')}" for name, gain in gains.items()
        )
        evidence = f"accuracy minus that without: {shown}"
    settles = is_the_papers(steps.study) and not synthetic
    return claim_record(CLAIM, verdict, CRITERION, evidence, settles)


def said_of_whole_way(made: Mapping[str, Any]) -> str:
    """From the first step to the last, in a sentence or two."""
    first, last = made["stairs"][0], made["stairs"][-1]
    rows, titles = made["steps"], made["titles"]
    parts = []
    for what, words in ((ACCURACY, "accuracy"), (PAIR, f"AUC of {made['pair']}")):
        ends = [with_interval(rows[name], name=what) for name in (first, last)]
        gain = with_interval(made["whole_way"][what], sign="+")
        parts.append(
            f"{words} from {ends[0]} ({titles[first]}) to {ends[1]} ({titles[last]}), a gain of {gain}"
        )
    return f"On the same {made['folds']} grouped folds of {made['images']} images: {'; '.join(parts)}."


def said_of_steps(made: Mapping[str, Any]) -> str:
    """Which steps have a gain whose interval leaves 0 out, and which have not."""
    gains = {name: made["steps"][name] for name in made["stairs"][1:]}
    clear = [made["titles"][name] for name, row in gains.items() if (row[f"{ACCURACY}_gain_low"] or -1) > 0]
    worse = [made["titles"][name] for name, row in gains.items() if (row[f"{ACCURACY}_gain_high"] or 1) < 0]
    rest = len(gains) - len(clear) - len(worse)
    text = (
        f"Step by step, accuracy rises beyond its interval with {enumerated(clear) if clear else 'no step'}"
    )
    text += f", falls with {enumerated(worse)}" if worse else ""
    return f"{text}; for {rest} of {len(gains)} steps the interval of the gain holds 0."
