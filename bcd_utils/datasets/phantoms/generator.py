"""Synthetic B-mode breast ultrasound with lesion masks, the same from the same seed.

The generator follows the order of the scanner's own signal chain, each step one function:

1. an *echogenicity* map in decibels: skin, subcutaneous fat with septa, fibro-glandular tissue,
   pectoral muscle and chest wall, with undulating borders, and possibly a lesion;
2. the two-way *gain*: what lesion and poor contact attenuate, and what time-gain compensation leaves over;
3. *speckle* and 4. *log compression*, which are the scanner's: see `scanner`.

Lesions follow the descriptors of the ACR BI-RADS ultrasound lexicon [1]_: shape, orientation, margin,
echo pattern and posterior features. The classes overlap on purpose, as they do in patients.

It does not solve a wave equation: no refraction, reverberation, side lobes, nonlinear propagation or phase
aberration, and no calipers or captions. Its statistics were chosen by eye and so that a classifier can learn the
classes, not fitted to patients: lesions are larger and more central, their posterior features stronger, and gain
and depth vary less than in most. It is for testing and teaching software, never for clinical use.

References
----------
.. [1] E. B. Mendelson et al., "ACR BI-RADS Ultrasound", in ACR BI-RADS Atlas, 5th edition, 2013.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from bcd_utils.datasets.phantoms.lesions import benign_lesion, insert_lesion, malignant_lesion, posterior_gain
from bcd_utils.datasets.phantoms.scanner import (
    compounded_envelope,
    draw_scatterers,
    log_compress,
    scanner_named,
)
from bcd_utils.datasets.phantoms.tissue import Array, Generator, Shape, breast_layers, smooth_noise
from bcd_utils.utils.errors import StudyError

CLASSES = ("benign", "malignant", "normal")


def draw_phantom(label: str, seed: int | Sequence[int], scanner: str = "a") -> tuple[Array, Array]:
    """Draw one B-mode image and the mask of its lesion.

    Parameters
    ----------
    label : {"benign", "malignant", "normal"}
        The class to draw.
    seed : int or sequence of int
        Everything random follows from it.
    scanner : {"a", "b"}
        The machine.

    Returns
    -------
    image : ndarray of uint8, shape (height, width)
        Grey levels 0 to 255; height 300 to 480, width 360 to 560 from scanner "a", 400 and 560 from "b".
    mask : ndarray of bool, shape (height, width)
        True inside the lesion: one connected region, or nothing for "normal".

    Raises
    ------
    StudyError
        If the label or the scanner is unknown.

    Examples
    --------
    >>> image, mask = draw_phantom("benign", 7)
    >>> image.dtype.name, mask.dtype.name, image.shape == mask.shape, bool(mask.any())
    ('uint8', 'bool', True, True)
    """
    class_index(label)
    machine = scanner_named(scanner)
    rng = np.random.default_rng(seed)
    height, width = (int(rng.integers(low, high + 1)) for low, high in (machine.heights, machine.widths))
    shape = height, width
    echogenicity = breast_layers(rng, shape)
    gain = time_gain_residual(rng, shape) + contact_shadows(rng, shape)
    mask = np.zeros(shape, bool)
    if label != "normal":
        lesion = (benign_lesion if label == "benign" else malignant_lesion)(rng, shape)
        mask = lesion.mask
        echogenicity = insert_lesion(echogenicity, lesion)
        gain += posterior_gain(lesion)
    envelope = compounded_envelope(draw_scatterers(rng, echogenicity + gain), machine.widening)
    return log_compress(envelope, rng.uniform(*machine.display_range_db), rng.uniform(*machine.gain_db)), mask


def class_index(label: str) -> int:
    """Position of ``label`` in ``CLASSES``, or a `StudyError`."""
    if label not in CLASSES:
        raise StudyError(f"There is no class {label!r}", f"use one of {', '.join(CLASSES)}")
    return CLASSES.index(label)


def time_gain_residual(rng: Generator, shape: Shape) -> Array:
    """Gain in dB that time-gain compensation leaves over: a slow wave and a loss with depth."""
    depth = np.linspace(0, 1, shape[0], dtype=np.float32)[:, None]
    wave = np.sin(2 * np.pi * (depth * rng.uniform(0.5, 1.5) + rng.uniform(0, 1)))
    return np.repeat(rng.uniform(0, 1.5) * wave - rng.uniform(9, 12) * depth, shape[1], axis=1)


def contact_shadows(rng: Generator, shape: Shape) -> Array:
    """Loss in dB below dense strands and poor contact: columns, and sides, that darken with depth."""
    depth = np.linspace(0, 1, shape[0], dtype=np.float32)[:, None]
    columns = rng.uniform(0.5, 1.5) * smooth_noise(rng, (4, shape[1]), 2, shape[1] / 14)[1]
    side = np.linspace(-1, 1, shape[1], dtype=np.float32)
    left, right = rng.uniform(0, 12, 2).astype(np.float32)
    return depth * (columns - left * np.maximum(-side - 0.6, 0) - right * np.maximum(side - 0.6, 0))
