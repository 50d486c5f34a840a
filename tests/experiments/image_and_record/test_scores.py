"""Arms trained on folds: a gain is found where it is drawn in, and shuffles show what it rests on."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from made_records import made
from sklearn.metrics import roc_auc_score
from threadpoolctl import threadpool_limits

from bcd_utils.evaluation.calibration_line import calibration_line
from bcd_utils.evaluation.verdicts import INCONCLUSIVE, NOT_TESTED, SUPPORTED
from bcd_utils.experiments.image_and_record import singles, tables, training, words
from bcd_utils.experiments.image_and_record.arms import arms_of
from bcd_utils.experiments.image_and_record.missing import missing_by_class
from bcd_utils.experiments.image_and_record.record import judge, record
from bcd_utils.experiments.image_and_record.scores import (
    calibration_of,
    gains,
    importance,
    on_grouped_folds,
    on_published_split,
)
from bcd_utils.study.loading import make_study
from bcd_utils.utils.errors import StudyError

SETTINGS = {"name": "mine", "bootstrap_samples": 100, "image_and_record": {"folds": 3, "permutations": 4}}
STUDY = make_study(SETTINGS)
AREA = "roc_auc_malignant"


@pytest.fixture(scope="module", autouse=True)
def here():
    """Jobs run in this process, and few forces are tried: workers would take longer to start than to train."""
    with pytest.MonkeyPatch.context() as patch, threadpool_limits(1):
        patch.setattr(singles, "FORCES", (1.0, 100.0))
        patch.setattr(
            training,
            "run_jobs",
            lambda work, jobs, shared, tell: {key: work(job, shared) for key, job in jobs.items()},
        )
        yield


@pytest.fixture(scope="module")
def known(here):
    """A material whose record tells much, and what came of it."""
    material = made(effect=2.5, images=160, of_image=0.5)
    return material, on_grouped_folds(material, STUDY)


def test_the_arms_are_those_that_the_material_allows():
    assert list(arms_of(made())) == [
        "image", "known", "read", "both", "early_known", "late_known", "early_read", "late_read",
    ]  # fmt: skip
    alone = made(of_image=None)
    assert list(arms_of(alone)) == ["known", "read", "both"]
    values = alone.records.values.assign(age=np.nan)
    one = replace(alone, records=replace(alone.records, values=values))
    assert arms_of(one)["gaps"].columns == ("age is missing",)


def test_the_second_kind_is_never_mixed_with_the_first():
    for arm in arms_of(made()).values():
        mixed = {"birads"} < set(arm.columns)
        assert mixed == (arm.name == "both") and (
            "another reader" in arm.title or "birads" not in arm.columns
        )


def test_a_gain_that_is_drawn_in_is_found(known):
    material, outcome = known
    found = gains(outcome, AREA, 0.95)
    assert (found.loc[["early_known", "late_known"], "gain_low"] > 0).all()
    claim = judge(outcome, material, STUDY)
    assert claim["this run's network"] == SUPPORTED and claim["verdict"] == SUPPORTED
    assert judge(outcome, replace(material, synthetic=True), STUDY)["verdict"] == NOT_TESTED
    other = make_study(SETTINGS | {"backbone": "densenet121"})
    assert judge(outcome, material, other)["verdict"] == NOT_TESTED


def test_no_gain_is_found_where_there_is_none(known):
    material, outcome = known
    alike = dict.fromkeys(("early_known", "late_known"), outcome.scored["image"])
    claim = judge(replace(outcome, scored=outcome.scored | alike), material, STUDY)
    assert claim["this run's network"] == INCONCLUSIVE and "+0.000" in claim["evidence"]


def test_every_row_is_tested_once_without_its_patient_and_scores_follow(known):
    material, outcome = known
    assert sorted(np.concatenate(outcome.trained.tested)) == list(range(len(material.table)))
    groups = material.table["group"]
    for rows in outcome.trained.tested:
        assert not set(groups.iloc[rows]) & set(groups.drop(rows))
    table = tables.predictions_table(material, outcome, None)
    for arm, of in table.groupby("arm"):
        assert len(of) == len(material.table)
        expected = roc_auc_score(of["label"] == "malignant", of["p_malignant"])
        assert outcome.scored[arm].values[AREA] == pytest.approx(expected, abs=1e-9)


def test_shuffles_show_what_a_model_leans_on(known):
    _, outcome = known
    drop = importance(outcome, "malignant", 0.95)
    for arm in ("known", "early_known", "late_known"):
        assert drop.loc[(arm, "age"), "drop_low"] > 0
        assert abs(drop.loc[(arm, "side"), "drop"]) < 0.05 < drop.loc[(arm, "age"), "drop"]
    assert drop.loc[("known", "age"), "drop"] == pytest.approx(
        outcome.scored["known"].values[AREA] - 0.5, abs=0.1
    ), "without the age it is a coin"
    assert {group for arm, group in drop.index if arm == "late_known"} == {"image", "age", "side"}


def test_calibration_is_that_of_the_scored_probabilities(known):
    _, outcome = known
    table = calibration_of(outcome, "malignant", 0.95)
    for arm, scored in outcome.scored.items():
        found, line = table.loc[arm], calibration_line(scored.labels == 1, scored.probabilities[:, 1])
        assert found["slope"] == pytest.approx(line["slope"]["value"])
        assert found["brier"] == pytest.approx(2 * np.mean((scored.labels - scored.probabilities[:, 1]) ** 2))
    assert table.loc["known", "slope_low"] < 1 < table.loc["known", "slope_high"]
    learned = table.drop(index="image")  # nothing is to be seen in these images
    assert (table["ece"] < 0.2).all() and (learned["brier"] < 0.5).all()


def test_the_published_split_and_patients_on_both_sides_of_it():
    material = made(effect=2.0, of_image=None)
    assert on_published_split(material, STUDY) is None
    sets = np.where(np.arange(len(material.table)) < 80, "train", "test").astype(object)
    apart = replace(material, table=material.table.assign(official_split=sets))
    assert apart.crossing == 0
    found = on_published_split(apart, STUDY)
    assert len(found.scored["known"].labels) == 40 and found.scored["known"].folds == ()
    assert found.scored["known"].interval(AREA, 0.95)["low"] > 0.5
    sets[81], sets[10] = "train", "test"
    assert replace(material, table=material.table.assign(official_split=sets)).crossing == 2
    without = apart.table.assign(official_split=np.where(apart.table["label"] == "benign", "train", "test"))
    assert on_published_split(replace(apart, table=without), STUDY) is None


def test_three_classes_and_missing_values():
    material = made(effect=2.0, images=90, classes=("benign", "malignant", "normal"))
    values = material.records.values.drop(columns="birads")
    values.loc[::7, "age"] = np.nan
    values.loc[::9, "side"] = ""
    columns = {name: column for name, column in material.records.columns.items() if name != "birads"}
    material = replace(
        material, records=replace(material.records, values=values, columns=columns), positive="malignant"
    )
    outcome = on_grouped_folds(material, STUDY)
    assert list(outcome.arms) == ["image", "known", "gaps", "early_known", "late_known"]
    assert outcome.scored["late_known"].probabilities.shape == (90, 3)
    assert outcome.scored["known"].values["roc_auc_normal"] > 0.7
    assert np.isfinite(outcome.scored["gaps"].values[AREA])


def test_the_record_says_all_in_plain_values(known):
    material, outcome = known
    paired = pd.DataFrame({"accuracy_difference": [0.1]}, index=["known"])
    parts = {"missing": missing_by_class(material, 0.95), "paired": paired}
    parts |= {
        "calibration": calibration_of(outcome, "malignant", 0.95),
        "importance": importance(outcome, "malignant", 0.95),
    }
    made_of = record(STUDY, material, outcome, None, parts)
    assert made_of["patients"] == 80 and made_of["columns"]["age"]["kind"] == "known"
    assert made_of["paired"] == [{"arm": "known", "accuracy_difference": 0.1}]
    assert made_of["importance"][0].keys() == {"arm", "group", "drop", "drop_low", "drop_high"}
    assert words.said_of_scores(made_of).count("\n") == 7
    assert words.said_of_claim(made_of).startswith("What is known before the image adds to it.")
    assert words.said_of_published(made_of).startswith("No split is published")


def test_a_record_alone_leaves_the_claim_untested(known):
    material, outcome = known
    alone = replace(outcome, arms={name: outcome.arms[name] for name in ("known", "read", "both")})
    claim = judge(alone, material, STUDY)
    assert claim["this run's network"] == NOT_TESTED and "the record stands alone" in claim["evidence"]


def test_too_few_patients_are_said_to_be():
    with pytest.raises(StudyError):
        on_grouped_folds(made(images=8), STUDY)
