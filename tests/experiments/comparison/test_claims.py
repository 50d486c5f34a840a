"""The paper's claims, each just on this side and just on that side of its criterion."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import pytest

from bcd_utils.evaluation.verdicts import INCONCLUSIVE, NOT_TESTED, REFUTED, SUPPORTED
from bcd_utils.experiments.comparison import claims
from bcd_utils.experiments.comparison.claims import BESIDE, ELSEWHERE, FEWER, Findings, judge

CLASSES = ("benign", "malignant", "normal")
CLASSICAL = "ResNet50 beats conventional machine learning"
PLAIN_CNN = "It beats a plain CNN in accuracy"
EFFICIENT = "It beats a plain CNN in training efficiency"
SCALES = "It beats a plain CNN in scalability"
IMBALANCE = "Class imbalance is handled"
OVERFITTING = "Overfitting is handled"
MODALITIES = "It generalises over modalities"
GRAD_CAM = "Grad-CAM makes it trustworthy"
SPECIFICITY = "High specificity, few false alarms"
ATTENTION = "Attention improves it (its literature)"
ENSEMBLE = "An ensemble improves it (its literature)"
RECORDS = "Patients' records fused with images do better (its future work)"
LABELS = "Semi-supervised learning lessens the need for labels (its future work)"
ALL = [
    CLASSICAL, PLAIN_CNN, EFFICIENT, SCALES, IMBALANCE, OVERFITTING, MODALITIES, GRAD_CAM, SPECIFICITY, ATTENTION,
    ENSEMBLE, RECORDS, LABELS,
]  # fmt: skip
DRAWS = 201
TITLES = {
    "paper": "ResNet50, the paper's head", "svm": "SVM (RBF)", "plain_cnn": "plain CNN",
    "paper-average": "average pooling", "paper-squeeze_excitation": "squeeze-and-excitation",
    "paper-cbam": "CBAM", "both": "both, averaged", "densenet": "DenseNet",
}  # fmt: skip


def central(value, draws, confidence):
    """The central share of draws: the interval that these tests set for the claims, whose judges they are about."""
    if value is None or np.isnan(draws).all():
        return {"value": value, "low": None, "high": None}
    low, high = np.nanquantile(draws, [(1 - confidence) / 2, (1 + confidence) / 2])
    return {"value": value, "low": low, "high": high}


@dataclass(frozen=True)
class Made:
    """Scores that are what a test says, where claims expect `intervals.Scored`."""

    values: dict
    by_fold: pd.DataFrame

    def interval(self, name, confidence):
        return central(self.values[name], self.by_fold[name], confidence)


@pytest.fixture(autouse=True)
def set_intervals(monkeypatch):
    """Differences are the draws' differences."""

    def difference(first, second, name, confidence):
        one, other = first.values[name], second.values[name]
        gap = None if one is None or other is None else one - other
        return central(gap, first.by_fold[name] - second.by_fold[name], confidence)

    def over_folds(scored, gap, by_fold, given):
        return central(gap, by_fold, given.confidence)

    monkeypatch.setattr(claims, "difference", difference)
    monkeypatch.setattr(claims, "_over_folds", over_folds)


def candidate(accuracy=0.5, spread=0.0, **others):
    """Scores whose draws lie evenly within ``spread`` on both sides of their value."""
    values = {"accuracy": accuracy, "f1_macro": 0.5, "specificity_malignant": 0.95}
    values |= {f"sensitivity_{label}": 0.85 for label in CLASSES} | others
    offsets = np.linspace(-spread, spread, DRAWS)
    drawn = {name: np.nan if value is None else value + offsets for name, value in values.items()}
    return Made(values, pd.DataFrame(drawn, index=range(DRAWS)).astype(float))


def pointing(low):
    row = {"images": 40, "pointing_game": 0.6, "pointing_game_low": 0.5, "pointing_game_high": 0.7}
    return {"paper": row | {"over_centre": low + 0.1, "over_centre_low": low, "over_centre_high": low + 0.2}}


