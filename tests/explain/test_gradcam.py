"""Grad-CAM by hand, and the sanity check's shuffled head."""

import numpy as np

from bcd_utils.explain.gradcam import grad_cam, hires_cam, shuffle_head
from bcd_utils.utils.backend import keras, score_gradients


def linear_head(kernel):
    inputs = keras.Input((2, 2, 2))
    logits = keras.layers.Dense(2, use_bias=False, name="logits")(keras.layers.Flatten()(inputs))
    model = keras.Model(inputs, keras.layers.Softmax()(logits))
    model.set_weights([np.asarray(kernel, np.float32)])
    return model


# Rows of the kernel: position (0,0) channels a, b; (0,1) a, b; (1,0) a, b; (1,1) a, b.
KERNEL = [[1, 0], [0, 1], [3, 0], [0, 1], [0, 0], [0, 1], [0, 0], [-4, 1]]
FEATURES = np.array([[[[1, 1], [2, 0]], [[0, 3], [1, 1]]]], np.float32)


def test_gradients_of_a_linear_logit_are_its_weights():
    model = linear_head(KERNEL)
    logits = keras.Model(model.inputs, model.get_layer("logits").output)
    gradients = score_gradients(logits, FEATURES, np.array([0]))
    np.testing.assert_allclose(gradients[0].reshape(8), [row[0] for row in KERNEL])


def test_grad_cam_by_hand():
    # Class 0: mean gradient of a is (1+3)/4 = 1, of b (-4)/4 = -1; map = relu(a - b) = [[0, 2], [0, 0]].
    np.testing.assert_allclose(grad_cam(linear_head(KERNEL), FEATURES, np.array([0]))[0], [[0, 1], [0, 0]])
    # Class 1: a 0, b 1; map = b = [[1, 0], [3, 1]], divided by 3.
    cam = grad_cam(linear_head(KERNEL), FEATURES, np.array([1]))[0]
    np.testing.assert_allclose(cam, [[1 / 3, 0], [1, 1 / 3]], rtol=1e-6)


def test_hires_cam_by_hand():
    # Class 0: weight times feature at each position: 1*1+0, 3*2+0, 0, 0-4*1 -> [[1, 6], [0, -4]] -> relu, / 6.
    cam = hires_cam(linear_head(KERNEL), FEATURES, np.array([0]))[0]
    np.testing.assert_allclose(cam, [[1 / 6, 1], [0, 0]], rtol=1e-6)


def test_a_map_without_positive_evidence_is_zero():
    kernel = -np.abs(KERNEL)
    assert grad_cam(linear_head(kernel), FEATURES, np.array([0])).max() == 0


def test_batches_do_not_change_maps_and_each_image_has_its_own_class():
    features = np.random.default_rng(0).random((5, 2, 2, 2)).astype(np.float32)
    classes = np.array([0, 1, 1, 0, 1])
    model = linear_head(KERNEL)
    whole = grad_cam(model, features, classes, batch_size=5)
    np.testing.assert_allclose(whole, grad_cam(model, features, classes, batch_size=2), rtol=1e-6)
    single = grad_cam(model, features[3:4], classes[3:4])
    np.testing.assert_allclose(whole[3], single[0], rtol=1e-6)


def test_maps_survive_saving_and_loading(tmp_path):
    model = linear_head(KERNEL)
    model.save(tmp_path / "head.keras")
    loaded = keras.models.load_model(tmp_path / "head.keras", compile=False)
    one, two = (grad_cam(head, FEATURES, np.array([1])) for head in (model, loaded))
    np.testing.assert_array_equal(one, two)


def test_shuffling_keeps_the_values_and_changes_the_order():
    model = linear_head(KERNEL)
    shuffled = shuffle_head(model, seed=0)
    before, after = model.get_weights()[0], shuffled.get_weights()[0]
    assert sorted(before.ravel()) == sorted(after.ravel())
    assert not np.array_equal(before, after)
    np.testing.assert_array_equal(after, shuffle_head(model, seed=0).get_weights()[0])
    np.testing.assert_array_equal(model.get_weights()[0], np.asarray(KERNEL, np.float32))
