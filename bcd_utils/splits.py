"""Train, validation and test sets."""

from __future__ import annotations

import pandas as pd

from bcd_utils.errors import StudyError

SETS = ("train", "validation", "test")


def split_images(
    manifest: pd.DataFrame,
    test_fraction: float = 0.15,
    validation_fraction: float = 0.10,
    stratify: bool = True,
    seed: int = 42,
) -> pd.Series:
    """Assign every usable image to train, validation or test, as the paper does.

    First ``test_fraction`` of all images is drawn for test, then ``validation_fraction`` of the
    rest for validation; with ``stratify`` both draws keep the class shares. It is a split by
    image: copies of one lesion may fall on both sides.

    Parameters
    ----------
    manifest : pandas.DataFrame
        Columns ``label`` and ``status``; only rows with status "ok" are split.

    Returns
    -------
    pandas.Series of str
        "train", "validation" or "test"; "" for images set aside. Same index as ``manifest``.

    Raises
    ------
    StudyError
        If a class has too few images to be in all three sets.

    Examples
    --------
    >>> table = pd.DataFrame({"label": ["a", "b"] * 50, "status": "ok"})
    >>> split_images(table).value_counts().to_dict()
    {'train': 76, 'test': 15, 'validation': 9}
    """
    from sklearn.model_selection import train_test_split

    usable = manifest[manifest["status"] == "ok"]
    labels = usable["label"]
    try:
        rest, test = train_test_split(
            usable.index, test_size=test_fraction, stratify=labels if stratify else None, random_state=seed
        )
        train, validation = train_test_split(
            rest,
            test_size=validation_fraction,
            stratify=labels[rest] if stratify else None,
            random_state=seed,
        )
    except ValueError as error:
        raise StudyError(
            f"The {len(usable)} images cannot be split ({error})",
            "use more images, or larger test_fraction and validation_fraction",
        ) from None
    assigned = pd.Series("", index=manifest.index, dtype=object)
    assigned[train], assigned[validation], assigned[test] = SETS
    for name in SETS:
        absent = set(labels) - set(labels[assigned[usable.index] == name])
        if absent:
            raise StudyError(
                f"The {name} set has no image of class {', '.join(sorted(absent))}",
                "use more images or a larger fraction" + ("" if stratify else ", or stratify: true"),
            )
    return assigned


def split_table(manifest: pd.DataFrame) -> pd.DataFrame:
    """Images per class (rows) and set (columns), with totals."""
    usable = manifest[manifest["status"] == "ok"]
    table = pd.crosstab(usable["label"], usable["split"])[list(SETS)]
    table["all"] = table.sum(axis=1)
    table.loc["all"] = table.sum()
    return table.rename_axis(columns=None)


def crossing_duplicates(manifest: pd.DataFrame) -> pd.DataFrame:
    """Images whose exact copy (same group) is in another set or under another label."""
    usable = manifest[manifest["status"] == "ok"]
    groups = usable.groupby("group")
    crosses = (groups["split"].transform("nunique") > 1) | (groups["label"].transform("nunique") > 1)
    return usable.loc[crosses, ["group", "id", "label", "split"]].sort_values(["group", "id"])
