"""Image files: what is stored in them, upright, or the true reason why it cannot be shown."""

from __future__ import annotations

import re
import struct
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, PpmImagePlugin, UnidentifiedImageError

from bcd_utils.images import tiff
from bcd_utils.images.dicom import dicom_mode, dicom_size, is_dicom, read_dicom
from bcd_utils.images.levels import Limits, in_8_bit, limits_of
from bcd_utils.images.refusals import ImageError, refuse_larger

#: Pillow knows more; but none of these runs another program, or takes pixels from another file.
FORMATS = ("BMP", "GIF", "JPEG", "JPEG2000", "PNG", "PPM", "TIFF", "WEBP", "TGA")
#: Pillow refuses what is larger than 179 megapixels, as slides are: here the limit is a setting.
Image.MAX_IMAGE_PIXELS = None

NO_LIMIT = float("inf")
ORIENTATION = 274
PNG_TEXTS = (b"iTXt", b"tEXt", b"zTXt")
EXIF_AS_TEXT = (b"XML:com", b"Raw profile type")  # keywords of such chunks
#: Beginnings of files that are no images, though their names say so.
OTHER_KINDS = {
    "an SVG drawing": re.compile(rb"\s*<(svg|\?xml.*<svg)", re.DOTALL),
    "a PDF": re.compile(rb"%PDF"),
    "PostScript": re.compile(rb"%!PS"),
    "an archive": re.compile(rb"PK\x03\x04|\x1f\x8b|Rar!|7z"),
    "text": re.compile(rb"[^\x00-\x08\x0e-\x1f]+\Z"),
}


@dataclass(frozen=True)
class Stored:
    """What an image file holds.

    Attributes
    ----------
    levels : ndarray, shape (height, width) or (height, width, 3)
        Upright. Grey levels as stored, of any type, or colours in uint8.
    format, mode : str
        Such as "PNG" and "I;16".
    limits : (black, white) or None
        The levels of black and white, where the file says so.
    alpha : ndarray of uint8, shape (height, width), or None
        Opacity, where it differs between pixels.
    """

    levels: np.ndarray
    format: str
    mode: str
    limits: Limits | None = None
    alpha: np.ndarray | None = None

    @property
    def grey_or_colour(self) -> np.ndarray:
        """As a viewer shows it on a black ground: uint8, (height, width) or (height, width, 3)."""
        shown = in_8_bit(self.levels, self.limits)
        if self.alpha is None:
            return shown
        opacity = self.alpha if shown.ndim == 2 else self.alpha[..., None]
        return np.rint(shown * (opacity / np.float32(255))).astype(np.uint8)

    @property
    def depth(self) -> str:
        """The mode, and which levels are black and white where that is not 0 and 255."""
        if self.levels.dtype == np.uint8:
            return self.mode
        black, white = self.limits or limits_of(self.levels)
        return f"{self.mode} {black:g}..{white:g}"


def decode(path: Path | str, most_megapixels: float = NO_LIMIT, rough: bool = False) -> Stored:
    """Read an image file.

    Parameters
    ----------
    path : path
    most_megapixels : float
        A larger image is refused before its pixels are read.
    rough : bool
        A JPEG may be read at an eighth of its size, which is quick.

    Raises
    ------
    ImageError
        With the reason, where it is known: no image, several frames, too large.
    StudyError
        If its compression needs a decoder that is not installed.
    Exception
        As the decoders raise them; `refusals.reason_of` says it in a line.
    """
    path = Path(path)
    if is_dicom(path):
        refuse_larger(*dicom_size(path), most_megapixels)
        return Stored(read_dicom(path), "DICOM", dicom_mode(path))
    try:
        with opened(path, most_megapixels) as image:
            if rough:
                image.draft(image.mode, (512, 512))
            levels, limits, alpha = _contents(image, path)
            # A TIFF was turned by Pillow, which then forgets how.
            turned, kind, mode = _orientation(image), image.format or "", image.mode
    except UnidentifiedImageError:
        _refuse_other_kinds(path)
        levels, limits, mode, turned = tiff.read_other(path, most_megapixels)
        alpha, kind = None, "TIFF"
    alpha = None if alpha is None else upright(alpha, turned)
    return Stored(upright(levels, turned), kind, mode, limits, alpha)


def image_size(path: Path | str) -> tuple[int, int]:
    """Height and width of an image, upright, in pixels; mostly without reading its pixels."""
    return frame_of(path)[0]


def frame_of(path: Path | str) -> tuple[tuple[int, int], int]:
    """Height and width of an image, upright, and how it is stored.

    Returns
    -------
    shape : (height, width)
    orientation : int
        As EXIF numbers it: 1 upright, 5 to 8 with its sides exchanged.
    """
    if is_dicom(path):
        width, height = dicom_size(path)
        return (height, width), 1
    try:
        with opened(path) as image:
            turned = _orientation(image)
            if image.format == "TIFF" and turned > 4:
                image.load()  # after which its size is that of the upright image
            width, height = image.size
            exchanged = _orientation(image) > 4
            return ((width, height) if exchanged else (height, width)), turned
    except UnidentifiedImageError:
        height, width = decode(path).levels.shape[:2]
        return (height, width), 1


