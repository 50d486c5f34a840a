"""Learners that train a head, the paper's or another, on a backbone's feature map."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from bcd_utils.contenders.base import Fitted, Fold


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
        from bcd_utils.classifier import predict
        from bcd_utils.explain import grad_cam
        from bcd_utils.head_training import fit_head
        from bcd_utils.multiply_adds import multiply_adds

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
    from bcd_utils.classifier import build_head

    return build_head(feature_shape, classes, study)


def squeeze_excitation_head(feature_shape, classes, study):
    from bcd_utils.attention import SqueezeExcitation
    from bcd_utils.classifier import build_head

    return build_head(feature_shape, classes, study, SqueezeExcitation(study.seed, name="attention"))


def cbam_head(feature_shape, classes, study):
    from bcd_utils.attention import BlockAttention
    from bcd_utils.classifier import build_head

    return build_head(feature_shape, classes, study, BlockAttention(study.seed, name="attention"))


BUILDERS = {"": plain_head, "squeeze_excitation": squeeze_excitation_head, "cbam": cbam_head}


def _first_version(values: np.ndarray, epoch: int, rows: np.ndarray) -> np.ndarray:
    return values[:, 0]


def _any_version(seed: int) -> Callable[[np.ndarray, int, np.ndarray], np.ndarray]:
    def draw(values: np.ndarray, epoch: int, rows: np.ndarray) -> np.ndarray:
        chosen = [np.random.default_rng([seed, epoch, int(row)]).integers(values.shape[1]) for row in rows]
        return values[np.arange(len(rows)), chosen]

    return draw
