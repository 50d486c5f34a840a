"""Heat maps lie over the image in its own frame."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest
from builders import noise, write_image
from PIL import Image

from bcd_utils.datasets.image_set import ImageSet
from bcd_utils.explain.gradcam import grad_cam, hires_cam
from bcd_utils.images.reading import read_image
from bcd_utils.models.head import build_head
from bcd_utils.prediction.heat_maps import HeatMaps, over
from bcd_utils.prediction.inputs import listed
from bcd_utils.prediction.model import StudyModel
from bcd_utils.reporting.plots.heat_maps import blended
from bcd_utils.study.run import Run
from bcd_utils.utils.backend import keras
from bcd_utils.utils.errors import StudyError

pytestmark = pytest.mark.slow


def test_maps_of_its_own_images_are_those_of_the_run(model, finished, tiny, tmp_path, monkeypatch):
    monkeypatch.setenv("BCD_CACHE_DIR", str(tiny.cache))
    images = ImageSet.of_run(Run.open(finished))
    rows = images.table.iloc[images.rows["test"][:2]]
    given = listed([images.folder / path for path in rows["path"]])
    (found,) = model.batches(given, heat_maps=HeatMaps(tmp_path / "maps"))
    stored = np.load(finished / "artifacts" / "cams.npz")
    for row, each, name in zip(found, given, rows["id"], strict=True):
        array = np.load((tmp_path / "maps" / row["heat_map"]).with_suffix(".npy"))
        assert array.shape == (row["height"], row["width"]) and array.dtype == np.float16
        cam = stored["grad_cam"][stored["ids"] == name][0].astype(np.float32)
        np.testing.assert_allclose(array, cv2.resize(cam, array.shape[::-1]), atol=2e-3)
        with Image.open(tmp_path / "maps" / row["heat_map"]) as picture, Image.open(each.file) as image:
            assert picture.size == image.size
            assert "Not for clinical use" in picture.text["Description"]


def test_class_and_method_are_those_asked_for(model, tmp_path):
    (network,), given = model.networks, listed([write_image(tmp_path / "a.png", noise(1))])
    keras.utils.set_random_seed(0)  # a head that flattens the map, for which the two methods differ
    head = build_head(network.head.input_shape[1:], 3, replace(network.run.study, pooling="flatten"))
    flat = StudyModel((replace(network, head=head),))
    features = network.say(network.shown(read_image(given[0].file))[None]).features
    found = {}
    for method, function in {"grad-cam": grad_cam, "hires-cam": hires_cam}.items():
        for number, label in enumerate(model.classes):
            (rows,) = flat.batches(given, heat_maps=HeatMaps(tmp_path / "maps", method, label))
            array = np.load((tmp_path / "maps" / rows[0]["heat_map"]).with_suffix(".npy"))
            cam = function(head, features, np.array([number]))[0]
            np.testing.assert_allclose(array, cv2.resize(cam, (90, 70)), atol=2e-3)
            found[method, label] = array.tobytes()
    assert len(set(found.values())) > 3, "neither of three classes alone nor of two methods"


def test_strips_make_the_same_picture():
    image, cam = np.dstack([noise(1, shape=(600, 20))] * 3), np.random.default_rng(0).random((600, 20))
    assert np.array_equal(over(image, cam), np.rint(255 * blended(image, cam)).astype(np.uint8))


def test_what_cannot_be_drawn_is_refused(tmp_path):
    with pytest.raises(StudyError, match="There is no heat map 'gradcam'"):
        HeatMaps(tmp_path, "gradcam")
    with pytest.raises(StudyError, match="knows no class 'x'"):
        HeatMaps(tmp_path, of_class="x").check(["benign"], [])
    with pytest.raises(StudyError, match="folder beside the images"):
        HeatMaps(tmp_path / "maps").check(["benign"], [tmp_path])