def upright(pixels: np.ndarray, orientation: int) -> np.ndarray:
    """Turn what a file stores as its EXIF orientation says.

    Examples
    --------
    >>> upright(np.array([[1, 2, 3]]), 6).tolist()  # the first row is the right side
    [[1], [2], [3]]
    >>> upright(np.array([[1, 2, 3]]), 3).tolist()
    [[3, 2, 1]]
    """
    if orientation > 4:
        pixels = pixels.swapaxes(0, 1)
    if orientation in (2, 3, 6, 7):
        pixels = pixels[:, ::-1]
    if orientation in (3, 4, 7, 8):
        pixels = pixels[::-1]
    return np.ascontiguousarray(pixels)


@contextmanager
def opened(path: Path | str, most_megapixels: float = NO_LIMIT) -> Iterator[Image.Image]:
    """An image file that is open at its one frame."""
    path = Path(path)
    if path.exists() and not path.is_file():
        raise ImageError("no regular file")
    with Image.open(path, formats=FORMATS) as image:
        refuse_larger(image.width, image.height, most_megapixels)
        _to_its_frame(image)
        if image.format == "PNG" and _says_how_turned(path):
            image.load()
        yield image


def _to_its_frame(image: Image.Image) -> None:
    """Refuse several frames; smaller copies and masks in a TIFF are none, nor are previews that phones add to JPEG."""
    if not getattr(image, "is_animated", False) or image.format == "MPO":
        return
    frames: list[int] = []
    page = 0
    while len(frames) < 2:
        try:
            image.seek(page)
        except EOFError:
            break
        frames += [] if image.format == "TIFF" and tiff.is_part_of_another(image) else [page]
        page += 1
    if len(frames) > 1:
        raise ImageError("several frames")
    image.seek(frames[0] if frames else 0)


def _says_how_turned(path: Path) -> bool:
    """Whether one of a PNG's chunks can, which may stand after its pixels."""
    with path.open("rb") as file:
        file.seek(8)  # past the signature
        while len(head := file.read(8)) == 8:
            size, kind = struct.unpack(">I4s", head)
            end = file.tell() + size + 4  # and a checksum
            if kind == b"eXIf" or (kind in PNG_TEXTS and file.read(20).startswith(EXIF_AS_TEXT)):
                return True
            file.seek(end)
    return False


def _orientation(image: Image.Image) -> int:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found = Image.Image.getexif(image).get(ORIENTATION, 1)  # PNG's own method would read the pixels
    except Exception:  # noqa: BLE001 - a picture with damaged EXIF is a picture
        return 1
    return found if found in range(1, 9) else 1


def _contents(image: Image.Image, path: Path) -> tuple[np.ndarray, Limits | None, np.ndarray | None]:
    """Levels or colours, the levels of black and white as far as the file says them, and opacity."""
    if isinstance(image, PpmImagePlugin.PpmImageFile) and image.tile[0].codec_name.startswith("ppm"):
        return *_netpbm(image, path), None
    if image.format == "TIFF" and (grey := tiff.grey_levels(image)):
        return *grey, None
    if image.mode.startswith("I") or image.mode == "F":
        levels = np.asarray(image)
        full = (0, 65535) if image.format == "JPEG2000" else None  # whose levels Pillow brings to 16 bit
        return levels.astype(levels.dtype.newbyteorder("=")), full, None
    if image.has_transparency_data:
        pixels = np.asarray(image.convert("RGBA"))
        return pixels[..., :3], None, pixels[..., 3] if np.ptp(pixels[..., 3]) else None
    if image.mode in ("1", "L"):
        return np.asarray(image.convert("L")), None, None
    colours = np.asarray(image.convert("RGB"))
    if image.mode == "P" and not np.ptp(colours.reshape(-1, 3), axis=0).any():
        return np.asarray(image), None, None  # a palette of one colour: the numbers are the picture
    return colours, None, None


def _netpbm(image: PpmImagePlugin.PpmImageFile, path: Path) -> tuple[np.ndarray, Limits | None]:
    """PGM and PPM as text, or whose white is neither 255 nor 65535: Pillow needs seconds a megapixel for them."""
    codec, _, offset, args = image.tile[0]
    if image.mode == "1":
        return np.asarray(image.convert("L")), None
    white = args[1] if isinstance(args, tuple) else 255
    shape = (image.height, image.width, 3)[: 3 if image.mode == "RGB" else 2]
    with path.open("rb") as file:
        file.seek(offset)
        if codec == "ppm_plain":
            levels = np.fromfile(file, np.uint16, int(np.prod(shape)), sep=" ")
        else:
            levels = np.fromfile(file, ">u2" if white > 255 else np.uint8, int(np.prod(shape)))
    if levels.size < np.prod(shape):
        raise ImageError("truncated file")
    levels = levels.astype(np.uint16).reshape(shape)
    return (in_8_bit(levels, (0, white)), None) if image.mode == "RGB" else (levels, (0, white))


def _refuse_other_kinds(path: Path) -> None:
    with path.open("rb") as file:
        head = file.read(1024)
    if not head:
        raise ImageError("empty file")
    if head[:4] not in tiff.MAGIC:
        kind = next((kind for kind, sign in OTHER_KINDS.items() if sign.match(head)), "")
        raise ImageError(f"no image: {kind}" if kind else "could not be read: no image format that is known")
