"""Networks of Keras Applications that can be backbones, and where their ImageNet weights lie."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bcd_utils.study.settings import Study

BASE_URL = "https://storage.googleapis.com/tensorflow/keras-applications"


@dataclass(frozen=True)
class Network:
    """One network of ``keras.applications``, without its top.

    Attributes
    ----------
    name : str
        As in a study's ``backbone``.
    title : str
        Its name in ``keras.applications``.
    module : str
        The module of ``keras.applications`` that holds its ``preprocess_input``.
    folder, file : str
        Where Keras downloads its ImageNet weights from.
    digest : str
        MD5 or SHA-256 that Keras expects of the file; "" where it expects none.
    preparation : str
        What its own preprocessing does, in words.
    scales_inside : bool
        The network prepares pixels 0..255 itself; nothing is scaled outside.
    """

    name: str
    title: str
    module: str
    folder: str
    file: str
    digest: str
    preparation: str
    scales_inside: bool = False

    @property
    def url(self) -> str:
        """Where the ImageNet weights are to be had."""
        return f"{BASE_URL}/{self.folder}/{self.file}"

    @property
    def path(self) -> Path:
        """Where Keras keeps the ImageNet weights on this machine."""
        return Path(os.environ.get("KERAS_HOME") or "~/.keras").expanduser() / "models" / self.file

    def available(self) -> bool:
        """Whether the ImageNet weights are on this machine, whole."""
        if not self.path.is_file():
            return False
        if not self.digest:
            return True
        kind = "md5" if len(self.digest) == 32 else "sha256"
        with open(self.path, "rb") as file:
            return hashlib.file_digest(file, kind).hexdigest() == self.digest


_CAFFE = "ImageNet preprocessing (BGR, channel means subtracted)"
_SYMMETRIC = "pixels scaled to -1..1"
_TORCH = "pixels / 255, standardised with ImageNet's channel means and deviations"
_INSIDE = "inside the network"
_KERNELS = "weights_tf_dim_ordering_tf_kernels"

NETWORKS: dict[str, Network] = {
    network.name: network
    for network in (
        Network("resnet50", "ResNet50", "resnet50", "resnet", f"resnet50_{_KERNELS}_notop.h5",
                "4d473c1dd8becc155b73f8504c6f6626", _CAFFE),
        Network("resnet50v2", "ResNet50V2", "resnet_v2", "resnet", f"resnet50v2_{_KERNELS}_notop.h5",
                "fac2f116257151a9d068a22e544a4917", _SYMMETRIC),
        Network("vgg16", "VGG16", "vgg16", "vgg16", f"vgg16_{_KERNELS}_notop.h5",
                "6d6bbae143d832006294945121d1f1fc", _CAFFE),
        Network("densenet121", "DenseNet121", "densenet", "densenet", f"densenet121_{_KERNELS}_notop.h5",
                "30ee3e1110167f948a6b9946edeeb738", _TORCH),
        Network("mobilenetv2", "MobileNetV2", "mobilenet_v2", "mobilenet_v2",
                f"mobilenet_v2_{_KERNELS}_1.0_224_no_top.h5", "", _SYMMETRIC),
        Network("efficientnetv2b0", "EfficientNetV2B0", "efficientnet_v2", "efficientnet_v2",
                "efficientnetv2-b0_notop.h5", "893217f2bb855e2983157299931e43ff", _INSIDE, True),
        Network("efficientnetv2b3", "EfficientNetV2B3", "efficientnet_v2", "efficientnet_v2",
                "efficientnetv2-b3_notop.h5", "f6abf7b5849ac99a89b50dd3fd532856", _INSIDE, True),
        Network("convnexttiny", "ConvNeXtTiny", "convnext", "convnext", "convnext_tiny_notop.h5",
                "d547c096cabd03329d7be5562c5e14798aa39ed24b474157cef5e85ab9e49ef1", _INSIDE, True),
    )
}  # fmt: skip


def is_the_papers(study: Study) -> bool:
    """Whether a study's network is the one that the paper's claims are about: ResNet50 of ImageNet, shown images."""
    return (study.backbone, study.weights, study.input) == ("resnet50", "imagenet", "image")


def missing_weights(backbone: str, weights: str) -> str:
    """What is not on this machine of a backbone, with the command that gets it; empty where nothing is missing.

    Parameters
    ----------
    backbone, weights : str
        As in a study.

    Examples
    --------
    >>> missing_weights("resnet50", "random")
    ''
    >>> missing_weights("none/such.keras", "imagenet")
    'there is no file none/such.keras'
    """
    for file in (backbone, weights):
        if file.endswith((".keras", ".h5")) and not Path(file).is_file():
            return f"there is no file {file}"
    if backbone in NETWORKS and weights == "imagenet" and not NETWORKS[backbone].available():
        return f"bcd fetch {backbone}"
    return ""
