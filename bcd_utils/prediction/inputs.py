"""The images that a person names: files, folders, zip files, tables of paths."""

from __future__ import annotations

import shutil
import tempfile
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePath, PurePosixPath

from bcd_utils.datasets.files import place, why_not
from bcd_utils.datasets.sheets import SHEETS, read_sheet
from bcd_utils.images.dicom import is_dicom
from bcd_utils.images.refusals import ImageError
from bcd_utils.utils.errors import StudyError
from bcd_utils.utils.files import natural_key, walk
from bcd_utils.utils.path_text import path_of, text_of

TABLES = SHEETS | {".csv", ".tsv"}
MOST_UNPACKED = 1_000_000_000  # bytes of a zip file's member: few that compress to nothing would fill a disk


@dataclass(frozen=True)
class Given:
    """A file that may be an image.

    Attributes
    ----------
    name : str
        As a person knows it: the path from here, the cell of a table, or the path of a zip file and the one within.
    file : Path
        The file, or the zip file that holds it.
    member : str
        Its name within that; "" where it is no member.
    why_not : str
        Why it is not opened; "" where it is.
    """

    name: str
    file: Path
    member: str = ""
    why_not: str = ""

    @property
    def state(self) -> list[str | int]:
        """What tells whether it is still the same: name, size and time of change; name alone where there is no file."""
        try:
            found = self.file.stat()
        except OSError:
            return [self.name]
        return [self.name, found.st_size, found.st_mtime_ns]

    @contextmanager
    def at_hand(self) -> Iterator[Path]:
        """The file's path; of a member, that of a copy which is there within the block alone.

        Raises
        ------
        ImageError
            If a member would unpack to more than `MOST_UNPACKED` bytes.
        """
        if not self.member:
            yield self.file
            return
        with tempfile.TemporaryDirectory() as folder, zipfile.ZipFile(self.file) as archive:
            # no more than this is ever read of it, whatever else the file says
            size = archive.getinfo(self.member).file_size
            if size > MOST_UNPACKED:
                raise ImageError(f"unpacks to {size / 1e9:.1f} GB, more than {MOST_UNPACKED / 1e9:g}")
            # its own name could lead out of the folder
            copy = Path(folder) / f"image{PurePosixPath(self.member).suffix.lower()}"
            with archive.open(self.member) as packed, open(copy, "wb") as unpacked:
                shutil.copyfileobj(packed, unpacked)
            yield copy


def listed(images: Sequence[Path | str]) -> list[Given]:
    """Every file that is named, in this order; folders and zip files in natural order of their paths.

    Of a folder every file is listed, also one that cannot be a picture by its name, but no hidden one; each of
    several links to one file counts.

    Raises
    ------
    StudyError
        If a table has no column ``path`` or cannot be read, or nothing was found.
    """
    found = [each for path in map(Path, images) for each in _below(path)]
    if not found:
        raise StudyError(
            f"There is no file in {', '.join(map(str, images))}", "name images, or folders with images"
        )
    return found


def _below(path: Path) -> Iterator[Given]:
    if path.is_dir():
        files = sorted((file for file, _ in walk(path)), key=lambda file: natural_key(place(file, path)))
        for file in files:
            if not _hidden(file.relative_to(path)):
                yield Given(text_of(file), file, why_not="" if is_dicom(file) else why_not(file) or "")
    elif path.suffix.lower() == ".zip" and path.is_file():
        yield from _members(path)
    elif path.suffix.lower() in TABLES and path.is_file():
        table = read_sheet(path)
        if "path" not in table:
            raise StudyError(
                f"{path} has no column 'path'", "call the column so that holds the images' paths"
            )
        for text in table["path"]:
            as_it_is = path.parent / text
            yield Given(text, as_it_is if as_it_is.exists() else path.parent / path_of(text))
    else:
        yield Given(text_of(path), path)


def _members(path: Path) -> Iterator[Given]:
    try:
        with zipfile.ZipFile(path) as archive:
            names = [each.filename for each in archive.infolist() if not each.is_dir()]
    except (zipfile.BadZipFile, OSError) as error:
        yield Given(text_of(path), path, why_not=f"no whole zip file: {error}")
        return
    for name in sorted(names, key=natural_key):
        if not _hidden(PurePosixPath(name)):
            yield Given(f"{text_of(path)}/{text_of(PurePosixPath(name))}", path, name)


def _hidden(path: PurePath) -> bool:
    return any(part[0] == "." and part != ".." or part == "__MACOSX" for part in path.parts)
