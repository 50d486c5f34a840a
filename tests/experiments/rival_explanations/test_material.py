"""What rivals are trained on: their rows, and the pixels behind each row's features."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from builders import CLASSES, write_busi

from bcd_utils.datasets.folder_scan import scan_folder
from bcd_utils.datasets.image_set import ImageSet
from bcd_utils.datasets.splits import SETS
from bcd_utils.experiments.rival_explanations import declared, material, training
from bcd_utils.images.augmentation import augment
from bcd_utils.images.reading import read_image, read_with_mask
from bcd_utils.images.stain import normalise_stain
from bcd_utils.images.transforms import network_input, resize
from bcd_utils.study.loading import make_study
from bcd_utils.study.settings import Augmentation
from bcd_utils.study.source import Source

RIVALS = {rival.name: rival for rival in declared.RIVALS}
STUDY = make_study({"name": "mine", "repeated_splits": {"pooling": "flatten"}, "seed": 5})


class Eye:
    """Stands for a backbone: gives the images back, so that features show what the network was shown."""

    identity = "eye"
    model = SimpleNamespace(
        output_shape=(None, 32, 32, 3), predict_on_batch=lambda images: np.asarray(images, np.float32)
    )

    @staticmethod
    def prepare(images):
        return images


@pytest.fixture
def images(cache, tmp_path):
    folder = write_busi(tmp_path / "data")
    table = scan_folder(folder, classes=CLASSES).images.assign(status="ok", box="").reset_index(drop=True)
    return ImageSet(
        Source(dataset="busi", data_dir=str(folder), allow_partial=True), table, CLASSES, "data", size=32
    )


def expected(images, row, kind):
    return resize(network_input(*read_with_mask(images.folder, images.table.loc[row]), kind), 32)


@pytest.mark.parametrize("name", [name for name, rival in RIVALS.items() if rival.kind == "input"])
def test_a_rivals_features_are_those_of_what_it_is_shown(images, name):
    values = material.values_for(RIVALS[name], images, Eye, STUDY)
    assert len(values) == len(material.rows_of(RIVALS[name], images.table)) == 9
    for row in (0, 1, 8):
        np.testing.assert_array_equal(values[row], expected(images, row, RIVALS[name].input))


def test_a_rival_is_stained_as_the_study_is(images):
    stained = replace(images, source=replace(images.source, stain="reinhard", modality="histopathology"))
    values = material.values_for(RIVALS["outline"], stained, Eye, STUDY)
    picture, mask = read_with_mask(images.folder, images.table.loc[3])
    shown = resize(network_input(normalise_stain(picture, "reinhard"), mask, "outline"), 32)
    np.testing.assert_array_equal(values[3], shown)
    assert not np.array_equal(values[3], expected(images, 3, "outline"))


def test_each_mask_file_is_one_more_image_of_its_class(images):
    rows = material.rows_of(RIVALS["mask_files"], images.table)
    assert len(rows) == 9 + 10 and rows["id"].is_unique, "one image has two masks"
    masks = rows[9:]
    assert masks["label"].value_counts().to_dict() == {"benign": 4, "malignant": 3, "normal": 3}
    values = material.values_for(RIVALS["mask_files"], images, Eye, STUDY)
    last = rows.iloc[-1]
    np.testing.assert_array_equal(values[-1], resize(read_image(images.folder / last["path"]), 32))


def test_copies_are_rows_of_their_own_and_differ_from_one_another(images):
    rows = material.rows_of(RIVALS["copies-3"], images.table)
    assert len(rows) == 36 and rows["id"].is_unique
    values = material.values_for(RIVALS["copies-3"], images, Eye, STUDY)
    plain = np.stack([expected(images, row, "image") for row in range(9)])
    np.testing.assert_array_equal(values[:9], plain)
    for copy in (1, 2, 3):
        changed = augment(plain, Augmentation(), 5, copy, np.arange(9))
        np.testing.assert_array_equal(values[9 * copy : 9 * copy + 9], changed)
    one = material.values_for(RIVALS["copies-1"], images, Eye, STUDY)
    np.testing.assert_array_equal(one, values[:18])


def test_copies_of_one_image_fall_into_different_sets(images):
    table = pd.concat([images.table] * 10, ignore_index=True)
    rows = material.rows_of(RIVALS["copies-1"], table)
    split = training.splits_for(RIVALS["copies-1"], rows, len(table), STUDY)["plain", 0]
    assert (split[:90].to_numpy() != split[90:].to_numpy()).any()
    literal = training.splits_for(RIVALS["cut_off"], table, len(table), STUDY)
    plain = training.splits_for(RIVALS["image"], table, len(table), STUDY)
    same = [((literal[name] == "test") == (plain[name] == "test")).all() for name in literal]
    assert all(same) and not literal["plain", 0].equals(plain["plain", 0])
    assert set(plain["plain", 0]) == set(SETS)
