"""What a result came from: code, versions, seed, data, device."""

from __future__ import annotations

import os
import platform
import subprocess
from contextlib import suppress
from datetime import UTC, datetime
from importlib import metadata
from typing import Any

from bcd_utils import __version__
from bcd_utils.utils.environment import recorded
from bcd_utils.utils.files import sha256_of_file, sha256_of_json
from bcd_utils.utils.paths import ROOT

PACKAGES = ("keras", "tensorflow", "jax", "torch", "numpy", "pandas", "scikit-learn", "scipy", "opencv-python-headless",
            "pillow", "papermill", "nbconvert")  # fmt: skip


def code_hash() -> str:
    """SHA-256 over the source files of ``bcd_utils``."""
    files = sorted((ROOT / "bcd_utils").rglob("*.py"))
    return sha256_of_json([[path.relative_to(ROOT).as_posix(), sha256_of_file(path)] for path in files])


def commit() -> str:
    """The git commit of the code, with "+ changes" if files differ from it; "unknown" outside git."""

    def git(*words: str) -> str:
        return subprocess.run(
            ["git", "-C", str(ROOT), *words], capture_output=True, text=True, check=True, timeout=10
        ).stdout.strip()

    try:
        changed = git("status", "--porcelain", "--untracked-files=no")
        return git("rev-parse", "HEAD")[:12] + (" + changes" if changed else "")
    except (OSError, subprocess.SubprocessError):
        return "unknown"


def versions() -> dict[str, str]:
    """Versions of Python, this project and the packages that shape results."""
    known = {"python": platform.python_version(), "bcd_utils": __version__}
    for package in PACKAGES:
        with suppress(metadata.PackageNotFoundError):
            known[package] = metadata.version(package)
    return known


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
