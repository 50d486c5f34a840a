"""From pixels to pixels: parts of images, squares of one size, and what a network is shown."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

OVERLAY_OPACITY = 0.4
CROP_MARGIN = 0.1  # of the lesion's height above and below, of its width left and right
OUTLINE_COLOUR = (0, 255, 0)
OUTLINE_WIDTH = 3  # OpenCV's thickness, of which it makes 5 pixels, in the image as it is stored


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


def resize(image: np.ndarray, size: int | tuple[int, int]) -> np.ndarray:
    """Resize to a square, or to (height, width), whatever the aspect ratio, as the paper does (area averaging).

    Parameters
    ----------
    image : ndarray, uint8, shape (height, width, 3)

    Returns
    -------
    ndarray, uint8, shape (size, size, 3)
    """
    import cv2

    height, width = (size, size) if isinstance(size, int) else size
    shrinking = image.shape[0] >= height and image.shape[1] >= width
    return cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA if shrinking else cv2.INTER_LINEAR)


def network_input(image: np.ndarray, mask: np.ndarray, kind: str) -> np.ndarray:
    """The picture a network is shown.

    Parameters
    ----------
    image : ndarray, uint8, shape (height, width, 3)
    mask : ndarray, bool, shape (height, width)
    kind : str
        One of `INPUTS`; ``overlay`` may name another opacity than 0.4, as in ``overlay-0.7``.

    Returns
    -------
    ndarray, uint8, shape (height, width, 3), or (h, w, 3) of the lesion's surroundings where ``kind`` is "crop"

    Examples
    --------
    >>> image = np.full((1, 2, 3), 100, np.uint8)
    >>> network_input(image, np.array([[True, False]]), "overlay")[0, :, 0]
    array([162,  60], dtype=uint8)
    >>> network_input(image, np.array([[True, False]]), "channel")[0].tolist()
    [[100, 100, 255], [100, 100, 0]]
    """
    name, _, opacity = kind.partition("-")
    if opacity:
        return _overlay(image, mask, float(opacity))
    return INPUTS[name](image, mask)


def _white(mask: np.ndarray) -> np.ndarray:
    return np.repeat(mask[..., None], 3, axis=2) * np.uint8(255)


def _overlay(image: np.ndarray, mask: np.ndarray, opacity: float = OVERLAY_OPACITY) -> np.ndarray:
    return np.rint((1 - opacity) * image + opacity * _white(mask)).astype(np.uint8)


def _crop(image: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """The lesion's box with a margin on each side; an image without a lesion stays whole."""
    if not mask.any():
        return image
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    kept = []
    for places in (rows, columns):
        margin = round(CROP_MARGIN * (places[-1] - places[0] + 1))
        kept.append(slice(max(0, places[0] - margin), places[-1] + 1 + margin))
    return image[kept[0], kept[1]]


def _outline(image: np.ndarray, mask: np.ndarray) -> np.ndarray:
    import cv2

    contours, _ = cv2.findContours(mask.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    return cv2.drawContours(np.ascontiguousarray(image).copy(), contours, -1, OUTLINE_COLOUR, OUTLINE_WIDTH)


def _channel(image: np.ndarray, mask: np.ndarray) -> np.ndarray:
    shown = image.copy()
    shown[..., 2] = mask * np.uint8(255)
    return shown


#: What a network may be shown of an image and its mask, by name; drawn before resizing.
INPUTS: dict[str, Callable[[np.ndarray, np.ndarray], np.ndarray]] = {
    "image": lambda image, mask: image,
    "crop": _crop,
    "outline": _outline,
    "channel": _channel,
    "painted": lambda image, mask: np.maximum(image, _white(mask)),
    "overlay": _overlay,
    "product": lambda image, mask: image * mask[..., None],
    "mask": lambda image, mask: _white(mask),
}
