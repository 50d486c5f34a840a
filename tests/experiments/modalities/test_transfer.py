"""One protocol on each data set, and learning on one to test on another, on features whose answers are known."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

from bcd_utils.datasets import dataset_of
from bcd_utils.datasets.image_set import ImageSet
from bcd_utils.experiments.modalities.protocol import learn_probe, predictions_table, run_protocol
from bcd_utils.experiments.modalities.record import said_of_transfer
from bcd_utils.experiments.modalities.tables import MAJORITY, protocol_scores
from bcd_utils.experiments.modalities.transfer import (
    agreeing,
    auc_with_ends,
    common_pair,
    in_common,
    transfer,
)
from bcd_utils.models.candidates.base import Fold
from bcd_utils.models.candidates.frozen import PROBE
from bcd_utils.study.loading import make_study
from bcd_utils.study.source import BreakHis, Source

STUDY = make_study({"name": "mine", "bootstrap_samples": 200, "modalities": {"folds": 3}})


@pytest.fixture(autouse=True)
def own_cache(cache):
    """What is trained here stays here."""


def collection(
    title: str, labels: list[str], dataset: str = "busi", groups=None, patients=None, **settings
) -> ImageSet:
    names = [f"{title}-{number}" for number in range(len(labels))]
    images = pd.DataFrame({"id": names, "label": labels, "status": "ok", "group": groups or names})
    images = images.assign(sha256=images["id"] + ".png", pixels_sha256=images["id"] + " pixels")
    source = Source(dataset=dataset, **settings)
    classes = tuple(label for label in dataset_of(source).classes if label in labels)
    return ImageSet(source, images, classes, title * 3, title=title, patients=patients)


def features(labels: list[str], signs: dict[str, float], spread: float = 0.1) -> np.ndarray:
    """Two features an image: one that follows the class, one that is noise."""
    generator = np.random.default_rng(len(labels))
    values = generator.normal(0, spread, (len(labels), 2)).astype(np.float32)
    values[:, 0] += [signs[label] for label in labels]
    return values


def run(available, vectors):
    outcomes = {name: run_protocol(each, vectors[name], STUDY) for name, each in available.items()}
    return outcomes, transfer(available, vectors, outcomes, STUDY)


PLAIN = ["benign"] * 12 + ["malignant"] * 9
WITH_NORMAL = [*PLAIN, *["normal"] * 6]


@pytest.fixture
def two():
    """Two data sets that put malignant on opposite sides, the first with normal images."""
    available = {"a": collection("A", WITH_NORMAL), "b": collection("B", PLAIN, "breakhis")}
    vectors = {
        "a": features(WITH_NORMAL, {"benign": -1, "malignant": 1, "normal": 3}),
        "b": features(PLAIN, {"benign": 1, "malignant": -1}),
    }
    return available, vectors


def test_what_separates_at_home_is_reversed_elsewhere(two):
    _, found = run(*two)
    table = found.table.set_index(["trained_on", "tested_on"])
    assert table["auc"].to_dict() == {("a", "a"): 1, ("a", "b"): 0, ("b", "b"): 1, ("b", "a"): 0}
    assert table["images"].to_dict() == dict.fromkeys(table.index, 21)


def test_normal_images_take_no_part_and_that_is_said(two):
    _, found = run(*two)
    assert found.dropped == {"a": {"normal": 6}} and found.left_out == {}
    assert set(found.predictions["label"]) == {"benign", "malignant"}


def test_areas_agree_with_scikit_learn_from_the_saved_predictions(two):
    available, vectors = two
    vectors = {name: values + np.random.default_rng(1).normal(0, 2, values.shape).astype(np.float32)
               for name, values in vectors.items()}  # fmt: skip
    _, found = run(available, vectors)
    for _, row in found.table.iterrows():
        of = found.predictions.query("trained_on == @row.trained_on and tested_on == @row.tested_on")
        expected = roc_auc_score(of["label"] == "malignant", of["p_malignant"])
        assert row["auc"] == pytest.approx(expected) and 0 < row["auc"] < 1
        assert row["auc_low"] <= row["auc"] <= row["auc_high"]


def test_an_area_by_hand():
    images = pd.DataFrame({"label": ["benign", "benign", "malignant", "malignant"], "group": list("wxyz")})
    malignant = np.array([0.1, 0.6, 0.5, 0.9])  # of four pairs, only 0.5 against 0.6 is the wrong way round
    found = auc_with_ends(
        np.stack([1 - malignant, malignant], axis=1), images, ("benign", "malignant"), STUDY
    )
    assert found["auc"] == 0.75


def test_a_data_set_with_other_classes_takes_no_part(two):
    available, vectors = two
    subtypes = ["adenosis"] * 9 + ["fibroadenoma"] * 9
    other = collection("Subtypes", subtypes, "breakhis", breakhis=BreakHis(target="subtype"))
    available = {**available, "s": other}
    names, left_out = agreeing(available, common_pair(available))
    assert names == ["a", "b"]
    assert left_out == {"s": "Subtypes has the classes adenosis, fibroadenoma, not benign and malignant"}
    vectors = {**vectors, "s": features(subtypes, {"adenosis": 1, "fibroadenoma": -1})}
    outcomes, found = run(available, vectors)
    assert outcomes["s"].probe.values["accuracy"] == 1
    assert set(found.table["trained_on"]) | set(found.table["tested_on"]) == {"a", "b"}


def test_two_data_sets_of_the_same_patients_are_not_crossed(two):
    available, vectors = two
    patients = [f"p{number // 3}" for number in range(21)]
    near, far = (collection(title, PLAIN, "breakhis", patients, 7) for title in ("Near", "Far"))
    assert in_common(near, far)
    _, found = run(
        {"a": available["a"], "near": near, "far": far}, vectors | {"near": vectors["b"], "far": vectors["b"]}
    )
    crossed = set(zip(found.table["trained_on"], found.table["tested_on"], strict=True))
    assert len(crossed) == 7 and not {("near", "far"), ("far", "near")} & crossed
    assert found.left_out == {"near, far": "Near and Far share images or patients and are not crossed"}


def test_patients_of_one_name_in_different_data_sets_are_different_people():
    patients = [f"p{number // 3}" for number in range(21)]
    one, other = (collection(name, PLAIN, name, patients, 7) for name in ("breakhis", "mias"))
    assert not in_common(one, other)
    one.table.loc[4, "pixels_sha256"] = other.table.loc[9, "pixels_sha256"]
    assert in_common(one, other)


def test_with_no_common_classes_nothing_is_crossed(two):
    available, vectors = two
    subtypes = ["adenosis"] * 9 + ["fibroadenoma"] * 9
    other = collection("Subtypes", subtypes, "breakhis", breakhis=BreakHis(target="subtype"))
    signs = {"adenosis": 1, "fibroadenoma": -1}
    _, found = run({"a": available["a"], "s": other}, {"a": vectors["a"], "s": features(subtypes, signs)})
    assert found.table[["trained_on", "tested_on"]].values.tolist() == [["a", "a"]]
    assert "Nothing was crossed" in said_of_transfer({"sources": {}, "transfer": {"pairs": []}})


def test_what_is_told_apart_are_the_two_classes_that_most_data_sets_know(two):
    available, vectors = two
    assert common_pair(available) == ("benign", "malignant")
    cysts = ["cyst"] * 12 + ["DC"] * 9
    mine = {name: ImageSet(Source(dataset="folder", positive="DC"), collection(name, WITH_NORMAL[:21]).table.assign(
        label=cysts), ("DC", "cyst"), name * 3, title=name) for name in ("x", "y")}  # fmt: skip
    assert common_pair(mine | {"a": available["a"]}) == ("cyst", "DC")
    x, y = features(cysts, {"cyst": -1, "DC": 1}), features(cysts, {"cyst": 1, "DC": -1})
    _, found = run(mine, {"x": x, "y": y})
    assert found.classes == ("cyst", "DC") and "p_DC" in found.predictions
    areas = found.table.set_index(["trained_on", "tested_on"])["auc"].to_dict()
    assert areas == {("x", "x"): 1, ("x", "y"): 0, ("y", "y"): 1, ("y", "x"): 0}


def test_each_image_is_tested_once_by_a_model_that_saw_nothing_of_its_group():
    groups = [f"p{number // 3}" for number in range(21)]
    one = collection("B", PLAIN, "breakhis", groups, patients=7)
    vectors = features(PLAIN, {"benign": 1, "malignant": -1}, spread=1)
    outcome = run_protocol(one, vectors, STUDY)
    tested = np.sum([split == "test" for split in outcome.folds], axis=0)
    assert tested.tolist() == [1] * 21
    for split in outcome.folds:
        assert split.groupby(one.table["group"]).nunique().max() == 1
    table = predictions_table({"b": one}, {"b": outcome})
    right = (table["label"] == table["predicted"]).groupby(table["group"]).mean()
    assert outcome.rates["patients"] == 7
    assert outcome.rates["patient_rate"]["value"] == pytest.approx(right.mean())
    assert outcome.probe.values["accuracy"] == pytest.approx((table["label"] == table["predicted"]).mean())


def test_always_the_most_common_class():
    one = collection("A", WITH_NORMAL)
    outcome = run_protocol(
        one, features(WITH_NORMAL, dict.fromkeys(("benign", "malignant", "normal"), 0)), STUDY
    )
    assert outcome.majority.values["accuracy"] == pytest.approx(12 / 27)
    assert (outcome.majority.values["kappa"], outcome.majority.values["roc_auc"]) == (0, 0.5)
    assert outcome.majority.values["f1_macro"] == pytest.approx(2 * 12 / (12 + 27) / 3)
    assert outcome.rates is None, "no patients are known"


def test_what_a_constant_answer_scores_whatever_the_images_are_has_no_interval():
    one = collection("A", WITH_NORMAL)
    classes = ("benign", "malignant", "normal")
    outcome = run_protocol(one, features(WITH_NORMAL, dict.fromkeys(classes, 0)), STUDY)
    row = protocol_scores({"a": one}, {"a": outcome}, 0.95).loc[("a", MAJORITY)]
    positive = one.dataset.positive
    assert row[f"sensitivity_{positive}"] in (0, 1)
    assert row[[f"sensitivity_{positive}_low", f"specificity_{positive}_high", "kappa_low"]].isna().all()


def test_the_probe_is_that_of_the_comparison():
    values = features(PLAIN, {"benign": 1, "malignant": -1}, spread=1)
    labels = np.array([0] * 12 + [1] * 9)
    rows = np.arange(21)
    given = (labels, rows[rows % 3 > 0], rows[rows % 3 == 0], 2, STUDY)
    ours, theirs = learn_probe(Fold(values, *given)), PROBE(Fold(values[:, None, None], *given))
    assert ours.choices == theirs.choices
    np.testing.assert_allclose(ours.predict(values), theirs.predict(values[:, None, None]))


def test_what_was_trained_once_is_not_again(two, monkeypatch):
    first = run(*two)[1]
    monkeypatch.setattr("bcd_utils.utils.parallel._engine", None)
    pd.testing.assert_frame_equal(run(*two)[1].table, first.table)


# -- what is said -----------------------------------------------------------------------------------

SOURCES = {
    "a": {"title": "A", "modality": "breast ultrasound"},
    "b": {"title": "B", "modality": "breast histopathology"},
    "c": {"title": "C", "modality": "synthetic breast ultrasound"},
}


TWO = {"classes": ["benign", "malignant"]}


def said(*rows) -> str:
    pairs = [
        {"trained_on": one, "tested_on": other, "auc": auc, "auc_low": low, "auc_high": high}
        for one, other, auc, low, high in rows
    ]
    return said_of_transfer({"sources": SOURCES, "confidence": 0.95, "transfer": TWO | {"pairs": pairs}})


AT_HOME = (("a", "a", 0.9, 0.85, 0.95), ("b", "b", 0.8, 0.7, 0.9))


def test_chance_between_kinds_is_what_one_should_expect():
    text = said(*AT_HOME, ("a", "b", 0.55, 0.4, 0.7), ("b", "a", 0.3, 0.2, 0.4))
    assert "Of 2 crossings, 1 is not told from chance, 1 is below chance" in text
    assert "none is above chance, which is what one should expect" in text
    assert "0.300 [0.200, 0.400] (B to A) to 0.550 [0.400, 0.700] (A to B)" in text
    assert "even at home" not in text and "external test" not in text


def test_above_chance_between_kinds_is_not_taken_for_knowledge():
    text = said(*AT_HOME, ("a", "b", 0.7, 0.6, 0.8), ("b", "a", 0.5, 0.4, 0.6))
    assert "1 of 2 is above chance (0.700 [0.600, 0.800] (A to B))" in text
    assert "Before calling that knowledge of disease" in text and "none is above" not in text


def test_a_model_that_fails_at_home_says_nothing_elsewhere():
    text = said(AT_HOME[0], ("b", "b", 0.55, 0.4, 0.7), ("a", "b", 0.5, 0.4, 0.6), ("b", "a", 0.5, 0.4, 0.6))
    assert "learned on B is not told from chance even at home" in text


def test_within_one_kind_it_is_an_external_test():
    text = said(AT_HOME[0], ("c", "c", 0.9, 0.8, 1), ("a", "c", 0.8, 0.7, 0.9), ("c", "a", 0.6, 0.4, 0.8))
    assert (
        "Within one kind of image, which is an external test: 0.800 [0.700, 0.900] (A to C), above chance"
        in text
    )
    assert "Between kinds" not in text
