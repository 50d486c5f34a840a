"""The manifest of a data set: one row an image, each looked at once, and what must stay together."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from bcd_utils.datasets.base import MANIFEST_COLUMNS, AtHand, Dataset
from bcd_utils.datasets.class_names import plain
from bcd_utils.datasets.inspection import hash_of, inspect_image
from bcd_utils.datasets.mask_checks import MaskLook, inspect_masks, remarks_on_images, remarks_on_masks
from bcd_utils.images.reading import mask_paths
from bcd_utils.utils.counting import OnProgress, each_row, silent
from bcd_utils.utils.errors import StudyError, nearest
from bcd_utils.utils.files import sha256_of_json
from bcd_utils.utils.path_text import in_shell, path_of, printable

#: What the manifest keeps of the files themselves: see `inspection.inspect_image`.
FILE_COLUMNS = ("format", "mode", "bytes")


def build_manifest(
    found: AtHand,
    allow_partial: bool = False,
    on_progress: OnProgress = silent,
    require_every_class: bool = True,
) -> tuple[pd.DataFrame, list[str]]:
    """Inspect every image of a data set.

    Parameters
    ----------
    found : AtHand
    allow_partial : bool
        Accept class counts that are not the published ones.
    on_progress : callable
        ``on_progress(done, total)``.
    require_every_class : bool
        Training needs every class; to test a model, some will do.

    Returns
    -------
    manifest : pandas.DataFrame
        Columns `MANIFEST_COLUMNS` and `FILE_COLUMNS`, then those that the data set adds; one row an image, set
        aside or not. For ``group`` see `join_groups`.
    remarks : list of str
        Oddities of files and names (see the data set's reader), what was not read, and oddities of masks
        (`mask_checks`) and depths (`remarks_on_depths`).

    Raises
    ------
    StudyError
        If the folder does not hold the published number of images, no image of a class (of any class, without
        ``require_every_class``) is usable, or images and masks seem to have been confused.
    """
    dataset, folder, scan = found.dataset, found.folder, found.scan
    if not allow_partial:
        dataset.check_counts(scan.images, folder)
    images = scan.images if "box" in scan.images else scan.images.assign(box="")
    remarks = [*scan.remarks, *not_read(left_out_table(scan.left_out))]

    def inspected(scanned: pd.Series) -> tuple[dict[str, Any], MaskLook]:
        path = folder / path_of(scanned["path"])
        row = dict(scanned) | inspect_image(path, scanned["box"], dataset.most_megapixels)
        look = inspect_masks(folder, row, dataset.most_megapixels)
        if look.unreadable and row["status"] == "ok":
            row["status"] = "mask cannot be read"
        return row | {"masks_sha256": masks_hash(folder, row["masks"])}, look

    found_of_each: list[tuple[dict[str, Any], MaskLook]] = []
    each_row(inspected, images, found_of_each.append, on_progress)
    looks = [look for _, look in found_of_each]
    remarks += [said for look in looks for said in look.unreadable + look.resized]
    manifest = pd.DataFrame([row for row, _ in found_of_each])
    manifest["patient"] = manifest["patient"] if "patient" in manifest else ""
    named = dataset.layout.masks is not None  # then no image is doubted for looking like a mask
    remarks += remarks_on_images(manifest, manifest["looks_like_mask"], named)
    remarks += remarks_on_masks(manifest, looks, named)
    remarks += remarks_on_depths(manifest)
    manifest["group"] = join_groups(manifest)
    usable = set(manifest.loc[manifest["status"] == "ok", "label"])
    absent = [label for label in dataset.classes if label not in usable]
    if absent and (require_every_class or not usable):
        lost = manifest.loc[manifest["label"] == absent[0], "status"]
        seen = f"; of its {len(lost)} images the first is set aside: {lost.iloc[0]}" if len(lost) else ""
        others = [label for label in dataset.classes if label in usable]
        fix = advice_on_absent(absent[0], others, [why for _, why in found.scan.left_out], folder)
        raise StudyError(f"{folder} holds no usable image of class {absent[0]}{seen}", fix)
    columns = [*MANIFEST_COLUMNS, *FILE_COLUMNS]
    own = [column for column in images if column not in columns]
    return manifest[columns + own], list(map(printable, remarks))


def advice_on_absent(absent: str, others: Sequence[str], reasons: Iterable[str], folder: Path) -> str:
    """What to do where a class has no image: what may be meant, else the classes that are left.

    Examples
    --------
    >>> advice_on_absent("malignent", ["benign"], ["in the folder 'Malignant', which is no class"], Path("x"))
    "if 'Malignant' is meant, say so in source.classes: --set 'source.classes={benign: [], malignent: [Malignant]}'"
    >>> advice_on_absent("normal", ["benign", "malignant"], [], Path("x"))
    "see what 'bcd inspect x' understands, or study the others: --set 'source.classes=[benign, malignant]'"
    """
    named = dict.fromkeys(name for why in reasons for name in re.findall(r"'(.+)', which is no", why))
    near = nearest(plain(absent), map(plain, named), 0.7)
    if near:
        meant = next(name for name in named if plain(name) == near)
        classes = ", ".join([*(f"{label}: []" for label in others), f"{absent}: [{meant}]"])
        return f"if {meant!r} is meant, say so in source.classes: --set 'source.classes={{{classes}}}'"
    look = f"see what 'bcd inspect {in_shell(folder)}' understands"
    if len(others) < 2:
        return look
    return f"{look}, or study the others: --set 'source.classes=[{', '.join(others)}]'"


def masks_hash(folder: Path, masks: str) -> str:
    """One hash over an image's mask files, as far as these can be read."""
    hashes = []
    for path in mask_paths(folder, masks):
        with suppress(OSError):
            hashes.append(hash_of(path))
    return sha256_of_json(hashes)


def remarks_on_depths(manifest: pd.DataFrame) -> list[str]:
    """Where images are not of one depth: their brightness cannot be compared.

    Examples
    --------
    >>> remarks_on_depths(pd.DataFrame({"mode": ["I;16 0..4095", "L", "I;16 0..1023", "I;16 0..4095"]}))
    ['images are of 2 depths (I;16 0..4095: 2, I;16 0..1023: 1): their brightness is not comparable']
    """
    depths = manifest.loc[manifest["mode"].str.contains("..", regex=False), "mode"].value_counts()
    if len(depths) < 2:
        return []
    most = ", ".join(f"{depth}: {count}" for depth, count in depths.head(3).items())
    more = ", ..." if len(depths) > 3 else ""
    return [f"images are of {len(depths)} depths ({most}{more}): their brightness is not comparable"]


def linked(count: int, first: Sequence[int] | np.ndarray, second: Sequence[int] | np.ndarray) -> np.ndarray:
    """Which of ``count`` things are joined through any chain of links.

    Parameters
    ----------
    count : int
    first, second : array_like of int, shape (links,)
        The two ends of each link, 0..count-1.

    Returns
    -------
    ndarray of int, shape (count,)
        The same number for things that are joined.

    Examples
    --------
    >>> linked(4, [0, 1], [1, 3]).tolist()
    [0, 0, 1, 0]
    """
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    links = coo_array((np.ones(len(first)), (first, second)), shape=(count, count))
    return connected_components(links, directed=False)[1]


def join_groups(images: pd.DataFrame) -> pd.Series:
    """Which images must stay together: those of one patient, those with the same pixels, and what these link.

    Parameters
    ----------
    images : pandas.DataFrame
        Columns ``id``, ``path``, ``pixels_sha256`` ("" where unknown) and ``patient`` ("" for an image without one).

    Returns
    -------
    pandas.Series of str
        The name of the first patient in the group; without patients, the id of its first image (its path,
        where a patient happens to have that name).

    Examples
    --------
    >>> pixels = {"id": ["a", "b", "c", "d"], "path": [""] * 4, "pixels_sha256": ["1", "2", "2", "3"]}
    >>> join_groups(pd.DataFrame(pixels | {"patient": ""})).tolist()
    ['a', 'b', 'b', 'd']
    >>> join_groups(pd.DataFrame(pixels | {"patient": ["eve", "ann", "eve", ""]})).tolist()
    ['eve', 'eve', 'eve', 'd']
    """
    patients = images["patient"]
    rows, links = np.arange(len(images)), []
    for key in (patients, images["pixels_sha256"]):
        firsts = pd.Series(rows).groupby(key.to_numpy()).transform("first").to_numpy()
        links.append(np.stack([rows, firsts])[:, (key != "").to_numpy()])
    component = pd.Series(linked(len(images), *np.hstack(links)), index=images.index)
    own = images["id"].where(~images["id"].isin(patients), images["path"])
    named = patients.where(patients != "").groupby(component).transform("first")
    return named.fillna(own.groupby(component).transform("first"))


def known_patients(manifest: pd.DataFrame) -> int | None:
    """How many patients the images are of; None where the data set does not name any.

    Where it names some, an image without a name counts as a patient.

    Examples
    --------
    >>> known_patients(pd.DataFrame({"patient": ["eve", "eve", ""], "group": ["eve", "eve", "c"]}))
    2
    >>> known_patients(pd.DataFrame({"patient": ["", ""], "group": ["a", "a"]}))  # copies of one image
    """
    return int(manifest["group"].nunique()) if (manifest["patient"] != "").any() else None


def left_out_table(left_out: Sequence[tuple[str, str]]) -> list[dict[str, Any]]:
    """How many files were not read for each reason, the commonest first, with the first of them.

    Examples
    --------
    >>> left_out_table([("a.txt", "no picture (.txt)"), ("b.txt", "no picture (.txt)")])
    [{'reason': 'no picture (.txt)', 'files': 2, 'first': 'a.txt'}]
    """
    firsts: dict[str, str] = {}
    for path, reason in left_out:
        firsts.setdefault(reason, path)
    counts = Counter(reason for _, reason in left_out)
    return [{"reason": why, "files": count, "first": firsts[why]} for why, count in counts.most_common()]


def not_read(table: Sequence[Mapping[str, Any]]) -> list[str]:
    """A remark on each reason for which files were not read.

    Examples
    --------
    >>> not_read([{"reason": "no picture (.txt)", "files": 2, "first": "a.txt"}])
    ['Not read: 2 x no picture (.txt), the first a.txt']
    """
    return [f"Not read: {row['files']} x {row['reason']}, the first {row['first']}" for row in table]


def data_hash(manifest: pd.DataFrame) -> str:
    """SHA-256 over ids, labels and file hashes, masks included: tells whether two runs saw the same data."""
    return sha256_of_json(manifest[["id", "label", "sha256", "masks_sha256", "status"]].values.tolist())


def describe_dataset(
    dataset: Dataset, manifest: pd.DataFrame, remarks: list[str], left_out: Sequence[tuple[str, str]] = ()
) -> dict[str, Any]:
    """What the reports say about the data, files that were not read among it."""
    aside = manifest[manifest["status"] != "ok"]
    counts = manifest["label"].value_counts()
    declared = ("name", "title", "modality", "synthetic", "licence", "citation", "homepage")
    return {
        **{key: getattr(dataset, key) for key in declared},
        "patients": known_patients(manifest),
        "images": len(manifest),
        "classes": {label: int(counts.get(label, 0)) for label in dataset.classes},
        "positive": dataset.positive,
        "left_out": left_out_table(left_out),
        "set_aside": len(aside),
        "set_aside_images": aside[["id", "path", "status"]].to_dict("records"),
        "remarks": remarks,
        "data_sha256": data_hash(manifest),
    }
