"""Backbones are frozen, prepared as they say, and refused with a message that helps."""

import numpy as np
import pytest

from bcd_utils.models import backbones
from bcd_utils.models.backbones import load_backbone, preparation_of, unit_scaling
from bcd_utils.models.features import features_of
from bcd_utils.study.loading import make_study
from bcd_utils.study.networks import NETWORKS
from bcd_utils.utils.backend import keras
from bcd_utils.utils.errors import StudyError

SIDE = 64


def study(**settings):
    return make_study({"name": "tiny", "image_size": SIDE, **settings})


@pytest.fixture(scope="module")
def images():
    return np.random.default_rng(0).integers(0, 255, (8, SIDE, SIDE, 3)).astype(np.uint8)


@pytest.fixture(scope="module")
def extractor(tmp_path_factory):
    inputs = keras.Input((SIDE, SIDE, 3))
    x = keras.layers.Rescaling(1 / 255)(inputs)
    x = keras.layers.Conv2D(5, 3, strides=16)(x)
    x = keras.layers.BatchNormalization()(x)
    path = tmp_path_factory.mktemp("extractor") / "small.keras"
    keras.Model(inputs, x).save(path)
    return path


def test_in_bfloat16_the_features_are_nearly_those_of_float32_and_known_as_others(images, extractor):
    exact = load_backbone(study(backbone=str(extractor)), images)
    coarse = load_backbone(study(backbone=str(extractor), precision="mixed_bfloat16"), images)
    assert exact.identity != coarse.identity and exact.weights_sha256 == coarse.weights_sha256
    assert coarse.preparation == "inside the extractor, computed in mixed bfloat16"
    assert all(weight.dtype == "float32" for weight in coarse.model.weights)
    wanted, found = features_of(exact, images), features_of(coarse, images)
    assert found.dtype == np.float32
    spread = wanted.std()
    assert 0 < np.abs(found - wanted).max() < 0.05 * spread  # 8 bits of a number: 1 in 256


def test_unit_scaling_is_division_by_255():
    np.testing.assert_allclose(unit_scaling(np.array([0, 51, 255], np.uint8)), [0, 0.2, 1], rtol=1e-6)


def test_each_network_is_given_what_its_weights_were_trained_with():
    pixel = np.array([[[[10, 20, 255]]]], np.uint8)
    wanted = {
        "resnet50": [255 - 103.939, 20 - 116.779, 10 - 123.68],  # BGR, channel means subtracted
        "vgg16": [255 - 103.939, 20 - 116.779, 10 - 123.68],
        "resnet50v2": [10 / 127.5 - 1, 20 / 127.5 - 1, 1],
        "mobilenetv2": [10 / 127.5 - 1, 20 / 127.5 - 1, 1],
        "densenet121": [(10 / 255 - 0.485) / 0.229, (20 / 255 - 0.456) / 0.224, (1 - 0.406) / 0.225],
        "efficientnetv2b0": [10, 20, 255],
        "efficientnetv2b3": [10, 20, 255],
        "convnexttiny": [10, 20, 255],
    }
    assert wanted.keys() == NETWORKS.keys()
    for name, expected in wanted.items():
        prepare, _ = preparation_of(NETWORKS[name], "imagenet")
        np.testing.assert_allclose(prepare(pixel)[0, 0, 0], expected, rtol=1e-4, err_msg=name)


def test_unit_scaling_leaves_networks_alone_that_scale_inside():
    pixel = np.array([[[[10, 20, 255]]]], np.uint8)
    for network in NETWORKS.values():
        prepare, _ = preparation_of(network, "unit")
        divided = prepare(pixel).max() == 1
        assert divided != network.scales_inside, network.name


def test_random_features_are_frozen_normalised_and_told_apart_by_seed(images):
    one = load_backbone(study(weights="random"), images)
    assert one.untrained and not one.model.trainable_weights
    assert one.model.output_shape == (None, 2, 2, 2048)
    features = np.asarray(one.model(one.prepare(images), training=False))
    # Statistics were set on these images, so activations keep their scale through 50 layers.
    assert 0.1 < features.std() < 10
    assert features.std(axis=0).mean() > 0.05
    again = load_backbone(study(weights="random"), images)
    assert again.identity == one.identity
    assert load_backbone(study(weights="random", seed=1), images).identity != one.identity
    assert load_backbone(study(weights="random", scaling="imagenet"), images).identity != one.identity


def test_a_weights_file_is_loaded_and_a_wrong_one_refused(images, tmp_path):
    model = keras.applications.ResNet50(weights=None, include_top=False, input_shape=(SIDE, SIDE, 3))
    model.save_weights(tmp_path / "good.weights.h5")
    loaded = load_backbone(study(weights=str(tmp_path / "good.weights.h5")), images)
    assert loaded.weights_sha256 == backbones.hash_weights(model)
    assert not loaded.untrained and not loaded.model.trainable_weights
    (tmp_path / "bad.weights.h5").write_bytes(b"nonsense")
    with pytest.raises(StudyError, match=r"bad.weights.h5 does not hold weights of ResNet50"):
        load_backbone(study(weights=str(tmp_path / "bad.weights.h5")), images)
    with pytest.raises(StudyError, match=r"none.h5 does not exist"):
        load_backbone(study(weights=str(tmp_path / "none.h5")), images)


def test_imagenet_weights_offline_names_file_place_and_hash(images, monkeypatch, tmp_path):
    def unreachable(**_):
        raise Exception("URL fetch failure on https://example.org: None -- no route")

    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    monkeypatch.setattr(keras.applications, "ResNet50", unreachable)
    with pytest.raises(StudyError) as caught:
        load_backbone(study(), images)
    message = str(caught.value)
    assert "URL fetch failure" in message
    assert str(tmp_path / "models" / "resnet50_weights_tf_dim_ordering_tf_kernels_notop.h5") in message
    assert "4d473c1dd8becc155b73f8504c6f6626" in message


def test_random_weights_may_replace_those_of_a_file(extractor, images):
    own = load_backbone(study(backbone=str(extractor)), images)
    control = load_backbone(study(backbone=str(extractor), weights="random"), images)
    assert control.untrained and not own.untrained
    assert control.identity != own.identity and control.model.output_shape == own.model.output_shape
    assert "random" in control.weights and not control.model.trainable_weights


def test_an_extractor_file_gets_pixels_as_they_are(extractor, images):
    backbone = load_backbone(study(backbone=str(extractor), scaling="imagenet"), images)
    np.testing.assert_array_equal(backbone.prepare(images), images.astype(np.float32))
    assert backbone.preparation == "inside the extractor"
    assert not backbone.model.trainable_weights


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda path: None, "does not exist"),
        (lambda path: path.write_bytes(b"PK"), "is not a Keras model"),
        (lambda path: _save_classifier(path), "not images to a feature map"),
    ],
)
def test_a_file_that_is_no_extractor_is_refused(make, message, images, tmp_path):
    path = tmp_path / "x.keras"
    make(path)
    with pytest.raises(StudyError, match=message):
        load_backbone(study(backbone=str(path)), images)


def _save_classifier(path):
    inputs = keras.Input((SIDE, SIDE, 3))
    keras.Model(inputs, keras.layers.Dense(3)(keras.layers.Flatten()(inputs))).save(path)


def test_an_extractor_of_another_size_says_which(extractor, images):
    with pytest.raises(StudyError, match=f"set image_size={SIDE}"):
        load_backbone(study(backbone=str(extractor), image_size=96), images)