def findings(**changes):
    """Findings by which every claim holds that can."""
    accuracies = {
        "paper": 0.75, "svm": 0.5, "plain_cnn": 0.5, "paper-average": 0.5, "paper-squeeze_excitation": 0.625,
        "paper-cbam": 0.625, "both": 0.875, "densenet": 0.5,
    }  # fmt: skip
    scored = {name: candidate(accuracy) for name, accuracy in accuracies.items()}
    made = Findings(
        network="ResNet50",
        is_the_papers=True,
        scored=scored,
        titles=TITLES,
        best_classical="svm",
        average_head="paper-average",
        best_member="paper",
        ensemble="both",
        ensemble_is_the_papers=True,
        curves={(name, size): scored[name] for name in ("paper", "plain_cnn") for size in (0.1, 0.5, 1.0)},
        rebalanced={},
        training_accuracy=0.75,
        training_seconds={"paper": 10.0, "plain_cnn": 30.0},
        pointing=pointing(0.1),
        classes=CLASSES,
        positive="malignant",
        majority=0.5,
        confidence=0.95,
    )
    return replace(made, **changes)


def with_scores(base=None, **scored):
    """Findings with some candidates' scores replaced."""
    base = base or findings()
    return replace(
        base, scored=base.scored | {name.replace("__", "-"): each for name, each in scored.items()}
    )


def verdict(claim, given):
    return judge(given).loc[claim, "verdict"]


def test_every_claim_has_a_verdict_a_criterion_and_evidence():
    table = judge(findings())
    assert table.index.tolist() == ALL and table.index.name == "claim"
    assert table.columns.tolist() == ["verdict", "this run's network", "supported if", "evidence"]
    expected = {claim: SUPPORTED for claim in ALL} | {MODALITIES: ELSEWHERE, RECORDS: BESIDE, LABELS: FEWER}
    assert table["verdict"].to_dict() == expected == table["this run's network"].to_dict()
    assert (table["supported if"].drop([MODALITIES, RECORDS, LABELS]).str.len() > 10).all() and (
        table["evidence"].str.len() > 10
    ).all()


ABOVE = {"just above": (1e-6, SUPPORTED), "equal": (0.0, INCONCLUSIVE), "below": (-0.1, REFUTED)}
above = pytest.mark.parametrize(("gap", "expected"), ABOVE.values(), ids=ABOVE)


@above
def test_being_ahead_of_classical_learning_takes_a_difference_above_0(gap, expected):
    assert verdict(CLASSICAL, with_scores(svm=candidate(0.75 - gap))) == expected


@above
def test_being_ahead_of_a_plain_cnn_takes_a_difference_above_0(gap, expected):
    assert verdict(PLAIN_CNN, with_scores(plain_cnn=candidate(0.75 - gap))) == expected


def test_it_is_the_end_of_the_interval_that_must_lie_above_0():
    # the draws of the difference spread evenly over 0.2 below and above it; 95% of them over 0.19
    def ahead_by(gap):
        return with_scores(svm=candidate(0.75 - gap), paper=candidate(0.75, spread=0.2))

    assert verdict(CLASSICAL, ahead_by(0.1895)) == INCONCLUSIVE
    assert verdict(CLASSICAL, ahead_by(0.1905)) == SUPPORTED
    assert verdict(CLASSICAL, ahead_by(-0.1895)) == INCONCLUSIVE
    assert verdict(CLASSICAL, ahead_by(-0.1905)) == REFUTED
    assert verdict(CLASSICAL, replace(ahead_by(0.1895), confidence=0.9)) == SUPPORTED
    assert "accuracy +0.100 [−0.090, +0.290]" in judge(ahead_by(0.1)).loc[CLASSICAL, "evidence"]


def test_a_shared_draw_cancels():
    # both go up and down together: the paired difference is sure although each score is not
    given = with_scores(svm=candidate(0.70, spread=0.2), paper=candidate(0.75, spread=0.2))
    assert verdict(CLASSICAL, given) == SUPPORTED


