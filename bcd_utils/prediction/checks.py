"""What a person should know of an image before a prediction of it is read: size, contrast, colour, text."""

from __future__ import annotations

from typing import Any

import numpy as np

from bcd_utils.audit.annotations import coloured_share, drawn_strokes, letters_in_line

FLAT = 10.0  # grey levels: standard deviation below which hardly anything is to be seen
COLOURED = 0.01  # share of pixels
#: Of BUSI's 780 images, some with coloured marks, none has more than 0.016; a photograph or a slide has.
FOREIGN_COLOUR = 0.05
LARGEST_WITH_TEXT = 25e6  # pixels; letters of larger images are not looked for


def check_image(image: np.ndarray, least_side: int, grey_expected: bool) -> dict[str, Any]:
    """Measure an image, and say what is unusual about it.

    Parameters
    ----------
    image : ndarray, uint8, shape (height, width, 3)
    least_side : int
        Pixels that the network's input has a side.
    grey_expected : bool
        Whether colour is unusual, as it is in ultrasound and mammography.

    Returns
    -------
    dict
        ``width``, ``height`` (pixels), ``contrast`` (standard deviation of grey levels), ``coloured_share`` (of the
        pixels, 0..1), ``letters`` (how many, an estimate; None of a very large image), and ``remarks``, in words.

    Examples
    --------
    >>> check_image(np.full((100, 40, 3), 90, np.uint8), 64, True)["remarks"]
    "smaller than the network's input; hardly any contrast"
    """
    import cv2

    height, width = image.shape[:2]
    grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
    contrast, coloured = float(cv2.meanStdDev(grey)[1][0, 0]), coloured_share(image)
    letters = len(letters_in_line(drawn_strokes(grey)[1])) if grey.size <= LARGEST_WITH_TEXT else None
    remarks = {
        "smaller than the network's input": min(height, width) < least_side,
        "hardly any contrast": contrast < FLAT,
        "in colour": grey_expected and coloured > COLOURED,
        "text in the picture": bool(letters),
    }
    return {
        "width": width,
        "height": height,
        "contrast": round(contrast, 2),
        "coloured_share": round(coloured, 5),
        "letters": letters,
        "remarks": "; ".join(words for words, applies in remarks.items() if applies),
    }
