"""What is said of an image itself."""

from __future__ import annotations

import cv2
import numpy as np

from bcd_utils.prediction.checks import check_image


def test_an_ordinary_grey_image_has_no_remark():
    grey = np.tile(np.arange(90, dtype=np.uint8), (70, 1))
    found = check_image(np.dstack([grey] * 3), 64, grey_expected=True)
    assert (found["width"], found["height"], found["remarks"]) == (90, 70, "")
    assert found["contrast"] == 25.98  # sqrt((90^2 - 1) / 12)


def test_colour_is_unusual_only_where_images_are_grey():
    image = np.zeros((70, 90, 3), np.uint8)
    image[:, :9, 0] = 200
    assert check_image(image, 64, True)["coloured_share"] == 0.1
    assert "in colour" in check_image(image, 64, True)["remarks"]
    assert check_image(image, 64, False)["remarks"] == ""


def test_text_small_and_flat_are_said():
    image = np.full((200, 300, 3), 40, np.uint8)
    cv2.putText(image, "RIGHT BREAST", (20, 100), cv2.FONT_HERSHEY_SIMPLEX, 0.6, (255, 255, 255), 2)
    found = check_image(image, 224, True)
    assert found["letters"] >= 3 and "text in the picture" in found["remarks"]
    assert "smaller than the network's input" in found["remarks"]
    assert "hardly any contrast" in check_image(np.full((300, 300, 3), 9, np.uint8), 224, True)["remarks"]
