"""What a result came from: code, versions, seed, data, device."""

from __future__ import annotations

import json
import os
import platform
import subprocess
from collections.abc import Iterable
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

from bcd_utils import __version__
from bcd_utils.utils.code_identity import installed_versions
from bcd_utils.utils.environment import recorded
from bcd_utils.utils.files import sha256_of_file, sha256_of_json
from bcd_utils.utils.paths import CARRIED, INSTALLED, NOTEBOOKS, ROOT, SOURCES

PACKAGES = ("keras", "tensorflow", "jax", "torch", "numpy", "pandas", "scikit-learn", "scipy", "opencv-python-headless",
            "pillow", "papermill", "nbconvert")  # fmt: skip


def code_hash() -> str:
    """SHA-256 over the source files of ``bcd_utils``."""
    files = sorted((SOURCES / "bcd_utils").rglob("*.py"))
    return sha256_of_json([[path.relative_to(SOURCES).as_posix(), sha256_of_file(path)] for path in files])


def commit() -> str:
    """The git commit of the code, with "+ changes" if files differ from it; "unknown" outside git.

    An installed package carries the one it was built from.
    """
    if INSTALLED:
        return (CARRIED / "commit.txt").read_text(encoding="utf-8").strip()
    try:
        changed = _git("status", "--porcelain", "--untracked-files=no")
        return _git("rev-parse", "HEAD")[:12] + (" + changes" if changed else "")
    except (OSError, subprocess.SubprocessError):
        return "unknown"


def edited_notebooks(names: Iterable[str]) -> list[str]:
    """Those of some notebooks whose cells are not those of the commit; none outside git.

    Outputs and metadata, which JupyterLab saves beside the cells, do not count.
    """
    if INSTALLED:
        return []
    try:
        _git("rev-parse", "HEAD")
    except (OSError, subprocess.SubprocessError):
        return []
    there = {name: NOTEBOOKS / f"{name}.ipynb" for name in names}
    found = {name: path for name, path in there.items() if path.exists()}
    return [name for name, path in found.items() if cells_of(path.read_text("utf-8")) != _committed(path)]


def _committed(notebook: Path) -> list[tuple[str, str]] | None:
    try:
        return cells_of(_git("show", f"HEAD:./{notebook.relative_to(ROOT).as_posix()}"))
    except subprocess.SubprocessError:  # it is not in the commit
        return None


def cells_of(content: str) -> list[tuple[str, str]]:
    """Kind and source of each cell of a notebook's file."""
    return [(cell["cell_type"], "".join(cell["source"])) for cell in json.loads(content)["cells"]]


def _git(*words: str) -> str:
    command = ["git", "-C", str(ROOT), *words]
    return subprocess.run(
        command, capture_output=True, encoding="utf-8", check=True, timeout=10
    ).stdout.strip()


def versions() -> dict[str, str]:
    """Versions of Python, this project and the packages that shape results."""
    own = {"python": platform.python_version(), "bcd_utils": __version__}
    return own | installed_versions(PACKAGES)


def installed_packages() -> str:
    """Every installed distribution with its version, a line each, as ``pip freeze`` would list those of an index."""
    found = {(each.metadata["Name"].lower(), each.version) for each in metadata.distributions()}
    return "".join(f"{name}=={version}\n" for name, version in sorted(found))


def describe() -> dict[str, Any]:
    """Provenance that is known before a run: commit, code hash, versions, environment, platform, cores, time (UTC)."""
    return {
        "commit": commit(),
        "code_sha256": code_hash(),
        "versions": versions(),
        "environment": recorded() or None,
        "platform": platform.platform(),
        "cores": os.cpu_count(),
        "when": datetime.now(UTC).isoformat(timespec="seconds"),
    }
