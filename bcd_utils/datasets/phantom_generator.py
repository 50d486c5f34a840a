"""Synthetic B-mode breast ultrasound with lesion masks, the same from the same seed.

The generator follows the order of the scanner's own signal chain, each step one function:

1. an *echogenicity* map in decibels: skin, subcutaneous fat with septa, fibro-glandular tissue,
   pectoral muscle and chest wall, with undulating borders, and possibly a lesion;
2. the two-way *gain*: what lesion and poor contact attenuate, and what time-gain compensation leaves over;
3. *speckle* and 4. *log compression*, which are the scanner's: see `phantom_scanner`.

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
from dataclasses import dataclass

import cv2
import numpy as np

from bcd_utils.datasets.phantom_scanner import (
    compounded_envelope,
    draw_scatterers,
    log_compress,
    scanner_named,
)
from bcd_utils.errors import StudyError

CLASSES = ("benign", "malignant", "normal")

Array = np.ndarray
Generator = np.random.Generator
Shape = tuple[int, int]


@dataclass(frozen=True)
class Lesion:
    """A lesion as the scanner meets it: where it is, how it scatters, what it lets through."""

    mask: Array
    echogenicity_db: Array
    rim_db: float
    rim_px: float
    margin_px: float
    transmission_db: float


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
    shape = tuple(int(rng.integers(low, high + 1)) for low, high in (machine.heights, machine.widths))
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


def smooth_noise(rng: Generator, shape: Shape, axial_px: float, lateral_px: float) -> Array:
    """Random field of unit variance, correlated over the given lengths."""
    rows, columns = int(shape[0] / axial_px) + 3, int(shape[1] / lateral_px) + 3
    coarse = rng.standard_normal((rows, columns), dtype=np.float32)
    field = cv2.resize(coarse, shape[::-1], interpolation=cv2.INTER_CUBIC)
    return field / cv2.meanStdDev(field)[1].item()


def strands(rng: Generator, shape: Shape, axial_px: float, lateral_px: float, width: float) -> Array:
    """Thin curved reflectors in 0 to 1.5: the zero crossings of a smooth field, of varying strength."""
    ridge = np.exp(-np.square(smooth_noise(rng, shape, axial_px, lateral_px) / width))
    return ridge * np.clip(0.4 + 0.6 * smooth_noise(rng, shape, axial_px, lateral_px / 2), 0, 1.5)


def breast_layers(rng: Generator, shape: Shape) -> Array:
    """Echogenicity in dB of a breast without lesion; fibro-glandular tissue is about 0 dB."""
    height, width = shape
    gland_top = border(rng, shape, rng.uniform(0.17, 0.26))
    muscle_top = border(rng, shape, rng.uniform(0.7, 0.8))
    wall_top = muscle_top + height * rng.uniform(0.1, 0.2)
    tissue = lay_under(fat(rng, shape), glandular(rng, shape), gland_top, 0.008 * height)
    tissue = lay_under(tissue, muscle(rng, shape), muscle_top, 0.01 * height)
    tissue = lay_under(tissue, chest_wall(rng, shape), wall_top, 0.01 * height)
    tissue += 10 * interface(shape, muscle_top, 1.5) + 12 * interface(shape, wall_top, 2)
    return skin(rng, bend(rng, tissue))


def fat(rng: Generator, shape: Shape) -> Array:
    """Subcutaneous fat: even, mildly hypoechoic lobules between thin bright septa."""
    height, width = shape
    level = rng.uniform(-9, -6) + 1.2 * smooth_noise(rng, shape, height / 10, width / 8)
    return level + 13 * strands(rng, shape, height / 16, width, 0.12) + fibres(rng, shape, 1)


def glandular(rng: Generator, shape: Shape) -> Array:
    """Fibro-glandular tissue: bright, with dark fat lobules and bright strands."""
    height, width = shape
    lobules = 1 / (1 + np.exp(6 * (0.7 - smooth_noise(rng, shape, height / 25, width / 9))))
    level = 3 + 2 * smooth_noise(rng, shape, height / 12, width / 8) - rng.uniform(4, 12) * lobules
    return level + 11 * strands(rng, shape, height / 28, width / 4, 0.15) + fibres(rng, shape, 2)


def muscle(rng: Generator, shape: Shape) -> Array:
    """Pectoral muscle: hypoechoic, striated by long, roughly parallel bright sheets."""
    height, width = shape
    level = rng.uniform(-12, -9) + 1.5 * smooth_noise(rng, shape, height / 20, width / 4)
    return level + 15 * strands(rng, shape, height / 30, width / 2.5, 0.2) + fibres(rng, shape, 2)


def chest_wall(rng: Generator, shape: Shape) -> Array:
    """What lies behind the ribs and the pleura: mostly dark."""
    return rng.uniform(-20, -15) + 2 * smooth_noise(rng, shape, shape[0] / 25, shape[1] / 3)


def fibres(rng: Generator, shape: Shape, strength_db: float) -> Array:
    """Fine texture along the layers."""
    return strength_db * smooth_noise(rng, shape, 3, 14)


def border(rng: Generator, shape: Shape, depth: float) -> Array:
    """Row of a layer border in each column, wavering about the fraction ``depth`` of the height."""
    return shape[0] * (depth + 0.012 * smooth_noise(rng, (4, shape[1]), 2, shape[1] / 5)[1])


def lay_under(upper: Array, lower: Array, top: Array, softness_px: float) -> Array:
    """``upper`` above row ``top``, ``lower`` below it."""
    below = np.arange(len(upper), dtype=np.float32)[:, None] - top
    weight = 1 / (1 + np.exp(-np.clip(below / softness_px, -30, 30)))
    return upper + (lower - upper) * weight


def interface(shape: Shape, row: Array, thickness_px: float) -> Array:
    """A specular reflector along ``row``, 0 to 1."""
    return np.exp(-np.square((np.arange(shape[0], dtype=np.float32)[:, None] - row) / thickness_px))


def bend(rng: Generator, tissue: Array) -> Array:
    """Bend the layers as the transducer and the breast's own shape do, but not at the skin."""
    height, width = tissue.shape
    rows, columns = np.indices(tissue.shape, dtype=np.float32)
    sag = rng.uniform(0.01, 0.025) * height * smooth_noise(rng, tissue.shape, height / 2, width / 2)
    sag += 0.007 * height * smooth_noise(rng, tissue.shape, height / 8, width / 8)
    tilt = rng.uniform(-0.12, 0.12) * (columns - width / 2)
    depth = np.minimum(rows / (0.3 * height), 1)
    source_rows = rows + depth * (sag + tilt)
    return cv2.remap(tissue, columns, source_rows, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT)


