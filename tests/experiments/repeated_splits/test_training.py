"""Repeated splits: how they are drawn, and that a training's result follows from its split and seed alone."""

from __future__ import annotations

import os
import signal
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from distributed import LocalCluster

from bcd_utils.datasets.splits import SETS, split_images
from bcd_utils.experiments.repeated_splits import training as repeated_splits
from bcd_utils.models import training as classifier
from bcd_utils.models.candidates.fold_training import Training, TrainingData
from bcd_utils.models.head import build_head
from bcd_utils.models.training import Batches, predict, train
from bcd_utils.study.loading import make_study
from bcd_utils.study.settings import RepeatedSplits
from bcd_utils.utils.backend import keras
from bcd_utils.utils.parallel import ENGINE, SCHEDULER

CLASSES = ("benign", "malignant", "normal")
IMAGES = 90


@pytest.fixture(scope="module")
def study():
    settings = {"name": "tiny", "seed": 3, "hidden_units": [8], "epochs": 4, "batch_size": 8}
    settings |= {"repeated_splits": {"splits": 3, "folds": 3, "repeats": 2}, "bootstrap_samples": 100}
    return make_study(settings)


@pytest.fixture(scope="module")
def images():
    """30 images a class; images 0 and 1, 2 and 3, ... up to 19 are copies."""
    labels = [CLASSES[number % 3] for number in range(IMAGES)]
    groups = [f"g{number // 2}" if number < 20 else f"s{number}" for number in range(IMAGES)]
    ids = [f"i{number}" for number in range(IMAGES)]
    return pd.DataFrame({"id": ids, "label": labels, "group": groups, "strict_group": groups, "status": "ok"})


@pytest.fixture(scope="module")
def labels(images):
    return images["label"].map({name: index for index, name in enumerate(CLASSES)}).to_numpy()


@pytest.fixture(scope="module")
def features(labels):
    centres = np.random.default_rng(0).normal(size=(3, 1, 1, 6))
    values = centres[labels] + np.random.default_rng(1).normal(size=(IMAGES, 2, 2, 6))
    return values.astype(np.float32)


def test_the_first_plain_split_is_the_studys_own(images, study):
    splits = repeated_splits.draw_splits(images, study)
    pd.testing.assert_series_equal(splits["plain", 0], split_images(images, seed=3))
    assert not splits["plain", 1].equals(splits["plain", 0])


def test_grouped_splits_keep_groups_whole_and_plain_ones_do_not(images, study):
    splits = repeated_splits.draw_splits(images, study)
    assert [scheme for scheme, _ in splits] == ["plain"] * 3 + ["grouped"] * 3 + ["folds"] * 6 + [
        "image_folds"
    ] * 6
    crossing = {
        name: (images.assign(set=split).groupby("group")["set"].nunique() > 1).any()
        for name, split in splits.items()
    }
    by_image = ("plain", "image_folds")
    assert not any(crosses for (scheme, _), crosses in crossing.items() if scheme not in by_image)
    for name in by_image:
        assert any(crosses for (scheme, _), crosses in crossing.items() if scheme == name)


def test_a_repeat_of_cross_validation_tests_every_image_once(images, study):
    splits = repeated_splits.draw_splits(images, study)
    for repeat in range(2):
        for scheme in ("folds", "image_folds"):
            tested = sum((splits[scheme, 3 * repeat + fold] == "test").astype(int) for fold in range(3))
            assert (tested == 1).all()
    assert not splits["folds", 0].equals(splits["folds", 3])


def test_other_strict_groups_have_folds_of_their_own(images, study):
    strict = images.assign(strict_group=images["group"].where(images.index < 10, images["id"]))
    splits = repeated_splits.draw_splits(strict, study)
    assert [scheme for scheme, _ in splits].count("strict_folds") == 6
    crosses = {
        column: any(
            (strict.assign(set=split).groupby(column)["set"].nunique() > 1).any()
            for (scheme, _), split in splits.items()
            if scheme == "strict_folds"
        )
        for column in ("strict_group", "group")
    }
    assert crosses == {"strict_group": False, "group": True}


def test_every_seed_is_tried_on_every_crossed_split(images, study):
    draw = replace(study.repeated_splits, splits=1, crossed_splits=3, crossed_seeds=2)
    crossed = repeated_splits.crossed_splits(images, replace(study, repeated_splits=draw))
    assert list(crossed) == [(split, seed) for split in range(3) for seed in range(2)]
    for (split, _), sets in crossed.items():
        pd.testing.assert_series_equal(sets, split_images(images, seed=3 + split))


