"""Frozen feature extractors: networks of Keras Applications with three kinds of weights, or any ``.keras`` file."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from bcd_utils.models.depthwise import with_depthwise_layers
from bcd_utils.models.random_weights import randomise
from bcd_utils.study.networks import NETWORKS, Network
from bcd_utils.utils.backend import keras
from bcd_utils.utils.code_identity import code_identity
from bcd_utils.utils.errors import StudyError
from bcd_utils.utils.files import sha256_of_file, sha256_of_json

if TYPE_CHECKING:
    from bcd_utils.study.settings import Study


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
        What ``prepare`` does, and in which precision the network computes where that is not float32, in words.
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
    def origin(self) -> dict[str, object]:
        """What a record says of it: ``backbone``, ``weights``, ``weights_sha256``, ``preparation``, ``untrained``."""
        names = ("weights", "weights_sha256", "preparation", "untrained")
        return {"backbone": self.name} | {name: getattr(self, name) for name in names}

    @property
    def identity(self) -> str:
        """SHA-256 of all that decides the features of an image."""
        return sha256_of_json([self.name, self.weights_sha256, self.preparation, code_identity(__name__)])


def freeze(model: keras.Model) -> None:
    """Make every layer untrainable, nested ones too."""
    for layer in model._flatten_layers():
        layer.trainable = False


def compute_in(model: keras.Model, precision: str) -> None:
    """Have every layer of a network compute in a precision; weights and BatchNorm's statistics stay float32."""
    for layer in model._flatten_layers():
        layer.dtype_policy = keras.DTypePolicy(precision)


def hash_weights(model: keras.Model) -> str:
    """SHA-256 over the values of all weights, in order."""
    digest = hashlib.sha256()
    for value in model.get_weights():
        digest.update(value.tobytes())
    return digest.hexdigest()


def unit_scaling(images: np.ndarray) -> np.ndarray:
    """Pixels / 255, as the paper says; float32 in 0..1."""
    return np.multiply(images, np.float32(1 / 255), dtype=np.float32)


def no_scaling(images: np.ndarray) -> np.ndarray:
    """Pixels as they are; float32 in 0..255."""
    return images.astype(np.float32)


def preparation_of(network: Network, scaling: str) -> tuple[Callable[[np.ndarray], np.ndarray], str]:
    """How a network's images are prepared, as a function and in words.

    A network that prepares pixels itself gets them as they are, whatever ``scaling`` says.
    """
    if network.scales_inside:
        return no_scaling, network.preparation
    if scaling == "unit":
        return unit_scaling, "pixels / 255"
    preprocess = getattr(keras.applications, network.module).preprocess_input
    return (lambda images: preprocess(images.astype(np.float32))), network.preparation


def load_backbone(study: Study, calibration_images: np.ndarray) -> Backbone:
    """Load the backbone a study names, frozen.

    Parameters
    ----------
    study : Study
        Reads backbone, weights, scaling, image_size, precision and seed.
    calibration_images : ndarray, uint8, shape (n, s, s, 3)
        Training images, or others that are never tested; random weights set their BatchNorm statistics on
        the first 8.

    Raises
    ------
    StudyError
        If weights are not at hand, are no such network's, or the input size does not fit.
    """
    if study.backbone.endswith(".keras"):
        backbone = load_extractor(Path(study.backbone), study.image_size)
    else:
        network, shape = NETWORKS[study.backbone], (study.image_size, study.image_size, 3)
        prepare, preparation = preparation_of(network, study.scaling)
        if study.weights == "imagenet":
            model, weights = imagenet_network(network, shape), "ImageNet (Keras)"
        elif study.weights == "random":
            model, weights = untrained_network(network, shape), ""
        else:
            file = Path(study.weights)
            model, weights = network_from_file(network, shape, file), f"file {file.name}"
        backbone = Backbone(network.title, model, prepare, weights, hash_weights(model), preparation)
    if study.weights == "random":
        randomise(backbone.model, backbone.prepare(calibration_images), study.seed)
        digest = hash_weights(backbone.model)
        backbone = replace(backbone, weights="random (untrained)", weights_sha256=digest, untrained=True)
    backbone = replace(backbone, model=with_depthwise_layers(backbone.model))
    freeze(backbone.model)
    if study.precision != "float32":
        compute_in(backbone.model, study.precision)
        said = f"{backbone.preparation}, computed in {study.precision.replace('_', ' ')}"
        backbone = replace(backbone, preparation=said)
    return backbone


def untrained_network(network: Network, shape: tuple[int, int, int]) -> keras.Model:
    """A network as Keras initialises it, without its top."""
    return _built(network, shape, None)


def _built(network: Network, shape: tuple[int, int, int], weights: str | None) -> keras.Model:
    return getattr(keras.applications, network.title)(weights=weights, include_top=False, input_shape=shape)


def imagenet_network(network: Network, shape: tuple[int, int, int]) -> keras.Model:
    """A network with Keras' ImageNet weights, downloaded and cached by Keras.

    Raises
    ------
    StudyError
        If they are neither in Keras' cache nor to be had, naming the file, its place and its hash.
    """
    try:
        return _built(network, shape, "imagenet")
    except Exception as error:  # noqa: BLE001 - Keras wraps every network failure in a bare Exception
        digest = f" (MD5 or SHA-256 {network.digest})" if network.digest else ""
        raise StudyError(
            f"{network.title}'s ImageNet weights are not at hand and could not be downloaded ({short(error)})",
            f"download {network.url} elsewhere{digest} and put it at {network.path}, or use --set weights=random, "
            "--set weights=FILE.h5 or --set backbone=FILE.keras",
        ) from None


def fetch_weights(network: Network) -> Path:
    """Download a network's ImageNet weights into Keras' cache, unless they are there.

    Raises
    ------
    StudyError
        As `imagenet_network`.
    """
    imagenet_network(network, (224, 224, 3))
    return network.path


def network_from_file(network: Network, shape: tuple[int, int, int], path: Path) -> keras.Model:
    """A network with weights from a local file (no top), such as RadImageNet's ResNet50."""
    if not path.is_file():
        raise StudyError(
            f"The weights file {path} does not exist", f"give the path of {network.title}'s weights (no top)"
        )
    model = untrained_network(network, shape)
    try:
        if path.suffix == ".keras":
            model.set_weights(keras.models.load_model(path, compile=False).get_weights())
        else:
            model.load_weights(path)
    except Exception as error:  # noqa: BLE001 - h5py, zipfile and Keras each raise their own
        raise StudyError(
            f"{path} does not hold weights of {network.title} without its top ({short(error)})",
            f"give a file saved from keras.applications.{network.title}(include_top=False)",
        ) from None
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
    return Backbone(
        path.stem, model, no_scaling, f"file {path.name}", sha256_of_file(path), "inside the extractor"
    )


def short(error: BaseException) -> str:
    """First line of an error's text, at most 160 characters."""
    lines = str(error).strip().splitlines() or [type(error).__name__]
    return lines[0][:160]
