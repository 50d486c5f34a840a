"""Labelled lesions are drawn a class, the smaller numbers part of the larger ones."""

from __future__ import annotations

import numpy as np
import pytest

from bcd_utils.experiments.fewer_labels.draws import draw
from bcd_utils.utils.errors import StudyError

LABELS = np.repeat([0, 0, 0, 0, 1, 1, 1], 2)  # seven lesions of two images each
GROUPS = np.repeat(np.arange(7), 2)


def test_so_many_of_each_class_or_all_that_it_has():
    few, many = draw(LABELS, GROUPS, [2, 4], [1, 0, 0])
    assert [sum(few < 4), sum(few >= 4)] == [2, 2] and set(few) < set(many)
    assert many.tolist() == list(range(7))


def test_draws_differ_and_are_the_same_again():
    drawn = {tuple(draw(LABELS, GROUPS, [2, 4], [1, 0, number])[0]) for number in range(20)}
    assert len(drawn) > 5
    assert (draw(LABELS, GROUPS, [2, 4], [3])[0] == draw(LABELS, GROUPS, [2, 4], [3])[0]).all()


@pytest.mark.parametrize("lesions", [[2, 5], [9]])
def test_more_than_there_are_is_refused(lesions):
    with pytest.raises(StudyError, match=r"from 3 to 4 lesions a class.*fewer_labels\.lesions"):
        draw(LABELS, GROUPS, lesions, [0])


def test_a_class_of_one_lesion_is_refused():
    with pytest.raises(StudyError, match="every class needs 2 lesions"):
        draw(np.array([0, 0, 0, 1]), np.arange(4), [2, 3], [0])
