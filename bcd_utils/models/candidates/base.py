"""What a candidate is: what it is given of each image, and how it learns from that."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from bcd_utils.datasets.image_set import ImageSet
    from bcd_utils.study.settings import Study

#: Kinds of candidates, in the order of the tables. Further ones follow.
FAMILIES = {
    "paper": "The paper's protocol",
    "frozen": "Frozen backbones",
    "fine_tuned": "Fine-tuned backbones",
    "attention": "Attention",
    "plain_cnn": "Plain CNN from scratch",
    "classical": "Classical learning",
    "ensemble": "Ensembles",
    "control": "Untrained controls",
    "ablation": "Variants of the head",
    "outline": "Shape of the outline",
}


@dataclass(frozen=True)
class Encoder:
    """A representation, made ready for one run's images.

    Attributes
    ----------
    identity : str
        Names all that decides the values, the images included.
    encode : callable
        ``encode(rows) -> ndarray`` of values (len(rows), ...), computed anew.
    parameters, multiply_adds : int or None
        Weights, and multiplications per image in convolutions and dense layers; None where that says nothing.
    origin : mapping
        Of a backbone: ``backbone``, ``weights``, ``weights_sha256``, ``preparation`` (str), ``untrained`` (bool).
    stored : callable or None
        ``stored(on_progress) -> ndarray`` of all images' values, where the representation has its own cache.
    """

    identity: str
    encode: Callable[[np.ndarray], np.ndarray]
    parameters: int | None = 0
    multiply_adds: int | None = None
    origin: Mapping[str, object] = field(default_factory=dict)
    stored: Callable[[Callable], np.ndarray] | None = None

    def without_model(self) -> Encoder:
        """The same without what computes values, which may be a large network."""
        return replace(self, encode=_released, stored=None)


def _released(rows: np.ndarray) -> np.ndarray:
    raise RuntimeError("what computes these values was released")


@dataclass(frozen=True)
class Representation(ABC):
    """What a candidate is given of each image. A row of NaN says that it does not exist for that image."""

    name: str
    title: str

    def missing(self) -> str:
        """What is not at hand and the command that gets it; empty where nothing is missing."""
        return ""

    @abstractmethod
    def prepare(self, images: ImageSet) -> Encoder:
        """Load what is needed to compute it."""


@dataclass(frozen=True)
class Fold:
    """What a candidate learns from; the rest of the values is there to be predicted.

    Attributes
    ----------
    values : ndarray, shape (n, ...)
        The representation of all images.
    labels : ndarray of int, shape (n,)
    training, validation : ndarray of int
        Rows; a training row may occur more than once (oversampling).
    classes : int
    study : Study
        Its seed is the fold's; ``class_weights`` says whether rare classes count for more.
    """

    values: np.ndarray
    labels: np.ndarray
    training: np.ndarray
    validation: np.ndarray
    classes: int
    study: Study


@dataclass(frozen=True)
class Fitted:
    """What came of the learning; valid until the next candidate learns in the same process.

    Attributes
    ----------
    predict : callable
        ``predict(values) -> ndarray`` of probabilities (m, classes).
    parameters, multiply_adds : int or None
        As in `Encoder`, of what comes after the representation.
    choices : mapping
        Settings that were chosen on the validation rows.
    heat_maps : callable or None
        ``heat_maps(values, classes) -> ndarray`` (m, h, w), 0..1: where the evidence for a class lies.
    """

    predict: Callable[[np.ndarray], np.ndarray]
    parameters: int | None = None
    multiply_adds: int | None = None
    choices: Mapping[str, object] = field(default_factory=dict)
    heat_maps: Callable[[np.ndarray, np.ndarray], np.ndarray] | None = None


@dataclass(frozen=True)
class Candidate:
    """One row of the comparison.

    Attributes
    ----------
    name : str
        Unique; letters, digits, "_" and "-".
    title : str
        As tables and figures show it.
    family : str
        A key of `FAMILIES`, or one of your own.
    representation : Representation
    learn : callable
        ``learn(fold) -> Fitted``. It may look at training and validation rows, at no others.
    source : str
        The file that defines it; filled in when it is found.
    """

    name: str
    title: str
    family: str
    representation: Representation
    learn: Callable[[Fold], Fitted]
    source: str = ""
