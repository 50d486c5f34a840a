"""What was not bought cannot be read."""

from __future__ import annotations

import numpy as np

from bcd_utils.experiments.fewer_labels.oracle import Oracle

LABELS, GROUPS = np.array([0, 1, 1, 2]), np.array([5, 6, 6, 7])


def test_a_lesion_is_paid_once_and_all_its_images_are_told():
    oracle = Oracle(LABELS, GROUPS)
    assert oracle.known.tolist() == [-1, -1, -1, -1] and oracle.bought == 0
    oracle.buy([6])
    oracle.buy([6, 5])
    assert oracle.known.tolist() == [0, 1, 1, -1] and oracle.bought == 2


def test_the_labels_themselves_are_not_handed_out():
    oracle = Oracle(LABELS, GROUPS)
    oracle.known[:] = 9
    assert oracle.known.tolist() == [-1] * 4
    assert not any(
        value is LABELS for name, value in vars(oracle).items() if not name.startswith("_Oracle__")
    )
