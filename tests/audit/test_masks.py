"""Masks that are missing, empty, too large or along the border are told by class."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from builders import noise, square, write_image

from bcd_utils.audit.masks import inspect_masks, lesion_free, masks_per_class, odd_masks, said_of_masks

SHAPE = (70, 90)


@pytest.fixture
def masks(tmp_path):
    """One image of each sort, its id the sort, and what is said of it."""
    black, white = np.zeros(SHAPE, np.uint8), np.full(SHAPE, 255, np.uint8)
    border = black.copy()
    border[:5] = 255
    files = {
        ("fine", "benign"): [square(20, 20)],
        ("two", "benign"): [square(10, 10), square(40, 60)],
        ("missing", "malignant"): [],
        ("empty", "malignant"): [black],
        ("whole", "malignant"): [white],
        ("border", "benign"): [border],
        ("healthy", "normal"): [black],
        ("surprise", "normal"): [square(20, 20)],
    }
    files |= {(f"fine {number}", "malignant"): [square(20, 20)] for number in range(3)}
    files |= {(f"healthy {number}", "normal"): [black] for number in range(3)}
    rows = []
    for (name, label), pixels in files.items():
        names = [write_image(tmp_path / f"{name}_{n}.png", mask).name for n, mask in enumerate(pixels)]
        path = write_image(tmp_path / f"{name}.png", noise(0)).name
        rows.append((name, label, path, "|".join(names)))
    manifest = pd.DataFrame(rows, columns=["id", "label", "path", "masks"])
    return inspect_masks(tmp_path, manifest).set_index("id", drop=False)


def test_each_sort_is_recognised(masks):
    assert masks.index[masks["without_file"]].tolist() == ["missing"]
    assert masks.index[masks["empty"]].tolist() == ["empty", "healthy", *(f"healthy {n}" for n in range(3))]
    assert masks.index[masks["several_files"]].tolist() == ["two"]
    assert masks.index[masks["covers_most"]].tolist() == ["whole"]
    assert masks.index[masks["along_border"]].tolist() == ["whole", "border"]
    assert masks.loc["two", "area_share"] == pytest.approx(800 / 6300, abs=1e-5)


def test_the_table_counts_by_class(masks):
    table = masks_per_class(masks)
    assert table.loc["malignant"].tolist() == [6, 1, 1, 0, 1, 1]
    assert table.loc["all"].tolist() == [14, 1, 5, 1, 1, 2]


def test_masks_that_disagree_with_their_label(masks):
    odd = odd_masks(masks)
    reasons = odd.groupby("reason")["id"].agg(list).to_dict()
    assert reasons == {
        "no lesion drawn": ["missing", "empty"],
        "a lesion drawn, as in few images of the class": ["surprise"],
        "covers more than 60% of the image": ["whole"],
        "runs along the image's border": ["whole", "border"],
    }


@pytest.mark.parametrize("name", ["normal", "ängstlich", "gesund und munter"])
def test_a_class_is_lesion_free_by_its_masks_whatever_it_is_called(masks, name):
    renamed = masks.assign(label=masks["label"].replace("normal", name))
    drawn = ~(renamed["without_file"] | renamed["empty"])
    assert lesion_free(renamed["label"], drawn) == [name]
    assert odd_masks(renamed)["reason"].tolist() == odd_masks(masks)["reason"].tolist()
    said = said_of_masks(renamed["label"], drawn)
    assert said.startswith(f"Of 5 images of {name}, 1 have a lesion drawn") and f"`{name}`" in said


def test_where_all_classes_have_lesions_an_empty_mask_tells_none(masks):
    two = masks[masks["label"] != "normal"]
    drawn = ~(two["without_file"] | two["empty"])
    assert lesion_free(two["label"], drawn) == []
    assert "tells none" in said_of_masks(two["label"], drawn)
    assert odd_masks(two)["id"].tolist()[:2] == ["missing", "empty"]
    assert said_of_masks(two["label"], drawn & False).startswith("No image has a lesion drawn")


def test_a_data_set_without_any_mask_is_not_odd(masks):
    assert len(odd_masks(masks.loc[["missing", "empty", "healthy"]])) == 0
