"""What a rival explanation is trained on: its rows, and their features under the study's frozen network."""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict

import numpy as np
import pandas as pd

from bcd_utils.datasets.image_set import ImageSet
from bcd_utils.experiments.repeated_splits.training import head_inputs
from bcd_utils.experiments.rival_explanations.declared import Rival
from bcd_utils.images.arrays import picture_of
from bcd_utils.images.augmentation import augment
from bcd_utils.models.backbones import Backbone
from bcd_utils.models.candidates.base import Encoder
from bcd_utils.models.candidates.representations import values_of
from bcd_utils.models.features import features_of, image_features
from bcd_utils.study.settings import Augmentation, Study
from bcd_utils.utils.code_identity import code_identity
from bcd_utils.utils.counting import OnProgress, silent
from bcd_utils.utils.files import sha256_of_json
from bcd_utils.utils.memmap import pooled


def parts_of(rival: Rival, table: pd.DataFrame) -> Iterator[tuple[pd.DataFrame, int]]:
    """The rows that a rival splits, part after part, each with the number of its augmented copy (0: as it is).

    Parameters
    ----------
    table : pandas.DataFrame
        Manifest rows of the images: id, path, label, masks and others.
    """
    yield table, 0
    for copy in range(1, rival.copies + 1):
        yield table.assign(id=table["id"] + f", copy {copy}"), copy
    if rival.mask_files:
        files = table.assign(path=table["masks"].str.split("|"), masks="").explode("path")
        yield files.assign(id=files["path"])[files["path"] != ""], 0


def rows_of(rival: Rival, table: pd.DataFrame) -> pd.DataFrame:
    """All rows that a rival splits, numbered from 0; copies and mask files are rows like any other."""
    return pd.concat([rows for rows, _ in parts_of(rival, table)], ignore_index=True)


def values_for(
    rival: Rival, images: ImageSet, backbone: Backbone, study: Study, on_progress: OnProgress = silent
) -> np.ndarray:
    """What the head reads of each of `rows_of`, from the cache or computed into it.

    Returns
    -------
    ndarray, shape (n, 1, 1, c) where ``repeated_splits.pooling`` is "average", else (n, h, w, c)

    Raises
    ------
    StudyError
        If the disk is full.
    """
    parts = [
        _part(rows, rival.input, copy, images, backbone, study, on_progress)
        for rows, copy in parts_of(rival, images.table)
    ]
    return parts[0] if len(parts) == 1 else np.concatenate(parts)


def _part(rows, kind, copy, images, backbone, study, on_progress) -> np.ndarray:
    own = kind == images.kind and rows is images.table
    if own:  # the study's own features, which other notebooks have computed
        return head_inputs(image_features(backbone, images, study.feature_dtype, on_progress), study)
    amounts, stain = study.augmentation or Augmentation(), images.source.stain

    def picture(row: pd.Series) -> np.ndarray:
        return picture_of(images.folder, row, kind, images.size, stain, images.fitting)

    def encode(places: np.ndarray) -> np.ndarray:
        chosen = (row for _, row in rows.iloc[places].iterrows())
        pixels = np.stack(list(readers.map(picture, chosen)))
        shown = augment(pixels, amounts, study.seed, copy, places) if copy else pixels
        return head_inputs(features_of(backbone, shown), study)

    modules = (picture_of, augment, features_of, pooled)
    code = code_identity(*(function.__module__ for function in modules))
    drawn = [copy, asdict(amounts), study.seed] if copy else []
    shown = [images.data_sha256, rows["id"].tolist(), kind, images.size, stain, asdict(images.fitting), drawn]
    identity = sha256_of_json([backbone.identity, *shown, study.repeated_splits.pooling, code])
    with ThreadPoolExecutor(
        os.cpu_count()
    ) as readers:  # decoding takes as long as a small network, and no lock
        return values_of(Encoder(identity, encode), len(rows), on_progress)
