"""The registry of data sets."""

from __future__ import annotations

from bcd_utils.datasets.base import MANIFEST_COLUMNS, Dataset, Scan
from bcd_utils.datasets.bus_uclm import BUS_UCLM
from bcd_utils.datasets.busi import BUSI
from bcd_utils.datasets.folder import FOLDER
from bcd_utils.datasets.phantom import PHANTOM

REGISTRY: dict[str, Dataset] = {dataset.name: dataset for dataset in (BUSI, BUS_UCLM, FOLDER, PHANTOM)}

__all__ = ["MANIFEST_COLUMNS", "REGISTRY", "Dataset", "Scan"]
