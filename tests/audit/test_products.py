"""The bounded search gives what multiplying all with all gives, and multiplies far less."""

from __future__ import annotations

import numpy as np
import pytest
from builders import manifest_of
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.ndimage import gaussian_filter

from bcd_utils.audit import products
from bcd_utils.audit.duplicates import CROPS, detail_rows, mirrored, thumbnails, unit_rows
from bcd_utils.audit.products import Rows
from bcd_utils.datasets import REGISTRY
from bcd_utils.datasets.phantom_files import write_phantoms

EDGE = 1e-5  # float32: a product this near the limit may fall on either side


@pytest.fixture(autouse=True, scope="module")
def several_blocks():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(products, "BLOCK", 7)
        patch.setattr(products, "TOGETHER", 5)
        yield


def rows_of(seed, images, blur, side):
    """Random thumbnails, smooth or grainy, the second half changed copies of the first, one of them even."""
    generator = np.random.default_rng(seed)
    drawn = gaussian_filter(generator.standard_normal((images, side, side)), (0, blur, blur))
    drawn[images // 2 :] = drawn[: images - images // 2] + 0.5 * drawn[images // 2 :]
    drawn[0] = 0
    return unit_rows(drawn)


def check_alike(found, others, rows, lowest):
    """``found`` is what every product, in float64, says."""
    every = others.astype(float) @ rows.T.astype(float)
    pairs = [tuple(pair) for block in found for pair in block.tolist()]
    assert len(pairs) == len(set(pairs))
    assert {tuple(pair) for pair in np.argwhere(every >= lowest + EDGE).tolist()} <= set(pairs)
    assert set(pairs) <= {tuple(pair) for pair in np.argwhere(every >= lowest - EDGE).tolist()}
    return len(pairs)


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 10**6),
    images=st.integers(2, 23),
    blur=st.sampled_from([0, 0.5, 1, 3]),
    side=st.sampled_from([16, 40, 64]),
    lowest=st.floats(-0.5, 1),
)
def test_the_pairs_and_the_best_are_those_of_all_with_all(seed, images, blur, side, lowest):
    rows, others = rows_of(seed, images, blur, side), rows_of(seed + 1, images // 2 + 1, blur, side)
    whole = Rows(rows)
    check_alike(whole.alike(rows, lowest), rows, rows, lowest)
    check_alike(whole.alike(others, lowest), others, rows, lowest)
    every = rows.astype(float) @ rows.T.astype(float)
    np.fill_diagonal(every, -1)
    assert np.allclose(whole.best(), every.max(axis=1), atol=EDGE)


def test_phantoms_are_found_in_every_view_as_by_all_with_all(tmp_path):
    write_phantoms(tmp_path, {"benign": 7, "malignant": 5, "normal": 4}, 2024)
    manifest, _ = manifest_of(REGISTRY["phantom"], tmp_path)
    views = thumbnails(tmp_path, manifest)
    whole = Rows(detail_rows(views[1.0]))
    crops = [detail_rows(views[share]) for share in CROPS]
    for others in (whole.rows, mirrored(whole.rows), *crops):
        for lowest in (0.3, 0.45):
            check_alike(whole.alike(others, lowest), others, whole.rows, lowest)
    grey = Rows(unit_rows(views[1.0]))
    assert check_alike(grey.alike(grey.rows, 0.7), grey.rows, grey.rows, 0.7) > len(manifest)


def test_few_pairs_of_unlike_thumbnails_are_multiplied_in_full(monkeypatch):
    drawn = np.random.default_rng(0).uniform(0, 255, (60, 64, 64))
    smooth = detail_rows(gaussian_filter(drawn, (0, 1, 1)))
    multiplied = []
    inner = Rows.products
    monkeypatch.setattr(
        Rows, "products", lambda self, *given: multiplied.append(len(given[1])) or inner(self, *given)
    )
    found = np.concatenate([*Rows(smooth).alike(smooth, 0.45)])
    assert found.tolist() == [[place, place] for place in range(60)]
    assert sum(multiplied) < 0.05 * 60**2


def test_an_image_alone_is_like_no_other():
    assert Rows(rows_of(0, 3, 1, 16)[1:2]).best().tolist() == [-1]
