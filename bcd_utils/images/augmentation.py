"""Random changes of training images: where they lie, and how bright they are."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from bcd_utils.study.settings import Augmentation


def augment(
    images: np.ndarray, settings: Augmentation, seed: int, epoch: int, rows: np.ndarray
) -> np.ndarray:
    """Rotate, flip, zoom and shift each image, and change its levels, by amounts drawn for it in this epoch.

    The draw depends on seed, epoch and the image's row only, never on the batch it is in. Pixels
    from outside the frame repeat the border's, so no black corners tell an augmented image.

    Parameters
    ----------
    images : ndarray, uint8, shape (n, s, s, 3)
    settings : Augmentation
        The largest changes.
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
        if settings.shift:
            turn[:, 2] += generator.uniform(-1, 1, 2) * settings.shift * image.shape[0]
        moved = cv2.warpAffine(image, turn, image.shape[1::-1], borderMode=cv2.BORDER_REPLICATE)
        changed[index] = _relit(moved, settings, generator)
    return changed


def _relit(image: np.ndarray, settings: Augmentation, generator: np.random.Generator) -> np.ndarray:
    if not (settings.brightness or settings.contrast or settings.speckle):
        return image
    levels, mean = image.astype(np.float32), image.mean()
    brighter, steeper = generator.uniform(-1, 1, 2) * (255 * settings.brightness, settings.contrast)
    levels += steeper * (levels - mean) + brighter
    if settings.speckle:
        levels *= 1 + settings.speckle * generator.standard_normal((*image.shape[:2], 1), dtype=np.float32)
    return np.rint(levels.clip(0, 255)).astype(np.uint8)
