"""What is understood of a folder of images, before a study is made of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd

from bcd_utils.datasets import REGISTRY
from bcd_utils.datasets.at_hand import read_folder, read_source
from bcd_utils.datasets.base import MANIFEST_COLUMNS, AtHand
from bcd_utils.datasets.examples import evenly_spaced
from bcd_utils.datasets.files import pictures
from bcd_utils.datasets.folder_scan import LOOK
from bcd_utils.datasets.manifest import build_manifest, left_out_table
from bcd_utils.study.source import Source
from bcd_utils.utils.counting import OnProgress, silent
from bcd_utils.utils.errors import StudyError
from bcd_utils.utils.files import folders_at_rest
from bcd_utils.utils.plain_yaml import write_yaml

MOST_OPENED = 300  # images of a class that are opened
Part = tuple[str, pd.DataFrame | str]


def first_look(source: Source, on_progress: OnProgress = silent) -> Iterator[Part]:
    """What is understood of a source, part by part: a title, and a table or a text each.

    Parameters
    ----------
    source : Source
        With ``dataset: folder``, unless it is known to be another.
    on_progress : callable
        ``on_progress(done, total)`` of the images that are opened: at most `MOST_OPENED` of each class, evenly spaced.

    Raises
    ------
    StudyError
        If nothing is understood; what lies there was yielded before.
    """
    folder = REGISTRY[source.dataset].locate(source)
    with folders_at_rest():
        yield "Files", _files(folder)
        registered = list(_registered(folder))
        if registered:
            yield "Data sets that have such files", "\n".join(registered)
        try:
            found = read_source(source)
        except StudyError as error:  # who reads it has just asked what is understood
            raise StudyError(error.problem, error.fix.removesuffix(f"; {LOOK}")) from None
    scan = found.scan
    yield "Images", class_table(found)
    if scan.left_out:
        yield "Left out", pd.DataFrame(left_out_table(scan.left_out))
    opened = replace(scan, images=_spaced(scan.images), remarks=[], left_out=[])
    manifest, remarks = build_manifest(
        replace(found, scan=opened), True, on_progress, require_every_class=False
    )
    yield f"Pixels of {len(manifest)} of {len(scan.images)} images", pixel_table(manifest)
    odd = [*scan.remarks, *remarks, *oddities(found)]
    yield "What looks odd", "\n".join(odd) or "nothing"
    yield (
        "A study of them, to be saved as MINE.yaml and run with 'bcd run MINE.yaml'",
        study_of(source, found),
    )


def _files(folder: Path) -> pd.DataFrame:
    found, others = pictures(folder)
    kinds = pd.Series([path.suffix.lower() for path in found], dtype=str).value_counts()
    rows = [(f"pictures ({suffix})", count, "") for suffix, count in kinds.items()]
    rows += [(row["reason"], row["files"], row["first"]) for row in left_out_table(others)]
    return pd.DataFrame(rows, columns=["what", "files", "first"])


def _registered(folder: Path) -> Iterator[str]:
    """Data sets whose own reader finds something here, or whose published counts these are."""
    for name, dataset in REGISTRY.items():
        if dataset.counts is None:
            continue
        try:
            images = read_folder(dataset, folder).scan.images
            if images["label"].value_counts().to_dict() == dataset.counts:
                yield f"{dataset.title}, whole: {len(images):,} images; use dataset: {name}"
            elif dataset.scan:
                part = f"{len(images):,} images may be a part of its {sum(dataset.counts.values()):,}"
                yield f"{dataset.title}: {part}; if they are, use dataset: {name}"
        except StudyError as error:
            if (
                dataset.scan and "holds no" not in error.problem
            ):  # a layout that does not fit is another set's
                yield f"{dataset.title}, but: {error.problem}"


def class_table(found: AtHand) -> pd.DataFrame:
    """Images, masks, patients and sets of each class, and of all."""
    images = found.scan.images
    masks = images["masks"].str.split("|").map(lambda names: len([*filter(None, names)]))
    patients = images["patient"] if "patient" in images else pd.Series("", index=images.index)
    rows = {}
    for label in [*found.dataset.classes, "all"]:
        own = images.index if label == "all" else images.index[images["label"] == label]
        named = patients[own][patients[own] != ""]
        most = masks[own].max() if len(own) else 0
        rows[label] = {
            "images": len(own),
            "with mask": int((masks[own] > 0).sum()),
            "most masks": int(most),
            "patients": named.nunique() or "not named",
        }
        if "official_split" in images:
            counts = images.loc[own, "official_split"].value_counts()
            rows[label]["published sets"] = ", ".join(f"{count} {name}" for name, count in counts.items())
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("class").reset_index()


def pixel_table(manifest: pd.DataFrame) -> pd.DataFrame:
    """Sizes and states of the images of each class that were opened."""
    rows = []
    for label, own in manifest.groupby("label", sort=False):
        good = own[own["status"] == "ok"]
        sizes = good["width"].astype(str) + "x" + good["height"].astype(str)
        common = f"{sizes.mode()[0]} ({(sizes == sizes.mode()[0]).sum()} images)" if len(good) else ""
        aside = own.loc[own["status"] != "ok", "status"].value_counts()
        reasons = ", ".join(f"{count} {why}" for why, count in aside.items()) or "none"
        rows.append((label, len(own), sizes.nunique(), common, reasons))
    return pd.DataFrame(rows, columns=["class", "opened", "sizes", "commonest size", "set aside"])


def oddities(found: AtHand) -> list[str]:
    """What a person should look at before a study is made of these images.

    Examples
    --------
    >>> from bcd_utils.datasets.base import Scan
    >>> images = pd.DataFrame({"label": ["a"] * 90 + ["b"], "masks": "", "path": "x.png"})
    >>> at_hand = AtHand(replace(REGISTRY["folder"], classes=("a", "b")), Path(), Scan(images))
    >>> [text.partition(":")[0].partition(",")[0] for text in oddities(at_hand)]
    ['b has 1 image', 'No patients are named', 'a is taken for the positive class']
    """
    images = found.scan.images
    counts = images["label"].value_counts().reindex(list(found.dataset.classes), fill_value=0)
    said = [
        f"{label} has {count or 'no'} image{'s' if count != 1 else ''}: too few to learn and to test"
        for label, count in counts.items()
        if count < 20
    ]
    if "patient" not in images:
        told = (
            sorted(set(images) - {*MANIFEST_COLUMNS, "official_split"}) if found.dataset.layout.table else []
        )
        columns = (
            f" (source.table.patient names the column that does: one of {', '.join(told)})" if told else ""
        )
        said.append(
            "No patients are named: images of one patient may be on both sides of a split; say who is who with "
            f"source.patients or groups.csv, if you know{columns}"
        )
    if not found.dataset.positive_class and found.dataset.positive != "malignant":
        said.append(
            f"{found.dataset.positive} is taken for the positive class, whose sensitivity is reported, because it is "
            "the first: say another with source.positive"
        )
    return said


def study_of(source: Source, found: AtHand) -> str:
    """A study's file that asks for what was understood, split as these images allow."""
    usual = Source(dataset=source.dataset).as_dict()
    given = {name: value for name, value in source.as_dict().items() if value != usual[name]}
    if source.table:
        given["table"] = {name: value for name, value in given["table"].items() if value is not None}
    values: dict[str, Any] = {"dataset": source.dataset, "data_dir": source.data_dir} | given
    if source.dataset == "folder":
        values |= {
            "classes": given.get("classes", list(found.dataset.classes)),
            "positive": found.dataset.positive,
        }
        values |= {"modality": found.dataset.modality}
    images = found.scan.images
    split = "official" if "official_split" in images else "group" if "patient" in images else "image"
    named = {"name": "mine", "title": "A study of my own images", "split": split, "source": values}
    return write_yaml(named, width=110, default_flow_style=None).rstrip()


def _spaced(images: pd.DataFrame) -> pd.DataFrame:
    """At most `MOST_OPENED` images of each class, evenly spaced."""
    kept = [evenly_spaced(rows, MOST_OPENED) for _, rows in images.groupby("label", sort=False)]
    return pd.concat(kept).sort_index().reset_index(drop=True)
