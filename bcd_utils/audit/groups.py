"""From pairs to groups of images that must stay together, with a person's word above the program's."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from bcd_utils.audit.duplicates import KINDS
from bcd_utils.datasets.manifest import linked
from bcd_utils.utils.errors import StudyError
from bcd_utils.utils.paths import readable

VERDICTS = ("yes", "no", "")
COLUMNS = ["id_a", "id_b", "verdict"]
PIXELS = ("pixels_a", "pixels_b")
DIGITS = 16  # of a hash: enough to tell images apart


class Verdicts(NamedTuple):
    """What a person has said of pairs.

    Attributes
    ----------
    pairs : pandas.DataFrame
        Columns id_a, id_b, verdict ("yes" or "no"); one row a judged pair, in the manifest's order of images.
    elsewhere : list of str
        Lines that name images which the study does not have, and were left out.
    """

    pairs: pd.DataFrame
    elsewhere: list[str]

    @property
    def said(self) -> str:
        """How many there are, and how many were left out."""
        said = f"A person has judged {len(self.pairs)} pairs."
        if self.elsewhere:
            out = f"{len(self.elsewhere)} further verdicts are left out, for this study has no such image"
            said += f" **{out}** (first {self.elsewhere[0]})."
        return said


NO_VERDICTS = Verdicts(pd.DataFrame(columns=COLUMNS), [])


def with_pixels(pairs: pd.DataFrame, manifest: pd.DataFrame) -> pd.DataFrame:
    """Pairs with the first digits of each image's ``pixels_sha256``, so that no verdict is taken for other images."""
    digits = manifest.set_index("id")["pixels_sha256"].str[:DIGITS]
    return pairs.assign(pixels_a=pairs["id_a"].map(digits), pixels_b=pairs["id_b"].map(digits))


def read_verdicts(path: Path | str, manifest: pd.DataFrame) -> Verdicts:
    """Read a ``duplicate_pairs.csv`` in which a person has filled the column ``verdict``.

    Parameters
    ----------
    path : path
        Columns id_a, id_b, verdict (yes, no or empty) and, where images are to be known by more than their names,
        those of `with_pixels`; others are ignored, and so are rows without verdict.
    manifest : pandas.DataFrame
        The images there are: columns id and, where the file has digits of pixels, pixels_sha256.

    Raises
    ------
    StudyError
        Naming file and line, where a column is missing, a verdict is something else, one pair has two verdicts, or
        no judged pair is of images that there are.
    """
    name = readable(path)
    try:
        table = pd.read_csv(path, dtype=str, keep_default_na=False, encoding="utf-8-sig")
    except FileNotFoundError:
        fix = "give --set audit.reviewed_pairs= the corrected duplicate_pairs.csv"
        raise StudyError(f"There is no file {name}", fix) from None
    except (ValueError, OSError) as error:
        raise StudyError(f"{name} is no table ({error})", "save it as CSV with commas, in UTF-8") from None
    missing = [column for column in COLUMNS if column not in table]
    if missing:
        raise StudyError(
            f"{name}, line 1: there is no column {', '.join(missing)}",
            "start from artifacts/duplicate_pairs.csv and keep its first line; columns are separated by commas",
        )
    table["verdict"] = table["verdict"].str.strip().str.lower()
    digits = table.reindex(columns=PIXELS, fill_value="").to_numpy()
    hashes = dict(zip(manifest["id"], manifest.get("pixels_sha256", manifest["id"]), strict=True))
    place = {image: row for row, image in enumerate(manifest["id"])}
    judged: dict[tuple[str, str], str] = {}
    elsewhere = []
    for row, (one, other, verdict) in enumerate(table[COLUMNS].itertuples(index=False), start=2):
        line = f"{name}, line {row}"
        if verdict not in VERDICTS:
            raise StudyError(f"{line}: verdict {verdict!r}", "write yes, no or nothing")
        if not verdict:
            continue
        of_two = zip((one, other), digits[row - 2], strict=True)
        if strange := [id for id, start in of_two if id not in place or not hashes[id].startswith(start)]:
            elsewhere.append(f"line {row}: {strange[0]!r}" + " has other pixels" * (strange[0] in place))
            continue
        first, second = sorted((one, other), key=place.__getitem__)
        if judged.setdefault((first, second), verdict) != verdict:
            problem = f"{line}: {one} and {other} have another verdict further up"
            raise StudyError(problem, "keep one of the two")
    if elsewhere and not judged:
        problem = f"{name} judges other images than this study's ({elsewhere[0]})"
        raise StudyError(problem, "name a table of these images, or none: --set audit.reviewed_pairs=null")
    pairs = pd.DataFrame([(*pair, verdict) for pair, verdict in judged.items()], columns=COLUMNS)
    return Verdicts(pairs, elsewhere)


