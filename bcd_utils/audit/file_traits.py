"""How well a file's format, depth, size or compression alone tells the class: what a network must not learn."""

from __future__ import annotations

import pandas as pd

NEARLY_PERFECT = 0.9
#: A format or mode that one class alone has is no coincidence from so many images on, and such a share of the class.
LEAST_IMAGES, LEAST_SHARE = 5, 0.1
DEPTH, FOLDS = 3, 5
LOSSY = ("JPEG", "MPO", "WEBP", "JPEG2000")


def traits_of(manifest: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """What each trait of the files is, as numbers or words.

    Parameters
    ----------
    manifest : pandas.DataFrame
        Columns width, height, format, mode, bytes and box.
    """
    sides = manifest[["width", "height"]]
    traits = {
        "file format": manifest[["format"]],
        "channels and depth": manifest[["mode"]],
        "size in pixels": sides,
        "aspect ratio": (sides["width"] / sides["height"]).to_frame("ratio"),
    }
    if (manifest["box"] == "").all():  # a part of a file has no bytes of its own
        # Without loss, bytes follow from what is seen; with loss, what is seen follows from the bytes.
        bytes_a_pixel = manifest["bytes"].where(manifest["format"].isin(LOSSY), 0) / sides.prod(axis=1)
        traits["bytes a pixel of files with loss"] = bytes_a_pixel.to_frame("bytes")
    return traits


def class_by_trait(manifest: pd.DataFrame) -> pd.DataFrame:
    """How well each trait alone tells each class from the others.

    A decision tree of three questions, on five folds that keep a group's images together.

    Parameters
    ----------
    manifest : pandas.DataFrame
        Usable images: as for `traits_of`, with label and group.

    Returns
    -------
    pandas.DataFrame of float
        Index the traits, columns the classes: balanced accuracy, 0.5 for chance, 1 for perfect; missing where a class
        is of one group only.
    """
    labels = manifest["label"]
    found = {
        trait: {label: _told(values, labels == label, manifest["group"]) for label in labels.unique()}
        for trait, values in traits_of(manifest).items()
    }
    return pd.DataFrame(found).T.rename_axis("trait").astype(float)


def warnings_on_traits(manifest: pd.DataFrame, told: pd.DataFrame) -> list[str]:
    """One line for each trait that tells a class nearly perfectly, or that one class alone has.

    Parameters
    ----------
    manifest : pandas.DataFrame
    told : pandas.DataFrame
        From `class_by_trait`.
    """
    warnings = [
        f"the {trait} alone tells class {label} from the others (balanced accuracy {share:.2f}, chance 0.50): "
        "a network can learn that instead of disease"
        for trait, row in told.iterrows()
        if (share := row.max()) >= NEARLY_PERFECT
        for label in [row.idxmax()]
    ]
    sizes = manifest["label"].value_counts()
    if len(sizes) < 2:
        return warnings
    for column in ("format", "mode"):
        for value, labels in manifest.groupby(column)["label"]:
            label, count = labels.iloc[0], len(labels)
            if labels.nunique() == 1 and count >= max(LEAST_IMAGES, LEAST_SHARE * sizes[label]):
                warnings.append(
                    f"all {count} images of {column} {value} are of class {label}, which tells it"
                )
    return warnings


def sentence_on_traits(told: pd.DataFrame, warnings: list[str]) -> str:
    """The table of `class_by_trait` in Markdown, loud where a trait tells the class."""
    if warnings:
        return "\n".join(
            ["**Warning: the files themselves tell the class.**", "", *(f"- {line}" for line in warnings)]
        )
    if not told.notna().any(axis=None):
        return "There are too few images to say whether format, size or compression tells the class."
    trait, label = told.stack().idxmax()
    return (
        f"Neither format, size nor compression tells the class: the most that one does is the {trait} for {label}, "
        f"with a balanced accuracy of {told.loc[trait, label]:.2f} (chance 0.50)."
    )


def _told(values: pd.DataFrame, is_class: pd.Series, groups: pd.Series) -> float:
    from sklearn.metrics import balanced_accuracy_score
    from sklearn.model_selection import StratifiedGroupKFold, cross_val_predict
    from sklearn.tree import DecisionTreeClassifier

    folds = min(FOLDS, groups[is_class].nunique(), groups[~is_class].nunique())
    if folds < 2:
        return float("nan")
    table = pd.get_dummies(values).to_numpy(float)
    if (table == table[0]).all():
        return 0.5
    tree = DecisionTreeClassifier(max_depth=DEPTH, class_weight="balanced", random_state=0)
    split = StratifiedGroupKFold(folds, shuffle=True, random_state=0)
    predicted = cross_val_predict(tree, table, is_class, groups=groups, cv=split)
    return float(balanced_accuracy_score(is_class, predicted))
