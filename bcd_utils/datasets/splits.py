"""Train, validation and test sets: by image, by group, or as published."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

import pandas as pd

from bcd_utils.datasets.group_draws import draw_groups
from bcd_utils.utils.errors import StudyError

if TYPE_CHECKING:
    from bcd_utils.study.settings import Study

SETS = ("train", "validation", "test")
MEASURED = (
    "width",
    "height",
    "sha256",
    "masks_sha256",
    "perceptual_hash",
    "status",
    "format",
    "mode",
    "bytes",
)


def draw_split(manifest: pd.DataFrame, study: Study) -> pd.Series:
    """The split that a study's settings ask for; see `split_images`, `split_by_group`, `published_split`."""
    fractions = {"test_fraction": study.test_fraction, "validation_fraction": study.validation_fraction}
    if study.split == "image":
        return split_images(manifest, **fractions, stratify=study.stratify, seed=study.seed)
    if study.split == "group":
        return split_by_group(manifest, **fractions, seed=study.seed)
    return published_split(manifest, study.validation_fraction, study.seed)


def split_images(
    manifest: pd.DataFrame,
    test_fraction: float = 0.15,
    validation_fraction: float = 0.10,
    stratify: bool | str = True,
    seed: int = 42,
) -> pd.Series:
    """Assign every usable image to train, validation or test, as the paper does.

    First ``test_fraction`` of all images is drawn for test, then ``validation_fraction`` of the
    rest for validation; with ``stratify`` both draws keep the class shares, with "test" only the first: validation is
    then the end of the shuffled rest, as Keras' ``fit(validation_split=...)`` takes it, and may lack a class. It is a
    split by image: copies of one lesion may fall on both sides.

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

    def drawn(rows: pd.Index, share: float) -> tuple[pd.Index, pd.Index]:
        return train_test_split(
            rows, test_size=share, stratify=labels[rows] if stratify else None, random_state=seed
        )

    try:
        rest, test = drawn(usable.index, test_fraction)
        if stratify == "test":
            kept = int(len(rest) * (1 - validation_fraction))  # rounded down, as Keras does
            train, validation = rest[:kept], rest[kept:]
        else:
            train, validation = drawn(rest, validation_fraction)
    except ValueError as error:
        raise StudyError(
            f"The {len(usable)} images cannot be split ({error})",
            "use more images, or larger test_fraction and validation_fraction",
        ) from None
    sets = pd.concat(
        [pd.Series(name, rows) for name, rows in zip(SETS, (train, validation, test), strict=True)]
    )
    fix = "use more images or a larger fraction" + ("" if stratify else ", or stratify: true")
    return _with_every_class(manifest, sets, fix, set(labels) if stratify == "test" else ())


def split_by_group(
    manifest: pd.DataFrame, test_fraction: float = 0.15, validation_fraction: float = 0.10, seed: int = 42
) -> pd.Series:
    """As `split_images` with ``stratify``, but whole groups are drawn, so that none is in two sets.

    Of many draws the one that is nearest to the asked shares is kept: see `draw_groups`.

    Parameters
    ----------
    manifest : pandas.DataFrame
        Columns ``label``, ``group`` and ``status``.

    Returns
    -------
    pandas.Series of str
        As `split_images`. Class shares are kept as far as whole groups allow.

    Raises
    ------
    StudyError
        If a class has too few images or groups to be in all three sets; with two groups, it may be absent from
        validation.

    Examples
    --------
    >>> table = pd.DataFrame({"label": ["a", "b"] * 50, "group": list(range(50)) * 2, "status": "ok"})
    >>> sets = split_by_group(table)
    >>> int(sets.groupby(table["group"]).nunique().max()), sets.value_counts().to_dict()
    (1, {'train': 76, 'test': 16, 'validation': 8})
    """
    usable = manifest[manifest["status"] == "ok"]
    train = (1 - test_fraction) * (1 - validation_fraction)
    shares = {"train": train, "test": test_fraction, "validation": 1 - test_fraction - train}
    fix = "use more images or larger fractions; a class needs a group (a patient) for each set"
    return _with_every_class(manifest, draw_groups(usable, shares, seed), fix, _rare(usable))


def published_split(manifest: pd.DataFrame, validation_fraction: float = 0.10, seed: int = 42) -> pd.Series:
    """The published sets; where validation is none of them, it is drawn by group out of the training set.

    Parameters
    ----------
    manifest : pandas.DataFrame
        Columns ``label``, ``group``, ``status`` and ``official_split`` ("train", "validation" or "test").

    Returns
    -------
    pandas.Series of str
        As `split_images`.

    Raises
    ------
    StudyError
        If no split is published with these images, or a class is absent from a set.

    Examples
    --------
    >>> table = pd.DataFrame({"label": ["a", "b"] * 50, "group": list(range(50)) * 2, "status": "ok"})
    >>> published_split(table.assign(official_split=["train"] * 80 + ["test"] * 20)).value_counts().to_dict()
    {'train': 72, 'test': 20, 'validation': 8}
    """
    if "official_split" not in manifest:
        raise StudyError("split = official, but no split is published with these images", "use split: group")
    usable = manifest[manifest["status"] == "ok"]
    train = usable[usable["official_split"] == "train"]
    sets = usable["official_split"].copy()
    if "validation" not in set(sets):
        sets[train.index] = _with_validation(train, validation_fraction, seed)
    return _with_every_class(manifest, sets, "use more images, or split: group", _rare(train))


def grouped_folds(
    manifest: pd.DataFrame, folds: int = 5, validation_fraction: float = 0.10, seed: int = 42
) -> list[pd.Series]:
    """Cross-validation in which every image is tested once and no group is in two sets.

    The test sets are the folds of scikit-learn's StratifiedGroupKFold; out of each rest the validation
    set is drawn as in `split_by_group`.

    Returns
    -------
    list of pandas.Series of str
        One split a fold, as `split_images` gives them.

    Raises
    ------
    StudyError
        If there are too few images or groups.
    """
    from sklearn.model_selection import StratifiedGroupKFold

    usable = manifest[manifest["status"] == "ok"].sort_values(["label", "group"], kind="stable")
    fix = "use more images or fewer folds"
    try:
        splitter = StratifiedGroupKFold(folds, shuffle=True, random_state=seed)
        pairs = list(splitter.split(usable, usable["label"], usable["group"]))
    except ValueError as error:
        raise StudyError(f"The {len(usable)} images cannot be split into folds ({error})", fix) from None
    splits: list[pd.Series] = []
    for rest, test in pairs:
        kept = _with_validation(usable.iloc[rest], validation_fraction, seed + len(splits))
        sets = pd.concat([kept, pd.Series("test", usable.index[test])])
        splits.append(_with_every_class(manifest, sets, fix))
    return splits


def _with_validation(rows: pd.DataFrame, fraction: float, seed: int) -> pd.Series:
    """Draw validation by group out of the rows that are not for test."""
    return draw_groups(rows, {"train": 1 - fraction, "validation": fraction}, seed)


def _rare(rows: pd.DataFrame) -> set[str]:
    """Classes with too few groups to be in validation too."""
    groups = rows.groupby("label")["group"].nunique()
    return set(groups.index[groups < len(SETS)])


def _with_every_class(
    manifest: pd.DataFrame, sets: pd.Series, fix: str, rare: Collection[str] = ()
) -> pd.Series:
    """The set of each image of the manifest, "" where it has none; each set has images of each class.

    Those in ``rare`` may be absent from validation.
    """
    labels = manifest.loc[sets.index, "label"]
    for name in SETS:
        absent = set(labels) - set(labels[sets == name])
        if name == "validation":
            absent -= set(rare)
        if absent:
            raise StudyError(f"The {name} set has no image of class {', '.join(sorted(absent))}", fix)
    return sets.astype(object).reindex(manifest.index, fill_value="")


def split_table(manifest: pd.DataFrame) -> pd.DataFrame:
    """Images per class (rows) and set (columns), with totals."""
    usable = manifest[manifest["status"] == "ok"]
    table = pd.crosstab(usable["label"], usable["split"])[list(SETS)]
    table["all"] = table.sum(axis=1)
    table.loc["all"] = table.sum()
    return table.rename_axis(columns=None)


def groups_per_set(splits: pd.DataFrame) -> pd.DataFrame:
    """Groups (patients, where they are known) per class (rows) and set (columns), with totals.

    A group with images of two classes counts in both rows, and once in the total.

    Examples
    --------
    >>> table = pd.DataFrame({"label": ["a", "b", "b"], "group": ["eve", "eve", "ann"], "split": "test"})
    >>> groups_per_set(table)["test"].to_dict()
    {'a': 1, 'b': 2, 'all': 2}
    """
    table = splits.pivot_table("group", "label", "split", "nunique", 0, margins=True, margins_name="all")
    return table.reindex(columns=[*SETS, "all"], fill_value=0).rename_axis(index="label", columns=None)


def crossing_duplicates(manifest: pd.DataFrame) -> pd.DataFrame:
    """Images whose exact copy (same pixels) is in another set or under another label."""
    usable = manifest[manifest["status"] == "ok"]
    copies = usable.groupby("pixels_sha256")
    crosses = (copies["split"].transform("nunique") > 1) | (copies["label"].transform("nunique") > 1)
    columns = ["group", "pixels_sha256", "id", "label", "split"]
    return usable.loc[crosses, columns].sort_values(columns[:3]).drop(columns="pixels_sha256")


def patients_across_sets(splits: pd.DataFrame) -> int:
    """How many groups (patients, where they are known) have images in more than one set."""
    return int((splits.groupby("group")["split"].nunique() > 1).sum())


def used_images(manifest: pd.DataFrame) -> pd.DataFrame:
    """The images that are not set aside, with what later stages need of them: all but `MEASURED`."""
    return (
        manifest[manifest["status"] == "ok"]
        .drop(columns=list(MEASURED), errors="ignore")
        .reset_index(drop=True)
    )
