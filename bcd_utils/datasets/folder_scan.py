"""Reader of images in any folders: classes, masks, patients and sets as a layout, or usual names, tell them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd

from bcd_utils.datasets.base import Scan
from bcd_utils.datasets.class_names import USUAL, with_usual
from bcd_utils.datasets.files import pictures, place
from bcd_utils.datasets.folder_columns import patients_of, sets_of
from bcd_utils.datasets.folder_labels import find_classes, give_labels
from bcd_utils.datasets.labels_table import GROUPS, table_files, table_of_images
from bcd_utils.datasets.mask_pairs import LeftOut, attach, images_and_masks
from bcd_utils.datasets.picture import OWN_GROUPS, Picture
from bcd_utils.study.source import Layout
from bcd_utils.utils.errors import StudyError
from bcd_utils.utils.files import natural_key
from bcd_utils.utils.path_text import in_shell

PLAIN = Layout()
LOOK = "bcd inspect FOLDER shows what is understood"


def scan_folder(
    folder: Path,
    layout: Layout = PLAIN,
    classes: Sequence[str] = (),
    names: Mapping[str, tuple[str, ...]] | None = None,
) -> Scan:
    """Find images, and what belongs to each.

    An image's class is told by the layout's table, else by the group ``class`` of ``layout.images``, else by the
    nearest folder that is called as a class (see `named_by`), else by a word of its name. An image is its path;
    the id that is shown is its name where no other has it, else its path without suffix. Masks are told by
    ``layout.masks``, else by usual names and folders (see `mask_reading`), and belong to the image of the same
    name in the folder beside; a mask is never an image.

    Parameters
    ----------
    folder : Path
    layout : Layout
    classes : sequence of str
        In their order; empty: benign, malignant and normal, as far as they are there, else see `find_classes`.
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
    images, masks = images_and_masks([place(path, folder) for path in files], layout, left_out)
    tables = table_files(layout.table, folder) if layout.table else []
    rows, remarks = None, list[str]()
    if layout.table:
        rows, remarks = table_of_images(layout.table, tables, folder, [image.path for image in images])
    spelt = with_usual(classes or tuple(USUAL)) | dict(names or {})
    remarks += give_labels(images, rows, spelt)
    if not classes and not any(image.label for image in images):
        find_classes(images, rows)
    found = {image.label for image in images} - {""}
    order = (
        tuple(classes)
        or tuple(name for name in USUAL if name in found)
        or tuple(sorted(found, key=natural_key))
    )
    left_out += [(image.path, image.why_unlabelled) for image in images if not image.label]
    lone = attach(masks, images)
    kept = sorted((image for image in images if image.label), key=lambda image: _rank(image, order))
    give_labels([*lone], None, spelt)
    _refuse_nothing(folder, kept, [*lone], left_out, order, rows)
    left_out += [(mask.path, why) for mask, why in lone.items()]
    stems = Counter(image.stem for image in kept)
    columns = {
        "id": [image.stem if stems[image.stem] == 1 else _path_without_suffix(image) for image in kept],
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
        further = rows.drop(columns=["label", "patient", "split"], errors="ignore")
        table = table.join(further, on="path").fillna("")
    lists = [layout.patients or GROUPS, *(layout.sets or {}).values()]
    read = {*tables, *(folder / name for name in lists)}
    left_out = [(path, why) for path, why in left_out if folder / path not in read]
    left_out = [(path, why) for path, why in left_out if path.rpartition("/")[2] != GROUPS]
    return Scan(table, remarks, left_out)


def _path_without_suffix(image: Picture) -> str:
    return "/".join([*image.parents, image.stem])


def _rank(image: Picture, order: Sequence[str]) -> tuple[int, list[str | int], list[str | int], str]:
    return order.index(image.label), natural_key(image.stem), natural_key(image.path), image.path


def _refuse_nothing(
    folder: Path,
    kept: Sequence[Picture],
    lone: Sequence[Picture],
    left_out: LeftOut,
    order: Sequence[str],
    rows: pd.DataFrame | None,
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
    problem = f"{folder} holds no images of the classes {classes}" + (f" ({seen})" if seen else "")
    if rows is not None and "label" not in rows and len(rows.columns):
        column = ", ".join(rows)
        raise StudyError(
            problem, f"say which column of the table has the classes: source.table.label, one of {column}"
        )
    sheets = [path for path, _ in left_out if path.lower().endswith((".csv", ".tsv", ".xlsx"))]
    table = f"--set source.table.file={in_shell(Path(sheets[0]))}" if sheets else "with source.table.file"
    raise StudyError(
        problem,
        f"give the folder that holds folders called {classes}, or say what the classes are called there: --set "
        "'source.classes={benign: [B], malignant: [M]}', say, or name a table of labels "
        f"{table}; {LOOK}",
    )
