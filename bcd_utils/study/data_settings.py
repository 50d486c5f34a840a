"""Settings of further images: those that the trained model is tested on, and those laid side by side."""

from __future__ import annotations

from dataclasses import field
from typing import Annotated

from pydantic import Field
from pydantic.dataclasses import dataclass

from bcd_utils.study.source import STRICT, CbisDdsm, Name, Phantoms, Source

Folds = Annotated[int, Field(ge=2, le=100)]
Positive = Annotated[int, Field(ge=1, le=1_000_000)]


@dataclass(frozen=True, config=STRICT, kw_only=True)
class External(Source):
    """Images from another source that the trained model is tested on.

    Its data set has classes of the same names; its stain is that of the study, whose network is shown no other.
    """

    dataset: Name = "bus_uclm"
    phantoms: Phantoms = Phantoms(seed=31, scanner="b")


@dataclass(frozen=True, config=STRICT, kw_only=True)
class ModalitySource(Source):
    """One of several data sets that are laid side by side.

    Attributes
    ----------
    most_images : int or None
        Take so many images at most, evenly spaced through each class; None: all.
    """

    most_images: Positive | None = None


def three_modalities() -> dict[str, ModalitySource]:
    """The image kinds that the paper names: ultrasound, histopathology and mammography."""
    return {
        "busi": ModalitySource(dataset="busi"),
        "breakhis": ModalitySource(dataset="breakhis"),
        "cbis_ddsm": ModalitySource(dataset="cbis_ddsm", cbis_ddsm=CbisDdsm(region="lesion")),
    }


@dataclass(frozen=True, config=STRICT)
class Modalities:
    """Data sets that are laid side by side, each under the same protocol.

    Attributes
    ----------
    sources : dict of name to ModalitySource
        In the order of the tables; names are free. One whose images are not at hand is said to be so.
    folds : int
        Of the grouped cross-validation.
    """

    # A study is a key in places, and a dict has no hash.
    sources: Annotated[dict[str, ModalitySource], Field(min_length=1)] = field(
        default_factory=three_modalities, hash=False
    )
    folds: Folds = 5


@dataclass(frozen=True, config=STRICT)
class PublishedResults:
    """Which published results are held against what; files are found as `loading.beside_studies` says.

    Attributes
    ----------
    results : str
        A file of published results; see docs/published.md.
    arms : str or None
        What ``bcd measured`` made of a run: scores of our own arms.
    """

    results: Annotated[str, Field(min_length=1)] = "published/busi.yaml"
    arms: str | None = "published/busi_measured.json"


@dataclass(frozen=True, config=STRICT)
class ImageAndRecord:
    """What patients' records add to images.

    Attributes
    ----------
    folds : int
        Of the grouped cross-validation.
    permutations : int
        How often the columns of a group are shuffled to see what they are worth.
    """

    folds: Folds = 5
    permutations: Positive = 20


@dataclass(frozen=True, config=STRICT)
class FewerLabels:
    """How many labels the result needs; the folds are those of ``comparison``.

    Attributes
    ----------
    lesions : tuple of int
        Labelled lesions (groups of images) a class; of a class with fewer, all.
    draws : int
        How often labelled lesions are drawn in each fold.
    """

    lesions: Annotated[tuple[Annotated[int, Field(ge=2, le=100_000)], ...], Field(min_length=1, max_length=20)] = (
        5, 10, 20, 50, 100,
    )  # fmt: skip
    draws: Annotated[int, Field(ge=2, le=1000)] = 10
