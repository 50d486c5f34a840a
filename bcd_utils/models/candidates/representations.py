"""What candidates are given of an image: pixels, hand-crafted features, the lesion's outline, a backbone's features."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from bcd_utils.models.candidates.base import Encoder, Representation
from bcd_utils.study.networks import missing_weights
from bcd_utils.study.settings import Augmentation, Study
from bcd_utils.utils.cache import entry_of, kept
from bcd_utils.utils.code_identity import code_identity
from bcd_utils.utils.files import sha256_of_json
from bcd_utils.utils.memmap import in_batches

if TYPE_CHECKING:
    from bcd_utils.datasets.image_set import ImageSet
    from bcd_utils.models.backbones import Backbone

BATCH = 32


@dataclass(frozen=True)
class Pixels(Representation):
    """The network's input images as they are, uint8 (n, s, s, 3)."""

    name: str = "pixels"
    title: str = "pixels"

    def prepare(self, images: ImageSet) -> Encoder:
        return Encoder(
            identity=sha256_of_json(["pixels", images.pixels_sha256]),
            encode=lambda rows: np.asarray(images.pixels[rows]),
            multiply_adds=0,
            stored=lambda on_progress: images.pixels,
        )


@dataclass(frozen=True)
class Handcrafted(Representation):
    """Gradients, textures and grey levels, float32 (n, 1690); see `handcrafted`."""

    name: str = "handcrafted"
    title: str = "hand-crafted features"

    def prepare(self, images: ImageSet) -> Encoder:
        from bcd_utils.models.handcrafted import handcrafted_features

        def encode(rows: np.ndarray) -> np.ndarray:
            return np.stack([handcrafted_features(image) for image in images.pixels[rows]])

        code = code_identity(handcrafted_features.__module__)
        return Encoder(sha256_of_json(["handcrafted", code, images.pixels_sha256]), encode)


@dataclass(frozen=True)
class Outline(Representation):
    """Shape of the lesion's outline as a person drew it, float32 (n, 15); NaN without a lesion; see `outline_shape`."""

    name: str = "outline"
    title: str = "shape of the lesion's outline"

    def prepare(self, images: ImageSet) -> Encoder:
        from bcd_utils.images.reading import read_row_mask
        from bcd_utils.models.shape_features import outline_shape

        def encode(rows: np.ndarray) -> np.ndarray:
            masks = (read_row_mask(images.folder, row) for _, row in images.table.iloc[rows].iterrows())
            return np.stack([outline_shape(mask) for mask in masks])

        code = code_identity(read_row_mask.__module__, outline_shape.__module__)
        recipe = ["outline", code, images.data_sha256, images.table["id"].tolist()]
        return Encoder(sha256_of_json(recipe), encode)


@dataclass(frozen=True)
class BackboneFeatures(Representation):
    """The feature map of a frozen backbone, float32 or bfloat16 (n, h, w, c).

    Attributes
    ----------
    study : Study
        Names backbone, weights and scaling.
    """

    study: Study

    def missing(self) -> str:
        return missing_weights(self.study.backbone, self.study.weights)

    def prepare(self, images: ImageSet) -> Encoder:
        from bcd_utils.datasets.phantoms.calibration import calibration_images
        from bcd_utils.models.backbones import load_backbone

        study = self.study
        return self.encoder(load_backbone(study, calibration_images(study.input, study.image_size)), images)

    def encoder(self, backbone: Backbone, images: ImageSet) -> Encoder:
        """The values that a backbone gives."""
        from bcd_utils.models.features import features_of, image_features
        from bcd_utils.models.flops import multiply_adds

        study = self.study
        code = code_identity(features_of.__module__)
        return Encoder(
            identity=sha256_of_json([backbone.identity, images.pixels_sha256, study.feature_dtype, code]),
            encode=lambda rows: features_of(backbone, images.pixels[rows]),
            parameters=backbone.model.count_params(),
            multiply_adds=multiply_adds(backbone.model),
            origin=backbone.origin,
            stored=lambda on_progress: image_features(backbone, images, study.feature_dtype, on_progress),
        )


@dataclass(frozen=True)
class AugmentedFeatures(BackboneFeatures):
    """A backbone's features of each image and of some augmented copies, float32 (n, 1 + copies, h, w, c).

    A frozen backbone need not see new copies in every epoch: a few are prepared once, and each epoch draws one
    of them for each image. The first version is the image as it is.
    """

    copies: int = 3

    def encoder(self, backbone: Backbone, images: ImageSet) -> Encoder:
        from bcd_utils.images.augmentation import augment
        from bcd_utils.models.features import features_of

        study, amounts = self.study, self.study.augmentation or Augmentation()

        def encode(rows: np.ndarray) -> np.ndarray:
            pixels = np.asarray(images.pixels[rows])
            copies = (augment(pixels, amounts, study.seed, copy, rows) for copy in range(self.copies))
            return np.stack([features_of(backbone, version) for version in (pixels, *copies)], axis=1)

        code = code_identity(augment.__module__, features_of.__module__)
        recipe = [self.copies, asdict(amounts), study.seed]
        return replace(
            super().encoder(backbone, images),
            identity=sha256_of_json(["augmented", backbone.identity, images.pixels_sha256, code, recipe]),
            encode=encode,
            stored=None,
        )


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

    def write(path: Path) -> None:
        with open(path, "wb") as file:
            for rows in in_batches(np.arange(images), BATCH):
                batch = encoder.encode(rows)
                if rows[0] == 0:
                    kind = {"descr": np.lib.format.dtype_to_descr(batch.dtype), "fortran_order": False}
                    np.lib.format.write_array_header_1_0(file, kind | {"shape": (images, *batch.shape[1:])})
                file.write(batch.tobytes())
                on_progress(int(rows[-1]) + 1, images)

    return np.load(kept(entry_of("values", encoder.identity, ".npy"), write), mmap_mode="r")


def exists(values: np.ndarray) -> np.ndarray:
    """Which images have this representation, bool (n,): those whose vector is finite."""
    return np.isfinite(values).all(axis=1) if values.ndim == 2 else np.ones(len(values), dtype=bool)
