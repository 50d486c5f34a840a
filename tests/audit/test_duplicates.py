"""Copies are found however they were changed, strangers are not, and the table says what it should."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from builders import manifest_of as built
from builders import noise, write_image
from PIL import Image
from scipy.ndimage import gaussian_filter

from bcd_utils.audit import neighbours
from bcd_utils.audit.duplicates import (
    KINDS,
    PAIR_COLUMNS,
    best_details,
    find_pairs,
    hash_signs,
    normalise_locally,
    read_pairs,
    thumbnails,
)
from bcd_utils.audit.groups import contradictory_groups, groups_with_pairs
from bcd_utils.audit.neighbours import closest_unlisted, feature_directions, nearest_to_each_other
from bcd_utils.datasets import REGISTRY
from bcd_utils.datasets.phantom_files import write_phantoms
from bcd_utils.datasets.phantoms.copies import plant_copies

THRESHOLD = 0.6
KIND_OF = {"byte for byte": "same file", "mirrored": "mirrored", "cropped": "cropped"}


def tissue(*key, shape=(120, 160)):
    """A smooth random picture, uint8: neighbouring pixels are alike, as in tissue."""
    field = gaussian_filter(np.random.default_rng(key).standard_normal(shape), 4)
    return np.clip(127 + 40 * field / field.std(), 0, 255).astype(np.uint8)


def manifest_of(folder, images, labels=None):
    """Write pictures (or file bytes) and inspect them."""
    for name, pixels in images.items():
        write_image(folder / f"{name}.png", pixels)
    rows = [{"id": name, "path": f"{name}.png", "masks": ""} for name in images]
    table = pd.DataFrame(rows)
    table["label"] = labels or ["benign"] * len(images)
    from bcd_utils.datasets.manifest import inspect_image

    return pd.concat([table, pd.DataFrame([inspect_image(folder / path) for path in table["path"]])], axis=1)


def audit(folder, manifest, **options):
    return find_pairs(manifest, thumbnails(folder, manifest), THRESHOLD, folder, **options)


def called_same(pairs):
    return {(row.id_a, row.id_b): row.kind for row in pairs[pairs["same"] == "yes"].itertuples()}


def check_every_planted_pair_is_found_and_no_other(folder, counts, copies, conflicts):
    write_phantoms(folder, counts, 2024)
    planted = plant_copies(folder, copies, conflicts, 2024)
    manifest, _ = built(REGISTRY["phantom"], folder)
    pairs = audit(folder, manifest)
    place = {name: row for row, name in enumerate(manifest["id"])}
    truth = {
        tuple(sorted((row.id_a, row.id_b), key=place.get)): KIND_OF.get(row.kind, "near copy")
        for row in planted.itertuples()
    }
    assert called_same(pairs) == truth
    assert pairs.loc[pairs["same"] == "yes", "detail"].min() > 0.95
    assert not (pairs.loc[pairs["same"] == "no", "detail"] > 0.58).any()
    grouped = manifest.assign(group=groups_with_pairs(manifest, pairs))
    assert len(contradictory_groups(grouped)) == conflicts


def test_planted_copies_are_found_and_nothing_else(tmp_path):
    counts = {"benign": 10, "malignant": 8, "normal": 6}
    check_every_planted_pair_is_found_and_no_other(tmp_path / "phantoms", counts, copies=7, conflicts=2)


@pytest.mark.slow
def test_planted_copies_are_found_and_nothing_else_in_a_whole_set(tmp_path):
    counts = {"benign": 45, "malignant": 22, "normal": 14}
    check_every_planted_pair_is_found_and_no_other(tmp_path / "phantoms", counts, copies=12, conflicts=3)


def test_each_kind_of_copy_by_its_name(tmp_path):
    image = tissue(1)
    crop = np.asarray(Image.fromarray(image[12:-12, 16:-16]).resize((160, 120)))
    images = {"a": image, "file": image, "mirror": image[:, ::-1], "crop": crop, "brighter": image // 2 + 90}
    manifest = manifest_of(tmp_path, images | {"stranger": tissue(2)})
    write_image(tmp_path / "pixels.bmp", image)
    other = manifest.iloc[[0]].assign(id="pixels", path="pixels.bmp", sha256="other bytes")
    pairs = audit(tmp_path, pd.concat([manifest, other], ignore_index=True))
    with_a = {
        row.id_b: row.kind for row in pairs[(pairs["id_a"] == "a") & (pairs["same"] == "yes")].itertuples()
    }
    expected = {"file": "same file", "mirror": "mirrored", "crop": "cropped", "brighter": "near copy"}
    assert with_a == expected | {"pixels": "same pixels"}
    assert set(with_a.values()) == set(KINDS)
    assert "stranger" not in {*pairs["id_a"], *pairs["id_b"]}


def test_the_plain_correlation_is_that_of_antialiased_thumbnails(tmp_path):
    first = tissue(1).astype(int)
    images = {"a": first.astype(np.uint8), "b": (0.8 * first + 0.2 * tissue(3)).astype(np.uint8)}
    (row,) = audit(tmp_path, manifest_of(tmp_path, images)).itertuples()
    small = [
        np.asarray(Image.fromarray(image).resize((64, 64), Image.Resampling.BILINEAR))
        for image in images.values()
    ]
    assert row.correlation == pytest.approx(np.corrcoef(small[0].ravel(), small[1].ravel())[0, 1], abs=1e-3)


def test_shading_alone_does_not_make_strangers_alike(tmp_path):
    shading = np.linspace(110, -110, 120)[:, None]
    images = {
        name: np.clip(120 + shading + 0.25 * (tissue(key).astype(int) - 127), 0, 255).astype(np.uint8)
        for name, key in (("a", 1), ("b", 2))
    }
    (row,) = audit(tmp_path, manifest_of(tmp_path, images)).itertuples()
    assert row.correlation > 0.95 and row.detail < 0.3 and row.same == "no"


def test_the_table_has_its_columns_and_names_contradictions(tmp_path):
    images = {"a": tissue(1), "b": tissue(1), "c": tissue(2)}
    pairs = audit(tmp_path, manifest_of(tmp_path, images, ["benign", "malignant", "normal"]))
    assert tuple(pairs.columns) == PAIR_COLUMNS
    (row,) = pairs.to_dict("records")
    assert (row["id_a"], row["id_b"], row["label_a"], row["label_b"]) == ("a", "b", "benign", "malignant")
    assert (
        row["contradictory"]
        and row["hash_distance"] == 0
        and row["verdict"] == ""
        and np.isnan(row["cosine"])
    )


def test_without_copies_the_table_is_empty_but_whole(tmp_path):
    pairs = audit(tmp_path, manifest_of(tmp_path, {"a": tissue(1), "b": tissue(2)}))
    assert len(pairs) == 0 and tuple(pairs.columns) == PAIR_COLUMNS


def test_a_pair_that_a_person_names_is_measured_too(tmp_path):
    manifest = manifest_of(tmp_path, {"a": tissue(1), "b": tissue(2), "c": tissue(3)})
    (row,) = audit(tmp_path, manifest, also=pd.DataFrame({"id_a": ["c"], "id_b": ["a"]})).itertuples()
    assert (row.id_a, row.id_b, row.same) == ("a", "c", "no") and row.detail < 0.5


def test_features_nominate_but_do_not_join(tmp_path):
    manifest = manifest_of(tmp_path, {name: tissue(key) for key, name in enumerate("abcd")})
    features = np.array([[1, 0, 0], [0.99, 0.05, 0], [0, 1, 0], [-1, -1, 5]], np.float32)
    (row,) = audit(tmp_path, manifest, features=features).itertuples()
    centred = features - features.mean(axis=0)
    cosine = centred[0] @ centred[1] / np.linalg.norm(centred[0]) / np.linalg.norm(centred[1])
    assert (row.id_a, row.id_b, row.same) == ("a", "b", "no")
    assert row.cosine == pytest.approx(cosine, abs=1e-3)


@pytest.mark.parametrize("count", [1, 5, 99])
def test_the_closest_pairs_that_are_not_listed_are_found_block_by_block(monkeypatch, count):
    monkeypatch.setattr(neighbours, "BLOCK", 4)
    vectors = np.random.default_rng(0).normal(size=(10, 4))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    groups, listed = np.array([0, 1, 2, 3, 3, 5, 6, 7, 8, 9]), [(0, 1), (2, 5), (7, 9)]
    others = [two for two in combinations(range(10), 2) if two not in [*listed, (3, 4)]]
    expected = sorted(others, key=lambda two: -vectors[two[0]] @ vectors[two[1]])[:count]
    found = closest_unlisted(vectors, np.array(listed), groups, count)
    assert [tuple(two) for two in found.tolist()] == expected


def test_neighbours_are_listed_and_not_joined(tmp_path):
    images = manifest_of(tmp_path, {name: tissue(key) for key, name in enumerate("abcd")})
    features = np.random.default_rng(1).normal(size=(4, 3)).astype(np.float32)
    pairs = audit(tmp_path, images.assign(group=list("aacd")), features=features, neighbours=99)
    assert set(zip(pairs["id_a"], pairs["id_b"], strict=True)) >= set(combinations("abcd", 2)) - {("a", "b")}
    assert not pairs.duplicated(["id_a", "id_b"]).any() and set(pairs["same"]) == {"no"}


def test_feature_maps_are_averaged_over_places():
    maps = np.random.default_rng(0).random((5, 2, 3, 4), dtype=np.float32)
    assert np.allclose(feature_directions(maps), feature_directions(maps.mean(axis=(1, 2))), atol=1e-6)
    assert np.allclose(np.linalg.norm(feature_directions(maps), axis=1), 1)


def test_only_mutual_neighbours_are_nominated():
    angles = np.deg2rad([0, 10, 25, 180])
    directions = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    assert nearest_to_each_other(directions).tolist() == [[0, 1], [1, 0]]


def test_hash_signs_give_the_hamming_distance():
    words = ["ffffffffffffffff", "0000000000000000", "8000000000000001", "00000000000000ff"]
    signs = hash_signs(pd.DataFrame({"perceptual_hash": words}))
    distances = (64 - signs @ signs.T) / 2
    expected = [[(int(one, 16) ^ int(other, 16)).bit_count() for other in words] for one in words]
    assert distances.tolist() == expected


def test_local_normalisation_ignores_gain_and_offset_but_not_content():
    one, other = (tissue(key, shape=(64, 64)).astype(np.float32) for key in (1, 2))
    plain, brighter, stranger = normalise_locally(np.stack([one, 0.5 * one + 60, other])).reshape(3, -1)
    assert np.corrcoef(plain, brighter)[0, 1] > 0.99
    assert abs(np.corrcoef(plain, stranger)[0, 1]) < 0.3


def test_an_even_thumbnail_is_like_nothing():
    views = {
        1.0: np.stack([np.full((64, 64), 90, np.uint8), noise(1, shape=(64, 64)), noise(2, shape=(64, 64))])
    }
    best = best_details(views)
    assert np.isfinite(best).all() and best[0] == pytest.approx(0, abs=1e-3)


def test_the_best_match_of_each_image_is_another_image():
    first, second = noise(1, shape=(64, 64)), noise(2, shape=(64, 64))
    assert best_details({1.0: np.stack([first, second, first])}).round(2).tolist()[::2] == [1, 1]
    assert best_details({1.0: np.stack([first, second])}).max() < 0.3


def test_pairs_are_read_with_their_row(tmp_path):
    manifest = manifest_of(tmp_path, {"a": tissue(1), "b": tissue(1)})
    ((one, other, row),) = read_pairs(tmp_path, manifest, audit(tmp_path, manifest))
    assert (
        np.array_equal(one[..., 0], tissue(1)) and np.array_equal(one, other) and row["kind"] == "same file"
    )
