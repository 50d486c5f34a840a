"""The head on cached features must be what the plain Keras loop would give."""

import numpy as np
import pytest

from bcd_utils.models.head import build_head
from bcd_utils.models.training import Batches, balanced_weights, predict, train
from bcd_utils.study.loading import make_study
from bcd_utils.utils import backend
from bcd_utils.utils.backend import keras
from bcd_utils.utils.errors import StudyError

SIDE, CLASSES = 32, 3


def tiny_study(**settings):
    return make_study({"name": "tiny", "hidden_units": [8, 4], "epochs": 4, "image_size": SIDE, **settings})


@pytest.fixture
def images():
    generator = np.random.default_rng(5)
    labels = np.arange(48) % CLASSES
    pixels = generator.integers(0, 120, (48, SIDE, SIDE, 3)).astype(np.uint8)
    pixels[np.arange(48), :, :, labels] += 100
    return pixels, labels


def tiny_backbone():
    layers = keras.layers
    inputs = keras.Input((SIDE, SIDE, 3))
    x = layers.Conv2D(6, 5, strides=4, kernel_initializer=keras.initializers.HeNormal(seed=3))(inputs)
    x = layers.BatchNormalization()(x)
    model = keras.Model(inputs, layers.ReLU()(x))
    for layer in model.layers:
        layer.trainable = False
    return model


@pytest.mark.parametrize(
    ("pooling", "dropout", "batch_size", "naive_with_xla"),
    # XLA draws other dropout masks from the same seed, so Keras' default compilation is compared without dropout.
    # XLA compiles for seconds for each size of batch: 6 divides both sets, 8 leaves a smaller last batch.
    [("flatten", 0.5, 6, True), ("average", 0.5, 6, True), ("flatten", 0, 8, False)],
)
def test_training_on_features_equals_the_loop_through_the_backbone(
    images, pooling, dropout, batch_size, naive_with_xla
):
    pixels, labels = images
    study = tiny_study(pooling=pooling, dropout=dropout)
    train_rows, validation_rows = np.arange(36), np.arange(36, 48)
    backbone = tiny_backbone()
    features = predict(backbone, pixels.astype(np.float32) / 255)

    head = build_head(features.shape[1:], CLASSES, study)
    history, restored = train(
        head,
        Batches(features, labels, train_rows, CLASSES, batch_size, seed=1),
        Batches(features, labels, validation_rows, CLASSES, batch_size),
        study, epochs=4, learning_rate=1e-3, compile_with_xla=True,
    )  # fmt: skip

    naive_head = build_head(features.shape[1:], CLASSES, study)
    inputs = keras.Input((SIDE, SIDE, 3))
    naive = keras.Model(inputs, naive_head(backbone(inputs)))
    naive.compile("adam", "categorical_crossentropy", metrics=["accuracy"], jit_compile=naive_with_xla)
    naive_history, naive_predictions = [], []
    for epoch in range(4):  # fit shuffles with the backend's own generator, so it is given each epoch's order
        order = np.random.default_rng([1, epoch]).permutation(train_rows)
        validation = (pixels[validation_rows] / np.float32(255), np.eye(CLASSES)[labels[validation_rows]])
        fitted = naive.fit(
            pixels[order] / np.float32(255), np.eye(CLASSES)[labels[order]],
            batch_size=batch_size, shuffle=False, validation_data=validation, verbose=0,
        ).history  # fmt: skip
        naive_history.append([epoch + 1, *(fitted[name][0] for name in history.columns[1:])])
        naive_predictions.append(predict(naive, pixels / np.float32(255)))
    naive_history = np.array(naive_history)
    assert restored == naive_history[:, 4].argmin() + 1

    np.testing.assert_allclose(history, naive_history, rtol=2e-4, atol=2e-4)
    np.testing.assert_allclose(predict(head, features), naive_predictions[restored - 1], rtol=1e-3, atol=1e-4)
    assert history["loss"].iloc[-1] < history["loss"].iloc[0]


def test_two_trainings_with_one_seed_are_bit_identical(images):
    pixels, labels = images
    features = predict(tiny_backbone(), pixels.astype(np.float32) / 255)

    def once():
        keras.utils.set_random_seed(0)  # all batches have 8 images: XLA compiles for seconds for each size
        head = build_head(features.shape[1:], CLASSES, tiny_study())
        training = Batches(features, labels, np.arange(32), CLASSES, 8, seed=1)
        validation = Batches(features, labels, np.arange(40, 48), CLASSES, 8)
        train(head, training, validation, tiny_study(), 3, 1e-3, compile_with_xla=True)
        return predict(head, features)

    np.testing.assert_array_equal(once(), once())


@pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="XLA is TensorFlow's to switch on")
@pytest.mark.parametrize(
    ("features", "device", "with_xla"),
    [
        (
            (7, 7, 2048),
            "CPU (2 cores, x86_64)",
            True,
        ),  # ResNet50's 2048 values, or their averages, to 256 units
        ((1, 1, 2048), "CPU (2 cores, x86_64)", True),
        ((4, 4, 16), "CPU (2 cores, x86_64)", "auto"),
        ((7, 7, 2048), "NVIDIA", "auto"),
    ],
)
def test_a_head_that_is_worth_its_compiling_is_trained_with_xla_on_a_cpu(
    features, device, with_xla, monkeypatch
):
    monkeypatch.setattr(backend, "device", lambda: device)
    monkeypatch.setattr(backend.platform, "system", lambda: "Linux")
    head = build_head(features, CLASSES, tiny_study(hidden_units=[256]))
    assert backend.jit_compile(head.count_params()) == with_xla


def test_the_restored_weights_are_those_of_the_best_validation_epoch(images):
    pixels, labels = images
    features = predict(tiny_backbone(), pixels.astype(np.float32) / 255)
    study = tiny_study(patience=2, dropout=0)
    head = build_head(features.shape[1:], CLASSES, study)
    validation = Batches(features, labels, np.arange(36, 48), CLASSES, 12)
    history, restored = train(
        head, Batches(features, labels, np.arange(36), CLASSES, 8, seed=1), validation, study, 40, 0.3
    )
    assert len(history) < 40
    assert len(history) == restored + study.patience
    probabilities = predict(head, features[36:])
    loss = -np.log(np.clip(probabilities[np.arange(12), labels[36:]], 1e-7, 1)).mean()
    assert loss == pytest.approx(history["val_loss"].min(), rel=1e-3)


def test_the_papers_head_has_the_papers_layers():
    head = build_head((7, 7, 2048), 3, make_study({"name": "paper"}))
    assert [layer.name for layer in head.layers] == [
        "features", "flatten", "batch_normalization", "dense_1", "dropout_1", "dense_2", "dropout_2",
        "dense_3", "dropout_3", "logits", "probabilities",
    ]  # fmt: skip
    flat = 7 * 7 * 2048
    by_hand = 4 * flat + (flat + 1) * 256 + 257 * 128 + 129 * 64 + 65 * 3
    assert head.count_params() == by_hand


def test_saving_leaves_the_optimiser_out(images, tmp_path):
    pixels, labels = images
    features = predict(tiny_backbone(), pixels.astype(np.float32) / 255)
    head = build_head(features.shape[1:], CLASSES, tiny_study())
    head.save(tmp_path / "untrained.keras")
    batches = Batches(features, labels, np.arange(48), CLASSES, 8)
    train(head, batches, batches, tiny_study(), 1, 1e-3)
    head.save(tmp_path / "trained.keras")
    loaded = keras.models.load_model(tmp_path / "trained.keras")
    np.testing.assert_array_equal(predict(loaded, features), predict(head, features))
    sizes = [(tmp_path / f"{name}.keras").stat().st_size for name in ("untrained", "trained")]
    assert sizes[1] < 1.1 * sizes[0]


def test_batches_cover_each_row_once_an_epoch_in_an_order_of_seed_and_epoch():
    values, labels = np.arange(20, dtype=np.float32)[:, None], np.arange(20) % 2

    def order(epoch):
        batches = Batches(values, labels, np.arange(5, 20), 2, 4, seed=3)
        return np.concatenate([x for x, _ in batches.of_epoch(epoch)]).ravel()

    assert sorted(order(0)) == sorted(order(1)) == list(range(5, 20))
    assert not np.array_equal(order(0), order(1))
    np.testing.assert_array_equal(order(0), order(0))


def test_class_weights_change_training_as_balanced_weights_say(images):
    pixels, labels = images
    features = predict(tiny_backbone(), pixels.astype(np.float32) / 255)
    rows = np.concatenate(
        [np.flatnonzero(labels == 0), np.flatnonzero(labels == 1)[:4], np.flatnonzero(labels == 2)[:4]]
    )
    assert balanced_weights(labels[rows]) == {0: 24 / 48, 1: 2.0, 2: 2.0}

    def losses(class_weights):
        study = tiny_study(class_weights=class_weights, dropout=0)
        head = build_head(features.shape[1:], CLASSES, study)
        batches = Batches(features, labels, rows, CLASSES, 24)
        return train(head, batches, batches, study, 1, 1e-3)[0]["loss"].iloc[0]

    assert losses("balanced") != pytest.approx(losses("none"), rel=1e-3)


def test_a_loss_that_is_not_a_number_says_so(images):
    pixels, labels = images
    features = predict(tiny_backbone(), pixels.astype(np.float32) / 255)
    batches = Batches(features, labels, np.arange(48), CLASSES, 8)
    head = build_head(features.shape[1:], CLASSES, tiny_study())
    # Not in the features: some processors' ReLU turns NaN into 0.
    head.get_layer("logits").bias.assign(np.full(CLASSES, np.nan))
    with pytest.raises(StudyError, match="not a number after epoch 1.*learning_rate"):
        train(head, batches, batches, tiny_study(), 1, 1e-3)
