"""The paper's claims about its network, each held to a criterion that was set beforehand."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from bcd_utils.evaluation.bootstrap import percentile_interval
from bcd_utils.evaluation.cross_validation import Scored, difference
from bcd_utils.evaluation.format import number, with_interval
from bcd_utils.experiments.modalities.record import crosses_synthetic, generalises

SUPPORTED, NOT_SUPPORTED, NOT_TESTED = "supported", "not supported", "not tested here"
MOST_GAP, MOST_OVERFIT = 0.10, 0.05
LEAST_SPECIFICITY, LEAST_SENSITIVITY = 0.90, 0.80


@dataclass(frozen=True)
class Findings:
    """What the claims are judged by; None where it was not measured.

    Attributes
    ----------
    network : str
        Under the paper's head, as tables call it.
    is_the_papers : bool
        Whether it is ResNet50 with ImageNet weights, shown real images and no masks.
    scored : mapping of name to Scored
        Plain trainings and ensembles; "paper" among them.
    titles : mapping of name to str
    best_classical : str or None
        On validation images.
    average_head : str or None
        The same head with average pooling; attention stands before it.
    best_member, ensemble : str or None
        The better of an ensemble's members on validation images, and its name.
    ensemble_is_the_papers : bool
        Whether it joins the two networks that the study names.
    curves : mapping of (name, fraction) to Scored
    rebalanced : mapping of imbalance arm to Scored
        Of "paper".
    training_accuracy : float
        Of "paper", mean over folds.
    training_seconds : mapping of name to float
    pointing : mapping of name to mapping
        Rows of `heat_maps.pointing_table`; empty where there are no masks.
    modalities : mapping or None
        What ``modalities.json`` holds, where an earlier stage of the study has written it.
    classes : sequence of str
    positive : str
    majority : float
        Share of the most common class.
    confidence : float
    """

    network: str
    is_the_papers: bool
    scored: Mapping[str, Scored]
    titles: Mapping[str, str]
    best_classical: str | None
    average_head: str | None
    best_member: str | None
    ensemble: str | None
    ensemble_is_the_papers: bool
    curves: Mapping[tuple[str, float], Scored]
    rebalanced: Mapping[str, Scored]
    training_accuracy: float
    training_seconds: Mapping[str, float]
    pointing: Mapping[str, Mapping[str, float]]
    classes: Sequence[str]
    positive: str
    majority: float
    confidence: float
    modalities: Mapping[str, Any] | None = None


def judge(findings: Findings) -> pd.DataFrame:
    """Every claim with its verdict.

    A claim is about ResNet50 with ImageNet weights. With another network in its place, or on drawn images, the
    claim itself is "not tested here", and what this run's network did stands beside it.

    Returns
    -------
    pandas.DataFrame
        Index: the claim. Columns ``verdict``, ``this run's network`` (the verdict, were the claim about it),
        ``supported if`` and ``evidence``.
    """
    rows = {}
    for claim, criterion, decide in CLAIMS:
        said = decide(findings)
        found, evidence = said if said else (NOT_TESTED, "nothing in this run bears on it")
        rows[claim] = {
            "verdict": found if _settles(findings, decide) else NOT_TESTED,
            "this run's network": found,
            "supported if": criterion,
            "evidence": evidence,
        }
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("claim")


Verdict = tuple[str, str] | None


def _verdict(holds: bool) -> str:
    return SUPPORTED if holds else NOT_SUPPORTED


def _ahead(findings: Findings, other: str | None, metric: str = "accuracy") -> Verdict:
    if not other or other not in findings.scored or "paper" not in findings.scored:
        return None
    gap = difference(findings.scored["paper"], findings.scored[other], metric, findings.confidence)
    title = findings.titles[other]
    return _verdict(gap["low"] is not None and gap["low"] > 0), (
        f"{findings.network}, the paper's head, minus {title}: {metric} {with_interval(gap, sign='+')}"
    )


def _trains_faster(findings: Findings) -> Verdict:
    seconds = findings.training_seconds
    if not {"paper", "plain_cnn"} <= seconds.keys():
        return None
    ratio = seconds["plain_cnn"] / seconds["paper"]
    return _verdict(ratio > 1), (
        f"training on one fold takes {seconds['paper']:.0f} s against {seconds['plain_cnn']:.0f} s of the plain CNN "
        f"({ratio:.1f} times)"
    )


def _scales(findings: Findings) -> Verdict:
    sizes = sorted({fraction for name, fraction in findings.curves if name == "plain_cnn"})
    pairs = [
        (size, findings.curves.get(("paper", size)), findings.curves[("plain_cnn", size)]) for size in sizes
    ]
    pairs = [pair for pair in pairs if pair[1]]
    if not pairs:
        return None
    gaps = {size: difference(ours, other, "accuracy", findings.confidence) for size, ours, other in pairs}
    told = "; ".join(f"{size:.0%} of the images {with_interval(gap, sign='+')}" for size, gap in gaps.items())
    holds = all(gap["low"] is not None and gap["low"] > 0 for gap in gaps.values())
    return _verdict(holds), f"accuracy minus that of the plain CNN with {told}"


def _recall_gap(findings: Findings) -> dict[str, float | None]:
    ours = findings.scored["paper"]
    names = [f"sensitivity_{label}" for label in findings.classes]
    values = [ours.values[name] for name in names]
    drawn = np.stack([ours.resampled[name] for name in names])
    gap = None if None in values else max(values) - min(values)
    return percentile_interval(gap, drawn.max(axis=0) - drawn.min(axis=0), findings.confidence)


def _handles_imbalance(findings: Findings) -> Verdict:
    if "paper" not in findings.scored:
        return None
    gap = _recall_gap(findings)
    recalls = ", ".join(
        f"{label} {number(findings.scored['paper'].values[f'sensitivity_{label}'])}"
        for label in findings.classes
    )
    effects = [
        f"macro F1 with {arm.replace('_', ' ')} "
        f"{with_interval(difference(scored, findings.scored['paper'], 'f1_macro', findings.confidence), sign='+')}"
        for arm, scored in findings.rebalanced.items()
    ]
    evidence = "; ".join(
        [f"recall {recalls}; largest minus smallest {with_interval(gap, sign='+')}", *effects]
    )
    return _verdict(gap["high"] is not None and gap["high"] <= MOST_GAP), evidence


def _handles_overfitting(findings: Findings) -> Verdict:
    if "paper" not in findings.scored:
        return None
    ours = findings.scored["paper"]
    gap = percentile_interval(
        findings.training_accuracy - ours.values["accuracy"],
        findings.training_accuracy - ours.resampled["accuracy"],
        findings.confidence,
    )
    low = ours.interval("accuracy", findings.confidence)["low"]
    return _verdict(gap["high"] <= MOST_OVERFIT and low > findings.majority), (
        f"accuracy {number(findings.training_accuracy)} on training images, {with_interval(gap, sign='+')} above that "
        "on unseen groups; "
        f"the most common class has a share of {number(findings.majority)}"
    )


def _looks_at_lesion(findings: Findings) -> Verdict:
    if "paper" not in findings.pointing:
        return None
    found = findings.pointing["paper"]
    return _verdict(found["over_centre_low"] > 0), (
        f"Grad-CAM peaks inside the lesion in {found['pointing_game']:.0%} of {found['images']:.0f} images; "
        f"minus a bump at the centre of the frame {with_interval(found, sign='+', name='over_centre')}"
    )


def _few_false_alarms(findings: Findings) -> Verdict:
    if "paper" not in findings.scored:
        return None
    found = findings.scored["paper"].interval(f"specificity_{findings.positive}", findings.confidence)
    other = findings.scored["paper"].values[f"sensitivity_{findings.positive}"]
    enough = found["low"] is not None and found["low"] >= LEAST_SPECIFICITY
    return _verdict(enough and other is not None and other >= LEAST_SENSITIVITY), (
        f"{findings.positive} specificity {with_interval(found)}, at a sensitivity of {number(other)}"
    )


def _attention_helps(findings: Findings) -> Verdict:
    names = [name for name in ("paper-squeeze_excitation", "paper-cbam") if name in findings.scored]
    if not names or findings.average_head not in findings.scored:
        return None
    plain = findings.scored[findings.average_head]
    confidence = 1 - (1 - findings.confidence) / len(names)  # Bonferroni's, for so many tries
    gaps = {name: difference(findings.scored[name], plain, "accuracy", confidence) for name in names}
    told = "; ".join(f"{findings.titles[name]} {with_interval(gap, sign='+')}" for name, gap in gaps.items())
    return _verdict(any((gap["low"] or 0) > 0 for gap in gaps.values())), (
        f"accuracy minus that of the same head (average pooling) without it: {told}"
    )


def _ensemble_helps(findings: Findings) -> Verdict:
    if not findings.ensemble:
        return None
    scored = findings.scored
    gap = difference(scored[findings.ensemble], scored[findings.best_member], "accuracy", findings.confidence)
    return _verdict((gap["low"] or 0) > 0), (
        f"{findings.titles[findings.ensemble]} minus its better member, {findings.titles[findings.best_member]}: "
        f"accuracy {with_interval(gap, sign='+')}"
    )


def _generalises(findings: Findings) -> Verdict:
    found = generalises(findings.modalities) if findings.modalities else None
    return found and (_verdict(found[0]), found[1])


def _settles(findings: Findings, decide: Callable[[Findings], Verdict]) -> bool:
    """Whether what was found is about the claim itself: its network, its ensemble, real images."""
    if decide is _generalises and findings.modalities and crosses_synthetic(findings.modalities):
        return False
    return findings.is_the_papers and (decide is not _ensemble_helps or findings.ensemble_is_the_papers)


_AHEAD = "the interval of the difference lies above 0"
_AT_MOST = ", at the upper end of the interval"
CLAIMS = (
    (
        "ResNet50 beats conventional machine learning",
        f"{_AHEAD}, against the best of it on validation",
        lambda findings: _ahead(findings, findings.best_classical),
    ),
    ("It beats a plain CNN in accuracy", _AHEAD, lambda findings: _ahead(findings, "plain_cnn")),
    ("It beats a plain CNN in training efficiency", "it takes less time to train", _trains_faster),
    ("It beats a plain CNN in scalability", f"{_AHEAD} at every number of training images", _scales),
    (
        "Class imbalance is handled",
        f"recalls of the classes differ by at most {MOST_GAP:g}{_AT_MOST}",
        _handles_imbalance,
    ),
    (
        "Overfitting is handled",
        f"accuracy is above the most common class's share, and in training at most {MOST_OVERFIT:g} higher{_AT_MOST}",
        _handles_overfitting,
    ),
    (
        "It generalises over modalities",
        "learned on one kind of image, it holds on each other (run the modalities first): AUC's interval above 0.5",
        _generalises,
    ),
    (
        "Grad-CAM makes it trustworthy",
        f"its peak hits the lesion more often than the frame's centre does: {_AHEAD}",
        _looks_at_lesion,
    ),
    (
        "High specificity, few false alarms",
        f"the interval of specificity lies above {LEAST_SPECIFICITY:g}, sensitivity is {LEAST_SENSITIVITY:g} or more",
        _few_false_alarms,
    ),
    ("Attention improves it (its literature)", _AHEAD, _attention_helps),
    ("An ensemble improves it (its literature)", _AHEAD, _ensemble_helps),
)
