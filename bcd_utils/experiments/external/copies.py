"""External images that are the study's own: how many, of which set, and what is said of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pandas as pd

from bcd_utils.audit.across import copies_across
from bcd_utils.audit.duplicates import thumbnails
from bcd_utils.datasets.base import SAME_LESION
from bcd_utils.datasets.image_set import ImageSet
from bcd_utils.datasets.splits import SETS
from bcd_utils.evaluation.format import plain_rows, with_interval
from bcd_utils.study.run import Run
from bcd_utils.study.set_titles import SET_TITLES
from bcd_utils.utils.counting import OnProgress, silent

COLUMNS = ["external_id", "own_id", "kind", "own_set", "correlation", "detail"]


def threshold_of(run: Run) -> float:
    """From which ``detail`` on an external image is taken as a copy."""
    return ImageSet.of_run(run).dataset.look_alikes or SAME_LESION


def find_copies(
    run: Run, images: ImageSet | None, progress_of: Callable[[str], OnProgress] = lambda what: silent
) -> pd.DataFrame:
    """External images that are copies of images that the run has trained or tested on.

    Parameters
    ----------
    run : Run
    images : ImageSet or None
        The external ones; None where the study names none.
    progress_of : callable
        ``progress_of(what)`` gives a callable ``(done, total)``.

    Returns
    -------
    pandas.DataFrame
        Columns `COLUMNS`; for each external image its best match in each of the study's sets, exact copies first.
    """
    if images is None:
        return pd.DataFrame(columns=COLUMNS)
    own = ImageSet.of_run(run)
    views = (
        thumbnails(images.folder, images.table, progress_of("thumbnails of external images")),
        thumbnails(own.folder, own.table, progress_of("thumbnails of own images")),
    )
    files = run.read_csv("manifest.csv")[["id", "sha256"]]
    pairs = copies_across(images.table, own.table.merge(files, on="id"), views, threshold_of(run))
    pairs = pairs.rename(columns={"id_a": "external_id", "id_b": "own_id"})
    pairs["own_set"] = pairs["own_id"].map(own.table.set_index("id")["split"]).astype(object)
    return pairs.drop_duplicates(["external_id", "own_set"], ignore_index=True)[COLUMNS]


def learned(copies: pd.DataFrame) -> set[str]:
    """Ids of the external images that are copies of training or validation images."""
    return set(copies.loc[copies["own_set"].isin(["train", "validation"]), "external_id"])


def described(copies: pd.DataFrame, threshold: float) -> dict[str, Any]:
    """What ``external.json`` keeps of the copies: how many images they are, of which sets, and which."""
    of_set = copies.groupby("own_set")["external_id"].nunique()
    return {
        "threshold": threshold,
        "images": int(copies["external_id"].nunique()),
        "of_set": {name: int(of_set.get(name, 0)) for name in SETS},
        "pairs": plain_rows(copies, "records"),
    }


def said_of_copies(record: Mapping[str, Any]) -> str:
    """Whether the model has seen the external images, in a sentence or two, from ``external.json``.

    Examples
    --------
    >>> none = {"threshold": 0.6, "images": 0, "of_set": {"train": 0, "validation": 0, "test": 0}}
    >>> said_of_copies({"images": 20, "copies": none})
    "The model has seen none of these images: none has the pixels of one of the study's own, or looks like it (0.6)."
    >>> some = {"threshold": 0.6, "images": 3, "of_set": {"train": 2, "validation": 0, "test": 1}}
    >>> said_of_copies({"images": 20, "copies": some}).partition(": ")[0]
    "3 of the 20 external images are copies of the study's own (training 2, tuning 0, internal test 1)"
    """
    copies = record["copies"]
    if not copies["images"]:
        return (
            "The model has seen none of these images: none has the pixels of one of the study's own, or looks like it "
            f"({copies['threshold']:g})."
        )
    sets = ", ".join(f"{SET_TITLES[name]} {count}" for name, count in copies["of_set"].items())
    return (
        f"{copies['images']} of the {record['images']} external images are copies of the study's own ({sets}): on "
        "these the test is none."
    )


def without_copies(record: Mapping[str, Any]) -> str:
    """Accuracy without what the model has learned, in a sentence; empty where it has learned nothing of it."""
    if not any(record["copies"]["of_set"][name] for name in ("train", "validation")):
        return ""
    rest = record["intervals_without_copies"]
    if rest is None:
        return "Every image is a copy of a training or tuning image, so nothing is left to test on."
    return f"Without the copies of training and tuning images, accuracy is {with_interval(rest['accuracy'])}."