def skin(rng: Generator, tissue: Array) -> Array:
    """Lay the skin over the tissue: a grey band between two bright lines."""
    dermis = border(rng, tissue.shape, rng.uniform(0.025, 0.045)) * 0.3 + 0.02 * len(tissue)
    band = lay_under(np.full_like(tissue, -4), tissue, dermis, 1.5)
    epidermis = np.zeros_like(dermis)
    return band + 8 * interface(tissue.shape, epidermis, 2.5) + 11 * interface(tissue.shape, dermis, 1.5)


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


def outline(
    rng: Generator, shape: Shape, half_width: float, half_height: float, roughness: float, spicules: int
) -> Array:
    """Mask of an oval whose radius wavers by ``roughness`` and sends out ``spicules``."""
    angle = np.linspace(0, 2 * np.pi, 360, endpoint=False)
    radius = np.ones_like(angle)
    for lobes in range(2, 10):
        radius += roughness * 2 / lobes * rng.normal() * np.cos(lobes * angle + rng.uniform(0, 2 * np.pi))
    radius = np.maximum(radius, 0.5)
    for centre in rng.uniform(0, 2 * np.pi, spicules):
        distance = np.angle(np.exp(1j * (angle - centre)))
        radius += rng.uniform(0.2, 0.55) * np.exp(-np.abs(distance) / rng.uniform(0.05, 0.12))
    tilt = rng.normal(0, 0.12)
    rotation = np.array([[np.cos(tilt), -np.sin(tilt)], [np.sin(tilt), np.cos(tilt)]])
    points = radius[:, None] * np.stack([half_width * np.cos(angle), half_height * np.sin(angle)], axis=1)
    return fill_inside(points @ rotation.T, rng.uniform([0.33, 0.34], [0.67, 0.5]), shape)