def test_the_best_classical_candidate_is_the_one_named():
    given = with_scores(forest=candidate(0.9))
    given = replace(given, titles=TITLES | {"forest": "Random forest"})
    assert verdict(CLASSICAL, given) == SUPPORTED
    given = replace(given, best_classical="forest")
    assert verdict(CLASSICAL, given) == REFUTED
    assert "minus Random forest: accuracy −0.150" in judge(given).loc[CLASSICAL, "evidence"]


@pytest.mark.parametrize(
    ("ours", "theirs", "expected"),
    [(24, 30, SUPPORTED), (24.1, 30, INCONCLUSIVE), (37.4, 30, INCONCLUSIVE), (37.5, 30, REFUTED)],
)
def test_efficiency_takes_a_quarter_more_time_of_the_other(ours, theirs, expected):
    table = judge(findings(training_seconds={"paper": ours, "plain_cnn": theirs}))
    assert table.loc[EFFICIENT, "verdict"] == expected
    assert f"{theirs / ours:.1f} times" in table.loc[EFFICIENT, "evidence"]


@above
@pytest.mark.parametrize("size", [0.1, 1.0])
def test_scalability_takes_being_ahead_at_every_size(size, gap, expected):
    curves = findings().curves | {("plain_cnn", size): candidate(0.75 - gap)}
    assert verdict(SCALES, findings(curves=curves)) == expected


def test_scalability_is_judged_at_the_sizes_that_both_were_trained_on():
    only = {
        ("paper", 0.1): candidate(0.2),
        ("paper", 1.0): candidate(0.8),
        ("plain_cnn", 1.0): candidate(0.5),
    }
    table = judge(findings(curves=only))
    assert table.loc[SCALES, "verdict"] == SUPPORTED
    assert "100% of the images +0.300" in table.loc[SCALES, "evidence"]
    assert "10%" not in table.loc[SCALES, "evidence"].replace("100%", "")
    assert verdict(SCALES, findings(curves={("paper", 1.0): candidate()})) == NOT_TESTED
    assert verdict(SCALES, findings(curves={("plain_cnn", 1.0): candidate()})) == NOT_TESTED


@pytest.mark.parametrize(
    ("recalls", "expected"),
    [
        ((0.75, 0.75, 0.75), SUPPORTED),
        ((0.75, 0.6501, 0.7), SUPPORTED),
        ((0.75, 0.6499, 0.7), REFUTED),
        ((0.75, 0.75, 0.5), REFUTED),
    ],
    ids=["equal", "just within", "just beyond", "the last class is the worst"],
)
def test_imbalance_is_handled_if_recalls_differ_by_a_tenth_at_most(recalls, expected):
    named = {f"sensitivity_{label}": value for label, value in zip(CLASSES, recalls, strict=True)}
    assert verdict(IMBALANCE, with_scores(paper=candidate(0.75, **named))) == expected


def test_the_upper_end_of_the_recalls_gap_counts():
    # the gap of two recalls is 0.05; that of a draw reaches 0.05 + 0.08 where only one of them moves
    steady = candidate(0.75, sensitivity_normal=0.80)
    moving = candidate(0.75, spread=0.08, sensitivity_normal=0.80)
    drawn = steady.by_fold.assign(sensitivity_normal=moving.by_fold["sensitivity_normal"])
    assert verdict(IMBALANCE, with_scores(paper=steady)) == SUPPORTED
    assert verdict(IMBALANCE, with_scores(paper=replace(steady, by_fold=drawn))) == INCONCLUSIVE


def test_what_rebalancing_does_is_said_beside_it():
    rebalanced = {"class_weights": candidate(f1_macro=0.6), "oversampling": candidate(f1_macro=0.45)}
    evidence = judge(findings(rebalanced=rebalanced)).loc[IMBALANCE, "evidence"]
    assert "benign 0.850, malignant 0.850, normal 0.850" in evidence
    assert "macro F1 with class weights +0.100 [+0.100, +0.100]" in evidence
    assert "macro F1 with oversampling −0.050" in evidence


