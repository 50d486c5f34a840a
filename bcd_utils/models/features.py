"""Features of a frozen backbone: computed once in a streaming pass, kept by content."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import ml_dtypes  # noqa: F401 - with it NumPy knows bfloat16
import numpy as np

from bcd_utils.utils.cache import entry_of, kept
from bcd_utils.utils.code_identity import code_identity
from bcd_utils.utils.errors import StudyError
from bcd_utils.utils.memmap import in_batches

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
) -> np.ndarray:
    """Features of all images, from the cache or computed into it.

    Images stream through in batches, so memory does not grow with their number; they are appended to a file with a
    checksum each, so a killed run goes on where it stopped and a full disk is an error, not a crash.

    Parameters
    ----------
    backbone : Backbone
    images : ndarray, uint8, shape (n, s, s, 3)
        May be memory-mapped.
    images_sha256 : str
        Hash of ``images``' content; with the backbone's identity it names the cache entry.
    dtype : {"float32", "bfloat16"}
        Precision on disk.

    Returns
    -------
    ndarray, float32 or bfloat16, shape (n, h, w, c)
        A read-only memory map.

    Raises
    ------
    StudyError
        If the disk is full, or gives back other than what was written.
    """
    shape = (len(images), *backbone.model.output_shape[1:])
    if None in shape:
        shape = (len(images), *backbone.model.compute_output_shape((1, *images.shape[1:]))[1:])
    recipe = [backbone.identity, images_sha256, dtype, BATCH, code_identity(__name__)]
    row_bytes = int(np.prod(shape[1:])) * np.dtype(dtype).itemsize
    entry = kept(
        entry_of("features", recipe, f".{dtype}"),
        lambda path: _compute(backbone, images, row_bytes, dtype, path, on_progress),
        goes_on=True,
    )
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


def _compute(backbone, images, row_bytes: int, dtype: str, path: Path, on_progress) -> None:
    """Append what is missing to ``path``, and its checksums to a file beside it, batch after batch."""
    journal = path.with_name("sums")
    # Whole batches only: a row's last bits may depend on the batch it was computed in.
    sums = _sound_batches(path, journal, row_bytes * BATCH)
    done = len(sums) * BATCH
    missing, free = (len(images) - done) * row_bytes, shutil.disk_usage(path.parent).free
    if missing > free:
        raise StudyError(
            f"The features need {missing / 1e6:.0f} MB in {path.parent}, which has {free / 1e6:.0f} MB free",
            "free some space, set BCD_CACHE_DIR to a larger disk, or use --set feature_dtype=bfloat16",
        )
    with open(path, "ab") as file, open(journal, "w") as noted:
        file.truncate(done * row_bytes)
        noted.writelines(f"{each}\n" for each in sums)
        for number, batch in enumerate(in_batches(images[done:], BATCH)):
            on_progress(done + number * BATCH, len(images))
            content = features_of(backbone, batch).astype(dtype, copy=False).tobytes()
            sums.append(hashlib.sha256(content).hexdigest())
            file.write(content)
            noted.write(f"{sums[-1]}\n")
            file.flush()
            noted.flush()
        os.fsync(file.fileno())
    if _sound_batches(path, journal, row_bytes * BATCH) != sums:
        problem = f"The disk gives back other features than were written to {path}"
        raise StudyError(problem, "set BCD_CACHE_DIR to a folder on another disk")
    on_progress(len(images), len(images))


def _sound_batches(path: Path, journal: Path, batch_bytes: int) -> list[str]:
    """Checksums of the batches at a file's beginning that are as they were computed."""
    noted = journal.read_text(errors="replace").splitlines() if path.exists() and journal.exists() else []
    sound: list[str] = []
    if noted:
        with open(path, "rb") as file:
            for each in noted:
                if hashlib.sha256(file.read(batch_bytes)).hexdigest() != each:
                    break
                sound.append(each)
    return sound


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
