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
    fix = "use more images or a larger fraction" + ("" if stratify else ", or stratify: true")
    _hold_every_class(labels, assigned, fix)
    return assigned


def split_by_group(
    manifest: pd.DataFrame, test_fraction: float = 0.15, validation_fraction: float = 0.10, seed: int = 42
) -> pd.Series:
    """As `split_images` with ``stratify``, but whole groups are drawn, so that none is in two sets.

    Groups come in random order. Each goes to the test set while that lacks images of the group's most
    frequent class, else likewise to the validation set, else to the training set.

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
        If a class has too few images or groups to be in all three sets.

    Examples
    --------
    >>> table = pd.DataFrame({"label": ["a", "b"] * 50, "group": list(range(50)) * 2, "status": "ok"})
    >>> sets = split_by_group(table)
    >>> int(sets.groupby(table["group"]).nunique().max()), sets.value_counts().to_dict()
    (1, {'train': 76, 'test': 16, 'validation': 8})
    """
    usable = manifest[manifest["status"] == "ok"]
    shares = {"test": test_fraction, "validation": (1 - test_fraction) * validation_fraction}
    assigned = pd.Series("", index=manifest.index, dtype=object)
    assigned[usable.index] = _draw_groups(usable, shares, seed)
    _hold_every_class(usable["label"], assigned, "use more images or larger fractions")
    return assigned


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

    usable = manifest[manifest["status"] == "ok"]
    fix = "use more images or fewer folds"
    try:
        splitter = StratifiedGroupKFold(folds, shuffle=True, random_state=seed)
        pairs = list(splitter.split(usable, usable["label"], usable["group"]))
    except ValueError as error:
        raise StudyError(f"The {len(usable)} images cannot be split into folds ({error})", fix) from None
    splits = []
    for rest, test in pairs:
        kept = usable.iloc[rest]
        assigned = pd.Series("", index=manifest.index, dtype=object)
        assigned[kept.index] = _draw_groups(kept, {"validation": validation_fraction}, seed + len(splits))
        assigned[usable.index[test]] = "test"
        _hold_every_class(usable["label"], assigned, fix)
        splits.append(assigned)
    return splits


def _draw_groups(rows: pd.DataFrame, shares: dict[str, float], seed: int) -> pd.Series:
    """Set of each row: the named sets take their share of each class, "train" the rest."""
    counts = rows["label"].value_counts()
    wanted = {name: (share * counts).round().to_dict() for name, share in shares.items()}
    groups = rows.groupby("group", sort=False)["label"].agg(["size", lambda labels: labels.mode()[0]])
    chosen = {}
    for group, size, label in groups.sample(frac=1, random_state=seed).itertuples():
        chosen[group] = next((name for name in wanted if wanted[name][label] >= size), "train")
        if chosen[group] in wanted:
            wanted[chosen[group]][label] -= size
    return rows["group"].map(chosen)


def _hold_every_class(labels: pd.Series, assigned: pd.Series, fix: str) -> None:
    for name in SETS:
        absent = set(labels) - set(labels[assigned[labels.index] == name])
        if absent:
            raise StudyError(f"The {name} set has no image of class {', '.join(sorted(absent))}", fix)


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
