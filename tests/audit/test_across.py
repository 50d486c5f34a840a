"""Copies of one source in another are found however they were changed, and strangers are not."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from builders import write_image
from PIL import Image
from scipy.ndimage import gaussian_filter

from bcd_utils.audit.across import COLUMNS, copies_across
from bcd_utils.audit.duplicates import thumbnails
from bcd_utils.datasets.inspection import inspect_image


def tissue(key, shape=(120, 160)):
    field = gaussian_filter(np.random.default_rng(key).standard_normal(shape), 4)
    return np.clip(127 + 40 * field / field.std(), 0, 255).astype(np.uint8)


def table_of(folder):
    paths = sorted(path.name for path in folder.iterdir())
    table = pd.DataFrame([inspect_image(folder / path) for path in paths])
    return table.assign(id=[path.partition(".")[0] for path in paths], path=paths)


def found(first, second, threshold=0.6):
    tables = table_of(first), table_of(second)
    return copies_across(*tables, tuple(map(thumbnails, (first, second), tables)), threshold)


@pytest.fixture
def folders(tmp_path):
    """Own images 0 to 7, and elsewhere copies of the first six, changed, and two strangers."""
    own, other = tmp_path / "own", tmp_path / "other"
    for number in range(8):
        write_image(own / f"own{number}.png", tissue(number))
    other.mkdir()
    (other / "a_file.png").write_bytes((own / "own0.png").read_bytes())
    Image.open(own / "own1.png").save(other / "b_pixels.bmp")
    Image.open(own / "own2.png").save(other / "c_jpeg.jpg", quality=70)
    write_image(other / "d_brighter.png", (20 + 0.8 * tissue(3)).astype(np.uint8))
    write_image(other / "e_mirrored.png", np.ascontiguousarray(tissue(4)[:, ::-1]))
    write_image(other / "f_crop.png", tissue(5)[12:108, 16:144])
    for number in range(2):
        write_image(other / f"g{number}_stranger.png", tissue(100 + number))
    return other, own


EXPECTED = {
    ("a_file", "own0"): "same file",
    ("b_pixels", "own1"): "same pixels",
    ("c_jpeg", "own2"): "near copy",
    ("d_brighter", "own3"): "near copy",
    ("e_mirrored", "own4"): "mirrored",
    ("f_crop", "own5"): "cropped",
}


def test_every_planted_copy_is_found_with_its_kind_and_no_stranger(folders):
    pairs = found(*folders)
    assert {(row.id_a, row.id_b): row.kind for row in pairs.itertuples()} == EXPECTED
    assert pairs["kind"].tolist()[:2] == ["same file", "same pixels"] and list(pairs) == list(COLUMNS)
    near = pairs["detail"].tolist()[2:]
    assert near == sorted(near, reverse=True) and min(near) > 0.6


def test_it_does_not_matter_which_source_is_the_first(folders):
    pairs = found(*folders[::-1])
    assert {(row.id_b, row.id_a): row.kind for row in pairs.itertuples()} == EXPECTED


def test_from_a_threshold_on_that_nothing_reaches_only_equals_are_copies(folders):
    assert set(found(*folders, threshold=1.01)["kind"]) == {"same file", "same pixels"}


def test_hashes_that_are_unknown_are_equal_to_none(folders):
    first, second = (table_of(folder).assign(sha256="", pixels_sha256="") for folder in folders)
    pairs = copies_across(first, second, tuple(map(thumbnails, folders, (first, second))), 1.01)
    assert pairs.empty and list(pairs) == list(COLUMNS)