def with_verdicts(pairs: pd.DataFrame, verdicts: pd.DataFrame) -> pd.DataFrame:
    """Pairs in which a person's verdict, where there is one, stands in ``verdict`` and replaces ``same``."""
    judged = verdicts.set_index(["id_a", "id_b"])["verdict"].to_dict()
    ids = zip(pairs["id_a"], pairs["id_b"], strict=True)
    verdict = pd.Series([judged.get(pair, "") for pair in ids], index=pairs.index, dtype=object)
    return pairs.assign(same=verdict.where(verdict != "", pairs["same"]), verdict=verdict)


def groups_with_pairs(manifest: pd.DataFrame, pairs: pd.DataFrame) -> pd.Series:
    """Join the groups that a data set already knows with the pairs that are the same.

    Groups are joined through any chain of pairs (connected components), so a sweep over one lesion
    becomes one group even if its first and last image look little alike. What the manifest's ``group``
    joins already (patients, equal pixels) stays joined, whatever is said of a pair.

    Parameters
    ----------
    manifest : pandas.DataFrame
        Columns ``id`` and ``group``.
    pairs : pandas.DataFrame
        Columns id_a, id_b, same ("yes" or "no").

    Returns
    -------
    pandas.Series of str
        The id of the group's first image; index as in ``manifest``.

    Examples
    --------
    >>> manifest = pd.DataFrame({"id": list("abcd"), "group": ["p", "q", "q", "r"]})
    >>> pairs = pd.DataFrame({"id_a": ["a", "c"], "id_b": ["b", "d"], "same": ["yes", "no"]})
    >>> groups_with_pairs(manifest, pairs).tolist()
    ['a', 'a', 'a', 'd']
    """
    place = pd.Series(np.arange(len(manifest)), index=manifest["id"])
    same = pairs[pairs["same"] == "yes"]
    known = manifest.groupby("group")["id"].transform("first")
    ends = np.concatenate([place[same["id_a"]], place[known]]).astype(int)
    other_ends = np.concatenate([place[same["id_b"]], place[manifest["id"]]]).astype(int)
    return manifest["id"].groupby(linked(len(manifest), ends, other_ends)).transform("first")


def group_table(manifest: pd.DataFrame, largest: int | None = None) -> pd.DataFrame:
    """Groups of two images or more, the largest first.

    Parameters
    ----------
    manifest : pandas.DataFrame
        Columns id, label, group.
    largest : int, optional
        How many groups at most.

    Returns
    -------
    pandas.DataFrame
        Columns group, images (how many), labels ("benign, malignant": contradictory), ids.
    """
    groups = manifest.groupby("group", sort=False)
    table = groups.agg(
        images=("id", "size"),
        labels=("label", lambda labels: ", ".join(labels.unique())),
        ids=("id", ", ".join),
    )
    table = table[table["images"] > 1].sort_values("images", ascending=False, kind="stable")
    return table.reset_index().head(largest)


def contradictory_groups(manifest: pd.DataFrame) -> pd.DataFrame:
    """The groups, as in `group_table`, whose images do not all have the same label."""
    table = group_table(manifest)
    labels = manifest.groupby("group")["label"].nunique()
    return table[table["group"].map(labels) > 1].reset_index(drop=True)


def audit_record(pairs: pd.DataFrame, manifest: pd.DataFrame, threshold: float | None) -> dict[str, Any]:
    """What the reports say about copies.

    Parameters
    ----------
    pairs : pandas.DataFrame
        From `find_pairs`, verdicts applied.
    manifest : pandas.DataFrame
        Columns id, label, group, as joined.
    threshold : float or None
        Least detail correlation of pairs that the program calls the same; None: none by their look.

    Returns
    -------
    dict
        ``threshold``; ``pairs``: how many are listed, the same, and the same of each kind; ``groups`` (of two
        images or more), ``images_in_groups``, ``largest_group``; ``contradictory``: the ids of each group with
        more than one label; ``contradictory_pairs``: their pairs of ids; ``reviewed``: how many pairs a person
        has judged "yes" and "no".
    """
    same = pairs[pairs["same"] == "yes"]
    table = group_table(manifest)
    conflicts = same.loc[same["contradictory"], ["id_a", "id_b"]]
    kinds = same["kind"].value_counts().reindex(KINDS, fill_value=0)
    return {
        "threshold": threshold,
        "pairs": {"listed": len(pairs), "same": len(same), "kinds": kinds.to_dict()},
        "groups": len(table),
        "images_in_groups": int(table["images"].sum()),
        "largest_group": int(table["images"].max()) if len(table) else 1,
        "contradictory": contradictory_groups(manifest)["ids"].str.split(", ").tolist(),
        "contradictory_pairs": conflicts.to_numpy().tolist(),
        "reviewed": {verdict: int((pairs["verdict"] == verdict).sum()) for verdict in ("yes", "no")},
    }
