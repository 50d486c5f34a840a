"""The embedded default: synthetic ultrasound, drawn once and kept in the cache."""

from __future__ import annotations

from pathlib import Path

from filelock import FileLock

from bcd_utils.datasets.base import Dataset
from bcd_utils.datasets.busi import CLASSES, scan
from bcd_utils.datasets.phantom_generator import write_phantoms
from bcd_utils.files import sha256_of_file, sha256_of_json
from bcd_utils.paths import cache_folder
from bcd_utils.study import Study


def locate(study: Study) -> Path:
    """The folder with the phantoms of this study, drawn where it is not there yet."""
    from bcd_utils.datasets import phantom_generator

    counts = {label: getattr(study.phantoms, label) for label in CLASSES}
    recipe = [counts, study.phantoms.seed, sha256_of_file(phantom_generator.__file__)]
    folder = cache_folder() / "phantom" / sha256_of_json(recipe)[:16]
    folder.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(folder.with_suffix(".lock")):  # two runs may want the same phantoms at once
        if not folder.is_dir():
            write_phantoms(folder, counts, study.phantoms.seed)
    return folder


PHANTOM = Dataset(
    name="phantom",
    title="Synthetic phantoms",
    modality="synthetic breast ultrasound",
    classes=CLASSES,
    counts=None,
    licence="MIT, as this project",
    citation="drawn by bcd_utils.datasets.phantom_generator",
    homepage="",
    synthetic=True,
    locate=locate,
    scan=scan,
)
