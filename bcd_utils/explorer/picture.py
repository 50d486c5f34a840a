"""A case as a picture: the image in its frame with outline and heat map, above a line of what it is not for."""

from __future__ import annotations

import base64
import io
from pathlib import Path

import matplotlib
import numpy as np
from PIL import Image, ImageDraw, ImageFont
from PIL.PngImagePlugin import PngInfo

from bcd_utils.explorer.case import Case
from bcd_utils.reporting.plots.heat_maps import blended
from bcd_utils.reporting.plots.style import OUTLINE
from bcd_utils.utils.path_text import printable

LEAST_WIDTH = 480  # pixels, so that the lines below are readable
LETTERS, SPACE = 15, 8  # pixels


def drawn(case: Case, cam: np.ndarray | None = None, opacity: float = 0.0) -> np.ndarray:
    """The image, uint8 (height, width, 3), with the lesion's outline.

    Parameters
    ----------
    case : Case
    cam : ndarray of float, optional
        A heat map in the image's frame, (height, width), 0..1.
    opacity : float, 0..1
        Of the heat map where it is 1.
    """
    import cv2

    image = case.image if cam is None else np.rint(255 * blended(case.image, cam, opacity)).astype(np.uint8)
    outlined = np.ascontiguousarray(image.copy())
    contours, _ = cv2.findContours(case.mask.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    yellow = tuple(int(OUTLINE[place : place + 2], 16) for place in (1, 3, 5))
    thin = max(1, round(max(image.shape) / 400))
    for colour, width in (((26, 26, 26), 3 * thin), (yellow, thin)):
        cv2.drawContours(outlined, contours, -1, colour, width)
    return outlined


def sheet(image: np.ndarray, lines: list[str]) -> Image.Image:
    """A picture, uint8 (height, width, 3), with lines of text below it."""
    picture = Image.fromarray(image)
    if picture.width < LEAST_WIDTH:
        scale = LEAST_WIDTH / picture.width
        picture = picture.resize((LEAST_WIDTH, round(picture.height * scale)), Image.Resampling.BICUBIC)
    file = Path(matplotlib.get_data_path()) / "fonts" / "ttf" / "DejaVuSans.ttf"
    font = ImageFont.truetype(str(file), LETTERS)
    broken = [part for line in lines for part in _broken(printable(line), font, picture.width - 2 * SPACE)]
    whole = Image.new(
        "RGB", (picture.width, picture.height + len(broken) * (LETTERS + SPACE) + SPACE), "white"
    )
    whole.paste(picture)
    pen = ImageDraw.Draw(whole)
    for place, line in enumerate(broken):
        pen.text((SPACE, picture.height + SPACE + place * (LETTERS + SPACE)), line, "black", font)
    return whole


def as_png(picture: Image.Image, said: str) -> bytes:
    """A file to keep, with a description."""
    note, content = PngInfo(), io.BytesIO()
    note.add_itxt("Description", printable(said))
    picture.save(content, "PNG", pnginfo=note)
    return content.getvalue()


def as_jpeg(picture: Image.Image) -> bytes:
    """A small file to show."""
    content = io.BytesIO()
    picture.save(content, "JPEG", quality=90)
    return content.getvalue()


def _broken(line: str, font: ImageFont.FreeTypeFont, width: int) -> list[str]:
    """A line in several, none longer than the width in pixels, as far as single words allow."""
    found: list[str] = []
    for word in line.split():
        longer = f"{found[-1]} {word}" if found else word
        if found and font.getlength(longer) <= width:
            found[-1] = longer
        else:
            found.append(word)
    return found


def address(content: bytes, kind: str) -> str:
    """A file's content as an address that a page can show or save."""
    return f"data:{kind};base64,{base64.b64encode(content).decode()}"


def thumbnail(image: np.ndarray, side: int = 112) -> bytes:
    """A small JPEG of an image, uint8 (height, width, 3)."""
    picture = Image.fromarray(image)
    picture.thumbnail((side, side))
    return as_jpeg(picture)
