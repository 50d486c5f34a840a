"""From pixels to pixels: parts of images, squares of one size, and what a network is shown."""

from __future__ import annotations

import numpy as np

OVERLAY_OPACITY = 0.4


def cropped(pixels: np.ndarray, box: str) -> np.ndarray:
    """The part of an image or mask that a manifest's ``box`` cell names; all of it where that is empty.

    Examples
    --------
    >>> cropped(np.arange(12).reshape(3, 4), "1,0,3,2")  # left, top, right, bottom
    array([[1, 2],
           [5, 6]])
    """
    if not box:
        return pixels
    left, top, right, bottom = map(int, box.split(","))
    return pixels[top:bottom, left:right]


def resize(image: np.ndarray, size: int) -> np.ndarray:
    """Resize to a square without keeping the aspect ratio, as the paper does (area averaging).

    Parameters
    ----------
    image : ndarray, uint8, shape (height, width, 3)

    Returns
    -------
    ndarray, uint8, shape (size, size, 3)
    """
    import cv2

    shrinking = image.shape[0] >= size and image.shape[1] >= size
    return cv2.resize(image, (size, size), interpolation=cv2.INTER_AREA if shrinking else cv2.INTER_LINEAR)


def network_input(image: np.ndarray, mask: np.ndarray, kind: str) -> np.ndarray:
    """The picture a network is shown.

    Parameters
    ----------
    image : ndarray, uint8, shape (height, width, 3)
    mask : ndarray, bool, shape (height, width)
    kind : {"image", "mask", "overlay"}
        The image alone, the lesion mask alone (white on black), or the mask blended into the image.

    Returns
    -------
    ndarray, uint8, shape (height, width, 3)

    Examples
    --------
    >>> image = np.full((1, 2, 3), 100, np.uint8)
    >>> network_input(image, np.array([[True, False]]), "overlay")[0, :, 0]
    array([162,  60], dtype=uint8)
    """
    if kind == "image":
        return image
    white = np.repeat(mask[..., None], 3, axis=2) * np.uint8(255)
    if kind == "mask":
        return white
    blend = (1 - OVERLAY_OPACITY) * image + OVERLAY_OPACITY * white
    return np.rint(blend).astype(np.uint8)
