"""Lesion masks that are missing, empty or odd, and classes that an empty mask tells."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd

from bcd_utils.utils.counting import OnProgress, each_row, silent
from bcd_utils.utils.words import enumerated

LARGE = 0.6
LONG_BORDER = 0.1
FEW, MOST = 0.2, 0.5  # of a class's images, with a lesion drawn

MASK_COLUMNS = ("without_file", "empty", "several_files", "covers_most", "along_border")


def inspect_masks(folder: Path, manifest: pd.DataFrame, on_progress: OnProgress = silent) -> pd.DataFrame:
    """What is to be said of each image's mask.

    Parameters
    ----------
    folder : Path
    manifest : pandas.DataFrame
        Columns id, label, path, masks and, where images are parts of a file, box.

    Returns
    -------
    pandas.DataFrame
        Index as in ``manifest``; columns id, label, ``area_share`` (0..1 of the image that the united masks cover)
        and, bool: ``without_file``, ``empty`` (there are files, all black), ``several_files``, ``covers_most``
        (more than 60%), ``along_border`` (more than 10% of the image's outermost pixels are lesion: it was cut
        off, or the mask is inverted).
    """
    from bcd_utils.images.reading import mask_paths, read_row_mask

    def looked_at(row: pd.Series) -> tuple[Any, ...]:
        paths = mask_paths(folder, row["masks"])
        lesion = read_row_mask(folder, row)
        inside = lesion[1:-1, 1:-1].sum()
        border = (lesion.sum() - inside) / (2 * sum(lesion.shape) - 4)
        area = lesion.mean()
        empty = bool(paths) and area == 0
        return area, not paths, empty, len(paths) > 1, area > LARGE, border > LONG_BORDER

    rows: list[tuple[Any, ...]] = []
    each_row(looked_at, manifest, rows.append, on_progress)
    odd = pd.DataFrame(rows, columns=["area_share", *MASK_COLUMNS], index=manifest.index)
    odd["area_share"] = odd["area_share"].round(5)
    return pd.concat([manifest[["id", "label"]], odd.astype(dict.fromkeys(MASK_COLUMNS, bool))], axis=1)


def masks_per_class(masks: pd.DataFrame) -> pd.DataFrame:
    """How many images of each class, and of all, are as the columns of `inspect_masks` say."""
    counted = masks.assign(images=1).groupby("label")[["images", *MASK_COLUMNS]].sum()
    counted.loc["all"] = counted.sum()
    return counted.astype(int).rename_axis("class")


def lesion_free(labels: pd.Series, drawn: pd.Series) -> list[str]:
    """Classes of which few images have a lesion drawn, where most images of another have one.

    Parameters
    ----------
    labels : pandas.Series of str, shape (n,)
    drawn : pandas.Series of bool, shape (n,)
        Whether a lesion is drawn in each image.

    Examples
    --------
    >>> lesion_free(pd.Series(["benign", "normal", "normal"]), pd.Series([True, False, False]))
    ['normal']
    """
    shares = drawn.groupby(labels).mean()
    return list(shares.index[shares <= FEW]) if shares.max() > MOST else []


def said_of_masks(labels: pd.Series, drawn: pd.Series) -> str:
    """Whether the mask alone tells a class, in Markdown; parameters as for `lesion_free`.

    Examples
    --------
    >>> said_of_masks(pd.Series(["benign", "malignant"]), pd.Series([True, True]))
    'Lesions are drawn in images of every class, so an empty mask tells none of them.'
    """
    if not drawn.any():
        return "No image has a lesion drawn, so there are no masks that could tell the class."
    if free := lesion_free(labels, drawn):
        of_these, names = drawn[labels.isin(free)], enumerated(f"`{label}`" for label in free)
        return (
            f"Of {len(of_these)} images of {enumerated(free)}, {of_these.sum()} have a lesion drawn: **whoever feeds "
            f"masks to the network has told it the class** {names}."
        )
    return "Lesions are drawn in images of every class, so an empty mask tells none of them."


def odd_masks(masks: pd.DataFrame) -> pd.DataFrame:
    """Images whose mask does not go with their label, or is unlikely, with the reason.

    Parameters
    ----------
    masks : pandas.DataFrame
        From `inspect_masks`. Images of a `lesion_free` class must have no lesion; all others must have one, unless
        no image has.

    Returns
    -------
    pandas.DataFrame
        Columns id, label, reason, area_share.
    """
    without = masks["without_file"] | masks["empty"]
    free = masks["label"].isin(lesion_free(masks["label"], ~without))
    reasons = {
        "no lesion drawn": without & ~free & ~without.all(),
        "a lesion drawn, as in few images of the class": ~without & free,
        f"covers more than {LARGE:.0%} of the image": masks["covers_most"],
        "runs along the image's border": masks["along_border"],
    }
    odd = pd.concat([masks[rows].assign(reason=why) for why, rows in reasons.items()], ignore_index=True)
    return odd[["id", "label", "reason", "area_share"]].round({"area_share": 3})
