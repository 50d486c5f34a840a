"""What a reader of its own passes over is listed, whichever data set it is."""

from __future__ import annotations

import pytest
from builders import noise, write_image
from miniatures import write_breakhis, write_buid, write_inbreast, write_mias

from bcd_utils.datasets import REGISTRY
from bcd_utils.datasets.at_hand import read_folder


@pytest.mark.parametrize(
    ("name", "write"),
    [("mias", write_mias), ("inbreast", write_inbreast), ("breakhis", write_breakhis), ("buid", write_buid)],
)
def test_a_picture_that_no_reader_takes_is_left_out_with_a_word(tmp_path, name, write):
    folder = write(tmp_path)
    before = read_folder(REGISTRY[name], folder)
    write_image(folder / "holiday.png", noise(3))
    after = read_folder(REGISTRY[name], folder)
    assert after.scan.images.equals(before.scan.images)
    assert [path for path, _ in after.scan.left_out if path not in dict(before.scan.left_out)][:1] == [
        "holiday.png"
    ]
