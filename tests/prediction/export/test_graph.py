"""The network from pixels says what the run says; resizing inside is OpenCV's."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from builders import noise

from bcd_utils.evaluation.calibration import apply_temperature
from bcd_utils.images.fitting import Fitting
from bcd_utils.prediction.export.graph import Squared, preparation, resizes_inside, whole_network
from bcd_utils.utils.backend import keras

SIZE = 32


def prepare(images):
    """As ResNet50's: BGR, shifted; and scaled."""
    return images[..., ::-1].astype(np.float32) / 64 - np.float32([1, 2, 3])


def network_of(fitting=Fitting(), stain="none"):  # noqa: B008 - frozen
    keras.utils.set_random_seed(1)
    layers = keras.layers
    backbone = keras.Sequential(
        [keras.Input((SIZE, SIZE, 3)), layers.Conv2D(4, 5, strides=4, activation="relu")]
    )
    top = [
        keras.Input(backbone.output_shape[1:]),
        layers.GlobalAveragePooling2D(),
        layers.Dense(3),
        layers.Softmax(),
    ]
    source = SimpleNamespace(stain=stain)
    study = SimpleNamespace(contrast=fitting.contrast, source=source, image_size=SIZE)
    return SimpleNamespace(
        run=SimpleNamespace(study=study),
        fitting=fitting,
        backbone=SimpleNamespace(model=backbone, prepare=prepare),
        head=keras.Sequential(top),
        evaluation={"calibration": {"temperature": 1.7}},
    )


def coloured(shape):
    return np.dstack([noise(number, *shape, shape=shape) for number in range(3)])


@pytest.mark.parametrize("way", ["stretch", "letterbox", "crop"])
@pytest.mark.parametrize("shape", [(32, 32), (64, 64), (50, 70), (71, 40), (20, 90), (20, 25)])
def test_a_square_is_opencvs_but_for_a_grey_level_of_rounding(way, shape):
    image = coloured(shape)
    expected = Fitting(way).squared(image, SIZE).astype(float)
    found = np.asarray(Squared(Fitting(way), SIZE)(image[None]))[0]
    assert abs(found - expected).max() <= 1
    assert (found != expected).mean() < (0.01 if min(shape) >= 32 else 0.2), (
        "enlarged, OpenCV counts in 1/2048"
    )


@pytest.mark.parametrize("fitting", [Fitting("letterbox"), Fitting(contrast="clahe")])
def test_from_resized_pixels_on_it_is_the_study(fitting):
    network, image = network_of(fitting), coloured((SIZE, SIZE))
    said = whole_network(network)(image[None])
    expected = np.asarray(network.head(network.backbone.model(prepare(image[None]))))
    np.testing.assert_allclose(said["probabilities"], expected, atol=1e-6)
    np.testing.assert_allclose(said["calibrated"], apply_temperature(expected, 1.7), atol=1e-6)


def test_what_the_graph_cannot_do_is_left_outside():
    assert resizes_inside(network_of()) and whole_network(network_of()).input_shape == (1, None, None, 3)
    for network in (network_of(Fitting(contrast="equalize")), network_of(stain="reinhard")):
        assert not resizes_inside(network) and whole_network(network).input_shape == (1, SIZE, SIZE, 3)


def test_a_preparation_is_found_by_trying():
    channels, factor, shift = preparation(prepare)
    assert channels == [2, 1, 0] and shift.tolist() == [-1, -2, -3]
    np.testing.assert_allclose(factor, 1 / 64, rtol=1e-6)
