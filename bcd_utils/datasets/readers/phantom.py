"""The embedded default: synthetic ultrasound, drawn once and kept in the cache."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path

from bcd_utils.datasets.base import Dataset
from bcd_utils.datasets.phantom_files import write_phantoms
from bcd_utils.datasets.phantoms.copies import plant_copies
from bcd_utils.datasets.phantoms.records import RECORD, draw_record
from bcd_utils.study.source import Source
from bcd_utils.utils.cache import entry_of, kept
from bcd_utils.utils.code_identity import code_identity
from bcd_utils.utils.errors import StudyError


def locate(source: Source) -> Path:
    """The folder with the phantoms of this source, drawn where it is not there yet."""
    wanted = source.phantoms
    counts = {label: getattr(wanted, label) for label in DATASET.classes}
    code = code_identity(write_phantoms.__module__, plant_copies.__module__)
    recipe = [counts, wanted.seed, wanted.copies, wanted.conflicts, wanted.scanner, code]

    def draw(folder: Path) -> None:
        write_phantoms(folder, counts, wanted.seed, wanted.scanner)
        if wanted.copies or wanted.conflicts:
            plant_copies(folder, wanted.copies, wanted.conflicts, wanted.seed)

    return kept(entry_of("phantom", recipe), draw)


def configure(source: Source) -> Dataset:
    """Phantoms of the classes of which any are to be drawn."""
    drawn = tuple(label for label in DATASET.classes if getattr(source.phantoms, label))
    if len(drawn) < 2:
        raise StudyError("phantoms are of one class only", "draw some of two classes or more")
    record = partial(draw_record, effect=source.phantoms.record_effect, seed=source.phantoms.seed)
    return replace(DATASET, classes=drawn, draw_record=record)


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
    record=RECORD,
    steps="nothing is to be fetched: run a study, which draws them",
)
