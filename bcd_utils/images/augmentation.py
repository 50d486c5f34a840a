"""Random rotation, flip and zoom of training images."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from bcd_utils.study.settings import Augmentation


def augment(
    images: np.ndarray, settings: Augmentation, seed: int, epoch: int, rows: np.ndarray
) -> np.ndarray:
    """Rotate, flip and zoom each image by amounts drawn for it in this epoch.

    The draw depends on seed, epoch and the image's row only, never on the batch it is in. Pixels
    from outside the frame repeat the border's, so no black corners tell an augmented image.

    Parameters
    ----------
    images : ndarray, uint8, shape (n, s, s, 3)
    settings : Augmentation
        Largest rotation (degrees) and zoom (share of the side), and whether to flip left and right.
    rows : ndarray, int, shape (n,)

    Returns
    -------
    ndarray, uint8, shape (n, s, s, 3)
    """
    import cv2

    changed = np.empty_like(images)
    for index, row in enumerate(rows):
        generator = np.random.default_rng([seed, epoch, int(row)])
        angle = generator.uniform(-1, 1) * settings.rotation_degrees
        scale = 1 + generator.uniform(-1, 1) * settings.zoom
        flip = settings.horizontal_flip and generator.random() < 0.5
        image = np.ascontiguousarray(images[index, :, ::-1] if flip else images[index])
        centre = ((image.shape[1] - 1) / 2, (image.shape[0] - 1) / 2)
        turn = cv2.getRotationMatrix2D(centre, angle, scale)
        changed[index] = cv2.warpAffine(image, turn, image.shape[1::-1], borderMode=cv2.BORDER_REPLICATE)
    return changed
