"""Frozen feature extractors: Keras' ResNet50 with three kinds of weights, or any ``.keras`` file."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bcd_utils.backend import keras
from bcd_utils.errors import StudyError
from bcd_utils.files import sha256_of_file, sha256_of_json
from bcd_utils.study import Study

IMAGENET_FILE = "resnet50_weights_tf_dim_ordering_tf_kernels_notop.h5"
IMAGENET_URL = f"https://storage.googleapis.com/tensorflow/keras-applications/resnet/{IMAGENET_FILE}"
IMAGENET_MD5 = "4d473c1dd8becc155b73f8504c6f6626"
RESIDUAL_SCALE = 0.2
CALIBRATION_IMAGES = 8  # a forward pass in training mode holds every layer's output: 170 MB an image


@dataclass(frozen=True)
class Backbone:
    """A frozen feature extractor.

    Attributes
    ----------
    name : str
    model : keras.Model
        Maps prepared images (n, s, s, 3) to a feature map (n, h, w, c); not trainable.
    prepare : callable
        uint8 images (n, s, s, 3) in 0..255 to the float32 array the model wants.
    weights : str
        Where the weights came from, in words.
    weights_sha256 : str
        Identity of the weights.
    preparation : str
        What ``prepare`` does, in words.
    untrained : bool
    """

    name: str
    model: keras.Model
    prepare: Callable[[np.ndarray], np.ndarray]
    weights: str
    weights_sha256: str
    preparation: str
    untrained: bool = False

    @property
    def identity(self) -> str:
        """SHA-256 of all that decides the features of an image."""
        return sha256_of_json(
            [self.name, self.weights_sha256, self.preparation, keras.backend.backend(), keras.__version__]
        )


def freeze(model: keras.Model) -> None:
    """Make every layer untrainable, nested ones too."""
    for layer in model._flatten_layers():
        layer.trainable = False


def hash_weights(model: keras.Model) -> str:
    """SHA-256 over the values of all weights, in order."""
    digest = hashlib.sha256()
    for value in model.get_weights():
        digest.update(np.ascontiguousarray(value).tobytes())
    return digest.hexdigest()


def unit_scaling(images: np.ndarray) -> np.ndarray:
    """Pixels / 255, as the paper says; float32 in 0..1."""
    return np.multiply(images, np.float32(1 / 255), dtype=np.float32)


def imagenet_scaling(images: np.ndarray) -> np.ndarray:
    """What ResNet50's ImageNet weights were trained with: BGR, channel means subtracted; float32."""
    return keras.applications.resnet50.preprocess_input(images.astype(np.float32))


def no_scaling(images: np.ndarray) -> np.ndarray:
    """Pixels as they are; float32 in 0..255."""
    return images.astype(np.float32)


SCALINGS = {
    "unit": (unit_scaling, "pixels / 255"),
    "imagenet": (imagenet_scaling, "ImageNet preprocessing (BGR, channel means subtracted)"),
}


def load_backbone(study: Study, training_images: np.ndarray) -> Backbone:
    """Load the backbone a study names, frozen.

    Parameters
    ----------
    study : Study
    training_images : ndarray, uint8, shape (n, s, s, 3)
        Training images only; random weights set their BatchNorm statistics on the first 8.

    Raises
    ------
    StudyError
        If weights are not at hand, are no such network's, or the input size does not fit.
    """
    if study.backbone.endswith(".keras"):
        return load_extractor(Path(study.backbone), study.image_size)
    prepare, preparation = SCALINGS[study.scaling]
    shape = (study.image_size, study.image_size, 3)
    if study.weights == "imagenet":
        model, weights = imagenet_resnet50(shape), "ImageNet (Keras)"
    elif study.weights == "random":
        model, weights = (
            random_resnet50(shape, prepare(training_images[:CALIBRATION_IMAGES]), study.seed),
            "random (untrained)",
        )
    else:
        model, weights = resnet50_from_file(shape, Path(study.weights)), f"file {Path(study.weights).name}"
    freeze(model)
    return Backbone(
        "ResNet50", model, prepare, weights, hash_weights(model), preparation, study.weights == "random"
    )


