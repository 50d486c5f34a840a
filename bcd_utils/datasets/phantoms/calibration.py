"""A few phantoms on which the statistics of untrained networks are set."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from bcd_utils.datasets.phantoms.generator import draw_phantom
from bcd_utils.images.transforms import network_input, resize

CALIBRATION_SEED = 977


@lru_cache(maxsize=4)
def calibration_images(kind: str, size: int, count: int = 8) -> np.ndarray:
    """Phantoms as network input: in cross-validation every real image is a test image once.

    Parameters
    ----------
    kind, size
        As a study's ``input`` and ``image_size``.
    count : int
        As many as `random_weights.randomise` looks at.

    Returns
    -------
    ndarray, uint8, shape (count, size, size, 3)
    """
    labels = (["benign", "malignant", "normal"] * count)[:count]
    drawn = [draw_phantom(label, [CALIBRATION_SEED, number]) for number, label in enumerate(labels)]
    shown = [network_input(np.repeat(image[..., None], 3, axis=2), mask, kind) for image, mask in drawn]
    return np.stack([resize(image, size) for image in shown])
