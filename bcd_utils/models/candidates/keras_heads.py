"""Networks that learn: a head on a backbone's feature map, or a body with a head on top of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial

import numpy as np

from bcd_utils.models.candidates.base import Fitted, Fold
from bcd_utils.utils.memmap import in_batches

BATCH = 32


def train_head(attention: str = "", versions: bool = False, **settings: object) -> Callable[[Fold], Fitted]:
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
        drawing = {"vary": _any_version(study.seed), "constant": _first_version} if versions else {}
        rows = (fold.training, fold.validation)
        head, history, best_epoch = fit_head(
            fold.values, fold.labels, *rows, fold.classes, study, BUILDERS[attention], **drawing
        )

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


def plain_head(feature_shape, classes, study):
    from bcd_utils.models.head import build_head

    return build_head(feature_shape, classes, study)


def attention_head(layer, feature_shape, classes, study):
    from bcd_utils.models import attention
    from bcd_utils.models.head import build_head

    return build_head(feature_shape, classes, study, getattr(attention, layer)(study.seed, name="attention"))


BUILDERS = {
    "": plain_head,
    "squeeze_excitation": partial(attention_head, "SqueezeExcitation"),
    "cbam": partial(attention_head, "BlockAttention"),
}


def _first_version(values: np.ndarray, epoch: int, rows: np.ndarray) -> np.ndarray:
    return values[:, 0]


def _any_version(seed: int) -> Callable[[np.ndarray, int, np.ndarray], np.ndarray]:
    def draw(values: np.ndarray, epoch: int, rows: np.ndarray) -> np.ndarray:
        chosen = [np.random.default_rng([seed, epoch, int(row)]).integers(values.shape[1]) for row in rows]
        return values[np.arange(len(rows)), chosen]

    return draw


def as_fitted(
    body, head, prepare: Callable[[np.ndarray], np.ndarray], choices: Mapping[str, object]
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
    """
    from bcd_utils.explain.gradcam import grad_cam
    from bcd_utils.models.flops import multiply_adds
    from bcd_utils.models.training import predict
    from bcd_utils.utils.backend import keras

    def maps(images: np.ndarray) -> np.ndarray:
        """Feature maps (n, h, w, c), batch by batch."""
        return np.concatenate(
            [
                keras.ops.convert_to_numpy(body(prepare(batch), training=False))
                for batch in in_batches(images, BATCH)
            ]
        )

    counts = (multiply_adds(body), multiply_adds(head))
    return Fitted(
        predict=lambda images: predict(head, maps(images)),
        parameters=body.count_params() + head.count_params(),
        multiply_adds=None if None in counts else sum(counts),
        choices=choices,
        heat_maps=lambda images, classes: grad_cam(head, maps(images), classes),
    )
