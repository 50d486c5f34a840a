"""Features are computed once, whole or not at all, and the same however the computation was cut."""

import dataclasses
import hashlib

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


def test_features_equal_the_backbones_output(backbone, images, cache):
    stored = cached_features(backbone, images, "hash")
    assert stored.dtype == np.float32 and stored.shape == (len(images), 4, 4, 4)
    expected = np.asarray(backbone.model(images.astype(np.float32)))
    np.testing.assert_allclose(stored, expected, rtol=1e-4, atol=1e-3)


def test_bfloat16_halves_the_file_and_keeps_three_digits(backbone, images, cache):
    full = cached_features(backbone, images, "hash")
    half = cached_features(backbone, images, "hash", "bfloat16")
    assert half.nbytes * 2 == full.nbytes
    np.testing.assert_allclose(half.astype(np.float32), full, rtol=2**-8)


def test_a_second_call_computes_nothing(backbone, images, cache, monkeypatch):
    first = cached_features(backbone, images, "hash")
    monkeypatch.setattr(module, "features_of", lambda *_: pytest.fail("computed again"))
    np.testing.assert_array_equal(first, cached_features(backbone, images, "hash"))


@pytest.mark.parametrize("change", ["weights", "images", "preparation"])
def test_other_weights_images_or_preparation_are_another_entry(backbone, images, cache, change):
    cached_features(backbone, images, "hash")
    other = {
        "weights": dataclasses.replace(backbone, weights_sha256="other"),
        "preparation": dataclasses.replace(backbone, preparation="other"),
    }.get(change, backbone)
    cached_features(other, images, "other" if change == "images" else "hash")
    assert len(list(cache.glob("features/*.float32"))) == 2


@pytest.mark.parametrize("bytes_left", [0, 1, 100_000])
def test_an_interrupted_pass_goes_on_and_gives_the_same_bits(
    backbone, images, cache, monkeypatch, bytes_left
):
    whole = np.array(cached_features(backbone, images, "hash"))
    monkeypatch.setenv("BCD_CACHE_DIR", str(cache / "cut"))
    calls = 0

    def dies_in_second_batch(*arguments):
        nonlocal calls
        calls += 1
        if calls == 2:
            raise KeyboardInterrupt
        return features_of(*arguments)

    monkeypatch.setattr(module, "features_of", dies_in_second_batch)
    with pytest.raises(KeyboardInterrupt):
        cached_features(backbone, images, "hash")
    assert not list((cache / "cut" / "features").glob("*.float32"))
    partial = next((cache / "cut").rglob("*.part/*.float32"))
    row = 4 * 4 * 4 * 4
    assert partial.stat().st_size == BATCH * row
    with open(partial, "ab") as file:
        file.write(b"\1" * min(bytes_left, row * 5))
    resumed = []
    monkeypatch.setattr(module, "features_of", lambda *a: resumed.append(1) or features_of(*a))
    np.testing.assert_array_equal(whole, cached_features(backbone, images, "hash"))
    assert len(resumed) == 2


def test_a_damaged_entry_is_computed_again(backbone, images, cache):
    good = np.array(cached_features(backbone, images, "hash"))
    entry = next(cache.glob("features/*.float32"))
    content = bytearray(entry.read_bytes())
    content[1000] ^= 255
    entry.write_bytes(content)
    np.testing.assert_array_equal(good, cached_features(backbone, images, "hash"))


def test_a_half_file_of_zeros_is_not_taken_for_features(backbone, images, cache, monkeypatch):
    good = np.array(cached_features(backbone, images, "hash"))
    entry = next(cache.glob("features/*.float32"))
    row = good.nbytes // len(good)
    half = entry.with_name(f".{entry.name}.part") / entry.name
    half.parent.mkdir()
    sums = [hashlib.sha256(good[:BATCH].tobytes()).hexdigest(), hashlib.sha256(b"other").hexdigest()]
    for content, noted, expected in (
        (bytes(2 * BATCH * row), sums, 3),
        (bytes(2 * BATCH * row), [], 3),
        (good[: 2 * BATCH].tobytes(), sums, 2),  # the second batch is not what its checksum says
        (good[: BATCH + 3].tobytes(), sums[:1], 2),
    ):
        entry.unlink()
        half.parent.mkdir(exist_ok=True)
        half.write_bytes(content)
        half.with_name("sums").write_text("".join(f"{each}\n" for each in noted))
        computed = []
        monkeypatch.setattr(
            module, "features_of", lambda *a, seen=computed: seen.append(1) or features_of(*a)
        )
        np.testing.assert_array_equal(good, cached_features(backbone, images, "hash"))
        assert len(computed) == expected


def test_too_little_space_is_said_before_anything_is_computed(backbone, images, cache, monkeypatch):
    usage = type("Usage", (), {"free": 1000})
    monkeypatch.setattr(module.shutil, "disk_usage", lambda _: usage)
    with pytest.raises(StudyError, match="MB free.*BCD_CACHE_DIR"):
        cached_features(backbone, images, "hash")
