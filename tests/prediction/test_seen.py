"""Distances from the training images."""

from __future__ import annotations

import numpy as np

from bcd_utils.evaluation.domain_shift import distance_to_nearest
from bcd_utils.prediction.seen import Seen

GENERATOR = np.random.default_rng(0)
FEATURES = GENERATOR.normal(size=(60, 5)) * [1, 2, 3, 4, 0]  # the last never varies
GROUPS = np.repeat(np.arange(20), 3).astype(str)
IDS = np.array([f"i{number}" for number in range(60)])


def test_distances_are_those_of_the_external_test():
    new = GENERATOR.normal(size=(7, 5))
    found = Seen.of(FEATURES, IDS, GROUPS).distances(new)
    np.testing.assert_allclose(found.distance, distance_to_nearest(new, FEATURES))
    scaled = (new[:, None, :4] - FEATURES[:, :4]) / FEATURES[:, :4].std(axis=0)
    order = np.square(scaled).sum(axis=-1).argsort(axis=1)[:, :3]
    assert found.nearest == IDS[order].tolist()


def test_training_images_own_distances_leave_out_their_group():
    own = [
        distance_to_nearest(FEATURES[[row]], np.where((GROUPS == GROUPS[row])[:, None], 1e9, FEATURES))[0]
        for row in range(60)
    ]  # those of its group are moved away, which changes the units
    far = Seen.of(FEATURES, IDS, GROUPS)
    assert len(own) == 60 and np.isfinite(far.own).all()
    scaled = FEATURES[:, :4] / FEATURES[:, :4].std(axis=0)
    expected = [
        np.sqrt(np.square(scaled[GROUPS != GROUPS[row]] - scaled[row]).mean(axis=1).min())
        for row in range(60)
    ]
    np.testing.assert_allclose(far.own, np.sort(expected))


def test_the_percentile_is_of_the_training_images():
    seen = Seen.of(FEATURES, IDS, GROUPS)
    assert seen.distances(FEATURES[:1]).percentile[0] == 0  # itself
    assert seen.distances(FEATURES[:1] + 1000).percentile[0] == 100
    farther = FEATURES[0].copy()
    found = seen.distances(farther[None] + [0.3, 0, 0, 0, 0])
    assert found.percentile[0] == 100 * (seen.own <= found.distance[0]).mean()


def test_one_group_has_no_distances_of_its_own():
    seen = Seen.of(FEATURES[:3], IDS[:3], GROUPS[:3])
    assert np.isinf(seen.own).all() and seen.distances(FEATURES[:1] + 9).percentile[0] == 0
