"""The embedded default: synthetic ultrasound, drawn once and kept in the cache."""

from __future__ import annotations

import os
import shutil
from dataclasses import replace
from pathlib import Path

from filelock import FileLock

from bcd_utils.datasets.base import Dataset
from bcd_utils.datasets.phantom_files import write_phantoms
from bcd_utils.datasets.phantoms.copies import plant_copies
from bcd_utils.study.source import Source
from bcd_utils.utils.code_identity import code_identity
from bcd_utils.utils.errors import StudyError
from bcd_utils.utils.files import disk_errors, sha256_of_json
from bcd_utils.utils.paths import cache_folder


def locate(source: Source) -> Path:
    """The folder with the phantoms of this source, drawn where it is not there yet."""
    wanted = source.phantoms
    counts = {label: getattr(wanted, label) for label in DATASET.classes}
    code = code_identity(write_phantoms.__module__, plant_copies.__module__)
    recipe = [counts, wanted.seed, wanted.copies, wanted.conflicts, wanted.scanner, code]
    folder = cache_folder() / "phantom" / sha256_of_json(recipe)[:16]
    folder.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(folder.with_suffix(".lock")):  # two runs may want the same phantoms at once
        if not folder.is_dir():
            drawn = folder.with_suffix(".drawn")
            shutil.rmtree(drawn, ignore_errors=True)  # of a run that was killed
            write_phantoms(drawn, counts, wanted.seed, wanted.scanner)
            with disk_errors(drawn):
                if wanted.copies or wanted.conflicts:
                    plant_copies(drawn, wanted.copies, wanted.conflicts, wanted.seed)
                os.replace(drawn, folder)
    return folder


def configure(source: Source) -> Dataset:
    """Phantoms of the classes of which any are to be drawn."""
    drawn = tuple(label for label in DATASET.classes if getattr(source.phantoms, label))
    if len(drawn) < 2:
        raise StudyError("phantoms are of one class only", "draw some of two classes or more")
    return replace(DATASET, classes=drawn)


DATASET = Dataset(
    name="phantom",
    title="Synthetic phantoms",
    modality="synthetic breast ultrasound",
    classes=("benign", "malignant", "normal"),
    licence="MIT, as this project",
    citation="drawn by bcd_utils.datasets.phantoms.generator",
    synthetic=True,
    locate=locate,
    configure=configure,
    steps="nothing is to be fetched: run a study, which draws them",
)
