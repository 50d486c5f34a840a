"""What data sets there are, what they hold, and how to get them."""

from __future__ import annotations

from pathlib import Path

from bcd_utils.datasets import REGISTRY, Dataset
from bcd_utils.study.networks import NETWORKS
from bcd_utils.study.source import Source
from bcd_utils.utils.errors import StudyError
from bcd_utils.utils.paths import readable

COLUMNS = ("data set", "modality", "published images", "licence", "here")


def find(name: str) -> Dataset:
    """A data set by its name.

    Raises
    ------
    StudyError
        If there is none, naming those that there are.
    """
    if name not in REGISTRY:
        known = f"{', '.join(REGISTRY)}, or a network: {', '.join(NETWORKS)}"
        raise StudyError(f"There is no data set {name!r}", f"name one of {known}")
    return REGISTRY[name]


def terms(dataset: Dataset) -> str:
    """What one should know before a download: size, licence, whom to cite.

    Examples
    --------
    >>> terms(find("breakhis")).splitlines()[:2]
    ['BreakHis: breast histopathology, about 4 GB', 'Licence: CC BY 4.0']
    """
    about = ", ".join(filter(None, [dataset.modality, dataset.size]))
    lines = [f"{dataset.title}: {about}", f"Licence: {dataset.licence}", f"Cite: {dataset.citation}"]
    return "\n".join([*lines, *filter(None, [dataset.homepage])])


def fetch(dataset: Dataset) -> Path:
    """Download a data set, or what is missing of it.

    Raises
    ------
    StudyError
        If no program can fetch it, with the steps for a person; or if the download fails.
    """
    if dataset.fetch is None:
        raise StudyError(f"{dataset.title} cannot be fetched by a program", dataset.steps)
    return dataset.fetch()


def table() -> list[tuple[str, ...]]:
    """One row a data set, in `COLUMNS`: name and title, modality, published images per class, licence, place."""
    return [
        (
            f"{dataset.name}\n{dataset.title}",
            dataset.modality,
            "\n".join(f"{count:,} {label}" for label, count in (dataset.counts or {}).items()) or "any",
            dataset.licence,
            place(dataset),
        )
        for dataset in REGISTRY.values()
    ]


def place(dataset: Dataset) -> str:
    """Where a data set is on this machine."""
    if dataset.synthetic:
        return "drawn when needed"
    try:
        return readable(dataset.locate(Source(dataset=dataset.name)))
    except StudyError:
        return "no"
