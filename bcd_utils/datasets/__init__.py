"""The registry of data sets, and the one that a source names."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import TYPE_CHECKING, Any

from bcd_utils.datasets.base import MANIFEST_COLUMNS, Dataset, Scan
from bcd_utils.datasets.class_names import said_of_two
from bcd_utils.datasets.readers import REGISTRY
from bcd_utils.study.source import Layout, Source, Table, spoken_of
from bcd_utils.utils.errors import StudyError, allowed_instead, nearest
from bcd_utils.utils.paths import readable

if TYPE_CHECKING:
    from bcd_utils.study.run import Run

__all__ = ["MANIFEST_COLUMNS", "REGISTRY", "Dataset", "Scan", "dataset_of", "recorded_dataset"]


def dataset_of(source: Source, called: str = "source") -> Dataset:
    """The data set of a source, with the classes, counts and reader that its settings ask for.

    Parameters
    ----------
    source : Source
    called : str
        The section that it is, for messages.

    Raises
    ------
    StudyError
        If there is no such data set, or a setting does not fit it.

    Examples
    --------
    >>> dataset_of(Source(dataset="busi", classes=("malignant", "benign"))).counts
    {'malignant': 210, 'benign': 437}
    """
    with spoken_of(called):
        return _configured(source)


def _configured(source: Source) -> Dataset:
    if source.dataset not in REGISTRY:
        fix = allowed_instead(source.dataset, list(REGISTRY))
        raise StudyError(f"source.dataset = {source.dataset!r} is no data set", fix)
    dataset = REGISTRY[source.dataset]
    dataset = dataset.configure(source) if dataset.configure else dataset
    layout = {field.name: getattr(source, field.name) for field in fields(Layout)}
    given = {name: value for name, value in layout.items() if value is not None}
    if given and dataset.scan:
        problem = f"source.{next(iter(given))} is given, and {dataset.title} has a reader of its own"
        raise StudyError(problem, "leave it out, or use source.dataset: folder")
    changed = {name: getattr(source, name) for name in ("title", "modality") if getattr(source, name)}
    changed["most_megapixels"] = source.most_megapixels
    if source.look_alikes is not None:
        changed["look_alikes"] = None if source.look_alikes == "none" else source.look_alikes
    if source.table and dataset.layout.table:
        own = {field.name: getattr(source.table, field.name) for field in fields(Table)}
        told = {name: value for name, value in own.items() if value is not None}
        given["table"] = replace(dataset.layout.table, **told)
    dataset = replace(dataset, layout=replace(dataset.layout, **given), **changed)
    dataset = _with_classes(dataset, source)
    if source.stain != "none" and "histopathology" not in dataset.modality:
        problem = (
            f"source.stain = {source.stain} is for histopathology, and {dataset.title} is {dataset.modality}"
        )
        raise StudyError(problem, "use source.stain: none, or say source.modality: breast histopathology")
    return dataset


def _with_classes(dataset: Dataset, source: Source) -> Dataset:
    """The data set with the classes of a source, checked, and with the one that is positive."""
    changed: dict[str, Any] = {}
    if source.classes is not None:
        classes = tuple(source.classes)
        unknown = [label for label in classes if dataset.classes and label not in dataset.classes]
        if unknown:
            problem = f"source.classes: {dataset.title} has no class {unknown[0]!r}"
            raise StudyError(problem, f"use some of {', '.join(dataset.classes)}")
        if len(set(classes)) < 2:
            problem = f"source.classes names {len(set(classes))} class"
            raise StudyError(problem, "name two or more, such as [benign, malignant]")
        if len(set(classes)) < len(classes):
            raise StudyError("source.classes names one class twice", "name each once")
        names = dict(source.classes) if isinstance(source.classes, dict) else {}
        shared = said_of_two({label: names.get(label, ()) for label in classes})
        if shared:
            problem = f"source.classes: {shared!r} is a name of two classes"
            raise StudyError(problem, "give each class names of its own")
        counts = dataset.counts and {label: dataset.counts[label] for label in classes}
        changed = {"classes": classes, "names": {**dataset.names, **names}, "counts": counts}
    if source.positive is not None:
        known = changed.get("classes") or dataset.classes
        if known and source.positive not in known:
            problem = f"source.positive = {source.positive!r} is no class"
            near = nearest(source.positive, known)
            hint = f", or mend source.classes if {near!r} is misspelt there" if near else ""
            raise StudyError(problem, f"use one of {', '.join(known)}{hint}")
        changed["positive_class"] = source.positive
    return replace(dataset, **changed)


def recorded_dataset(run: Run) -> Dataset:
    """The data set of a run, with the classes that its first stage found."""
    record = run.read_json("dataset.json")
    if not record.keys() >= {"classes", "positive"}:
        problem = f"{readable(run.artifact('dataset.json'))} is of another version of this program"
        raise StudyError(problem, run.command)
    return replace(
        dataset_of(run.study.source), classes=tuple(record["classes"]), positive_class=record["positive"]
    )
