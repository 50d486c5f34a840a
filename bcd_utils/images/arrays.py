"""The network's input images as one file of equal-sized arrays."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import numpy as np
import pandas as pd

from bcd_utils.images.fitting import STRETCHED, Fitting
from bcd_utils.images.reading import read_row, read_row_mask
from bcd_utils.images.stain import normalise_stain
from bcd_utils.images.transforms import network_input
from bcd_utils.utils.cache import entry_of, kept
from bcd_utils.utils.code_identity import code_identity
from bcd_utils.utils.counting import OnProgress, each_row, silent
from bcd_utils.utils.errors import StudyError
from bcd_utils.utils.system_errors import disk_errors


def write_images(
    path: Path,
    folder: Path,
    images: pd.DataFrame,
    kind: str,
    size: int,
    on_progress: OnProgress = silent,
    stain: str = "none",
    fitting: Fitting = STRETCHED,
) -> None:
    """Write one .npy file, image after image, so that memory does not grow with their number.

    Parameters
    ----------
    path : Path
        Result: uint8 (n, size, size, 3).
    folder : Path
        The data set's folder.
    images : pandas.DataFrame
        Manifest rows (id, path, masks and, where images are parts of a file, box), in the order of the result.
    kind : str
        See `transforms.network_input`.
    stain : {"none", "reinhard", "macenko"}
        See `stain.normalise_stain`.
    fitting : Fitting

    Raises
    ------
    StudyError
        If ``kind`` needs masks and an image has none, or the disk is full.
    """
    refuse_missing_masks(images, kind)
    header = {"descr": "|u1", "fortran_order": False, "shape": (len(images), size, size, 3)}

    def picture(row: pd.Series) -> bytes:
        return picture_of(folder, row, kind, size, stain, fitting).tobytes()

    # Appending, not a memory map: on a full disk a map kills the process where a write raises an error.
    with disk_errors(path), open(path, "wb") as file:
        np.lib.format.write_array_header_1_0(file, header)
        each_row(picture, images, file.write, on_progress)


def picture_of(
    folder: Path, row: pd.Series, kind: str, size: int, stain: str = "none", fitting: Fitting = STRETCHED
) -> np.ndarray:
    """What a network is shown of one manifest row, uint8 (size, size, 3); parameters as for `write_images`."""
    shown = fitting.contrasted(normalise_stain(read_row(folder, row), stain))
    if kind != "image":
        shown = network_input(shown, read_row_mask(folder, row), kind)
    return fitting.squared(shown, size)


def refuse_missing_masks(images: pd.DataFrame, kind: str) -> None:
    """Stop where a network is to be shown masks, and an image has none.

    Raises
    ------
    StudyError
        Naming the first of these images.
    """
    without = images.loc[images["masks"] == "", "id"]
    if kind != "image" and len(without):
        raise StudyError(
            f"input = {kind} needs masks, but {len(without)} images have none (first: {without.iloc[0]})",
            "add the mask files, or use --set input=image",
        )


def cached_images(
    folder: Path,
    images: pd.DataFrame,
    data_sha256: str,
    kind: str,
    size: int,
    on_progress: OnProgress = silent,
    stain: str = "none",
    fitting: Fitting = STRETCHED,
) -> Path:
    """The file that `write_images` writes, from the cache or written into it.

    Parameters
    ----------
    data_sha256 : str
        Hash of the data set's files, such as `manifest.data_hash` gives it.
    folder, images, kind, size, stain, fitting
        As for `write_images`.
    """
    drawn = [kind, size, stain, asdict(fitting)]
    recipe = [data_sha256, images["id"].tolist(), *drawn, code_identity(__name__)]
    return kept(
        entry_of("inputs", recipe, ".npy"),
        lambda path: write_images(path, folder, images, kind, size, on_progress, stain, fitting),
    )
