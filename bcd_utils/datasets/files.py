"""Files below a data folder: every one is met once, and what is no picture by its name is said to be none."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from bcd_utils.utils.files import natural_key, seen_at_rest, walk
from bcd_utils.utils.path_text import text_of

IMAGE_SUFFIXES = frozenset(
    ".png .jpg .jpeg .jpe .jfif .jp2 .j2k .bmp .dib .tif .tiff .gif .webp .ppm .pgm .pbm .pnm .tga .dcm .dicom".split()
)
UNREAD_PICTURES = frozenset(
    ".svg .eps .ai .pdf .heic .heif .avif .psd .raw .mha .mhd .nii .nrrd .npy .mat .svs".split()
)
ARCHIVES = frozenset(".zip .tar .gz .tgz .bz2 .tbz2 .xz .rar .7z".split())


def place(path: Path, folder: Path) -> str:
    """A file's path as seen from a folder, as tables hold it; `path_text.path_of` leads back."""
    return text_of(path.relative_to(folder))


def pictures(folder: Path) -> tuple[list[Path], list[tuple[str, str]]]:
    """Files below a folder that are pictures by their names, and the others.

    Returns
    -------
    pictures : list of Path
        In natural order of their paths.
    others : list of (path as seen from ``folder``, why it is not read)
    """
    found, others = _told_apart(folder)
    return [*found], [*others]


@seen_at_rest
def _told_apart(folder: Path) -> tuple[list[Path], list[tuple[str, str]]]:
    found, others, known = [], [], dict[str, Path]()
    for path, real in sorted(walk(folder), key=lambda file: (natural_key(place(file[0], folder)), file)):
        reason = why_not(path)
        if reason is None and known.setdefault(real, path) is not path:
            reason = "another way to a file that is read"
        if reason is None:
            found.append(path)
        else:
            others.append((place(path, folder), reason))
    return found, others


def why_not(path: Path) -> str | None:
    """Why a file cannot be a picture, by its name; None where it may be one."""
    suffix = path.suffix.lower()
    if path.name.startswith(".") and suffix == ".lock":
        return "of this program"
    if path.name.startswith("._") or "__MACOSX" in path.parts or path.name in (".DS_Store", "Thumbs.db"):
        return "written by a file manager"
    if path.is_symlink() and not path.exists():
        return "a link that leads nowhere"
    if not path.is_file():
        return "no regular file"
    if suffix in IMAGE_SUFFIXES:
        return None
    if not suffix and _begins_as_dicom(path):
        return "DICOM without the suffix .dcm"
    if suffix in UNREAD_PICTURES:
        return f"a format that is not read ({suffix})"
    if suffix in ARCHIVES:
        return f"an archive inside the folder ({suffix})"
    return f"no picture ({suffix or 'no suffix'})"


def _begins_as_dicom(path: Path) -> bool:
    try:
        with open(path, "rb") as file:
            return file.read(132)[128:] == b"DICM"
    except OSError:
        return False


def image_files(folder: Path, suffixes: Iterable[str] = IMAGE_SUFFIXES) -> list[Path]:
    """Files below a folder that are pictures by their names, in natural order of their paths."""
    return [path for path in pictures(folder)[0] if path.suffix.lower() in set(suffixes)]


def one_format(paths: Sequence[str]) -> tuple[list[str], list[str]]:
    """Of files that differ in their suffix only, the one whose suffix most of all files have.

    The choice is thus the same for all classes: were it made file by file, the format could tell the class.

    Returns
    -------
    kept, others : list of str
        In the order given.

    Examples
    --------
    >>> one_format(["a.jpg", "a.pgm", "b.pgm"])[0]
    ['a.pgm', 'b.pgm']
    """
    apart = [os.path.splitext(path) for path in paths]
    counts = Counter(suffix.lower() for _, suffix in apart)
    best: dict[str, str] = {}
    for path, (stem, _) in zip(paths, apart, strict=True):
        best[stem] = max(best.get(stem, path), path, key=lambda one: _rank_of_format(one, counts))
    kept = set(best.values())
    return [path for path in paths if path in kept], [path for path in paths if path not in kept]


def _rank_of_format(path: str, counts: Mapping[str, int]) -> tuple[int, str, str]:
    suffix = os.path.splitext(path)[1].lower()
    return counts[suffix], suffix, path
