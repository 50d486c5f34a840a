"""Where things are; every other module asks here."""

from __future__ import annotations

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
NOTEBOOKS = ROOT / "notebooks"
STUDIES = ROOT / "studies"
REPORTS = ROOT / "reports"
RAW_DATA = ROOT / "data" / "raw"
TEMPLATES = Path(__file__).resolve().parents[1] / "reporting" / "templates"


def cache_folder() -> Path:
    """Folder of recomputable files: ``data/cache``, or ``$BCD_CACHE_DIR`` where that is set."""
    return Path(os.environ.get("BCD_CACHE_DIR") or ROOT / "data" / "cache").absolute()


def readable(path: Path | str) -> str:
    """``path`` relative to the current folder where that is shorter, for messages."""
    relative = os.path.relpath(path)
    return relative if len(relative) < len(str(path)) else str(path)
