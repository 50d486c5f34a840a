"""Simulated ultrasound machines: what they make of scattering tissue.

1. *Speckle*: complex circular Gaussian scatterers blurred by a point-spread function that is short
   axially, longer laterally and widens with depth, so that the envelope of a homogeneous region is
   Rayleigh distributed [1]_; a few frequency bands are averaged (frequency compounding [2]_)
   and smoothed as a scanner's video filter does.
2. *Log compression* to a display range of 50 to 60 dB.

Scanner "b" has a coarser resolution, more gain, a wider display range and one size of frame, so that an
external test on phantoms meets a shift of known cause.

References
----------
.. [1] C. B. Burckhardt, "Speckle in ultrasound B-mode scans", IEEE Trans. Sonics Ultrason. 25(1), 1978.
.. [2] P. A. Magnin, O. T. von Ramm, F. L. Thurstone, "Frequency compounding for speckle contrast
   reduction in phased array images", Ultrason. Imaging 4(3), 1982.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from bcd_utils.datasets.phantoms.tissue import Array, Generator
from bcd_utils.utils.errors import StudyError

BANDS = (-0.3, 0, 0.3)


@dataclass(frozen=True)
class Scanner:
    """What a machine adds of its own: frame in pixels, resolution, display in decibels.

    Attributes
    ----------
    heights, widths : (least, most)
        Size of the frame.
    widening : float
        Width of the point-spread function, relative to scanner "a".
    display_range_db, gain_db : (low, high)
        Drawn anew for every image.
    """

    heights: tuple[int, int]
    widths: tuple[int, int]
    widening: float
    display_range_db: tuple[float, float]
    gain_db: tuple[float, float]


SCANNERS = {
    "a": Scanner((300, 480), (360, 560), 1, (52, 57), (-1, 1)),
    "b": Scanner((400, 400), (560, 560), 1.4, (58, 62), (2, 4)),
}


def scanner_named(name: str) -> Scanner:
    """The machine of that name, or a `StudyError`."""
    if name not in SCANNERS:
        raise StudyError(f"There is no scanner {name!r}", f"use one of {', '.join(SCANNERS)}")
    return SCANNERS[name]


def draw_scatterers(rng: Generator, echogenicity_db: Array) -> Array:
    """Complex circular Gaussian scatterers (complex64) of the given mean power in dB."""
    parts = rng.standard_normal((*echogenicity_db.shape, 2), dtype=np.float32)
    amplitude = np.exp(echogenicity_db.astype(np.float32) * np.float32(np.log(10) / 20))
    return parts.view(np.complex64)[..., 0] * (amplitude * np.float32(np.sqrt(0.5)))


def speckle_envelope(scatterers: Array, band: float = 0, widening: float = 1) -> Array:
    """Envelope of the echo from the scatterers in one frequency band, before log compression.

    Parameters
    ----------
    scatterers : ndarray of complex64, shape (height, width)
        Scattering amplitude of each pixel.
    band : float
        Centre of the band in cycles per pixel of depth, relative to the carrier.
    widening : float
        Width of the point-spread function, relative to scanner "a".

    Returns
    -------
    ndarray of float32, shape (height, width)
        Amplitude, 0 or more. Rayleigh distributed where the echogenicity is constant, so that
        mean / standard deviation is 1.91; its mean square is the scatterers' mean power.

    Examples
    --------
    >>> envelope = speckle_envelope(draw_scatterers(np.random.default_rng(0), np.zeros((256, 256))))
    >>> bool(abs(envelope.mean() / envelope.std() - 1.91) < 0.1)
    True
    """
    height, width = scatterers.shape
    carrier = np.exp(2j * np.pi * band * np.arange(height))[:, None].astype(np.complex64)
    axial, focused, spread = (profile(widening * sigma_px) for sigma_px in (0.9, 1.1, 3.2))
    axial = axial.T
    far = np.linspace(0, 1, height, dtype=np.float32)[:, None]
    near = 1 - far
    power = np.square(axial).sum() * np.square(near * focused + far * spread).sum(1, keepdims=True)
    echo = cv2.filter2D((scatterers * carrier).view(np.float32).reshape(height, width, 2), -1, axial)
    beams = [cv2.filter2D(echo, -1, lateral).reshape(height, -1) for lateral in (focused, spread)]
    echo = ((near * beams[0] + far * beams[1]) / np.sqrt(power)).reshape(height, width, 2)
    return cv2.magnitude(echo[..., 0], echo[..., 1])


def profile(sigma_px: float) -> Array:
    """Gaussian profile of the point-spread function, as one row."""
    return cv2.getGaussianKernel(21, sigma_px, cv2.CV_32F).T


def compounded_envelope(scatterers: Array, widening: float = 1) -> Array:
    """Mean over frequency bands, whose speckle differs, then the scanner's video filter."""
    looks = np.mean([speckle_envelope(scatterers, band, widening) for band in BANDS], axis=0)
    return cv2.GaussianBlur(looks, (0, 0), sigmaX=2, sigmaY=1.3)


def log_compress(envelope: Array, dynamic_range_db: float, gain_db: float) -> Array:
    """Grey levels (uint8), linear in dB over ``dynamic_range_db``, of which 60 % lie below 0 dB."""
    level = (20 * np.log10(np.maximum(envelope, 1e-6)) + gain_db) / dynamic_range_db + 0.6
    return (255 * np.clip(level, 0, 1)).astype(np.uint8)
