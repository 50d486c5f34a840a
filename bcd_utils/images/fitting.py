"""How an image's contrast and frame are fitted to what a network takes: a square of one size."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from bcd_utils.images.transforms import resize

if TYPE_CHECKING:
    from bcd_utils.study.settings import Study

Resize = Literal["stretch", "letterbox", "crop"]
Contrast = Literal["none", "equalize", "clahe"]
CLIP_LIMIT, TILES = 2.0, (8, 8)  # of CLAHE, as in OpenCV's tutorial


@dataclass(frozen=True)
class Fitting:
    """What is done to each image before a network sees it.

    Attributes
    ----------
    resize : {"stretch", "letterbox", "crop"}
        Stretched to a square as in the paper; its aspect kept between black bars; or its middle square alone.
    contrast : {"none", "equalize", "clahe"}
        Of the luminance: as it is; its histogram equalised over the image; or over tiles, with a limit (Zuiderveld
        1994, Graphics Gems IV, 474-485). Of the image as it is stored, before masks are drawn into it.
    """

    resize: Resize = "stretch"
    contrast: Contrast = "none"

    @classmethod
    def of(cls, study: Study) -> Fitting:
        """As a study's settings ask for it."""
        return cls(study.resize, study.contrast)

    def contrasted(self, image: np.ndarray) -> np.ndarray:
        """The image, uint8 (height, width, 3), with its contrast changed.

        Examples
        --------
        >>> dark = np.arange(64, dtype=np.uint8).reshape(8, 8)
        >>> Fitting(contrast="equalize").contrasted(np.dstack([dark] * 3)).max()
        np.uint8(255)
        """
        import cv2

        if self.contrast == "none":
            return image
        parts = cv2.cvtColor(image, cv2.COLOR_RGB2YCrCb)
        grey = np.ascontiguousarray(parts[..., 0])
        clahe = cv2.createCLAHE(CLIP_LIMIT, TILES)
        parts[..., 0] = cv2.equalizeHist(grey) if self.contrast == "equalize" else clahe.apply(grey)
        return cv2.cvtColor(parts, cv2.COLOR_YCrCb2RGB)

    def squared(self, image: np.ndarray, size: int) -> np.ndarray:
        """The image, uint8 (height, width, 3), as a square (size, size, 3).

        Examples
        --------
        >>> wide = np.full((2, 4, 3), 9, np.uint8)
        >>> Fitting("letterbox").squared(wide, 4)[..., 0].tolist()
        [[0, 0, 0, 0], [9, 9, 9, 9], [9, 9, 9, 9], [0, 0, 0, 0]]
        """
        if self.resize == "stretch":
            return resize(image, size)
        if self.resize == "crop":
            rows, columns = _middle(image.shape[:2])
            return resize(image[rows, columns], size)
        square = np.zeros((size, size, 3), np.uint8)
        rows, columns = _inside(image.shape[:2], size)
        square[rows, columns] = resize(image, (rows.stop - rows.start, columns.stop - columns.start))
        return square

    def in_frame(self, cam: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
        """A heat map over the network's square as it lies over the image (height, width).

        Bilinear; 0 where the network saw nothing.

        Parameters
        ----------
        cam : ndarray, float, shape (h, w), values 0..1

        Returns
        -------
        ndarray, float32, shape ``shape``, values 0..1
        """
        if self.resize == "stretch":
            return enlarged(cam, shape)
        framed = np.zeros(shape, np.float32)
        if self.resize == "crop":
            rows, columns = _middle(shape)
            framed[rows, columns] = enlarged(cam, (rows.stop - rows.start, columns.stop - columns.start))
            return framed
        side = max(shape)
        rows, columns = _inside(shape, side)
        return enlarged(cam, (side, side))[rows, columns]


STRETCHED = Fitting()


def enlarged(cam: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """A map, float (h, w), stretched to (height, width), bilinear; float32, values 0..1."""
    import cv2

    return np.clip(cv2.resize(cam.astype(np.float32), shape[::-1], interpolation=cv2.INTER_LINEAR), 0, 1)


def _middle(shape: tuple[int, int]) -> tuple[slice, slice]:
    """The middle square of a frame."""
    side = min(shape)
    top, left = ((length - side) // 2 for length in shape)
    return slice(top, top + side), slice(left, left + side)


def _inside(shape: tuple[int, int], size: int) -> tuple[slice, slice]:
    """Where a frame lies in a square when its longer side fills it."""
    height, width = (max(1, round(length * size / max(shape))) for length in shape)
    top, left = (size - height) // 2, (size - width) // 2
    return slice(top, top + height), slice(left, left + width)
