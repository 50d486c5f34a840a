"""What contenders are given of an image: pixels, hand-crafted features, the lesion's outline, a backbone's features."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace

import numpy as np

from bcd_utils.contenders.base import Encoder, Material
from bcd_utils.files import sha256_of_file, sha256_of_json
from bcd_utils.networks import missing_weights
from bcd_utils.study import Augmentation, Study


@dataclass(frozen=True)
class Pixels:
    """The network's input images as they are, uint8 (n, s, s, 3)."""

    name: str = "pixels"
    title: str = "pixels"

    def missing(self) -> str:
        return ""

    def prepare(self, material: Material) -> Encoder:
        return Encoder(
            identity=sha256_of_json(["pixels", material.images_sha256]),
            encode=lambda rows: np.asarray(material.images[rows]),
            multiply_adds=0,
            stored=lambda on_progress: material.images,
        )


@dataclass(frozen=True)
class Handcrafted:
    """Gradients, textures and grey levels, float32 (n, 1690); see `handcrafted`."""

    name: str = "handcrafted"
    title: str = "hand-crafted features"

    def missing(self) -> str:
        return ""

    def prepare(self, material: Material) -> Encoder:
        from bcd_utils import handcrafted

        def encode(rows: np.ndarray) -> np.ndarray:
            return np.stack([handcrafted.handcrafted_features(image) for image in material.images[rows]])

        code = [sha256_of_file(handcrafted.__file__), *_image_libraries()]
        return Encoder(sha256_of_json(["handcrafted", code, material.images_sha256]), encode)


@dataclass(frozen=True)
class Outline:
    """Shape of the lesion's outline as a person drew it, float32 (n, 15); NaN without a lesion; see `outline_shape`."""

    name: str = "outline"
    title: str = "shape of the lesion's outline"

    def missing(self) -> str:
        return ""

    def prepare(self, material: Material) -> Encoder:
        from bcd_utils import outline_shape
        from bcd_utils.exploration import read_with_mask

        def encode(rows: np.ndarray) -> np.ndarray:
            masks = (
                read_with_mask(material.folder, row)[1] for _, row in material.table.iloc[rows].iterrows()
            )
            return np.stack([outline_shape.outline_shape(mask) for mask in masks])

        code = [sha256_of_file(outline_shape.__file__), *_image_libraries()]
        images = material.table["id"].tolist()
        return Encoder(sha256_of_json(["outline", code, material.data_sha256, images]), encode)


def _image_libraries() -> list[str]:
    from importlib.metadata import version

    return [version(name) for name in ("scikit-image", "opencv-python-headless")]


@dataclass(frozen=True)
class BackboneFeatures:
    """The feature map of a frozen backbone, float32 or bfloat16 (n, h, w, c).

    Attributes
    ----------
    study : Study
        Names backbone, weights and scaling.
    """

    name: str
    title: str
    study: Study

    def missing(self) -> str:
        return missing_weights(self.study.backbone, self.study.weights)

    def prepare(self, material: Material) -> Encoder:
        from bcd_utils.backbones import load_backbone
        from bcd_utils.features import cached_features, features_of
        from bcd_utils.multiply_adds import multiply_adds

        images, dtype = material.images, self.study.feature_dtype
        backbone = load_backbone(self.study, material.calibration_images)
        return Encoder(
            identity=sha256_of_json([backbone.identity, material.images_sha256, dtype]),
            encode=lambda rows: features_of(backbone, images[rows]),
            parameters=backbone.model.count_params(),
            multiply_adds=multiply_adds(backbone.model),
            origin=backbone.origin,
            stored=lambda on_progress: cached_features(
                backbone, images, material.images_sha256, dtype, on_progress
            ),
        )


@dataclass(frozen=True)
class AugmentedFeatures(BackboneFeatures):
    """A backbone's features of each image and of some augmented copies, float32 (n, 1 + copies, h, w, c).

    A frozen backbone need not see new copies in every epoch: a few are prepared once, and each epoch draws one
    of them for each image. The first version is the image as it is.
    """

    copies: int = 3

    def prepare(self, material: Material) -> Encoder:
        from bcd_utils import augmentation
        from bcd_utils.backbones import load_backbone
        from bcd_utils.features import features_of

        study, amounts = self.study, self.study.augmentation or Augmentation()
        backbone = load_backbone(study, material.calibration_images)

        def encode(rows: np.ndarray) -> np.ndarray:
            images = np.asarray(material.images[rows])
            copies = (
                augmentation.augment(images, amounts, study.seed, copy, rows) for copy in range(self.copies)
            )
            return np.stack([features_of(backbone, version) for version in (images, *copies)], axis=1)

        code, recipe = sha256_of_file(augmentation.__file__), [self.copies, asdict(amounts), study.seed]
        return replace(
            super().prepare(material),
            identity=sha256_of_json(["augmented", backbone.identity, material.images_sha256, code, recipe]),
            encode=encode,
            stored=None,
        )
