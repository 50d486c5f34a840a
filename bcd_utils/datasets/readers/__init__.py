"""One file a data set: what it is, where it lies, and how its files are read."""

from importlib import import_module
from pkgutil import iter_modules

from bcd_utils.datasets.base import Dataset

REGISTRY: dict[str, Dataset] = {
    module.name: import_module(f"{__name__}.{module.name}").DATASET for module in iter_modules(__path__)
}
