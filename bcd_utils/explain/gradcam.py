"""Grad-CAM: where in the image the evidence for a class lies."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np

from bcd_utils.utils.backend import keras, score_gradients
from bcd_utils.utils.memmap import in_batches


def grad_cam(
    head: keras.Model, features: np.ndarray, classes: np.ndarray, batch_size: int = 32
) -> np.ndarray:
    """Gradient-weighted class activation maps of the logit of one class per image.

    Selvaraju et al. 2017, ICCV, equations 1 and 2: channels of the feature map are averaged with
    the mean gradient of the class score as weight, and negative evidence is cut off. Maps are
    divided by their maximum; a map without positive evidence stays zero.

    Parameters
    ----------
    head : keras.Model
        Features to probabilities, with a layer "logits".
    features : ndarray, shape (n, h, w, c)
        May be memory-mapped.
    classes : ndarray, int, shape (n,)

    Returns
    -------
    ndarray, float32, shape (n, h, w), values 0..1
    """

    return _maps(
        head, features, classes, batch_size, lambda gradients: gradients.mean(axis=(1, 2), keepdims=True)
    )


def hires_cam(
    head: keras.Model, features: np.ndarray, classes: np.ndarray, batch_size: int = 32
) -> np.ndarray:
    """As `grad_cam`, but each position keeps its own gradient.

    Draelos and Carin 2020, arXiv:2011.08891: after Flatten a channel can speak for a class in one place
    and against it in another; Grad-CAM's mean over places mixes these up, the product place by place does not.
    """

    return _maps(head, features, classes, batch_size, lambda gradients: gradients)


def _maps(
    head: keras.Model,
    features: np.ndarray,
    classes: np.ndarray,
    batch_size: int,
    weights: Callable[[np.ndarray], np.ndarray],
) -> np.ndarray:
    """Maps of the features weighted by what ``weights`` makes of their gradients."""
    logits = keras.Model(head.inputs, head.get_layer("logits").output)
    maps = []
    batches = zip(in_batches(features, batch_size), in_batches(classes, batch_size), strict=True)
    for values, wanted in batches:
        batch = np.asarray(values, dtype=np.float32)
        weighted = weights(score_gradients(logits, batch, wanted)) * batch
        maps.append(np.maximum(weighted.sum(axis=-1), 0))
    cams = np.concatenate(maps)
    return cams / np.maximum(cams.max(axis=(1, 2), keepdims=True), np.finfo(np.float32).tiny)


def methods(head: keras.Model, seed: int) -> dict[str, Callable[[np.ndarray, np.ndarray], np.ndarray]]:
    """What makes heat maps of features (n, h, w, c) for one class per image, by name; the last is the control."""
    shuffled = shuffle_head(head, seed)
    return {
        "Grad-CAM": partial(grad_cam, head),
        "HiResCAM": partial(hires_cam, head),
        "Grad-CAM, shuffled head": partial(grad_cam, shuffled),
    }


def shuffle_head(head: keras.Model, seed: int) -> keras.Model:
    """A copy of the head whose weights are permuted within each array.

    The sanity check of Adebayo et al. 2018, NeurIPS: maps that stay as good when the weights mean
    nothing do not explain the model.
    """
    generator = np.random.default_rng(seed)
    shuffled = keras.models.clone_model(head)
    weights = head.get_weights()
    shuffled.set_weights([generator.permuted(each.ravel()).reshape(each.shape) for each in weights])
    return shuffled
