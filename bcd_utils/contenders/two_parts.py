"""What a network that learned on images can do: a body that gives a feature map, and a head on top of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from bcd_utils.contenders.base import Fitted
from bcd_utils.streaming import in_batches

BATCH = 32


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
    from bcd_utils.backend import keras
    from bcd_utils.classifier import predict
    from bcd_utils.explain import grad_cam
    from bcd_utils.multiply_adds import multiply_adds

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
