"""The paper's claims about its network, each held to a criterion that was set beforehand.

Intervals decide: a claim is supported where its whole interval lies on the side that the criterion names, refuted where
the whole lies on the other, and inconclusive where it holds both.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from bcd_utils.evaluation.fold_intervals import fold_interval
from bcd_utils.evaluation.format import number, with_interval
from bcd_utils.evaluation.intervals import Scored
from bcd_utils.evaluation.means import UNKNOWN, Interval
from bcd_utils.evaluation.score_differences import difference
from bcd_utils.evaluation.verdicts import (
    INCONCLUSIVE,
    NOT_TESTED,
    REFUTED,
    SUPPORTED,
    above,
    all_hold,
    below,
    one_holds,
)

ELSEWHERE = "answered in the notebook on modalities"  # of what images of one kind cannot show
BESIDE = "answered in the notebook on images and records"  # of what pixels cannot show
FEWER = "answered in the notebook on fewer labels"  # of what needs labels to be hidden
MOST_GAP, MOST_OVERFIT = 0.10, 0.05
LEAST_SPECIFICITY, LEAST_SENSITIVITY = 0.90, 0.80
LEAST_RATIO = 1.25  # of two times to train, each measured once: closer ones are not told apart


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
        On tuning images.
    average_head : str or None
        The same head with average pooling; attention stands before it.
    best_member, ensemble : str or None
        The better of an ensemble's members on tuning images, and its name.
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


def judge(findings: Findings) -> pd.DataFrame:
    """Every claim with its verdict.

    A claim is about ResNet50 with ImageNet weights. With another network in its place, or on drawn images, the
    claim itself is "not tested", and what this run's network did stands beside it.

    Returns
    -------
    pandas.DataFrame
        Index: the claim. Columns ``verdict``, ``this run's network`` (the verdict, were the claim about it),
        ``supported if`` and ``evidence``.
    """
    rows = {}
    for claim, criterion, decide in CLAIMS:
        verdict, evidence = decide(findings) or (NOT_TESTED, "nothing in this run bears on it")
        rows[claim] = {
            "verdict": verdict
            if verdict in (ELSEWHERE, BESIDE, FEWER) or _settles(findings, decide)
            else NOT_TESTED,
            "this run's network": verdict,
            "supported if": criterion,
            "evidence": evidence,
        }
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("claim")


#: The verdict, and by what numbers; None where nothing was measured.
Verdict = tuple[str, str] | None
Decide = Callable[[Findings], Verdict]
#: Claim, criterion and what decides, in the order of the table.
CLAIMS: list[tuple[str, str, Decide]] = []
_AHEAD = "the interval of the difference lies above 0"


def _claim(name: str, criterion: str) -> Callable[[Decide], Decide]:
    """Add a claim to `CLAIMS`, decided by the function below."""

    def add(decide: Decide) -> Decide:
        CLAIMS.append((name, criterion, decide))
        return decide

    return add


def _over_folds(scored: Scored, gap: float, by_fold: pd.Series, findings: Findings) -> Interval:
    return fold_interval(gap, by_fold.to_numpy(), scored.tested_share, findings.confidence, (-1.0, 1.0))


def _ahead(findings: Findings, other: str | None) -> Verdict:
    if not other or not {other, "paper"} <= findings.scored.keys():
        return None
    gap = difference(findings.scored["paper"], findings.scored[other], "accuracy", findings.confidence)
    minus = f"{findings.network}, the paper's head, minus {findings.titles[other]}"
    return above(gap), f"{minus}: accuracy {with_interval(gap, sign='+')}"


@_claim("ResNet50 beats conventional machine learning", f"{_AHEAD}, against the best of it on tuning images")
def _beats_classical(findings: Findings) -> Verdict:
    return _ahead(findings, findings.best_classical)


@_claim("It beats a plain CNN in accuracy", _AHEAD)
def _beats_plain_cnn(findings: Findings) -> Verdict:
    return _ahead(findings, "plain_cnn")


@_claim(
    "It beats a plain CNN in training efficiency",
    f"the plain CNN takes at least {LEAST_RATIO:g} times as long to train; refuted if at most {1 / LEAST_RATIO:g} "
    "times; each was measured once",
)
def _trains_faster(findings: Findings) -> Verdict:
    seconds = findings.training_seconds
    if not {"paper", "plain_cnn"} <= seconds.keys():
        return None
    ratio = seconds["plain_cnn"] / seconds["paper"]
    verdict = SUPPORTED if ratio >= LEAST_RATIO else REFUTED if ratio <= 1 / LEAST_RATIO else INCONCLUSIVE
    return verdict, (
        f"training on one fold takes {seconds['paper']:.0f} s against {seconds['plain_cnn']:.0f} s of the plain CNN "
        f"({ratio:.1f} times)"
    )


@_claim("It beats a plain CNN in scalability", f"{_AHEAD} at every number of training images")
def _scales(findings: Findings) -> Verdict:
    curves = findings.curves
    sizes = sorted(size for name, size in curves if name == "plain_cnn" and ("paper", size) in curves)
    if not sizes:
        return None
    pairs = {size: (curves["paper", size], curves["plain_cnn", size]) for size in sizes}
    gaps = {size: difference(*pair, "accuracy", findings.confidence) for size, pair in pairs.items()}
    shown = "; ".join(
        f"{size:.0%} of the images {with_interval(gap, sign='+')}" for size, gap in gaps.items()
    )
    return all_hold(map(above, gaps.values())), f"accuracy minus that of the plain CNN with {shown}"


@_claim(
    "Class imbalance is handled",
    f"the interval of the largest recall minus the smallest lies below {MOST_GAP:g}",
)
def _handles_imbalance(findings: Findings) -> Verdict:
    if not (ours := findings.scored.get("paper")):
        return None
    names = {label: f"sensitivity_{label}" for label in findings.classes}
    values = {name: value for name in names.values() if (value := ours.values[name]) is not None}
    gap: Interval = dict(UNKNOWN)
    if len(values) == len(names):
        best, worst = max(values, key=values.__getitem__), min(values, key=values.__getitem__)
        gap = _over_folds(
            ours, values[best] - values[worst], ours.by_fold[best] - ours.by_fold[worst], findings
        )
    recalls = ", ".join(f"{label} {number(ours.values[name])}" for label, name in names.items())
    shown = [f"recall {recalls}; largest minus smallest {with_interval(gap, sign='+')}"]
    for way, scored in findings.rebalanced.items():
        effect = with_interval(difference(scored, ours, "f1_macro", findings.confidence), sign="+")
        shown.append(f"macro F1 with {way.replace('_', ' ')} {effect}")
    return below(gap, MOST_GAP), "; ".join(shown)


@_claim(
    "Overfitting is handled",
    f"accuracy's interval lies above the most common class's share, that of its gap to training below {MOST_OVERFIT:g}",
)
def _handles_overfitting(findings: Findings) -> Verdict:
    if not (ours := findings.scored.get("paper")):
        return None
    unseen, training = ours.interval("accuracy", findings.confidence), findings.training_accuracy
    gap = _over_folds(ours, training - unseen["value"], training - ours.by_fold["accuracy"], findings)
    return all_hold([below(gap, MOST_OVERFIT), above(unseen, findings.majority)]), (
        f"accuracy {number(training)} on training images, {with_interval(gap, sign='+')} above that on unseen groups; "
        f"the most common class has a share of {number(findings.majority)}"
    )


@_claim("It generalises over modalities", "see there")
def _generalises(findings: Findings) -> Verdict:
    return ELSEWHERE, "this notebook has images of one kind"


@_claim(
    "Grad-CAM makes it trustworthy",
    f"its peak hits the lesion more often than the frame's centre does: {_AHEAD}",
)
def _looks_at_lesion(findings: Findings) -> Verdict:
    if not (ours := findings.pointing.get("paper")):
        return None
    ends = {end: ours[f"over_centre_{end}"] for end in ("low", "high")}
    return above(ends), (
        f"Grad-CAM peaks inside the lesion in {ours['pointing_game']:.0%} of {ours['images']:.0f} images; "
        f"minus a bump at the centre of the frame {with_interval(ours, sign='+', name='over_centre')}"
    )


@_claim(
    "High specificity, few false alarms",
    f"the intervals of specificity and sensitivity lie above {LEAST_SPECIFICITY:g} and {LEAST_SENSITIVITY:g}",
)
def _few_false_alarms(findings: Findings) -> Verdict:
    if not (ours := findings.scored.get("paper")):
        return None
    specificity = ours.interval(f"specificity_{findings.positive}", findings.confidence)
    sensitivity = ours.interval(f"sensitivity_{findings.positive}", findings.confidence)
    shown = f"{findings.positive} specificity {with_interval(specificity)}"
    verdict = all_hold([above(specificity, LEAST_SPECIFICITY), above(sensitivity, LEAST_SENSITIVITY)])
    return verdict, f"{shown}, at a sensitivity of {with_interval(sensitivity)}"


@_claim("Attention improves it (its literature)", _AHEAD)
def _attention_helps(findings: Findings) -> Verdict:
    names = [name for name in ("paper-squeeze_excitation", "paper-cbam") if name in findings.scored]
    plain = findings.scored.get(findings.average_head or "")
    if not names or plain is None:
        return None
    confidence = 1 - (1 - findings.confidence) / len(names)  # Bonferroni's, for so many tries
    gaps = {name: difference(findings.scored[name], plain, "accuracy", confidence) for name in names}
    shown = "; ".join(f"{findings.titles[name]} {with_interval(gap, sign='+')}" for name, gap in gaps.items())
    return one_holds(
        map(above, gaps.values())
    ), f"accuracy minus that of the same head (average pooling) without it: {shown}"


@_claim("An ensemble improves it (its literature)", _AHEAD)
def _ensemble_helps(findings: Findings) -> Verdict:
    ensemble, member = findings.ensemble, findings.best_member
    if not ensemble or not member:
        return None
    scored, titles = findings.scored, findings.titles
    gap = difference(scored[ensemble], scored[member], "accuracy", findings.confidence)
    minus = f"{titles[ensemble]} minus its better member, {titles[member]}"
    return above(gap), f"{minus}: accuracy {with_interval(gap, sign='+')}"


@_claim("Patients' records fused with images do better (its future work)", "see there")
def _records_help(findings: Findings) -> Verdict:
    return BESIDE, "this notebook has images alone"


@_claim("Semi-supervised learning lessens the need for labels (its future work)", "see there")
def _labels_replaced(findings: Findings) -> Verdict:
    return FEWER, "this notebook hides no labels"


def _settles(findings: Findings, decide: Decide) -> bool:
    """Whether what was found is about the claim itself: its network, its ensemble, real images."""
    return findings.is_the_papers and (decide is not _ensemble_helps or findings.ensemble_is_the_papers)
