"""DICOM images as a viewer would show them, in 8 bit."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from bcd_utils.images.refusals import ImageError
from bcd_utils.utils.errors import StudyError

if TYPE_CHECKING:
    from pydicom import Dataset

LARGE_ELEMENT = "1 MB"  # is read when it is asked for, which is after its size was looked at
LONGEST_TABLE = 1 << 16


def is_dicom(path: Path | str) -> bool:
    """Whether a file is DICOM by its name or, under another name, by its beginning.

    Examples
    --------
    >>> is_dicom("1-1.dcm"), is_dicom("1-1.jpg")
    (True, False)
    """
    path = Path(path)
    if path.suffix.lower() == ".dcm" or not path.is_file():
        return path.suffix.lower() == ".dcm"
    with path.open("rb") as file:
        return file.read(132)[128:] == b"DICM"


def read_dicom(path: Path | str) -> np.ndarray:
    """Read a DICOM image as RGB.

    Grey levels pass the modality transform, then the file's own display transform (PS3.3 C.11.2): its VOI
    LUT, else its first window. Without either, the lowest level of the image becomes black and the highest
    white; no percentile is cut off, so nothing is clipped. MONOCHROME1, where high means dark, is inverted.
    Padding around the image is black, and its level says nothing about the image's.

    Parameters
    ----------
    path : path
        One frame, grey, colour or palette, of any bit depth.

    Returns
    -------
    ndarray, uint8, shape (height, width, 3), values 0..255

    Raises
    ------
    StudyError
        If its compression needs a decoder that is not installed.
    ImageError
        If it is no DICOM file, or has no pixel data or several frames.
    """
    header = _read(path)
    pixels = _stored_pixels(header, Path(path))
    if header.get("PhotometricInterpretation") == "PALETTE COLOR":
        from pydicom.pixels import apply_color_lut

        pixels = apply_color_lut(pixels, header)[..., :3]
        return np.rint(pixels * (255 / np.iinfo(pixels.dtype).max)).astype(np.uint8)
    if pixels.ndim == 3:
        return np.rint(pixels * (255 / (2**header.BitsStored - 1))).astype(np.uint8)
    padding = _padding(pixels, header)
    image = pixels if padding is None else pixels[~padding]
    lowest, highest = int(pixels.min()), int(pixels.max())
    if highest - lowest < LONGEST_TABLE:
        levels, places = np.arange(lowest, highest + 1), np.subtract(pixels, lowest, dtype=np.int64)
    else:
        levels, places = np.unique(pixels, return_inverse=True)
    shown = _displayed(levels, header, (levels >= image.min()) & (levels <= image.max()))
    if header.get("PhotometricInterpretation") == "MONOCHROME1":
        shown = 1 - shown
    grey = np.rint(255 * shown).astype(np.uint8)[places]
    if padding is not None:
        grey[padding] = 0
    return np.repeat(grey[..., None], 3, axis=2)


def dicom_header(path: Path | str) -> Dataset:
    """What a DICOM file says of itself, without its pixels."""
    return _read(path, stop_before_pixels=True)


def dicom_size(path: Path | str) -> tuple[int, int]:
    """Width and height in pixels, of one frame.

    Raises
    ------
    ImageError
        If it is no DICOM file, or no image.
    """
    header = dicom_header(path)
    if "Rows" not in header or "Columns" not in header:
        raise ImageError("no pixel data")
    return header.Columns, header.Rows


def dicom_mode(path: Path | str) -> str:
    """Colours, depth and compression, such as "MONOCHROME2, 12 bit, JPEG 2000 Image Compression"."""
    header = dicom_header(path)
    colours, bits = header.get("PhotometricInterpretation", "?"), header.get("BitsStored", "?")
    return f"{colours}, {bits} bit, {header.file_meta.TransferSyntaxUID.name}"


def _read(path: Path | str, stop_before_pixels: bool = False) -> Dataset:
    import pydicom

    try:
        return pydicom.dcmread(path, defer_size=LARGE_ELEMENT, stop_before_pixels=stop_before_pixels)
    except pydicom.errors.InvalidDicomError:
        raise ImageError("no DICOM file") from None


def _stored_pixels(header: Dataset, path: Path) -> np.ndarray:
    from pydicom.pixels import get_decoder

    if "PixelData" not in header:
        raise ImageError("no pixel data")
    if int(header.get("NumberOfFrames") or 1) > 1:
        raise ImageError("several frames")
    syntax = header.file_meta.TransferSyntaxUID
    if syntax.is_encapsulated and not get_decoder(syntax).is_available:
        fix = "pip install pylibjpeg pylibjpeg-libjpeg pylibjpeg-openjpeg"
        raise StudyError(f"{path} is compressed as {syntax.name}, for which no decoder is installed", fix)
    return header.pixel_array


def _padding(pixels: np.ndarray, header: Dataset) -> np.ndarray | None:
    """Which pixels fill the frame around the image (bool, as ``pixels``); None if none do, or all."""
    value = header.get("PixelPaddingValue")
    if value is None:
        return None
    limit = header.get("PixelPaddingRangeLimit", value)
    padding = (pixels >= min(value, limit)) & (pixels <= max(value, limit))
    return padding if padding.any() and not padding.all() else None


def _displayed(levels: np.ndarray, header: Dataset, of_image: np.ndarray) -> np.ndarray:
    """Grey levels as a share of full brightness, float32 0..1; ``of_image`` says which of them the image spans."""
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
        shown, low, high = levels, levels[of_image].min(), levels[of_image].max()
    return np.clip((shown.astype(np.float32) - low) / ((high - low) or 1), 0, 1)
