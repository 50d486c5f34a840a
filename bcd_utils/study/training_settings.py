"""Settings of training beyond the paper's: changed images, and networks that are trained further."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field
from pydantic.dataclasses import dataclass

from bcd_utils.study.data_settings import Folds, Positive
from bcd_utils.study.source import STRICT

Rate = Annotated[float, Field(gt=0, le=1)]


@dataclass(frozen=True, config=STRICT)
class Augmentation:
    """Random changes to training images (paper, section 1.5; its amounts are not given).

    Attributes
    ----------
    rotation_degrees : float
        At most so far to either side.
    horizontal_flip : bool
    zoom, shift : float
        In and out, and to any side, by at most this share of the side.
    brightness, contrast : float
        Levels moved by at most this share of 255; their distance from the mean changed by at most this share.
    speckle : float
        Standard deviation of noise that multiplies each pixel.
    """

    rotation_degrees: Annotated[float, Field(ge=0, le=180)] = 20.0
    horizontal_flip: bool = True
    zoom: Annotated[float, Field(ge=0, lt=1)] = 0.1
    shift: Annotated[float, Field(ge=0, lt=1)] = 0.0
    brightness: Annotated[float, Field(ge=0, lt=1)] = 0.0
    contrast: Annotated[float, Field(ge=0, lt=1)] = 0.0
    speckle: Annotated[float, Field(ge=0, lt=1)] = 0.0


@dataclass(frozen=True, config=STRICT)
class FineTuning:
    """A second stage that also trains the backbone from one layer on; BatchNorm stays frozen.

    Attributes
    ----------
    trainable_from : str
        A layer's name, ``last_stage`` (the layers that work at the smallest map size) or ``all``.
    learning_rate : float
        Of the head and the last layers.
    epochs : int
    rate_decay : float
        Each fifth of the backbone learns this many times slower than the next (Howard and Ruder 2018).
    """

    trainable_from: Annotated[str, Field(min_length=1)] = "conv5_block1_1_conv"
    learning_rate: Rate = 1e-5
    epochs: Positive = 10
    rate_decay: Annotated[float, Field(ge=1, le=1000)] = 1.0


@dataclass(frozen=True, config=STRICT)
class Recipe:
    """How a network is tuned end to end, and which steps from the paper's protocol to there are measured.

    Attributes
    ----------
    steps : tuple of str
        Names of `experiments.recipe.arms.ARMS`; those that follow from others need no name.
    folds : int
        Of the grouped cross-validation; those of `Comparison`, where that has as many.
    head_epochs, head_rate : int, float
        The softmax layer alone first, on features of the network as it is.
    trainable_from : str
        As in `FineTuning`: the part that is then tuned with it.
    epochs, learning_rate : int, float
        Of that; the rate falls to zero along a half cosine.
    rate_decay : float
        As in `FineTuning`.
    weight_decay, label_smoothing, dropout : float
        Decoupled decay; of the targets; before the softmax layer.
    class_weights : {"none", "balanced"}
    batch_size : int
    keep : {"last", "best"}
        The last epoch's weights, or those of the lowest loss on the tuning images.
    augmentation : Augmentation or None
        Never upside down: what lies below a lesion is its shadow.
    precision : {"float32", "mixed_bfloat16", "mixed_float16"}
        In which the backbone computes; its weights stay float32.
    """

    steps: tuple[str, ...] = ()
    folds: Folds = 5
    head_epochs: Positive = 10
    head_rate: Rate = 1e-3
    trainable_from: Annotated[str, Field(min_length=1)] = "all"
    epochs: Positive = 15
    learning_rate: Rate = 2e-4
    rate_decay: Annotated[float, Field(ge=1, le=1000)] = 1.0
    weight_decay: Annotated[float, Field(ge=0, lt=1)] = 1e-4
    label_smoothing: Annotated[float, Field(ge=0, lt=1)] = 0.0
    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.3
    class_weights: Literal["none", "balanced"] = "none"
    batch_size: Annotated[int, Field(ge=2, le=4096)] = 16
    keep: Literal["last", "best"] = "last"
    augmentation: Augmentation | None = Augmentation(10.0, True, 0.1, 0.05, 0.05, 0.1)
    precision: Literal["float32", "mixed_bfloat16", "mixed_float16"] = "float32"


@dataclass(frozen=True, config=STRICT)
class LockedTest:
    """A grouped test set that a tuned network is held against once all has been chosen.

    Attributes
    ----------
    share : float
        Of all images; 0: none is locked.
    open : bool
        Whether this run trains on the rest and looks. Each time is written into ``locked_test.json`` of the run.
    """

    share: Annotated[float, Field(ge=0, le=0.5)] = 0.0
    open: bool = False
