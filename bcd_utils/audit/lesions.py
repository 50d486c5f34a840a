"""Which images of a source must stay together: one rule, wherever a source is read."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from bcd_utils.audit import duplicates
from bcd_utils.audit.groups import groups_with_pairs
from bcd_utils.datasets import Dataset
from bcd_utils.datasets.base import SAME_LESION
from bcd_utils.datasets.image_set import ImageSet
from bcd_utils.datasets.manifest import known_patients
from bcd_utils.utils.counting import OnProgress, silent
from bcd_utils.utils.errors import StudyError

#: A group that is joined by look alone and holds this share of the images, and this many, is no lesion.
SHARE, LEAST = 0.1, 10
MOST_PAIRS = 12
HIGHER = (0.65, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95)

#: Draws pairs as `duplicates.read_pairs` gives them, and returns where: ``sheet(called, pairs)``.
Sheet = Callable[[str, Sequence[tuple[np.ndarray, np.ndarray, pd.Series]]], str]


@dataclass(frozen=True)
class Rule:
    """What images of a source are taken as one thing.

    Attributes
    ----------
    title : str
        As messages call the source.
    called : str
        The section of its settings.
    threshold : float or None
        Least ``detail`` of images that look alike; None: their look joins none.
    named : bool
        Whether patients are named: then these are what stays together, and look joins nothing.
    """

    title: str
    called: str
    threshold: float | None
    named: bool

    @classmethod
    def of(cls, dataset: Dataset, manifest: pd.DataFrame, called: str = "source", title: str = "") -> Rule:
        """The rule for a data set's images, as in its whole manifest."""
        named = known_patients(manifest) is not None
        return cls(title or dataset.title, called, dataset.look_alikes, named)

    @classmethod
    def of_set(cls, images: ImageSet) -> Rule:
        """The rule that a set's groups were joined by."""
        return cls(images.title, "source", images.dataset.look_alikes, images.patients is not None)

    @property
    def by_look(self) -> bool:
        """Whether images are joined that look alike."""
        return self.threshold is not None and not self.named

    @property
    def units(self) -> str:
        """What a group is.

        Examples
        --------
        >>> Rule("mini-MIAS", "source", None, True).units
        'patients'
        """
        if self.named:
            return "patients"
        return "lesions, as far as pictures tell" if self.by_look else "images, exact copies as one"

    def said(self) -> str:
        """The rule in a sentence.

        Examples
        --------
        >>> Rule("BUSI", "source", 0.6, False).said()
        'No patients are named: images with a detail correlation of 0.6 or more are taken as one lesion.'
        """
        if self.named:
            return "Patients are named, and their images stay together; looking alike joins none."
        if self.by_look:
            alike = f"images with a detail correlation of {self.threshold:g} or more are taken as one lesion"
            return f"No patients are named: {alike}."
        return "No patients are named, and look_alikes is none here: only exact copies are taken as one."

    def named_by(self, reviewed: str | None) -> str:
        """How the images of a group were joined, in a few words.

        Examples
        --------
        >>> Rule("BUSI", "source", 0.47, False).named_by("pairs.csv")
        'look from 0.47 on, verdicts'
        """
        alike = (
            f"look from {self.threshold:g} on"
            if self.by_look
            else "patients"
            if self.named
            else "exact copies"
        )
        return f"{alike}, verdicts" if reviewed else alike

    def joined(self, images: pd.DataFrame, pairs: pd.DataFrame, folder: Path, sheet: Sheet) -> pd.Series:
        """The group of each image.

        Joined are images of one patient, equal pixels, pairs that a person has called the same, and, `by_look`, those
        that look alike.

        Parameters
        ----------
        images : pandas.DataFrame
            Manifest rows: id, path, group and, where they are parts of a file, box.
        pairs : pandas.DataFrame
            From `duplicates.find_pairs`, with a person's verdicts.
        folder : Path
            Where the images are.
        sheet : callable
            Draws the weakest pairs of a group that stops the study.

        Returns
        -------
        pandas.Series of str
            The id of the group's first image; index as in ``images``.

        Raises
        ------
        StudyError
            If look alone joins a tenth of the images, ten at least, into one group.
        """
        certain = pairs["kind"].isin(duplicates.EXACT) | (pairs["verdict"] == "yes")
        if not self.by_look:
            return groups_with_pairs(images, pairs[certain])
        groups = groups_with_pairs(images, pairs)
        known = groups_with_pairs(images, pairs[certain])
        if group := runaway(groups, known):
            ids = images.loc[groups == group, "id"]
            looked = pairs[(pairs["same"] == "yes") & ~certain & pairs["id_a"].isin(ids)]
            weakest = looked.sort_values("detail", kind="stable").head(MOST_PAIRS)
            place = sheet(self.called, duplicates.read_pairs(folder, images, weakest))
            raise self._refusal(len(ids), len(images), place, self._higher(images, pairs, known, certain))
        return groups

    def strictly_joined(self, images: pd.DataFrame, pairs: pd.DataFrame) -> pd.Series:
        """As `joined`, by no look below `SAME_LESION` and no person's yes: a part of those groups."""
        by_look = (pairs["detail"] >= SAME_LESION) & self.by_look
        certain = pairs["kind"].isin(duplicates.EXACT) | by_look
        return groups_with_pairs(images, pairs[certain])

    def _higher(
        self, images: pd.DataFrame, pairs: pd.DataFrame, known: pd.Series, certain: pd.Series
    ) -> float | None:
        """The lowest threshold at which no group swallows a tenth; None where there is none."""
        for threshold in HIGHER:
            kept = pairs[certain | (pairs["detail"] >= threshold)]
            if threshold > (self.threshold or 0) and not runaway(groups_with_pairs(images, kept), known):
                return threshold
        return None

    def _refusal(self, size: int, images: int, place: str, higher: float | None) -> StudyError:
        setting = f"--set {self.called}.look_alikes="
        higher_one = f"{setting}{higher:g} (at which no group is so large) or " if higher else ""
        judged = ""
        if self.called == "source":
            judged = (
                "; or copy the run's artifacts/duplicate_pairs.csv, write into its column verdict no where two differ "
                "and yes where they do not, and use --set audit.reviewed_pairs=COPY"
            )
        return StudyError(
            f"{self.title}: {size} of {images} images are one group by their look alone, at {self.called}.look_alikes "
            f"= {self.threshold:g}, which is more than one lesion has; the least alike of its pairs are in {place}",
            f"use {higher_one}{setting}none (then only exact copies are one){judged}",
        )


