"""Why an image file cannot be used, in words that are true."""

from __future__ import annotations

import re
from pathlib import Path

MOST_MEGAPIXELS = 500.0


class ImageError(ValueError):
    """The reason why a file cannot be shown as an image, where it is known."""


def refuse_larger(width: int, height: int, most_megapixels: float) -> None:
    """Hold an image's size to the limit, before its pixels are read.

    Raises
    ------
    ImageError
        Naming the setting.
    """
    if width * height > most_megapixels * 1e6:
        raise ImageError(f"larger than {most_megapixels:g} megapixels (source.most_megapixels)")


def reason_of(error: Exception, path: Path) -> str:
    """Why a file cannot be used, in one line without its folder.

    Examples
    --------
    >>> reason_of(OSError("image file is truncated (3 bytes not processed)"), Path("a.png"))
    'truncated file'
    >>> reason_of(ValueError("odd\\nheader in /data/a.png"), Path("/data/a.png"))
    'could not be read: odd header in a.png'
    """
    if isinstance(error, ImageError):
        return str(error)
    message = getattr(error, "strerror", None) or str(error) or type(error).__name__
    if re.search("truncated|less than expected|not enough image data", message.lower()):
        return "truncated file"
    return f"could not be read: {' '.join(message.replace(str(path), path.name).split())[:200]}"
