"""Who is compared: the record alone, the image alone, and both, joined early or late.

A single arm learns on one table; a late one stacks two single ones on their predictions for training rows out of fold
(Wolpert 1992). A single arm's own probabilities go through the same stacking, alone: that calibrates them (Platt 1999).
"""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from bcd_utils.experiments.image_and_record.material import Material

IMAGE, KNOWN, READ, BOTH, GAPS = "image", "known", "read", "both", "gaps"
TITLES = {
    IMAGE: "image alone",
    KNOWN: "record alone, known before the image",
    READ: "another reader's findings alone",
    BOTH: "record and another reader's findings",
    GAPS: "which values are missing, and nothing else",
}
OF_KIND = {KNOWN: "record", READ: "another reader's findings"}
WAYS = {"early": "joined features", "late": "stacked"}


@dataclass(frozen=True)
class Arm:
    """One way to use what is known.

    Attributes
    ----------
    name, title : str
    columns : tuple of str
        Of the record.
    image : bool
        Whether the image's features are joined to these.
    members : tuple of str
        Of a late fusion, the single arms that it stacks; empty of a single one.
    """

    name: str
    title: str
    columns: tuple[str, ...] = ()
    image: bool = False
    members: tuple[str, ...] = ()


def gap_of(column: str) -> str:
    """The column that says where another is missing."""
    return f"{column} is missing"


def arms_of(material: Material) -> dict[str, Arm]:
    """The arms that a material allows, by name; the one that others are held against comes first."""
    records = material.records
    kinds = {kind: tuple(records.of_kind(kind)) for kind in (KNOWN, READ)}
    present = {kind: columns for kind, columns in kinds.items() if columns}
    missing = records.missing().any()
    single: dict[str, tuple[str, ...]] = {IMAGE: ()} if material.features is not None else {}
    single |= present
    if len(present) == 2:
        single[BOTH] = kinds[KNOWN] + kinds[READ]
    if missing.any():
        single[GAPS] = tuple(gap_of(column) for column in records.values.columns[missing])
    arms = {name: Arm(name, TITLES[name], columns, name == IMAGE) for name, columns in single.items()}
    if IMAGE in arms:
        for kind, columns in present.items():
            title = f"image and {OF_KIND[kind]}"
            early, late = f"early_{kind}", f"late_{kind}"
            arms[early] = Arm(early, f"{title}, {WAYS['early']}", columns, True)
            arms[late] = Arm(late, f"{title}, {WAYS['late']}", members=(IMAGE, kind))
    return arms


def inputs_of(material: Material) -> tuple[pd.DataFrame, list[str]]:
    """One table of all that arms may read, rows as in the material's, and the columns that are the image's features."""
    records = material.records
    gaps = records.missing().astype(float).rename(columns=gap_of)
    parts, names = [records.values, gaps], []
    if material.features is not None:
        names = [f"image feature {number}" for number in range(material.features.shape[1])]
        parts.append(pd.DataFrame(material.features, columns=names))
    return pd.concat(parts, axis=1), names
