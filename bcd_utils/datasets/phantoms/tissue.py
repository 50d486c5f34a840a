"""The breast without a lesion, as a map of how strongly each place scatters (echogenicity, in dB)."""

from __future__ import annotations

import cv2
import numpy as np

Array = np.ndarray
Generator = np.random.Generator
Shape = tuple[int, int]


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
    rows, columns = (np.asarray(places) for places in np.indices(tissue.shape, dtype=np.float32))
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
