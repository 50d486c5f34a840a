"""Planted copies: as many as asked for, each with its own source, changed as named, the same from the same seed."""

from __future__ import annotations

import cv2
import numpy as np
import pandas as pd
import pytest

from bcd_utils.datasets import REGISTRY
from bcd_utils.datasets.folder_scan import scan_folder
from bcd_utils.datasets.phantom_files import write_phantoms
from bcd_utils.datasets.phantoms.copies import CHANGES, plant_copies, with_calipers
from bcd_utils.images.reading import read_image, read_mask
from bcd_utils.study.loading import make_study
from bcd_utils.utils.errors import StudyError

COUNTS = {"benign": 5, "malignant": 4, "normal": 3}


@pytest.fixture(scope="module")
def planted(tmp_path_factory):
    """Folder of 12 phantoms of which 6 are there twice, 2 of them under another class, and the table."""
    folder = tmp_path_factory.mktemp("planted") / "phantoms"
    write_phantoms(folder, COUNTS, 3)
    return folder, plant_copies(folder, 6, 2, 3)


def image_and_mask(folder, name):
    label = name.split(" ")[0]
    image = read_image(folder / label / f"{name}.png")
    return image, read_mask([folder / label / f"{name}_mask.png"], image.shape[:2])


def test_copies_come_on_top_and_have_masks_and_natural_names(planted):
    folder, table = planted
    found = scan_folder(folder)
    assert found.remarks == []
    assert len(found.images) == sum(COUNTS.values()) + 8
    assert found.images["masks"].str.count(".png").eq(1).all()
    assert set(table["id_b"]) == set(found.images["id"]) - {
        f"{label} ({number})" for label, count in COUNTS.items() for number in range(1, count + 1)
    }


def test_every_kind_is_planted_once_and_conflicts_change_the_class(planted):
    folder, table = planted
    assert table["kind"].tolist() == [*CHANGES, *list(CHANGES)[:2]]
    labels = [table[column].str.split(" ").str[0] for column in ("id_a", "id_b")]
    assert (labels[0] == labels[1]).tolist() == [True] * 6 + [False] * 2
    assert set(labels[0][6:]) | set(labels[1][6:]) <= {"benign", "malignant"}
    pd.testing.assert_frame_equal(pd.read_csv(folder / "planted.csv"), table)


def test_no_image_is_the_source_of_two_copies(planted):
    _, table = planted
    names = [*table["id_a"], *table["id_b"]]
    assert len(set(names)) == len(names)


def test_a_copy_is_its_source_changed_as_the_kind_says(planted):
    folder, table = planted
    for row in table.itertuples():
        (image, mask), (copy, copied_mask) = (image_and_mask(folder, name) for name in (row.id_a, row.id_b))
        assert copy.shape == image.shape
        difference = np.abs(copy.astype(int) - image)
        if row.kind == "byte for byte":
            assert not difference.any() and np.array_equal(mask, copied_mask)
        elif row.kind == "stored anew":
            assert 0 < difference.mean() < 4 and np.array_equal(mask, copied_mask)
        elif row.kind == "brighter":
            assert copy.mean() > image.mean() + 10 and (copy >= image).all()
        elif row.kind == "mirrored":
            assert np.array_equal(copy[:, ::-1], image) and np.array_equal(copied_mask[:, ::-1], mask)
        elif row.kind == "cropped":
            height, width = mask.shape
            inner = image[
                round(0.05 * height) : -round(0.05 * height), round(0.05 * width) : -round(0.05 * width)
            ]
            expected = cv2.resize(inner, (width, height), interpolation=cv2.INTER_LINEAR)
            assert np.array_equal(copy, expected)
            assert not mask.any() or copied_mask.sum() > 1.1 * mask.sum()
        else:
            assert 20 < difference.any(axis=2).sum() < 600 and (copy[difference.any(axis=2)] == 255).all()


def test_calipers_stand_at_the_lesions_ends():
    image, mask = np.zeros((60, 80, 3), np.uint8), np.zeros((60, 80), np.uint8)
    mask[20:31, 30:61] = 255
    marked, _ = with_calipers(image, mask)
    for x, y in ((30, 25), (60, 25), (45, 20), (45, 30)):
        assert (marked[y, x - 5 : x + 6] == 255).all() and (marked[y - 5 : y + 6, x] == 255).all()
    assert not image.any()


def test_the_same_seed_plants_the_same_copies(tmp_path):
    tables = []
    for name, seed in (("a", 3), ("b", 3), ("c", 4)):
        write_phantoms(tmp_path / name, {"benign": 6}, 1)
        tables.append(plant_copies(tmp_path / name, 3, 0, seed))
    assert tables[0].equals(tables[1]) and not tables[0].equals(tables[2])
    for path in (tmp_path / "a").rglob("*.png"):
        assert path.read_bytes() == (tmp_path / "b" / path.relative_to(tmp_path / "a")).read_bytes()


@pytest.mark.parametrize(("copies", "conflicts"), [(4, 0), (0, 3), (2, 2)])
def test_too_few_phantoms_are_an_error(tmp_path, copies, conflicts):
    write_phantoms(tmp_path / "phantoms", {"benign": 1, "normal": 2}, 1)
    with pytest.raises(StudyError, match=f"{copies} copies and {conflicts} conflicts"):
        plant_copies(tmp_path / "phantoms", copies, conflicts, 1)


def test_a_study_gets_its_copies_and_an_interrupted_drawing_is_begun_anew(cache):
    phantoms = {"benign": 2, "malignant": 2, "normal": 1, "copies": 1, "conflicts": 1}
    plain = make_study(
        {"name": "a", "dataset": "phantom", "phantoms": phantoms | {"copies": 0, "conflicts": 0}}
    )
    study = make_study({"name": "a", "dataset": "phantom", "phantoms": phantoms})
    without = REGISTRY["phantom"].locate(plain.source)
    folder = REGISTRY["phantom"].locate(study.source)
    assert (
        folder != without and len(scan_folder(folder).images) == 7 and len(scan_folder(without).images) == 5
    )
    assert not (without / "planted.csv").exists() and len(pd.read_csv(folder / "planted.csv")) == 2
    half_drawn = folder.with_name(f".{folder.name}.part") / folder.name
    half_drawn.parent.mkdir()
    folder.rename(half_drawn)
    (half_drawn / "benign" / "benign (9).png").write_bytes(b"half")
    assert len(scan_folder(REGISTRY["phantom"].locate(study.source)).images) == 7
    assert not half_drawn.parent.exists()
