"""The registry of data sets, and the one that a source names."""

from __future__ import annotations

from bcd_utils.datasets.base import MANIFEST_COLUMNS, Dataset, Scan
from bcd_utils.datasets.breakhis import BREAKHIS
from bcd_utils.datasets.bus_uclm import BUS_UCLM
from bcd_utils.datasets.busi import BUSI
from bcd_utils.datasets.cbis.dataset import CBIS_DDSM
from bcd_utils.datasets.folder import FOLDER
from bcd_utils.datasets.inbreast import INBREAST
from bcd_utils.datasets.mias import MIAS
from bcd_utils.datasets.phantoms.dataset import PHANTOM
from bcd_utils.study.data_settings import Source
from bcd_utils.utils.errors import StudyError

REGISTRY: dict[str, Dataset] = {
    dataset.name: dataset
    for dataset in (BUSI, BUS_UCLM, BREAKHIS, CBIS_DDSM, MIAS, INBREAST, FOLDER, PHANTOM)
}

__all__ = ["MANIFEST_COLUMNS", "REGISTRY", "Dataset", "Scan", "dataset_of"]


def dataset_of(source: Source) -> Dataset:
    """The data set of a source, with the classes, counts and reader that its settings ask for.

    Raises
    ------
    StudyError
        If the source asks for stain normalisation of images that are not stained.

    Examples
    --------
    >>> dataset_of(Source(dataset="busi")).classes
    ('benign', 'malignant', 'normal')
    """
    dataset = REGISTRY[source.dataset]
    if source.stain != "none" and "histopathology" not in dataset.modality:
        problem = f"stain = {source.stain} is for histopathology, and {dataset.title} is {dataset.modality}"
        raise StudyError(problem, "use stain: none")
    return dataset.configure(source) if dataset.configure else dataset
