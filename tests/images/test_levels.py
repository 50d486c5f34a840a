"""Grey levels of any depth become 8 bit by the depth, not by the image."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bcd_utils.images.levels import in_8_bit, limits_of


@pytest.mark.parametrize("bits", [10, 12, 14, 16])
def test_each_depth_has_its_own_white(bits):
    top = 2**bits - 1
    assert in_8_bit(np.array([0, top // 3, top], np.uint16)).tolist() == [0, 85, 255]
    assert limits_of(np.array([0, top // 2, top // 3 * 2], np.int32)) == (0, top)


def test_the_files_own_limits_come_first_and_may_be_the_other_way_round():
    levels = np.array([0, 51, 255], np.uint8)
    assert in_8_bit(levels) is levels
    assert in_8_bit(levels, (0, 51)).tolist() == [0, 255, 255]
    assert in_8_bit(levels, (255, 0)).tolist() == [255, 204, 0]


@given(st.lists(st.integers(-(2**31), 2**32 - 1), min_size=1))
def test_order_is_kept_and_nothing_wraps(levels):
    ordered = np.array(sorted(levels), np.int64)
    assert (np.diff(in_8_bit(ordered).astype(int)) >= 0).all()


def test_an_image_of_no_numbers_is_black():
    assert in_8_bit(np.array([np.nan, np.nan])).tolist() == [0, 0]
