"""Phantoms that are there twice: what an audit of the data must find, with the truth beside it."""

from __future__ import annotations

from collections.abc import Callable
from itertools import cycle
from pathlib import Path

import cv2
import numpy as np
import pandas as pd

from bcd_utils.datasets.phantom_files import write_png
from bcd_utils.datasets.phantoms.tissue import Array
from bcd_utils.utils.errors import StudyError
from bcd_utils.utils.files import natural_key

CONFLICTING = {"benign": "malignant", "malignant": "benign"}
CROP = 0.9


def plant_copies(folder: Path, copies: int, conflicts: int, seed: int) -> pd.DataFrame:
    """Store some phantoms a second time, and write ``planted.csv`` with the pairs.

    Copies go through the `CHANGES` in turn, so does what is filed under another class (benign as malignant
    or the reverse, as in BUSI; never a normal image, which has no lesion to disagree on). They take the
    next free numbers of their class; masks are changed alike. No image is the source of two copies.

    Parameters
    ----------
    folder : Path
        Written by `write_phantoms`; changed in place.
    copies, conflicts : int
        How many images to store again under their own class, and under another.
    seed : int
        Which images, 0 or more.

    Returns
    -------
    pandas.DataFrame
        What ``planted.csv`` holds: ``id_a`` (source), ``id_b`` (copy), ``kind`` (a key of `CHANGES`).

    Raises
    ------
    StudyError
        If there are too few phantoms.
    """
    images = [path for path in folder.glob("*/*.png") if not path.stem.endswith("_mask")]
    images.sort(key=lambda path: natural_key(f"{path.parent.name}/{path.stem}"))
    order = np.random.default_rng([seed, copies, conflicts]).permutation(len(images))
    shuffled = [images[index] for index in order]
    with_lesion = [path for path in shuffled if path.parent.name in CONFLICTING]
    if conflicts > len(with_lesion) or copies + conflicts > len(images):
        problem = f"phantoms: {copies} copies and {conflicts} conflicts need more than {len(images)} phantoms"
        raise StudyError(problem, "ask for fewer, or for more phantoms of each class")
    mislabelled = with_lesion[:conflicts]
    copied = [path for path in shuffled if path not in mislabelled][:copies]
    jobs = [(path, path.parent.name, kind) for path, kind in zip(copied, cycle(CHANGES))]
    jobs += [(path, CONFLICTING[path.parent.name], kind) for path, kind in zip(mislabelled, cycle(CHANGES))]
    counts = {place.name: len(list(place.glob("*_mask.png"))) for place in folder.iterdir()}
    rows = []
    for source, label, kind in jobs:
        counts[label] += 1
        target = folder / label / f"{label} ({counts[label]}).png"
        store_again(source, target, CHANGES[kind])
        rows.append((source.stem, target.stem, kind))
    planted = pd.DataFrame(rows, columns=["id_a", "id_b", "kind"])
    planted.to_csv(folder / "planted.csv", index=False, lineterminator="\n")
    return planted


def store_again(source: Path, target: Path, change: Callable | None) -> None:
    """Write a changed copy of an image and of its mask; the same bytes where nothing changes."""
    sources, targets = with_mask(source), with_mask(target)
    if change is None:
        for old, new in zip(sources, targets, strict=True):
            new.write_bytes(old.read_bytes())
        return
    for pixels, path in zip(change(*map(read_png, sources)), targets, strict=True):
        write_png(path, pixels)


def with_mask(path: Path) -> tuple[Path, Path]:
    """An image's path, and its mask's."""
    return path, path.with_name(f"{path.stem}_mask.png")


def read_png(path: Path) -> Array:
    """Pixels as they were stored, uint8."""
    return np.asarray(cv2.imread(str(path), cv2.IMREAD_UNCHANGED))


def stored_anew(image: Array, mask: Array) -> tuple[Array, Array]:
    """The image as JPEG of quality 90 leaves it."""
    encoded = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, 90])[1]
    return np.asarray(cv2.imdecode(encoded, cv2.IMREAD_COLOR)), mask


def brighter(image: Array, mask: Array) -> tuple[Array, Array]:
    """More gain and offset; the brightest pixels saturate."""
    return cv2.convertScaleAbs(image, alpha=1.15, beta=12), mask


def mirrored(image: Array, mask: Array) -> tuple[Array, Array]:
    """Left and right exchanged."""
    return cv2.flip(image, 1), cv2.flip(mask, 1)


def cropped(image: Array, mask: Array) -> tuple[Array, Array]:
    """The centre, enlarged to the size of the whole."""
    height, width = mask.shape
    top, left = round(height * (1 - CROP) / 2), round(width * (1 - CROP) / 2)
    inner = np.s_[top : height - top, left : width - left]
    image = cv2.resize(image[inner], (width, height), interpolation=cv2.INTER_LINEAR)
    return image, cv2.resize(mask[inner], (width, height), interpolation=cv2.INTER_NEAREST)


def with_calipers(image: Array, mask: Array) -> tuple[Array, Array]:
    """Crosses at the lesion's two extents (of a normal image: somewhere central) and dotted lines."""
    marked = image.copy()
    left, top, width, height = cv2.boundingRect(mask)
    if not mask.any():
        top, left, height, width = (side // 3 for side in mask.shape * 2)
    right, bottom, x, y = left + width - 1, top + height - 1, left + width // 2, top + height // 2
    for end in ((left, y), (right, y), (x, top), (x, bottom)):
        cv2.drawMarker(marked, end, (255, 255, 255), cv2.MARKER_CROSS, 11, 1)
    marked[y, left:right:5] = 255
    marked[top:bottom:5, x] = 255
    return marked, mask


#: What data sets do to an image before they store it again; None: nothing.
CHANGES = {
    "byte for byte": None,
    "stored anew": stored_anew,
    "brighter": brighter,
    "mirrored": mirrored,
    "cropped": cropped,
    "calipers": with_calipers,
}
