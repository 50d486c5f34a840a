"""Features are computed once, whole or not at all, and the same however the computation was cut."""

import dataclasses

import numpy as np
import pytest

from bcd_utils.models import features as module
from bcd_utils.models.backbones import Backbone, no_scaling
from bcd_utils.models.features import BATCH, cached_features, features_of
from bcd_utils.utils.backend import keras
from bcd_utils.utils.errors import StudyError


@pytest.fixture
def backbone():
    inputs = keras.Input((32, 32, 3))
    x = keras.layers.Conv2D(4, 8, strides=8, kernel_initializer=keras.initializers.HeNormal(seed=1))(inputs)
    return Backbone("tiny", keras.Model(inputs, x), no_scaling, "random", "abc", "none")


@pytest.fixture
def images():
    return np.random.default_rng(0).integers(0, 255, (2 * BATCH + 7, 32, 32, 3)).astype(np.uint8)


def test_features_equal_the_backbones_output(backbone, images, tmp_path):
    stored = cached_features(backbone, images, "hash", folder=tmp_path)
    assert stored.dtype == np.float32 and stored.shape == (len(images), 4, 4, 4)
    expected = np.asarray(backbone.model(images.astype(np.float32)))
    np.testing.assert_allclose(stored, expected, rtol=1e-4, atol=1e-3)


def test_bfloat16_halves_the_file_and_keeps_three_digits(backbone, images, tmp_path):
    full = cached_features(backbone, images, "hash", folder=tmp_path)
    half = cached_features(backbone, images, "hash", "bfloat16", folder=tmp_path)
    assert half.nbytes * 2 == full.nbytes
    np.testing.assert_allclose(half.astype(np.float32), full, rtol=2**-8)


def test_a_second_call_computes_nothing(backbone, images, tmp_path, monkeypatch):
    first = cached_features(backbone, images, "hash", folder=tmp_path)
    monkeypatch.setattr(module, "features_of", lambda *_: pytest.fail("computed again"))
    np.testing.assert_array_equal(first, cached_features(backbone, images, "hash", folder=tmp_path))


@pytest.mark.parametrize("change", ["weights", "images", "preparation"])
def test_other_weights_images_or_preparation_are_another_entry(backbone, images, tmp_path, change):
    cached_features(backbone, images, "hash", folder=tmp_path)
    other = {
        "weights": dataclasses.replace(backbone, weights_sha256="other"),
        "preparation": dataclasses.replace(backbone, preparation="other"),
    }.get(change, backbone)
    cached_features(other, images, "other" if change == "images" else "hash", folder=tmp_path)
    assert len(list(tmp_path.glob("*.float32"))) == 2


@pytest.mark.parametrize("bytes_left", [0, 1, 100_000])
def test_an_interrupted_pass_goes_on_and_gives_the_same_bits(
    backbone, images, tmp_path, monkeypatch, bytes_left
):
    whole = np.array(cached_features(backbone, images, "hash", folder=tmp_path / "whole"))
    calls = 0

    def dies_in_second_batch(*arguments):
        nonlocal calls
        calls += 1
        if calls == 2:
            raise KeyboardInterrupt
        return features_of(*arguments)

    monkeypatch.setattr(module, "features_of", dies_in_second_batch)
    with pytest.raises(KeyboardInterrupt):
        cached_features(backbone, images, "hash", folder=tmp_path / "cut")
    assert not list((tmp_path / "cut").glob("*.float32"))
    partial = next((tmp_path / "cut").glob("*.part"))
    row = 4 * 4 * 4 * 4
    assert partial.stat().st_size == BATCH * row
    with open(partial, "ab") as file:
        file.write(b"\1" * min(bytes_left, row * 5))
    resumed = []
    monkeypatch.setattr(module, "features_of", lambda *a: resumed.append(1) or features_of(*a))
    np.testing.assert_array_equal(whole, cached_features(backbone, images, "hash", folder=tmp_path / "cut"))
    assert len(resumed) == 2


def test_a_damaged_entry_is_computed_again(backbone, images, tmp_path):
    good = np.array(cached_features(backbone, images, "hash", folder=tmp_path))
    entry = next(tmp_path.glob("*.float32"))
    content = bytearray(entry.read_bytes())
    content[1000] ^= 255
    entry.write_bytes(content)
    np.testing.assert_array_equal(good, cached_features(backbone, images, "hash", folder=tmp_path))


def test_too_little_space_is_said_before_anything_is_computed(backbone, images, tmp_path, monkeypatch):
    usage = type("Usage", (), {"free": 1000})
    monkeypatch.setattr(module.shutil, "disk_usage", lambda _: usage)
    with pytest.raises(StudyError, match="MB free.*BCD_CACHE_DIR"):
        cached_features(backbone, images, "hash", folder=tmp_path)
