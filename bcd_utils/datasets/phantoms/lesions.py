"""Lesions of the phantoms: their outline, how they scatter, and what they do to the tissue behind them."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from bcd_utils.datasets.phantoms.tissue import Array, Generator, Shape, smooth_noise


@dataclass(frozen=True)
class Lesion:
    """A lesion as the scanner meets it: where it is, how it scatters, what it lets through."""

    mask: Array
    echogenicity_db: Array
    rim_db: float
    rim_px: float
    margin_px: float
    transmission_db: float


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