def imagenet_resnet50(shape: tuple[int, int, int]) -> keras.Model:
    """ResNet50 with Keras' ImageNet weights, downloaded and cached by Keras.

    Raises
    ------
    StudyError
        If they are neither in Keras' cache nor to be had, naming the file, its place and its hash.
    """
    place = Path(os.environ.get("KERAS_HOME") or Path.home() / ".keras")
    try:
        return keras.applications.ResNet50(weights="imagenet", include_top=False, input_shape=shape)
    except Exception as error:  # noqa: BLE001 - Keras wraps every network failure in a bare Exception
        raise StudyError(
            f"ResNet50's ImageNet weights are not at hand and could not be downloaded ({short(error)})",
            f"download {IMAGENET_URL} elsewhere (MD5 {IMAGENET_MD5}) and put it at "
            f"{place / 'models' / IMAGENET_FILE}, or use --set weights=random, --set weights=FILE.h5 "
            "or --set backbone=FILE.keras",
        ) from None


def resnet50_from_file(shape: tuple[int, int, int], path: Path) -> keras.Model:
    """ResNet50 with weights from a local file (no top), such as RadImageNet's."""
    if not path.is_file():
        raise StudyError(
            f"The weights file {path} does not exist", "give the path of ResNet50's weights (no top)"
        )
    model = keras.applications.ResNet50(weights=None, include_top=False, input_shape=shape)
    try:
        if path.suffix == ".keras":
            model.set_weights(keras.models.load_model(path, compile=False).get_weights())
        else:
            model.load_weights(path)
    except Exception as error:  # noqa: BLE001 - h5py, zipfile and Keras each raise their own
        raise StudyError(
            f"{path} does not hold weights of ResNet50 without its top ({short(error)})",
            "give a file saved from keras.applications.ResNet50(include_top=False)",
        ) from None
    return model


def random_resnet50(shape: tuple[int, int, int], images: np.ndarray, seed: int) -> keras.Model:
    """ResNet50 with honest random features: an untrained control.

    He-normal kernels; residual branches scaled down (a small initial gamma in the last BatchNorm of each
    block, after Goyal et al. 2017, arXiv:1706.02677, who use 0), so that 16 random blocks do not bury the
    image; BatchNorm statistics set by one forward pass in training mode. As Keras initialises it, the
    untrained network's features say next to nothing.

    Parameters
    ----------
    images : ndarray, float32, shape (n, s, s, 3)
        Prepared training images.
    """
    model = keras.applications.ResNet50(weights=None, include_top=False, input_shape=shape)
    generator = np.random.default_rng(seed)
    norms = [layer for layer in model.layers if isinstance(layer, keras.layers.BatchNormalization)]
    for layer in model.layers:
        if isinstance(layer, keras.layers.Conv2D):
            kernel = layer.kernel.shape
            scale = np.sqrt(2 / np.prod(kernel[:-1]))
            layer.kernel.assign(generator.normal(0, scale, kernel).astype("float32"))
    momenta = [layer.momentum for layer in norms]
    for layer in norms:
        layer.momentum = 0.0
        if layer.name.endswith("_3_bn"):
            layer.gamma.assign(np.full(layer.gamma.shape, RESIDUAL_SCALE, "float32"))
    model(images, training=True)
    for layer, momentum in zip(norms, momenta, strict=True):
        layer.momentum = momentum
    return model


def load_extractor(path: Path, image_size: int) -> Backbone:
    """Any ``.keras`` feature extractor that takes (n, s, s, 3) in 0..255 and scales inside.

    Raises
    ------
    StudyError
        If the file is missing, damaged, or maps images to something else than a feature map.
    """
    if not path.is_file():
        raise StudyError(
            f"The backbone file {path} does not exist", "give the path of a .keras feature extractor"
        )
    try:
        model = keras.models.load_model(path, compile=False)
    except Exception as error:  # noqa: BLE001 - zipfile, json and Keras each raise their own
        raise StudyError(
            f"{path} is not a Keras model ({short(error)})", "save it again with model.save"
        ) from None
    size = model.input_shape[1]
    if len(model.input_shape) != 4 or model.input_shape[-1] != 3 or len(model.output_shape) != 4:
        raise StudyError(
            f"{path} maps {model.input_shape} to {model.output_shape}, not images to a feature map",
            "leave out the network's top, so that it ends in (n, height, width, channels)",
        )
    if size not in (None, image_size):
        raise StudyError(
            f"{path} takes images of {size} pixels, the study gives {image_size}", f"set image_size={size}"
        )
    freeze(model)
    return Backbone(
        path.stem, model, no_scaling, f"file {path.name}", sha256_of_file(path), "inside the extractor"
    )


def short(error: BaseException) -> str:
    """First line of an error's text, at most 160 characters."""
    lines = str(error).strip().splitlines() or [type(error).__name__]
    return lines[0][:160]
