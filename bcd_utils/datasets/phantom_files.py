"""Phantoms as files, in the layout of BUSI."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import cv2
import numpy as np

from bcd_utils.datasets.phantoms.generator import class_index, draw_phantom
from bcd_utils.datasets.phantoms.scanner import scanner_named
from bcd_utils.utils.counting import each
from bcd_utils.utils.files import atomic_folder


def write_phantoms(folder: Path, counts: Mapping[str, int], seed: int, scanner: str = "a") -> None:
    """Write phantoms in the layout of the BUSI data set.

    Image ``i`` of a class is ``folder/class/class (i).png`` (RGB), its mask ``class (i)_mask.png``
    (0 or 255). It depends on ``seed``, ``scanner``, the class and ``i`` alone, so larger counts extend the set.
    The folder appears whole or not at all.

    Parameters
    ----------
    folder : Path
        Must not exist yet, or be empty.
    counts : mapping of str to int
        How many images of each class.
    seed : int
        Seed of the whole set, 0 or more.
    scanner : {"a", "b"}
        The machine that draws them.

    Raises
    ------
    StudyError
        If a label or the scanner is unknown, or the folder cannot be written.

    Examples
    --------
    >>> import tempfile
    >>> folder = Path(tempfile.mkdtemp()) / "phantoms"
    >>> write_phantoms(folder, {"normal": 1}, seed=0)
    >>> sorted(path.name for path in folder.rglob("*.png"))
    ['normal (1).png', 'normal (1)_mask.png']
    """
    indices = {label: class_index(label) for label in counts}
    scanner_named(scanner)
    with atomic_folder(folder) as temporary:
        for label in counts:
            (temporary / label).mkdir()

        def draw(phantom: tuple[str, int]) -> None:
            label, number = phantom
            image, mask = draw_phantom(label, [seed, indices[label], number], scanner)
            write_png(temporary / label / f"{label} ({number}).png", np.dstack([image] * 3))
            write_png(temporary / label / f"{label} ({number})_mask.png", mask * np.uint8(255))

        phantoms = [(label, number) for label, count in counts.items() for number in range(1, count + 1)]
        each(draw, phantoms, len(phantoms), lambda _: None)


def write_png(path: Path, pixels: np.ndarray) -> None:
    """Write ``pixels`` as PNG; fast compression, for speckle hardly compresses anyway."""
    path.write_bytes(cv2.imencode(".png", pixels, [cv2.IMWRITE_PNG_COMPRESSION, 1])[1].tobytes())