@pytest.mark.parametrize(
    ("training", "spread", "expected"),
    [(0.7, 0, SUPPORTED), (0.7999, 0, SUPPORTED), (0.8001, 0, REFUTED), (0.76, 0.05, INCONCLUSIVE)],
    ids=["worse on training", "just within", "just beyond", "the interval reaches beyond"],
)
def test_overfitting_is_handled_if_training_accuracy_is_a_twentieth_higher_at_most(
    training, spread, expected
):
    given = with_scores(findings(training_accuracy=training), paper=candidate(0.75, spread))
    assert verdict(OVERFITTING, given) == expected


@pytest.mark.parametrize(
    ("low", "expected"),
    [(1e-6, SUPPORTED), (0.0, INCONCLUSIVE), (-0.19, INCONCLUSIVE), (-0.21, REFUTED), (np.nan, INCONCLUSIVE)],
)
def test_grad_cam_must_hit_more_often_than_the_centre_does(low, expected):
    table = judge(findings(pointing=pointing(low)))
    assert table.loc[GRAD_CAM, "verdict"] == expected
    assert "in 60% of 40 images" in table.loc[GRAD_CAM, "evidence"]


@pytest.mark.parametrize(
    ("specificity", "spread", "expected"),
    [(0.9001, 0, SUPPORTED), (0.8999, 0, REFUTED), (0.95, 0.05, SUPPORTED), (0.93, 0.05, INCONCLUSIVE)],
    ids=["just above", "just below", "its interval just above", "its interval on both sides"],
)
def test_specificity_must_lie_above_nine_tenths(specificity, spread, expected):
    paper = candidate(0.75, spread, specificity_malignant=specificity, sensitivity_malignant=0.9)
    table = judge(with_scores(paper=paper))
    assert table.loc[SPECIFICITY, "verdict"] == expected
    assert f"malignant specificity {specificity:.3f}" in table.loc[SPECIFICITY, "evidence"]
    assert "at a sensitivity of 0.900" in table.loc[SPECIFICITY, "evidence"]


@pytest.mark.parametrize(
    ("sensitivity", "expected"),
    [(0.0, REFUTED), (0.7999, REFUTED), (0.8, INCONCLUSIVE), (None, INCONCLUSIVE)],
)
def test_a_model_that_hardly_ever_says_malignant_is_not_specific(sensitivity, expected):
    paper = candidate(0.75, specificity_malignant=1.0, sensitivity_malignant=sensitivity)
    assert verdict(SPECIFICITY, with_scores(paper=paper)) == expected


def test_a_model_that_learned_nothing_has_not_handled_overfitting():
    for accuracy, expected in ((0.4999, REFUTED), (0.5, INCONCLUSIVE), (0.5001, SUPPORTED)):
        given = with_scores(findings(training_accuracy=accuracy), paper=candidate(accuracy))
        assert verdict(OVERFITTING, given) == expected


@above
@pytest.mark.parametrize("name", ["paper-squeeze_excitation", "paper-cbam"])
def test_one_attention_that_is_ahead_of_the_same_head_without_it_is_enough(name, gap, expected):
    # the other one is behind
    scored = {"paper__squeeze_excitation": candidate(0.4), "paper__cbam": candidate(0.4)}
    scored[name.replace("-", "__")] = candidate(0.5 + gap)
    assert verdict(ATTENTION, with_scores(**scored)) == expected


def test_attention_is_not_held_against_the_papers_own_head():
    given = with_scores(paper=candidate(0.1), paper__average=candidate(0.7))
    assert verdict(ATTENTION, given) == REFUTED


@above
def test_an_ensemble_must_be_ahead_of_its_better_member(gap, expected):
    table = judge(with_scores(both=candidate(0.75 + gap)))
    assert table.loc[ENSEMBLE, "verdict"] == expected
    given = replace(with_scores(both=candidate(0.5 + gap)), best_member="densenet")
    assert verdict(ENSEMBLE, given) == expected
    assert "both, averaged minus its better member, ResNet50" in table.loc[ENSEMBLE, "evidence"]


MISSING = {
    CLASSICAL: {"svm"},
    PLAIN_CNN: {"plain_cnn"},
    ATTENTION: {"paper-average"},
}


