"""The values of a representation for all images of a run, from the cache or computed into it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from bcd_utils.contenders.base import Encoder
from bcd_utils.files import atomic_path
from bcd_utils.paths import cache_folder

BATCH = 32


def values_of(
    encoder: Encoder, images: int, on_progress: Callable[[int, int], None] = lambda done, total: None
) -> np.ndarray:
    """All images' values, batch by batch, so that memory does not grow with their number.

    Parameters
    ----------
    encoder : Encoder
    images : int

    Returns
    -------
    ndarray, shape (images, ...)
        Memory-mapped.

    Raises
    ------
    StudyError
        If the disk is full.
    """
    if encoder.stored:
        return encoder.stored(on_progress)
    path = cache_folder() / "values" / f"{encoder.identity[:24]}.npy"
    if not path.exists():
        with atomic_path(path) as temporary, open(temporary, "wb") as file:
            for start in range(0, images, BATCH):
                batch = encoder.encode(np.arange(start, min(start + BATCH, images)))
                if start == 0:
                    header = {
                        "descr": np.lib.format.dtype_to_descr(batch.dtype),
                        "fortran_order": False,
                        "shape": (images, *batch.shape[1:]),
                    }
                    np.lib.format.write_array_header_1_0(file, header)
                file.write(batch.tobytes())
                on_progress(min(start + BATCH, images), images)
    return np.load(path, mmap_mode="r")


def exists(values: np.ndarray) -> np.ndarray:
    """Which images have this representation, bool (n,): those whose vector is finite."""
    return np.isfinite(values).all(axis=1) if values.ndim == 2 else np.ones(len(values), dtype=bool)
