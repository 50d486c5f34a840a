"""Features of a frozen backbone: computed once in a streaming pass, kept by content."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import ml_dtypes  # noqa: F401 - with it NumPy knows bfloat16
import numpy as np

from bcd_utils.utils.code_identity import code_identity
from bcd_utils.utils.errors import StudyError
from bcd_utils.utils.files import disk_errors, sha256_of_file, sha256_of_json, write_text
from bcd_utils.utils.memmap import in_batches
from bcd_utils.utils.paths import cache_folder

if TYPE_CHECKING:
    from bcd_utils.datasets.image_set import ImageSet
    from bcd_utils.models.backbones import Backbone

BATCH = 32


def cached_features(
    backbone: Backbone,
    images: np.ndarray,
    images_sha256: str,
    dtype: str = "float32",
    on_progress: Callable[[int, int], None] = lambda done, total: None,
    folder: Path | None = None,
) -> np.ndarray:
    """Features of all images, from the cache or computed into it.

    Images stream through in batches, so memory does not grow with their number; rows are appended
    to a file, so a killed run goes on where it stopped and a full disk is an error, not a crash.

    Parameters
    ----------
    backbone : Backbone
    images : ndarray, uint8, shape (n, s, s, 3)
        May be memory-mapped.
    images_sha256 : str
        Hash of ``images``' content; with the backbone's identity it names the cache entry.
    dtype : {"float32", "bfloat16"}
        Precision on disk.
    folder : Path, optional
        Cache folder; ``data/cache/features`` by default.

    Returns
    -------
    ndarray, float32 or bfloat16, shape (n, h, w, c)
        A read-only memory map.

    Raises
    ------
    StudyError
        If the disk is full.
    """
    shape = (len(images), *backbone.model.output_shape[1:])
    if None in shape:
        shape = (len(images), *backbone.model.compute_output_shape((1, *images.shape[1:]))[1:])
    folder = folder or cache_folder() / "features"
    recipe = [backbone.identity, images_sha256, dtype, BATCH, code_identity(__name__)]
    entry = folder / f"{sha256_of_json(recipe)[:24]}.{dtype}"
    row_bytes = int(np.prod(shape[1:])) * np.dtype(dtype).itemsize
    if not _is_whole(entry, len(images) * row_bytes):
        with disk_errors(entry):
            folder.mkdir(parents=True, exist_ok=True)
            _compute(backbone, images, row_bytes, dtype, entry, on_progress)
    return np.memmap(entry, dtype=np.dtype(dtype), mode="r", shape=shape)


def image_features(
    backbone: Backbone,
    images: ImageSet,
    dtype: str = "float32",
    on_progress: Callable[[int, int], None] = lambda done, total: None,
) -> np.ndarray:
    """`cached_features` of a set of images, whose pixels are made first where they are not there."""
    images.file(on_progress)
    return cached_features(backbone, images.pixels, images.pixels_sha256, dtype, on_progress)


def _is_whole(entry: Path, size: int) -> bool:
    try:
        return entry.stat().st_size == size and entry.with_suffix(".sha256").read_text() == sha256_of_file(
            entry
        )
    except FileNotFoundError:
        return False


def _compute(backbone, images, row_bytes: int, dtype: str, entry: Path, on_progress) -> None:
    free = shutil.disk_usage(entry.parent).free
    partial = entry.with_suffix(".part")
    with open(partial, "ab") as file:
        # Whole batches only: a row's last bits may depend on the batch it was computed in.
        done = file.tell() // (row_bytes * BATCH) * BATCH if file.tell() < len(images) * row_bytes else 0
        file.truncate(done * row_bytes)
        missing = (len(images) - done) * row_bytes
        if missing > free:
            raise StudyError(
                f"The features need {missing / 1e6:.0f} MB in {entry.parent}, which has {free / 1e6:.0f} MB free",
                "free some space, set BCD_CACHE_DIR to a larger disk, or use --set feature_dtype=bfloat16",
            )
        for number, batch in enumerate(in_batches(images[done:], BATCH)):
            on_progress(done + number * BATCH, len(images))
            file.write(features_of(backbone, batch).astype(dtype, copy=False).tobytes())
        file.flush()
        os.fsync(file.fileno())
    on_progress(len(images), len(images))
    write_text(entry.with_suffix(".sha256"), sha256_of_file(partial))
    os.replace(partial, entry)


def features_of(backbone: Backbone, images: np.ndarray) -> np.ndarray:
    """Features of one batch, padded to `BATCH` images so that one compiled function serves all.

    Parameters
    ----------
    images : ndarray, uint8, shape (n, s, s, 3), n <= BATCH

    Returns
    -------
    ndarray, float32, shape (n, h, w, c)
    """
    padded = np.zeros((BATCH, *images.shape[1:]), np.uint8)
    padded[: len(images)] = images
    features = backbone.model.predict_on_batch(backbone.prepare(padded))
    return np.asarray(features, dtype=np.float32)[: len(images)]