@pytest.mark.parametrize(("claim", "names"), MISSING.items(), ids=MISSING)
def test_a_claim_whose_candidate_did_not_run_is_not_tested(claim, names):
    base = findings()
    given = replace(base, scored={name: each for name, each in base.scored.items() if name not in names})
    table = judge(given)
    assert table.loc[claim, ["verdict", "this run's network"]].tolist() == [NOT_TESTED, NOT_TESTED]
    assert table.loc[claim, "evidence"] == "nothing in this run bears on it"
    others = table.index.difference([claim, MODALITIES, RECORDS, LABELS])
    assert set(table.loc[others, "verdict"]) == {SUPPORTED}


@pytest.mark.parametrize(
    ("claim", "changes"),
    [
        (CLASSICAL, {"best_classical": None}),
        (EFFICIENT, {"training_seconds": {"paper": 10.0}}),
        (EFFICIENT, {"training_seconds": {"plain_cnn": 10.0}}),
        (SCALES, {"curves": {}}),
        (GRAD_CAM, {"pointing": {}}),
        (GRAD_CAM, {"pointing": {"plain_cnn": pointing(0.1)["paper"]}}),
        (ENSEMBLE, {"ensemble": None, "best_member": None}),
    ],
)
def test_a_claim_that_was_not_measured_is_not_tested(claim, changes):
    table = judge(findings(**changes))
    assert table.loc[claim, "verdict"] == NOT_TESTED
    assert set(table.loc[table.index.difference([claim, MODALITIES, RECORDS, LABELS]), "verdict"]) == {
        SUPPORTED
    }


def test_one_attention_alone_is_judged_too():
    base = findings()
    given = replace(base, scored={name: each for name, each in base.scored.items() if name != "paper-cbam"})
    table = judge(given)
    assert table.loc[ATTENTION, "verdict"] == SUPPORTED and "CBAM" not in table.loc[ATTENTION, "evidence"]


def test_without_the_papers_candidate_nothing_is_said_of_it():
    base = findings()
    given = replace(
        base,
        scored={"plain_cnn": base.scored["plain_cnn"], "svm": base.scored["svm"]},
        curves={("plain_cnn", 1.0): base.scored["plain_cnn"]},
        training_seconds={"plain_cnn": 30.0},
        training_accuracy=np.nan,
        pointing={},
        ensemble=None,
        best_member=None,
    )
    table = judge(given).drop([MODALITIES, RECORDS, LABELS])
    assert set(table["verdict"]) == {NOT_TESTED} == set(table["this run's network"])


def test_of_another_network_no_claim_is_tested_and_yet_it_is_said_what_was_found():
    ours = with_scores(svm=candidate(0.9))
    theirs = replace(ours, is_the_papers=False, network="extractor")
    about_it, here = judge(ours), judge(theirs)
    assert set(here["verdict"].drop([MODALITIES, RECORDS, LABELS])) == {NOT_TESTED}
    assert here.loc[[MODALITIES, RECORDS, LABELS], "verdict"].tolist() == [ELSEWHERE, BESIDE, FEWER]
    assert here["this run's network"].tolist() == about_it["verdict"].tolist()
    assert here["this run's network"].value_counts().to_dict() == {
        SUPPORTED: 9, REFUTED: 1, ELSEWHERE: 1, BESIDE: 1, FEWER: 1,
    }  # fmt: skip
    assert here["supported if"].tolist() == about_it["supported if"].tolist()
    assert here.loc[CLASSICAL, "evidence"].startswith("extractor, the paper's head, minus SVM (RBF)")


def test_an_undefined_difference_supports_nothing():
    undefined = candidate(None)
    table = judge(with_scores(svm=undefined, plain_cnn=undefined))
    assert table.loc[[CLASSICAL, PLAIN_CNN], "verdict"].tolist() == [INCONCLUSIVE] * 2
    assert table.loc[CLASSICAL, "evidence"].endswith("accuracy –")


@pytest.mark.parametrize(
    ("claim", "score"), [(IMBALANCE, "sensitivity_normal"), (SPECIFICITY, "specificity_malignant")]
)
def test_an_undefined_score_supports_nothing(claim, score):
    assert verdict(claim, with_scores(paper=candidate(0.75, **{score: None}))) == INCONCLUSIVE