def fill_inside(points: Array, centre: Array, shape: Shape) -> Array:
    """Mask of the polygon ``points`` (x, y) at ``centre``, kept between the skin and the chest wall."""
    size = np.array(shape[::-1])
    low, high = size * [0.03, 0.09], size * [0.97, 0.85]
    points = points * min(1, *((high - low) / np.ptp(points, axis=0)))
    offset = np.clip(size * centre, low - points.min(0), high - points.max(0))
    mask = np.zeros(shape, np.uint8)
    cv2.fillPoly(mask, [np.rint(points + offset).astype(np.int32)], 1)
    return mask.astype(bool)


def benign_lesion(rng: Generator, shape: Shape) -> Lesion:
    """Oval, parallel, circumscribed and homogeneous, with enhancement behind it; some less clearly so."""
    typical, cyst = rng.random() < 0.92, rng.random() < 0.25
    half_height = rng.uniform(0.1, 0.15) * shape[0]
    half_width = half_height * rng.uniform(1.4, 2.1)
    level = rng.uniform(-29, -25) if cyst else rng.uniform(-21, -16)
    return Lesion(
        mask=outline(rng, shape, half_width, half_height, 0.02 if typical else 0.07, 0),
        echogenicity_db=level + rng.uniform(0.5, 1.5) * smooth_noise(rng, shape, 8, 14),
        rim_db=float(rng.choice([0, 8])) if typical else 0,
        rim_px=2,
        margin_px=1.2 if typical else 2.5,
        transmission_db=rng.uniform(10, 14) if typical else rng.uniform(-6, 2),
    )


def malignant_lesion(rng: Generator, shape: Shape) -> Lesion:
    """Irregular or spiculated, often taller than wide, with halo and shadow; some small and mild."""
    typical = rng.random() < 0.92
    half_height = (rng.uniform(0.18, 0.25) if typical else rng.uniform(0.07, 0.11)) * shape[0]
    half_width = half_height * rng.uniform(0.8, 1.25)
    spicules = int(rng.integers(3, 10)) if rng.random() < 0.5 else 0
    return Lesion(
        mask=outline(rng, shape, half_width, half_height, rng.uniform(0.08, 0.16), spicules),
        echogenicity_db=rng.uniform(-22, -16) + rng.uniform(2.5, 4.5) * smooth_noise(rng, shape, 7, 10),
        rim_db=rng.uniform(3, 7),
        rim_px=rng.uniform(6, 12),
        margin_px=rng.uniform(2, 4),
        transmission_db=rng.uniform(-32, -22) if typical else rng.uniform(-4, 2),
    )


def insert_lesion(echogenicity: Array, lesion: Lesion) -> Array:
    """Replace tissue by lesion across its margin, and add its rim (capsule or echogenic halo)."""
    inside = lesion.mask.astype(np.float32)
    rim = blur(inside, lesion.rim_px) * (1 - inside) * 2 * lesion.rim_db
    weight = blur(inside, lesion.margin_px)
    return (echogenicity + rim) * (1 - weight) + lesion.echogenicity_db * weight


def posterior_gain(lesion: Lesion) -> Array:
    """Gain in dB along each beam for the path through the lesion: enhancement (+) or shadow (-)."""
    path = np.cumsum(cv2.blur(lesion.mask.astype(np.float32), (31, 1)), axis=0)
    return lesion.transmission_db * path / path.max()


def blur(field: Array, sigma_px: float) -> Array:
    """Gaussian blur."""
    return cv2.GaussianBlur(field, (0, 0), sigma_px)
