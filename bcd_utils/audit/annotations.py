"""An estimate of what a machine or a person has drawn into the pixels: captions, calipers, colour.

Such marks can tell a network the class (a lesion is measured because somebody found it), so it should
be known how often each class has them. Drawn strokes differ from tissue in one way that ultrasound cannot
imitate: from the stroke to its surroundings the grey level jumps within one pixel. The estimate looks for
bright strokes with such edges, then for their shape. It misses dark, blurred, oblique or very large marks and
letters that touch each other or a caliper, and takes some bright speckle for a mark.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from bcd_utils.utils.counting import OnProgress, each_row, silent

BRIGHT = 160  # of 255: what drawn marks are at least
THICKEST = 9  # pixels across a stroke
JUMP = 50  # grey levels from a stroke to the pixel beside it
CRISP = 0.75  # of the pixels around a stroke that are so much darker
COLOURED = 25  # between the largest and the smallest of red, green and blue
LETTER_HEIGHTS, LETTER_WIDTHS = (8, 32), (2, 32)  # pixels
ARM = 4  # pixels from the centre of a caliper's cross to where its arms are looked for


def coloured_share(image: np.ndarray) -> float:
    """Share of pixels with a colour (0..1) in an image, uint8 (height, width, 3).

    Examples
    --------
    >>> image = np.full((2, 2, 3), 90, np.uint8)
    >>> image[0, 0] = (255, 255, 0)
    >>> coloured_share(image)
    0.25
    """
    import cv2

    red, green, blue = cv2.split(image)
    highest, lowest = cv2.max(cv2.max(red, green), blue), cv2.min(cv2.min(red, green), blue)
    return float((highest - lowest > COLOURED).mean())


def drawn_strokes(grey: np.ndarray) -> tuple[np.ndarray, pd.DataFrame]:
    """Thin bright components whose grey level jumps at their edge.

    Parameters
    ----------
    grey : ndarray, uint8, shape (height, width)

    Returns
    -------
    marks : ndarray, uint8, shape (height, width)
        1 on strokes, else 0.
    boxes : pandas.DataFrame of int
        Columns left, top, width, height, area (pixels); one row a stroke.
    """
    import cv2

    background = cv2.morphologyEx(grey, cv2.MORPH_OPEN, np.ones((THICKEST, THICKEST), np.uint8))
    thin = (grey >= BRIGHT) & (grey.astype(int) - background > JUMP)
    count, labels, boxes, _ = cv2.connectedComponentsWithStats(thin.astype(np.uint8))
    sizes = np.bincount(labels.ravel(), minlength=count)
    levels = np.bincount(labels.ravel(), weights=grey.ravel(), minlength=count) / np.maximum(sizes, 1)
    beside = cv2.dilate(labels.astype(np.float32), np.ones((3, 3), np.uint8)).astype(int)
    beside[labels > 0] = 0
    darker = levels[beside] - grey > JUMP
    around = np.bincount(beside.ravel(), minlength=count)
    shares = np.bincount(beside.ravel(), weights=darker.ravel(), minlength=count) / np.maximum(around, 1)
    crisp = (shares >= CRISP) & (np.arange(count) > 0)
    columns = ["left", "top", "width", "height", "area"]
    return crisp[labels].astype(np.uint8), pd.DataFrame(boxes[crisp], columns=columns)


def caliper_crosses(marks: np.ndarray) -> np.ndarray:
    """Centres (x, y), int (n, 2), of upright crosses among `drawn_strokes`: four arms, nothing between."""
    import cv2

    kernel = np.zeros((2 * ARM + 1, 2 * ARM + 1), int)
    kernel[ARM] = kernel[:, ARM] = 1
    kernel[np.ix_([0, 1, -2, -1], [0, 1, -2, -1])] = -1
    hits = cv2.morphologyEx(marks, cv2.MORPH_HITMISS, kernel, borderType=cv2.BORDER_CONSTANT, borderValue=0)
    _, _, _, centres = cv2.connectedComponentsWithStats(cv2.dilate(hits, np.ones((5, 5), np.uint8)))
    return np.rint(centres[1:]).astype(int)


def letters_in_line(boxes: pd.DataFrame) -> pd.DataFrame:
    """The boxes that have a letter's size and, left or right of them, another of like height on their line."""
    letters = boxes[boxes["height"].between(*LETTER_HEIGHTS) & boxes["width"].between(*LETTER_WIDTHS)]
    letters = letters[letters["area"] < 0.8 * letters["width"] * letters["height"]]
    left, top, width, height = letters[["left", "top", "width", "height"]].to_numpy().T
    tallest = np.maximum.outer(height, height)
    alike = np.abs(np.subtract.outer(height, height)) <= 0.2 * tallest
    alike &= np.abs(np.subtract.outer(top + height, top + height)) <= 0.2 * tallest
    gap = np.subtract.outer(left, left + width)
    beside = alike & (gap >= 0) & (gap <= tallest)
    return letters[(beside | beside.T).any(axis=1)]


def estimate_marks(folder: Path, manifest: pd.DataFrame, on_progress: OnProgress = silent) -> pd.DataFrame:
    """Estimate what is drawn into each image.

    Parameters
    ----------
    folder : Path
    manifest : pandas.DataFrame
        Columns id, label, path and, where images are parts of a file, box.

    Returns
    -------
    pandas.DataFrame
        Index as in ``manifest``. Columns ``id``, ``label``, ``coloured_share`` and ``text_share`` (of the image's
        pixels, 0..1; text: the boxes around letters), ``letters`` and ``calipers`` (how many, estimated).
    """
    import cv2

    from bcd_utils.images.reading import read_row

    def estimated(row: pd.Series) -> tuple[float, ...]:
        image = read_row(folder, row)
        marks, boxes = drawn_strokes(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY))
        letters = letters_in_line(boxes)
        text = int((letters["width"] * letters["height"]).sum()) / marks.size
        return coloured_share(image), text, len(letters), len(caliper_crosses(marks))

    rows: list[tuple[float, ...]] = []
    each_row(estimated, manifest, rows.append, on_progress)
    columns = ["coloured_share", "text_share", "letters", "calipers"]
    estimates = pd.DataFrame(rows, columns=columns, index=manifest.index).round(5)
    return pd.concat([manifest[["id", "label"]], estimates], axis=1)


def marks_per_class(marks: pd.DataFrame) -> pd.DataFrame:
    """Images, and share of them (0..1) with colour, text and calipers, for each class and all.

    A measurement has two ends: a single cross, often the letter t, does not count as calipers.
    """
    has = pd.DataFrame()
    has["with_colour"] = marks["coloured_share"] > 0
    has["with_text"] = marks["letters"] > 0
    has["with_calipers"] = marks["calipers"] >= 2
    table = has.groupby(marks["label"]).mean()
    table.loc["all"] = has.mean()
    table.insert(0, "images", [*has.groupby(marks["label"]).size(), len(has)])
    return table.rename_axis("class")