def test_average_pooling_of_the_features_beforehand_changes_no_prediction(features, study):
    pooled = repeated_splits.head_inputs(features, study)
    assert pooled.shape == (IMAGES, 1, 1, 6)
    np.testing.assert_allclose(pooled[:, 0, 0], features.mean(axis=(1, 2)), rtol=1e-6)
    whole = repeated_splits.head_inputs(
        features, replace(study, repeated_splits=RepeatedSplits(pooling="flatten"))
    )
    np.testing.assert_array_equal(whole, features)


def job_of(split: pd.Series, seed: int) -> Training:
    return Training(tuple(split.map({name: index for index, name in enumerate(SETS)})), seed)


@pytest.fixture(scope="module")
def shared(features, labels, study):
    study = replace(study, pooling="average")
    return TrainingData(repeated_splits.head_inputs(features, study), labels, 3, study)


def test_a_training_is_the_one_that_the_study_would_do(images, shared):
    split = split_images(images, seed=5)
    result = repeated_splits.train_once(job_of(split, 5), shared)
    study = replace(shared.study, seed=5)
    keras.utils.set_random_seed(5)
    head = build_head(shared.values.shape[1:], 3, study)
    training, validation = (
        Batches(shared.values, shared.labels, np.flatnonzero(split == name), 3, 8, seed)
        for name, seed in (("train", 5), ("validation", None))
    )
    history, best = train(head, training, validation, study, study.epochs, study.learning_rate)
    assert (result["epochs"], result["best_epoch"]) == (len(history), best)
    np.testing.assert_allclose(result["probabilities"], predict(head, shared.values), rtol=1e-4)
    assert (result["probabilities"].argmax(axis=1) == shared.labels)[split == "train"].mean() > 0.4


def test_what_a_worker_trained_before_changes_nothing(images, shared):
    jobs = [job_of(split_images(images, seed=seed), seed) for seed in (5, 6)]
    classifier._compiled_heads.clear()
    alone = repeated_splits.train_once(jobs[0], shared)
    other = repeated_splits.train_once(jobs[1], shared)
    after = repeated_splits.train_once(jobs[0], shared)
    np.testing.assert_array_equal(alone["probabilities"], after["probabilities"])
    assert not np.array_equal(alone["probabilities"], other["probabilities"])


def test_images_in_no_set_are_not_learned_from(images, shared):
    split = split_images(images, seed=5)
    job = job_of(split, 5)
    without = replace(job, sets=tuple(-1 if code == 2 else code for code in job.sets))
    np.testing.assert_array_equal(
        repeated_splits.train_once(job, shared)["probabilities"],
        repeated_splits.train_once(without, shared)["probabilities"],
    )


def times(folder):
    return {path: path.stat().st_mtime_ns for path in folder.glob("*/result.npz")}


def test_what_is_trained_is_kept_and_a_changed_setting_trains_anew(
    cache, quick_workers, images, features, labels, study
):
    splits = {
        name: split for name, split in repeated_splits.draw_splits(images, study).items() if name[1] < 2
    }
    values = repeated_splits.head_inputs(features, study)
    first = repeated_splits.train_splits(splits, values, labels, 3, study)
    kept = times(cache / "jobs")
    assert len(kept) == len(splits)
    again = repeated_splits.train_splits(splits, values, labels, 3, replace(study, bootstrap_samples=500))
    assert times(cache / "jobs") == kept
    repeated_splits.train_splits(
        {("plain", 0): splits["plain", 0]}, values, labels, 3, replace(study, dropout=0.1)
    )
    repeated_splits.train_splits({("plain", 0): splits["plain", 0]}, values + 1, labels, 3, study)
    assert len(times(cache / "jobs")) == len(kept) + 2
    for name in splits:
        np.testing.assert_array_equal(first[name]["probabilities"], again[name]["probabilities"])


@pytest.mark.slow
def test_a_cluster_that_loses_a_worker_gives_the_same_results(
    cache, quick_workers, monkeypatch, images, features, labels, study
):
    splits = dict(list(repeated_splits.draw_splits(images, study).items())[::2])  # some of each scheme
    values = repeated_splits.head_inputs(features, study)
    here = repeated_splits.train_splits(splits, values, labels, 3, study)
    monkeypatch.setenv("BCD_CACHE_DIR", str(cache / "elsewhere"))
    killed = []
    with LocalCluster(n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None) as cluster:

        def kill_one(done, total):
            if done == 2 and not killed:
                killed.append(next(iter(cluster.workers.values())).pid)
                os.kill(killed[0], signal.SIGKILL)

        monkeypatch.setenv(ENGINE, "dask")
        monkeypatch.setenv(SCHEDULER, cluster.scheduler_address)
        there = repeated_splits.train_splits(splits, values, labels, 3, study, kill_one)
    assert killed and there.keys() == here.keys()
    for name in splits:
        for part in ("probabilities", "epochs", "best_epoch"):
            np.testing.assert_array_equal(here[name][part], there[name][part])
