"""Occlusion maps: how much less a network believes in a class when a place of the image is covered."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

GRID = 7  # places a side, as many as the feature map of a network at 224 pixels has


def occlusion_maps(
    predict: Callable[[np.ndarray], np.ndarray], pixels: np.ndarray, classes: np.ndarray, grid: int = GRID
) -> np.ndarray:
    """How much the probability of one class per image falls when a square is covered, place by place.

    Zeiler and Fergus 2014, ECCV, section 4.2. The square is twice as wide as the places are apart and has the image's
    mean colour. It needs no gradient and no look inside the network, which Grad-CAM needs.

    Parameters
    ----------
    predict : callable
        Images uint8 (m, s, s, 3) to probabilities (m, k).
    pixels : ndarray, uint8, shape (n, s, s, 3)
    classes : ndarray, int, shape (n,)
    grid : int
        Places a side.

    Returns
    -------
    ndarray, float32, shape (n, grid, grid), values 0..1
        Divided by the largest fall; zero everywhere where covering nothing lowers the probability.

    Examples
    --------
    >>> bright_corner = np.zeros((1, 8, 8, 3), np.uint8); bright_corner[:, :2, :2] = 255
    >>> share = lambda images: images[:, :2, :2].mean(axis=(1, 2, 3))[:, None] / 255
    >>> maps = occlusion_maps(share, bright_corner, np.array([0]), grid=4)
    >>> np.argwhere(maps[0] > 0.5).tolist()
    [[0, 0]]
    """
    side = pixels.shape[1]
    centres = (np.arange(grid) + 0.5) * side / grid
    starts = np.clip(np.round(centres - side / grid), 0, side).astype(int)
    ends = np.clip(np.round(centres + side / grid), 0, side).astype(int)
    maps = np.zeros((len(pixels), grid, grid), np.float32)
    for number, (image, column) in enumerate(zip(pixels, classes, strict=True)):
        shown = np.repeat(image[None], grid * grid + 1, axis=0)  # the last one stays whole
        for place in range(grid * grid):
            row, across = divmod(place, grid)
            shown[place, starts[row] : ends[row], starts[across] : ends[across]] = image.mean(axis=(0, 1))
        *covered, whole = predict(shown)[:, column]
        maps[number] = (whole - np.array(covered)).reshape(grid, grid)
    maps = np.maximum(maps, 0)
    return maps / np.maximum(maps.max(axis=(1, 2), keepdims=True), np.finfo(np.float32).tiny)
