"""DICOM images as a viewer would show them, in 8 bit."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from bcd_utils.utils.errors import StudyError

if TYPE_CHECKING:
    from pydicom import Dataset


def is_dicom(path: Path | str) -> bool:
    """Whether a file is DICOM by its name.

    Examples
    --------
    >>> is_dicom("1-1.dcm"), is_dicom("1-1.jpg")
    (True, False)
    """
    return Path(path).suffix.lower() == ".dcm"


def read_dicom(path: Path | str) -> np.ndarray:
    """Read a DICOM image as RGB.

    Grey levels pass the modality transform, then the file's own display transform (PS3.3 C.11.2): its VOI
    LUT, else its first window. Without either, the lowest level of the image becomes black and the highest
    white; no percentile is cut off, so nothing is clipped. MONOCHROME1, where high means dark, is inverted.

    Parameters
    ----------
    path : path
        One frame, grey or colour, of any bit depth.

    Returns
    -------
    ndarray, uint8, shape (height, width, 3), values 0..255

    Raises
    ------
    StudyError
        If its compression needs a decoder that is not installed.
    ValueError
        If it has no pixel data, or several frames.
    pydicom.errors.InvalidDicomError
        If it is no DICOM file.
    """
    import pydicom

    header = pydicom.dcmread(path)
    pixels = _stored_pixels(header, Path(path))
    if pixels.ndim == 3 and pixels.shape[2] == 3:
        return pixels.astype(np.uint8)
    if pixels.ndim != 2:
        raise ValueError("several frames")
    lowest = int(pixels.min())
    levels = np.arange(lowest, int(pixels.max()) + 1)
    shown = _displayed(levels, header)
    if header.get("PhotometricInterpretation") == "MONOCHROME1":
        shown = 1 - shown
    grey = np.rint(255 * shown).astype(np.uint8)[pixels.astype(np.int32) - lowest]
    return np.repeat(grey[..., None], 3, axis=2)


def dicom_header(path: Path | str) -> Dataset:
    """What a DICOM file says of itself, without its pixels."""
    import pydicom

    return pydicom.dcmread(path, stop_before_pixels=True)


def _stored_pixels(header: Dataset, path: Path) -> np.ndarray:
    from pydicom.pixels import get_decoder

    if "PixelData" not in header:
        raise ValueError("no pixel data")
    syntax = header.file_meta.TransferSyntaxUID
    if syntax.is_encapsulated and not get_decoder(syntax).is_available:
        fix = "pip install pylibjpeg pylibjpeg-libjpeg pylibjpeg-openjpeg"
        raise StudyError(f"{path} is compressed as {syntax.name}, for which no decoder is installed", fix)
    return header.pixel_array


def _displayed(levels: np.ndarray, header: Dataset) -> np.ndarray:
    """Grey levels as a share of full brightness, float32 0..1."""
    from pydicom.pixels import apply_modality_lut, apply_voi_lut

    levels = apply_modality_lut(levels, header)
    if header.get("VOILUTSequence"):
        shown = apply_voi_lut(levels, header)
        low, high = 0, 2 ** header.VOILUTSequence[0].LUTDescriptor[2] - 1
    elif header.get("WindowWidth") and header.get("WindowCenter") is not None:
        with np.errstate(over="ignore"):
            shown = apply_voi_lut(levels, header)
            low, high = apply_voi_lut(np.array([-1e6, 1e6]), header)  # the window's black and white
    else:
        shown, low, high = levels, levels.min(), levels.max()
    return np.clip((shown.astype(np.float32) - low) / ((high - low) or 1), 0, 1)