def runaway(groups: pd.Series, known: pd.Series) -> str | None:
    """The first group that look has made too large; None where there is none.

    A patient or copies that were known count once.

    Parameters
    ----------
    groups : pandas.Series of str
        Group of each image.
    known : pandas.Series of str
        Group without what only looks alike; a part of ``groups``.

    Examples
    --------
    >>> alone = pd.Series([f"image {n}" for n in range(40)])
    >>> runaway(pd.Series(["a"] * 10 + ["b"] * 30), alone)
    'a'
    >>> runaway(pd.Series(["a"] * 9 + [f"image {n}" for n in range(31)]), alone)  # nine are no ten
    >>> runaway(pd.Series(["a"] * 40), pd.Series(["a"] * 40))  # one patient
    """
    limit = max(LEAST, math.ceil(SHARE * len(groups)))
    parts = pd.DataFrame({"group": groups, "known": known}).groupby(["group", "known"], sort=False).size()
    sizes = parts.groupby("group", sort=False).agg(lambda part: part.sum() - part.max() + 1)
    large = sizes.index[sizes >= limit]
    return str(large[0]) if len(large) else None


def grouped(
    images: pd.DataFrame, rule: Rule, folder: Path, sheet: Sheet, on_progress: OnProgress = silent
) -> pd.Series:
    """The group of each image of a source, by its rule; images are opened only where look decides.

    Raises
    ------
    StudyError
        See `Rule.joined`.
    """
    if not rule.by_look:
        return images["group"]
    views = duplicates.thumbnails(folder, images, on_progress)
    pairs = duplicates.find_pairs(images, views, rule.threshold, folder)
    return rule.joined(images, pairs, folder, sheet)
