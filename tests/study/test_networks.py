"""The table of networks against what Keras itself asks for, and which weights count as at hand."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pytest

from bcd_utils.study.networks import NETWORKS, Network, missing_weights
from bcd_utils.utils.backend import keras

WEIGHTS = b"not really weights"


class DownloadError(Exception):
    """Raised in place of a download, with what was asked for."""


@pytest.fixture
def keras_home(tmp_path, monkeypatch):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    return tmp_path / "keras"


def network_with(digest: str, name: str = "mine") -> Network:
    return Network(name, "Mine", "mine", "mine", f"{name}.h5", digest, "nothing")


def put(path: Path, content: bytes = WEIGHTS) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


@pytest.mark.parametrize("network", NETWORKS.values(), ids=NETWORKS)
def test_file_url_and_digest_are_what_keras_asks_for(network, monkeypatch):
    from keras.src.utils import file_utils

    def record(name, url, cache_subdir="datasets", file_hash=""):
        raise DownloadError(name, url, cache_subdir, file_hash)

    monkeypatch.setattr(file_utils, "get_file", record)
    with pytest.raises(DownloadError) as asked:
        getattr(keras.applications, network.title)(
            weights="imagenet", include_top=False, input_shape=(224, 224, 3)
        )
    assert asked.value.args == (network.file, network.url, "models", network.digest)


def test_eight_networks_are_known_by_their_own_names_and_their_modules_prepare_images():
    names = "resnet50 resnet50v2 vgg16 densenet121 mobilenetv2 efficientnetv2b0 efficientnetv2b3 convnexttiny"
    assert list(NETWORKS) == names.split()
    for name, network in NETWORKS.items():
        assert network.name == name == network.title.lower()
        module = getattr(keras.applications, network.module)
        assert getattr(module, network.title) is getattr(keras.applications, network.title)
        assert callable(module.preprocess_input)


def test_exactly_the_networks_that_scale_inside_leave_pixels_alone():
    pixel = np.array([[[[10.0, 20.0, 255.0]]]], np.float32)
    for network in NETWORKS.values():
        module = getattr(keras.applications, network.module)
        unchanged = (np.asarray(module.preprocess_input(pixel.copy())) == pixel).all()
        assert unchanged == network.scales_inside, network.name


@pytest.mark.parametrize("kind", ["md5", "sha256"])
def test_weights_are_at_hand_only_if_whole(kind, keras_home):
    network = network_with(hashlib.new(kind, WEIGHTS).hexdigest())
    assert network.path == keras_home / "models" / "mine.h5"
    assert not network.available()
    put(network.path, WEIGHTS[:-1])
    assert not network.available()
    put(network.path)
    assert network.available()
    put(network.path, WEIGHTS.replace(b"n", b"m", 1))
    assert not network.available()
    network.path.unlink()
    network.path.mkdir()
    assert not network.available()


def test_without_a_known_digest_any_file_counts_and_none_does_not(keras_home):
    network = network_with("")
    assert not network.available()
    put(network.path)
    assert network.available()


def test_weights_lie_below_the_home_folder_where_keras_home_is_not_set(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    for unset in (
        lambda: monkeypatch.delenv("KERAS_HOME", False),
        lambda: monkeypatch.setenv("KERAS_HOME", ""),
    ):
        unset()
        assert network_with("").path == tmp_path / ".keras" / "models" / "mine.h5"


def test_keras_finds_a_file_that_is_at_hand_and_does_not_download_it(keras_home, monkeypatch):
    from keras.src.utils import file_utils

    def refuse(*args):
        raise AssertionError("keras would download")

    monkeypatch.setattr(
        file_utils.config, "_KERAS_DIR", str(keras_home)
    )  # read from KERAS_HOME at its import
    monkeypatch.setattr(file_utils, "urlretrieve", refuse)
    network = network_with(hashlib.md5(WEIGHTS).hexdigest())
    put(network.path)
    found = file_utils.get_file(network.file, network.url, cache_subdir="models", file_hash=network.digest)
    assert Path(found) == network.path


def test_imagenet_weights_that_are_not_here_are_named_with_the_command(keras_home, monkeypatch):
    assert missing_weights("vgg16", "imagenet") == "bcd fetch vgg16"
    put(NETWORKS["vgg16"].path)
    assert missing_weights("vgg16", "imagenet") == "bcd fetch vgg16"  # it is there, but damaged
    monkeypatch.setitem(NETWORKS, "vgg16", network_with(hashlib.md5(WEIGHTS).hexdigest(), "vgg16"))
    put(NETWORKS["vgg16"].path)
    assert missing_weights("vgg16", "imagenet") == ""


def test_random_weights_are_never_missing(keras_home):
    assert {missing_weights(name, "random") for name in NETWORKS} == {""}


@pytest.mark.parametrize("weights", ["imagenet", "random"])
def test_an_extractors_file_is_needed_whatever_its_weights(weights, tmp_path):
    file = tmp_path / "mine.keras"
    assert missing_weights(str(file), weights) == f"there is no file {file}"
    put(file)
    assert missing_weights(str(file), weights) == ""


@pytest.mark.parametrize("suffix", [".h5", ".keras"])
def test_a_weights_file_is_needed_and_imagenet_weights_then_are_not(suffix, tmp_path, keras_home):
    file = tmp_path / f"radimagenet{suffix}"
    assert missing_weights("resnet50", str(file)) == f"there is no file {file}"
    put(file)
    assert missing_weights("resnet50", str(file)) == ""
