"""Reader of images in any folders: classes, masks, patients and sets as a layout, or usual names, tell them."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd

from bcd_utils.datasets.base import Scan
from bcd_utils.datasets.class_names import USUAL, lookup, plain, with_usual
from bcd_utils.datasets.files import one_format, pictures, place
from bcd_utils.datasets.folder_columns import patients_of, sets_of
from bcd_utils.datasets.labels_table import GROUPS, read_table, rows_of_images
from bcd_utils.datasets.mask_names import mask_reading
from bcd_utils.datasets.picture import OWN_GROUPS, Picture
from bcd_utils.study.source import Layout
from bcd_utils.utils.errors import StudyError
from bcd_utils.utils.files import natural_key

MOST_CLASSES = 8  # that are found where none are named
PLAIN = Layout()
LeftOut = list[tuple[str, str]]


def scan_folder(
    folder: Path,
    layout: Layout = PLAIN,
    classes: Sequence[str] = (),
    names: Mapping[str, tuple[str, ...]] | None = None,
) -> Scan:
    """Find images, and what belongs to each.

    An image's class is told by the layout's table, else by the group ``class`` of ``layout.images``, else by the
    nearest folder that is called as a class (capitals do not matter), else by the first word of its name. An
    image is its path; the id that is shown is its name where no other has it, else its path without suffix.
    Masks are told by ``layout.masks``, else by usual names and folders (see `mask_names`), and belong to the image
    of the same name in the folder beside; a mask is never an image.

    Parameters
    ----------
    folder : Path
    layout : Layout
    classes : sequence of str
        In their order; empty: benign, malignant and normal, as far as they are there, else the folders' names.
    names : mapping of str to tuple of str, optional
        Further names of classes; those of a class that is not named here are the usual ones.

    Raises
    ------
    StudyError
        If the folder is missing or holds no image of any class, or the layout does not fit.
    """
    if not folder.is_dir():
        raise StudyError(f"There is no folder {folder}", "give the folder that holds the images")
    files, left_out = pictures(folder)
    files, other_formats = one_format(files)
    left_out += [(place(path, folder), "there in the format of most images too") for path in other_formats]
    images, masks = images_and_masks([place(path, folder) for path in files], layout, left_out)
    rows = None
    if layout.table:
        rows = rows_of_images(
            read_table(layout.table, folder), [image.path for image in images], layout.table.file
        )
    spelt = with_usual(classes or tuple(USUAL)) | dict(names or {})
    remarks = give_labels(images, rows, spelt)
    found = {image.label for image in images}
    if not classes and found <= {""}:
        name_classes_by_folders(images)
        found = {image.label for image in images}
    order = (
        tuple(classes)
        or tuple(name for name in USUAL if name in found)
        or tuple(sorted(found - {""}, key=natural_key))
    )
    left_out += [(image.path, image.why_unlabelled) for image in images if not image.label]
    lone = attach(masks, images)
    kept = sorted((image for image in images if image.label), key=lambda image: _rank(image, order))
    give_labels(lone, None, spelt)
    _refuse_nothing(folder, kept, lone, left_out, order)
    left_out += [(mask.path, "a mask without an image") for mask in lone]
    stems = Counter(image.stem for image in kept)
    columns = {
        "id": [image.stem if stems[image.stem] == 1 else image.path.rpartition(".")[0] for image in kept],
        "path": [image.path for image in kept],
        "label": [image.label for image in kept],
        "masks": ["|".join(image.masks) for image in kept],
    }
    for column, (values, more) in {
        "patient": patients_of(kept, rows, layout, folder),
        "official_split": sets_of(kept, rows, layout, folder),
    }.items():
        columns |= {column: values} if any(values) else {}
        remarks += more
    columns |= {
        name: [image.told.get(name) or "" for image in kept]
        for name in sorted({name for image in kept for name in image.told} - OWN_GROUPS)
    }
    table = pd.DataFrame(columns)
    table["id"] = table["id"].where(~table["id"].duplicated(keep=False), table["path"])
    if rows is not None:
        further = rows.drop(columns=["path", "label", "patient", "split"], errors="ignore")
        table = table.join(further, on="path").fillna("")
    known = {GROUPS, layout.patients, layout.table and layout.table.file, *(layout.sets or {}).values()}
    left_out = [
        (path, why) for path, why in left_out if path not in known and not path.endswith(f"/{GROUPS}")
    ]
    return Scan(table, remarks, left_out)


def images_and_masks(
    paths: Sequence[str], layout: Layout, left_out: LeftOut
) -> tuple[list[Picture], list[Picture]]:
    """Tell masks from images; what is neither is added to ``left_out``."""
    images, masks, doubtful = [], [], []
    for path in paths:
        picture = Picture.at(path)
        if layout.masks not in (None, "none"):
            match = re.search(layout.masks, path)  # type: ignore[arg-type]
            if match:
                picture.key = (match.groupdict().get("image") or picture.stem).rpartition("/")[2]
                masks.append(picture)
                continue
        elif layout.masks is None and (reading := mask_reading(picture.parents, picture.stem)):
            picture.key = reading.image
            (masks if reading.sure else doubtful).append(picture)
            continue
        images.append(picture)
    there = {(image.frame, image.stem) for image in images} | {image.stem for image in images}
    for picture in doubtful:
        is_mask = (picture.frame, picture.key) in there or (
            picture.key in there and picture.key != picture.stem
        )
        if not is_mask:
            picture.key = picture.stem
        (masks if is_mask else images).append(picture)
    masks.sort(key=lambda mask: natural_key(mask.path))
    if layout.images is None:
        return images, masks
    chosen = []
    for picture in images:
        match = re.search(layout.images, picture.path)
        if match is None:
            left_out.append((picture.path, "not as source.images asks"))
            continue
        picture.told = match.groupdict()
        picture.key = picture.told.get("image") or picture.stem
        chosen.append(picture)
    return chosen, masks


def give_labels(
    images: Sequence[Picture], rows: pd.DataFrame | None, names: Mapping[str, tuple[str, ...]]
) -> list[str]:
    """Give each image its class, or the reason why it has none; returns remarks."""
    spelt = lookup(names)
    letters = {name: label for name, label in lookup(USUAL).items() if label in names and name not in spelt}
    by_name, crossed = [], []
    for image in images:
        if rows is not None and "label" in rows:
            told = rows["label"].get(image.path)
            image.label = (spelt | letters).get(plain(told or ""), "")
            image.why_unlabelled = (
                "in no line of the table"
                if told is None
                else f"of the class {told!r}, which is none of the study's"
            )
        elif "class" in image.told:
            told = image.told["class"] or ""
            image.label = spelt.get(plain(told), "")
            image.why_unlabelled = f"of the class {told!r}, which is none of the study's"
        else:
            classes = [spelt[plain(part)] for part in image.parents if plain(part) in spelt]
            crossed += [image.path] if len(set(classes)) > 1 else []
            word = re.match(r"[^\W\d_]+", image.stem)
            if classes:
                image.label = classes[-1]
            elif word and word[0].casefold() in spelt:
                image.label = spelt[word[0].casefold()]
                by_name.append(image.path)
            beside = image.parents[-1] if image.parents else ""
            image.why_unlabelled = (
                f"in the folder {beside!r}, which is no class" if beside else "in no class folder"
            )
    remarks = []
    if crossed:
        remarks.append(
            f"{len(crossed)} images lie below folders of two classes (first: {crossed[0]}); the nearest counts"
        )
    if by_name:
        remarks.append(f"{len(by_name)} images have their class from their own name (first: {by_name[0]})")
    return remarks


def name_classes_by_folders(images: Sequence[Picture]) -> None:
    """Where no class is known, take the uppermost folders that differ for classes, if there are two to eight."""
    parts = {image.path: [part for part in image.frame if not image.is_set(part)] for image in images}
    while parts and all(parts.values()) and len({own[0] for own in parts.values()}) == 1:
        parts = {path: own[1:] for path, own in parts.items()}
    folders = {own[0] for own in parts.values() if own}
    if 2 <= len(folders) <= MOST_CLASSES:
        for image in images:
            image.label = parts[image.path][0] if parts[image.path] else ""


def attach(masks: Sequence[Picture], images: Sequence[Picture]) -> list[Picture]:
    """Give each mask to the image that it belongs to; returns those without one."""
    near: dict[tuple[tuple[str, ...], str], list[Picture]] = defaultdict(list)
    anywhere: dict[str, list[Picture]] = defaultdict(list)
    for image in images:
        near[image.frame, image.key].append(image)
        anywhere[image.key].append(image)
    lone = []
    for mask in masks:
        owners = near.get((mask.frame, mask.key)) or anywhere.get(mask.key, [])
        if len(owners) == 1:
            owners[0].masks.append(mask.path)
        else:
            lone.append(mask)
    return lone


def _rank(image: Picture, order: Sequence[str]) -> tuple[int, list[str | int], list[str | int], str]:
    return order.index(image.label), natural_key(image.stem), natural_key(image.path), image.path


def _refuse_nothing(
    folder: Path, kept: Sequence[Picture], lone: Sequence[Picture], left_out: LeftOut, order: Sequence[str]
) -> None:
    """Stop where there is no image, or a class has nothing but files that are called masks."""
    only_masks = {mask.label for mask in lone} - {image.label for image in kept}
    if kept and (not only_masks or only_masks == {""}):
        return
    if lone:
        where = f"of class {max(only_masks)} " if max(only_masks, default="") else ""
        raise StudyError(
            f"{folder} holds no images {where}but files that are called masks ({len(lone)}, the first: {lone[0].path})",
            "if these are images, use --set source.masks=none; if they are masks, put the images beside them, or "
            "say with source.masks what masks are called",
        )
    reasons = Counter(why for _, why in left_out).most_common(3)
    seen = "; ".join(f"{count} x {why}" for why, count in reasons)
    classes = ", ".join(order or USUAL)
    raise StudyError(
        f"{folder} holds no images of the classes {classes}" + (f" ({seen})" if seen else ""),
        f"give the folder that holds folders called {classes}, or say what the classes are called there: --set "
        "'source.classes={benign: [B], malignant: [M]}', say; bcd inspect FOLDER shows what is understood",
    )
