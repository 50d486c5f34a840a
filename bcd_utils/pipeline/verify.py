"""An archive checked: its own hashes, those of the data, and the study run again from what it says."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from bcd_utils.datasets import dataset_of
from bcd_utils.datasets.download import unpack
from bcd_utils.datasets.inspection import hash_of
from bcd_utils.datasets.manifest import masks_hash
from bcd_utils.pipeline.notebook import Listener
from bcd_utils.pipeline.runner import Chain
from bcd_utils.pipeline.stages import sections
from bcd_utils.pipeline.verification import Verification, hold_against
from bcd_utils.reporting.crate import CRATE
from bcd_utils.study.loading import load_study
from bcd_utils.study.run import Run
from bcd_utils.study.settings import Study
from bcd_utils.utils.cache import entry_of, kept
from bcd_utils.utils.errors import StudyError
from bcd_utils.utils.files import sha256_of_file, sha256_of_json
from bcd_utils.utils.path_text import in_shell, path_of
from bcd_utils.utils.paths import REPORTS, readable
from bcd_utils.utils.sealed import SEAL, faults, fingerprint, refuse_damaged_zip


def opened(archive: Path) -> Run:
    """The archived run; a zip file is unpacked into the cache.

    Raises
    ------
    StudyError
        If a file is missing, was changed or was added: the message names it.
    """
    folder = archive
    if not archive.is_dir():
        refuse_damaged_zip(archive)
        again = "get it again"
        entry = entry_of("archives", sha256_of_file(archive))
        folder = kept(entry, lambda path: unpack(archive, path, again))
    if (folder / "study.json").is_file() and not any((folder / name).exists() for name in (SEAL, CRATE)):
        problem = f"{readable(archive)} is a run, and what is checked is an archive of one"
        raise StudyError(problem, f"make it: bcd archive {in_shell(Path(readable(archive)))}")
    if found := faults(folder):
        more = f", and {len(found) - 3} more files are not as archived" if len(found) > 3 else ""
        raise StudyError(f"{readable(archive)} is damaged: {', '.join(found[:3])}{more}", "get it again")
    return Run.open(folder.absolute())


def study_of(archived: Run, data_dir: Path | None, overrides: Sequence[str]) -> Study:
    """The archived study, on this machine's files.

    Raises
    ------
    StudyError
        If a file that it needs is not here, with the setting that names it.
    """
    settings: dict[str, Any] = {} if data_dir is None else {"source": {"data_dir": str(data_dir)}}
    study = load_study(archived.folder / "study.yaml", list(overrides), sections(), **settings)
    for name, file in (("backbone", study.backbone), ("weights", study.weights)):
        if file.endswith((".keras", ".h5")) and not Path(file).is_file():
            fix = f"say where it is: --set {name}=FILE"
            raise StudyError(f"The study's {name} {Path(file).name} is not here ({file})", fix)
    return study


def changed_images(archived: Run, study: Study) -> list[str]:
    """Which images and masks of the archived manifest are not here as they were, in words."""
    if not (archived.folder / "artifacts" / "manifest.csv").exists():
        return []
    folder = dataset_of(study.source).locate(study.source)
    found = []
    for row in archived.read_csv("manifest.csv").itertuples():
        image = folder / path_of(row.path)
        if not image.is_file():
            found.append(f"{row.path} is missing")
            continue
        digest = hash_of(image)
        if row.sha256 and row.sha256 != (sha256_of_json([digest, row.box]) if row.box else digest):
            found.append(f"{row.path} was changed")
        if row.masks_sha256 != masks_hash(folder, row.masks):
            found.append(f"the mask of {row.path} was changed")
    return found


def verify(
    archived: Run,
    study: Study,
    run_dir: Path | None = None,
    listen: Callable[[Chain], Listener] = lambda chain: lambda *_: None,
    data: Sequence[str] = (),
) -> tuple[Verification, Run]:
    """Run an archived study again and hold the result against the archive.

    Nothing that was computed before is used: the run has a cache of its own, which is removed at its end.

    Parameters
    ----------
    archived : Run
        From `opened`.
    study : Study
        From `study_of`.
    run_dir : Path, optional
        Folder of the new run; a run that is finished there is held against the archive as it is.
    listen : callable
        ``listen(chain)`` is told how far the new run is.
    data : sequence of str
        From `changed_images`.
    """
    folder = (run_dir or REPORTS / f"{study.name}_verified_{fingerprint(archived.folder)[:8]}").absolute()
    finished = (folder / "summary.json").is_file()
    if not (finished and run_dir):
        chain = Chain(Run(folder, study))
        before, cache = os.environ.get("BCD_CACHE_DIR"), folder / "cache"
        os.environ["BCD_CACHE_DIR"] = str(cache)
        try:
            chain.execute(chain.stages[0].notebook if finished else None, listen(chain))
            shutil.rmtree(cache, ignore_errors=True)
        finally:
            _set_back("BCD_CACHE_DIR", before)
    now = Run.open(folder)
    return hold_against(archived, now, list(data)), now


def _set_back(name: str, value: str | None) -> None:
    if value is None:
        del os.environ[name]
    else:
        os.environ[name] = value
