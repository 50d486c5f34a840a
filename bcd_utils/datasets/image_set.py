"""A set of images as a study reads them: which rows of which data set, and what a network is shown of them."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from bcd_utils.datasets import Dataset, dataset_of, recorded_dataset
from bcd_utils.images.arrays import cached_images
from bcd_utils.images.fitting import STRETCHED, Fitting
from bcd_utils.utils.counting import OnProgress, silent
from bcd_utils.utils.files import sha256_of_file

if TYPE_CHECKING:
    from bcd_utils.study.run import Run
    from bcd_utils.study.source import Source


@dataclass(frozen=True, eq=False)
class ImageSet:
    """Images of a run, or from another source.

    Attributes
    ----------
    source : Source
        Names the data set; a study, where the images are its own.
    table : pandas.DataFrame
        Manifest rows of the images that are used, numbered from 0: id, path, label, group, masks, box and others; of
        a run also ``split``.
    classes : tuple of str
        Class order of labels and probabilities.
    data_sha256 : str
        Hash of the data set's files, masks included; see `manifest.data_hash`.
    kind : str
        What a network is shown; see `transforms.network_input`.
    size : int
        Side in pixels of what it is shown.
    title : str
        As tables call the set.
    set_aside : pandas.Series of int
        Images of each class that cannot be used.
    patients : int or None
        Among the images that are used; None where the data set names none.
    remarks : list of str
    fitting : Fitting
        How each is made a square of that size.
    stored : Path or None
        The file that holds ``pixels`` already; None: made when asked for, and kept in the cache.
    """

    source: Source
    table: pd.DataFrame
    classes: tuple[str, ...]
    data_sha256: str
    kind: str = "image"
    size: int = 224
    title: str = ""
    set_aside: pd.Series = field(default_factory=lambda: pd.Series(dtype=int))
    patients: int | None = None
    remarks: list[str] = field(default_factory=list)
    fitting: Fitting = STRETCHED
    stored: Path | None = None

    @classmethod
    def of_run(cls, run: Run) -> ImageSet:
        """What the preprocessing notebook wrote."""
        return cls._as_recorded(run, run.read_csv("splits.csv"))

    @classmethod
    def audited(cls, run: Run) -> ImageSet:
        """What the preprocessing notebook wrote, with the groups that the data audit joined."""
        splits = run.read_csv("splits.csv")
        rows = run.read_csv("audited_manifest.csv").set_index("id", drop=False).loc[splits["id"]]
        return cls._as_recorded(run, rows.reset_index(drop=True).assign(split=splits["split"]))

    @classmethod
    def _as_recorded(cls, run: Run, table: pd.DataFrame) -> ImageSet:
        study, dataset, record = run.study, recorded_dataset(run), run.read_json("dataset.json")
        return cls(
            study.source, table, dataset.classes, record["data_sha256"], study.input, study.image_size, dataset.title,
            patients=record["patients"], remarks=record["remarks"], fitting=Fitting.of(study),
            stored=run.artifact("images.npy"),
        )  # fmt: skip

    @cached_property
    def dataset(self) -> Dataset:
        """The data set, as the source's settings ask for it, with the classes of these images."""
        return replace(dataset_of(self.source), classes=self.classes)

    @cached_property
    def folder(self) -> Path:
        """Where the table's paths count from."""
        return self.dataset.locate(self.source)

    @cached_property
    def labels(self) -> np.ndarray:
        """Places of the labels in ``classes``, int (n,)."""
        return pd.Categorical(self.table["label"], self.classes).codes.astype(int)

    @cached_property
    def rows(self) -> dict[str, np.ndarray]:
        """Rows of each set of a run's split."""
        return {name: np.flatnonzero(self.table["split"] == name) for name in self.table["split"].unique()}

    @property
    def described(self) -> dict[str, Any]:
        """What a record says of the images: where they are from, and how many there are of what."""
        origin = ("name", "synthetic", "licence", "citation", "homepage")
        counts = self.table["label"].value_counts()
        return {name: getattr(self.dataset, name) for name in origin} | {
            "title": self.title,
            "images": len(self.table),
            "set_aside": int(self.set_aside.sum()),
            "classes": {label: int(counts.get(label, 0)) for label in self.classes},
            "patients": self.patients,
            "groups": int(self.table["group"].nunique()),
            "remarks": self.remarks,
        }

    def file(self, on_progress: OnProgress = silent) -> Path:
        """The file with the pixels, written if need be.

        Raises
        ------
        StudyError
            If ``kind`` needs masks that an image does not have, or the disk is full.
        """
        return self.stored or cached_images(
            self.folder,
            self.table,
            self.data_sha256,
            self.kind,
            self.size,
            on_progress,
            self.source.stain,
            self.fitting,
        )

    @cached_property
    def pixels(self) -> np.ndarray:
        """What a network is shown, uint8 (n, size, size, 3), memory-mapped."""
        return np.load(self.file(), mmap_mode="r")

    @cached_property
    def pixels_sha256(self) -> str:
        """Hash of the file with the pixels."""
        return sha256_of_file(self.file())
