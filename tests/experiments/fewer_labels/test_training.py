"""Labels are read when they are bought and never before; unlabelled images help where classes form clusters."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from made_labels import cloud, clusters, folds_of
from sklearn.metrics import roc_auc_score
from threadpoolctl import threadpool_limits

from bcd_utils.experiments.fewer_labels import training
from bcd_utils.experiments.fewer_labels.declared import CHOICES, ELSEWHERE, WAYS, WITHOUT_OWN
from bcd_utils.experiments.fewer_labels.draws import draw
from bcd_utils.experiments.fewer_labels.training import Job, Shared, follow, train


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    with threadpool_limits(1):
        yield


def job_of(shared: Shared, way: str, lesions, seed: int = 0) -> Job:
    """The first fold's job on one draw."""
    test = folds_of(shared)[0]
    pool = np.setdiff1d(np.arange(len(shared.groups)), test)
    drawn = draw(shared.labels[pool], shared.groups[pool], lesions, [seed])
    return Job(way, tuple(test.tolist()), tuple(tuple(each.tolist()) for each in drawn), seed)


@pytest.mark.parametrize("way", [*WAYS, *CHOICES, *ELSEWHERE])
def test_no_label_is_read_before_it_is_bought(way):
    shared = replace(cloud(60), elsewhere=cloud(20, seed=1).values)
    job = job_of(shared, way, [3, 5])
    found = follow(job, shared)
    never = ~found["bought"].any(axis=0)
    assert never.sum() > 50 and found["bought"][1].sum() > found["bought"][0].sum()
    wrong = replace(shared, labels=np.where(never, 1 - shared.labels, shared.labels))
    again = follow(job, wrong)
    assert all((again[name] == found[name]).all() for name in found), "bit for bit"
    told = replace(shared, labels=np.where(never, shared.labels, 1 - shared.labels))
    assert (follow(job, told)["probabilities"] != found["probabilities"]).any(), (
        "labels that were bought count"
    )


@pytest.mark.parametrize("way", CHOICES)
def test_choices_buy_as_many_lesions_as_were_drawn_and_keep_what_they_have(way):
    shared = clusters(60)
    job = job_of(shared, way, [3, 5, 8])
    bought = follow(job, shared)["bought"]
    groups = [set(shared.groups[rows]) for rows in bought]
    assert [len(each) for each in groups] == [6, 10, 16] and groups[0] < groups[1] < groups[2]
    assert groups[0] == set(job.drawn[0])
    assert not bought[:, list(job.tested)].any(), "what is tested is never labelled"
    for rows in bought:
        assert all(rows[shared.groups == group].all() for group in set(shared.groups[rows])), "whole lesions"


def gains(make, way: str) -> float:
    """Mean gain in area over the floor, on the same three labelled lesions a class, over eight phantoms."""
    found = []
    for seed in range(8):
        shared = make(120, seed)
        both = [follow(job_of(shared, each, [3], seed), shared) for each in (way, "probe")]
        test = folds_of(shared)[0]
        first, second = (roc_auc_score(shared.labels[test], each["probabilities"][0, :, 1]) for each in both)
        found.append(first - second)
    return float(np.mean(found))


@pytest.mark.parametrize("way", ["label_spreading", "self_training"])
def test_unlabelled_images_help_where_classes_form_clusters_and_not_where_they_do_not(way):
    assert gains(clusters, way) > 0.02
    assert gains(cloud, way) < 0.015


@pytest.mark.parametrize("way", WITHOUT_OWN)
def test_another_sources_images_help_where_they_form_the_same_clusters(way):
    def same(lesions, seed):
        return replace(clusters(lesions, seed), elsewhere=clusters(lesions, seed + 100).values)

    assert gains(same, way) > 0.02


def test_in_place_of_the_pools_own_means_that_these_are_not_seen():
    shared = replace(clusters(60), elsewhere=clusters(60, 1).values)
    job = job_of(shared, "self_training_elsewhere", [3])
    labelled = follow(job, shared)["bought"][0]
    pool = np.setdiff1d(np.arange(120), job.tested)
    seen = []

    def learn(given):
        seen.append((len(given.labelled), len(given.unlabelled)))
        return WAYS["probe"](given)

    with pytest.MonkeyPatch.context() as patch:
        for way in ("self_training_elsewhere", "self_training_both"):
            patch.setitem(training.ELSEWHERE, way, learn)
            follow(replace(job, way=way), shared)
    assert seen == [(labelled.sum(), 120), (labelled.sum(), 120 + len(pool) - labelled.sum())]


def test_without_another_source_nobody_is_asked_about_one():
    assert cloud(60).ways == (*WAYS, *CHOICES)
    assert replace(cloud(60), elsewhere=cloud(20).values).ways == (*WAYS, *CHOICES, *ELSEWHERE)


def test_predictions_are_out_of_fold_and_the_same_again(monkeypatch):
    shared = clusters(30)
    asked = []

    def run_jobs(work, jobs, given, tell):
        asked.append(jobs)
        return {key: work(job, given) for key, job in jobs.items()}

    monkeypatch.setattr(training, "run_jobs", run_jobs)
    first, again = (train(shared, folds_of(shared), [2, 3], 2, seed=5) for _ in range(2))
    assert asked[0] == asked[1] and len(asked[0]) == 6 * 3 * 2
    for way in (*WAYS, *CHOICES):
        assert first.probabilities[way].shape == (2, 2, 60, 2) and first.bought[way].shape == (3, 2, 2, 60)
        assert np.isfinite(first.probabilities[way]).all()
        assert (first.probabilities[way] == again.probabilities[way]).all()
        for fold, tested in enumerate(folds_of(shared)):
            assert not first.bought[way][fold][..., tested].any()
    for choice in CHOICES:
        starts = first.probabilities[choice][:, 0], first.probabilities["probe"][:, 0]
        assert (starts[0] == starts[1]).all(), "all begin with the same labels"
