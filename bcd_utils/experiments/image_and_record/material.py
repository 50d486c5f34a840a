"""What is learned from: the rows, their records and, where the study has pixels, a frozen network's features."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from bcd_utils.datasets import recorded_dataset
from bcd_utils.datasets.image_set import ImageSet
from bcd_utils.datasets.records import Records, read_cases, records_of
from bcd_utils.evaluation.predictions import class_numbers
from bcd_utils.study.run import Run
from bcd_utils.study.settings import Study
from bcd_utils.utils.counting import OnProgress
from bcd_utils.utils.errors import StudyError
from bcd_utils.utils.files import sha256_of_json

KEPT = ("id", "label", "patient", "group", "status", "official_split")


@dataclass(frozen=True, eq=False)
class Material:
    """Images of one data set, and what is known of each.

    Attributes
    ----------
    title : str
    synthetic : bool
    classes : tuple of str
    positive : str
    table : pandas.DataFrame of str
        Columns id, label, patient, group, status ("ok") and, where one is published, official_split.
    records : Records
        Rows as in ``table``.
    features : ndarray of float, shape (n, c), or None
        Of the image; None where the study has tables alone.
    network : dict
        Where the features are from; empty without.
    data_sha256 : str
    remarks : list of str
    """

    title: str
    synthetic: bool
    classes: tuple[str, ...]
    positive: str
    table: pd.DataFrame
    records: Records
    features: np.ndarray | None = None
    network: dict[str, Any] = field(default_factory=dict)
    data_sha256: str = ""
    remarks: list[str] = field(default_factory=list)

    @property
    def labels(self) -> np.ndarray:
        """Places of the labels in ``classes``, int (n,)."""
        return class_numbers(self.table["label"], self.classes)

    @property
    def crossing(self) -> int:
        """Patients that are in the published training set and in the published test set."""
        if "official_split" not in self.table:
            return 0
        named = self.table[self.table["patient"] != ""]
        return int((named.groupby("patient")["official_split"].nunique() > 1).sum())


def gather(run: Run, progress_of: Callable[[str], OnProgress]) -> Material:
    """What a run's notebooks have prepared; the source's tables alone, where none has prepared images.

    Parameters
    ----------
    run : Run
    progress_of : callable
        ``progress_of(what)`` gives a callable ``(done, total)``.

    Raises
    ------
    StudyError
        As `records.records_of`, or if there are no such images.
    """
    made = [name for name in ("splits.csv", "audited_manifest.csv") if run.maker(name) in run.study.notebooks]
    if not made:
        return of_tables(run.study)
    images = ImageSet.audited(run) if len(made) == 2 else ImageSet.of_run(run)
    return of_images(run, images, progress_of)


def of_tables(study: Study) -> Material:
    """The rows that a source's tables name, and their records; images of one patient are one group."""
    found = read_cases(study.source)
    table = found.scan.images.assign(status="ok")
    table["patient"] = table["patient"] if "patient" in table else ""
    table["group"] = table["patient"].where(table["patient"] != "", table["id"])
    records = records_of(found.dataset, study.source.record, found.folder, table)
    classes = tuple(label for label in found.dataset.classes if (table["label"] == label).any())
    if len(classes) < 2:
        raise StudyError(
            f"The tables in {found.folder} name images of one class only",
            "name a folder with those of two classes",
        )
    kept = table[[name for name in KEPT if name in table]]
    identity = sha256_of_json([kept.values.tolist(), records.values.astype(str).values.tolist()])
    of = found.dataset
    return Material(
        of.title,
        of.synthetic,
        classes,
        of.positive,
        kept,
        records,
        data_sha256=identity,
        remarks=found.scan.remarks,
    )


def of_images(run: Run, images: ImageSet, progress_of: Callable[[str], OnProgress]) -> Material:
    """A run's images with their records, encoded by the study's frozen network."""
    from bcd_utils.datasets.phantoms.calibration import calibration_images
    from bcd_utils.experiments.modalities.protocol import encode
    from bcd_utils.models.backbones import load_backbone

    study, dataset = run.study, recorded_dataset(run)
    # As text: what a program takes for a number may be the name of a category.
    told = pd.read_csv(run.artifact("splits.csv"), dtype=str, keep_default_na=False)
    records = records_of(dataset, study.source.record, images.folder, told)
    backbone = load_backbone(study, calibration_images(study.input, study.image_size))
    features = encode(images, backbone, study, progress_of("images"))
    table = images.table.assign(status="ok", patient=told["patient"])
    return Material(
        images.title, dataset.synthetic, images.classes, dataset.positive,
        table[[name for name in KEPT if name in table]], records, features.astype(float), dict(backbone.origin),
        images.data_sha256, images.remarks,
    )  # fmt: skip
