"""Occlusion maps of networks whose answer follows from known places of the image."""

import numpy as np

from bcd_utils.explain.occlusion import occlusion_maps


def test_the_map_peaks_where_the_answer_comes_from_and_shows_nothing_elsewhere():
    pixels = np.full((2, 70, 70, 3), 40, np.uint8)
    pixels[0, 10:20, 40:50] = 250
    pixels[1, 50:60, 10:20] = 250

    def brightest(images):  # of class 1: the brightest block of 10 x 10
        blocks = images[..., 0].reshape(len(images), 7, 10, 7, 10).mean(axis=(2, 4)).max(axis=(1, 2)) / 255
        return np.stack([1 - blocks, blocks], axis=1)

    maps = occlusion_maps(brightest, pixels, np.array([1, 1]))
    assert maps.shape == (2, 7, 7) and maps.dtype == np.float32 and maps.max() == 1
    assert maps[0, 1, 4] == 1 and maps[1, 5, 1] == 1
    assert maps[0, 4:].max() == 0 and maps[1, :3].max() == 0


def test_where_covering_only_helps_the_map_is_zero():
    pixels = np.zeros((1, 14, 14, 3), np.uint8)
    pixels[0, :7] = 200
    dark = lambda images: images.std(axis=(1, 2, 3))[:, None] * [[-1.0, 1.0]]  # noqa: E731
    assert occlusion_maps(dark, pixels, np.array([0])).max() == 0


def test_images_are_left_as_they_were_and_seen_in_one_go():
    pixels = np.random.default_rng(1).integers(0, 256, (3, 14, 14, 3)).astype(np.uint8)
    before, seen = pixels.copy(), []

    def predict(images):
        seen.append(len(images))
        return np.zeros((len(images), 2))

    occlusion_maps(predict, pixels, np.array([0, 1, 0]), grid=4)
    assert (pixels == before).all() and seen == [17, 17, 17]
