"""Averages of feature maps, worked out by hand."""

from __future__ import annotations

import numpy as np

from bcd_utils.pooling import pooled


def test_features_are_averaged_over_the_image():
    features = np.arange(24, dtype=np.float32).reshape(2, 2, 2, 3)
    assert pooled(features).tolist() == [[4.5, 5.5, 6.5], [16.5, 17.5, 18.5]]
    assert pooled(features[:0]).shape == (0, 3)
