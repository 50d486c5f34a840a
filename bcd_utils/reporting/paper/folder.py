"""The folder of a paper and its zip: made anew each time, but for what belongs to its authors."""

from __future__ import annotations

import shutil
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, count
from pathlib import Path

from bcd_utils.reporting.console import summary_of
from bcd_utils.reporting.paper.author import (
    Authored,
    author_file,
    items_of_checklists,
    read_author_file,
    write_template,
)
from bcd_utils.reporting.paper.document import Paper, compose
from bcd_utils.study.run import Run
from bcd_utils.study.stage import Stage
from bcd_utils.utils.errors import StudyError
from bcd_utils.utils.files import atomic_path, read_json, sha256_of_file, write_json
from bcd_utils.utils.paths import readable

#: Hashes of the files that were written: what differs from them, a person has changed.
MADE = "made.json"
#: The authors' own files, and below it what they changed of ours.
OWN, KEPT = "author", "kept"
#: What TeX leaves beside main.tex.
OF_TEX = {
    ".aux",
    ".bbl",
    ".blg",
    ".fdb_latexmk",
    ".fls",
    ".lof",
    ".log",
    ".lot",
    ".out",
    ".pdf",
    ".synctex.gz",
    ".toc",
}


@dataclass(frozen=True)
class Written:
    """What `write_paper` has done.

    Attributes
    ----------
    folder, archive, author : Path
        The paper, its zip, and the authors' file.
    new : bool
        Whether that file was written.
    kept : list of str
        Files that a person had changed, as they are kept in the folder ``author/kept``.
    when : str
        Time of its last run.
    """

    folder: Path
    archive: Path
    author: Path
    new: bool
    kept: list[str]
    when: str


def write_paper(runs: Sequence[Run], declared: Mapping[str, Stage], out: Path | None = None) -> Written:
    """Write the folder of a paper and its zip.

    Parameters
    ----------
    runs : sequence of Run
        Finished ones, at least one.
    declared : mapping of notebook to Stage
    out : Path, optional
        The folder; by default ``paper`` in that of the first run.

    Raises
    ------
    StudyError
        If a run is not finished, the authors' file says what cannot be, or the folder holds other things.
    """
    folder = (out or runs[0].folder / "paper").absolute()
    if folder.exists() and (not folder.is_dir() or (any(folder.iterdir()) and not (folder / MADE).is_file())):
        raise StudyError(f"{readable(folder)} is not a paper's folder", "name another with --out")
    summary = summary_of(runs[0].folder)
    author = author_file(runs[0])
    new = write_template(author, summary)
    authored: Authored = read_author_file(author, items_of_checklists())
    own = [path.name for path in (folder / OWN).glob("*") if path.is_file()]
    paper = compose(runs, declared, authored, own)
    kept = {name: _free(folder / OWN / KEPT / name) for name in _changed(folder)}
    with atomic_path(folder) as temporary:
        _fill(temporary, paper)
        if (folder / OWN).is_dir():
            shutil.copytree(folder / OWN, temporary / OWN)
        for name, place in kept.items():
            target = temporary / place.relative_to(folder)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(folder / name, target)
        if folder.exists():  # a folder takes the place of none but an empty one
            folder.replace(temporary.with_name(f"{temporary.name}.former"))
    archive = folder.with_name(f"{folder.name}.zip")
    _pack(folder, archive)
    names = [place.relative_to(folder).as_posix() for place in kept.values()]
    return Written(folder, archive, author, new, names, paper.when)


def _free(path: Path) -> Path:
    """A path, or where it is taken with the first number behind its stem that makes it another."""
    others = (path.with_stem(f"{path.stem}_{number}") for number in count(2))
    return next(each for each in chain([path], others) if not each.exists())


def _fill(folder: Path, paper: Paper) -> None:
    for name, text in paper.texts.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8", newline="\n")
    (folder / "figures").mkdir()
    for name, file in paper.figures.items():
        shutil.copyfile(file, folder / "figures" / name)
    made = {
        path.relative_to(folder).as_posix(): sha256_of_file(path)
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }
    write_json(folder / MADE, made)


def _changed(folder: Path) -> list[str]:
    """Files of an earlier paper that a person has changed or added; not what TeX left."""
    made = read_json(folder / MADE) or {}
    names = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.is_file()}
    ours = {name: path for name, path in names.items() if not name.startswith(f"{OWN}/") and name != MADE}
    return sorted(
        name
        for name, path in ours.items()
        if (sha256_of_file(path) != made[name] if name in made else "".join(path.suffixes) not in OF_TEX)
    )


def _pack(folder: Path, zipped: Path) -> None:
    """Zip the folder for Overleaf, without what TeX left; the same files give the same bytes."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    with atomic_path(zipped) as temporary, zipfile.ZipFile(temporary, "w") as archive:
        for path in files:
            name = path.relative_to(folder)
            if name.parent == Path() and "".join(path.suffixes) in OF_TEX:
                continue
            entry = zipfile.ZipInfo(name.as_posix())
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, path.read_bytes(), zipfile.ZIP_DEFLATED, 6)
