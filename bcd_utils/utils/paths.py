"""Where things are; every other module asks here."""

from __future__ import annotations

import os
from pathlib import Path

from bcd_utils.utils.errors import StudyError
from bcd_utils.utils.path_text import in_shell, text_of

PACKAGE = Path(__file__).resolve().parents[1]
#: The folder from which this package is imported.
SOURCES = PACKAGE.parent
#: What an installed package carries of the project; in a checkout it stands beside the package.
CARRIED = PACKAGE / "project"
INSTALLED = CARRIED.is_dir()
#: Where data and reports lie: the checkout, or of an installed package the folder in which it was first called,
#: for kernels and workers begin elsewhere.
ROOT = Path(os.environ.setdefault("BCD_HOME", os.getcwd())) if INSTALLED else SOURCES
#: What stands at the top of the project.
PROJECT = CARRIED if INSTALLED else ROOT
NOTEBOOKS = PROJECT / "notebooks"
STUDIES = PROJECT / "studies"
REPORTS = ROOT / "reports"
RAW_DATA = ROOT / "data" / "raw"
#: Beside a study's file: what its authors say of it; no study itself.
AUTHOR_FILE = "author.yaml"
TEMPLATES = PACKAGE / "reporting" / "templates"


def cache_folder() -> Path:
    """Folder of recomputable files: ``data/cache``, or ``$BCD_CACHE_DIR`` where that is set."""
    return Path(os.environ.get("BCD_CACHE_DIR") or ROOT / "data" / "cache").absolute()


def python_path() -> str:
    """``PYTHONPATH`` with which another process imports this package; an installed one is found without."""
    here = [] if INSTALLED else [str(SOURCES)]
    return os.pathsep.join(dict.fromkeys([*here, *filter(None, [os.environ.get("PYTHONPATH")])]))


def readable(path: Path | str) -> str:
    """``path`` relative to the current folder where that is shorter, for messages."""
    relative = os.path.relpath(path)
    return relative if len(relative) < len(str(path)) else str(path)


def refuse_unstorable(path: Path, what: str) -> None:
    """Stop where a name is no UTF-8: neither settings nor notebooks can hold it.

    Raises
    ------
    StudyError
        With the command that renames it, where it is there.
    """
    for part in (*reversed(path.parents), path):
        try:
            os.fsencode(part).decode()
        except UnicodeDecodeError:
            new = part.with_name(text_of(Path(part.name)).replace("%", "_"))
            rename = f"rename it and name it so: mv {in_shell(part)} {in_shell(new)}"
            fix = rename if part.exists() else f"call it {new}"
            raise StudyError(f"{what}: the name {part} is no UTF-8", fix) from None
