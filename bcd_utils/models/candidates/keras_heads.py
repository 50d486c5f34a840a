"""Networks that learn: a head on a backbone's feature map, or a body with a head on top of it."""

from __future__ import annotations

from collections.abc import Callable, Sized
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from bcd_utils.models.candidates.base import Fitted, Fold

if TYPE_CHECKING:
    from bcd_utils.models.training import Build, Transform

BATCH = 32


def train_head(attention: str = "", versions: bool = False, **settings: Any) -> Callable[[Fold], Fitted]:
    """A learner that trains the paper's head (section 3.4).

    Parameters
    ----------
    attention : {"", "squeeze_excitation", "cbam"}
        Layer between the feature map and the head; see `attention`.
    versions : bool
        The values hold several versions of each image, (n, versions, h, w, c): training draws one of them
        anew in each epoch, all else uses the first.
    **settings
        Values of the study that are to be others, such as ``pooling="average"``.
    """

    def learn(fold: Fold) -> Fitted:
        from bcd_utils.explain.gradcam import grad_cam
        from bcd_utils.models.flops import multiply_adds
        from bcd_utils.models.training import fit_head, predict

        study = replace(fold.study, **settings)
        vary, constant = (_any_version(study.seed), _first_version) if versions else (None, None)
        head, history, best_epoch = fit_head(replace(fold, study=study), BUILDERS[attention], vary, constant)

        def as_given(values: np.ndarray) -> np.ndarray:
            return values[:, 0] if versions else values

        return Fitted(
            predict=lambda values: predict(head, as_given(values)),
            parameters=head.count_params(),
            multiply_adds=multiply_adds(head),
            choices={"epochs": len(history), "best_epoch": best_epoch},
            heat_maps=lambda values, classes: grad_cam(head, as_given(values), classes),
        )

    return learn


def head_behind(layer: str, feature_shape, classes, study):
    """The paper's head behind a layer of `attention`; "": behind none."""
    from bcd_utils.models import attention
    from bcd_utils.models.head import build_head

    before = getattr(attention, layer)(study.seed, name="attention") if layer else None
    return build_head(feature_shape, classes, study, before)


LAYERS = {"": "", "squeeze_excitation": "SqueezeExcitation", "cbam": "BlockAttention"}
BUILDERS: dict[str, Build] = {name: partial(head_behind, layer) for name, layer in LAYERS.items()}


def _first_version(values: np.ndarray, epoch: int, rows: np.ndarray) -> np.ndarray:
    return values[:, 0]


def _any_version(seed: int) -> Transform:
    def draw(values: np.ndarray, epoch: int, rows: np.ndarray) -> np.ndarray:
        chosen = [np.random.default_rng([seed, epoch, int(row)]).integers(values.shape[1]) for row in rows]
        return values[np.arange(len(rows)), chosen]

    return draw


def as_fitted(
    body, head, prepare: Callable[[np.ndarray], np.ndarray], history: Sized, best_epoch: int
) -> Fitted:
    """A `Fitted` of two Keras models.

    Parameters
    ----------
    body : keras.Model
        Prepared images to a feature map (n, h, w, c).
    head : keras.Model
        That map to probabilities, with the logits in a layer "logits".
    prepare : callable
        uint8 images to what ``body`` wants.
    history : sized
        One entry an epoch.
    best_epoch : int
    """
    from bcd_utils.explain.gradcam import grad_cam
    from bcd_utils.models.flops import multiply_adds
    from bcd_utils.models.training import predict

    maps = partial(predict, body, batch_size=BATCH, prepare=prepare)
    return Fitted(
        predict=lambda images: predict(head, maps(images)),
        parameters=body.count_params() + head.count_params(),
        multiply_adds=multiply_adds(body, head),
        choices={"epochs": len(history), "best_epoch": best_epoch},
        heat_maps=lambda images, classes: grad_cam(head, maps(images), classes),
    )
