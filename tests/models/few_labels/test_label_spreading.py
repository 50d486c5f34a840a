"""Label spreading on a picture that can be followed by eye."""

from __future__ import annotations

import numpy as np

from bcd_utils.models.few_labels.base import UNKNOWN, FewLabels
from bcd_utils.models.few_labels.label_spreading import spread


def chains() -> FewLabels:
    """Two parallel chains of ten images, each with one label at its left end."""
    places = np.array([(x, y) for y in (0.0, 3.0) for x in range(10)], dtype=float)
    labels = np.full(20, UNKNOWN)
    labels[[0, 10]] = 0, 1
    return FewLabels(places, labels, np.arange(20), 2, 0)


def test_a_label_reaches_the_far_end_of_its_chain():
    ends = np.array([[9.0, 0.0], [9.0, 3.0]])
    assert spread(chains(), (20.0, 0.9))(ends).argmax(axis=1).tolist() == [0, 1]


def test_without_unlabelled_images_there_is_nothing_to_flow_along():
    given = chains()
    given.values[10] = [8.0, 3.0]  # the second label lies near the far end of the first chain
    alone = given.without(given.unlabelled)
    far = np.array([[7.0, 0.0]])
    assert spread(given, (20.0, 0.9))(far).argmax() == 0 and spread(alone, (1.0, 0.9))(far).argmax() == 1


def test_an_image_like_no_other_is_given_the_shares_of_the_classes():
    given = chains()
    given.labels[11:14] = 1
    assert np.allclose(spread(given, (20.0, 0.9))(np.array([[500.0, 500.0]])), [[0.2, 0.8]])
