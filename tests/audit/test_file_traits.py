"""Traits of the files that tell the class are found and said aloud; those that do not are not."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from bcd_utils.audit.file_traits import class_by_trait, sentence_on_traits, warnings_on_traits

NUMBERS = np.random.default_rng(0)
COUNT = 40


def files(**columns) -> pd.DataFrame:
    """120 images of three classes, alike but for ``columns``."""
    rows = 3 * COUNT
    table = {
        "label": np.repeat(["benign", "malignant", "normal"], COUNT),
        "group": [f"g{row}" for row in range(rows)],
        "width": NUMBERS.integers(300, 600, rows),
        "height": NUMBERS.integers(300, 600, rows),
        "format": "JPEG",
        "mode": "L",
        "bytes": NUMBERS.integers(20_000, 90_000, rows),
        "box": "",
    }
    return pd.DataFrame(table | columns)


def normal(yes, no):
    """A column that is ``yes`` for normal images and ``no`` for the others."""
    return [no] * (2 * COUNT) + [yes] * COUNT


def test_files_that_are_alike_tell_nothing():
    table = files()
    told = class_by_trait(table)
    assert (told.loc[["file format", "channels and depth"]] == 0.5).all(axis=None)
    assert (told < 0.7).all(axis=None) and list(told) == ["benign", "malignant", "normal"]
    assert warnings_on_traits(table, told) == []
    assert sentence_on_traits(told, []).startswith("Neither format, size nor compression tells the class")


@pytest.mark.parametrize(
    ("trait", "columns"),
    [
        ("file format", {"format": normal("PPM", "JPEG")}),
        ("channels and depth", {"mode": normal("RGB", "L")}),
        ("size in pixels", {"width": normal(1024, 512)}),
        ("size in pixels", {"width": normal(512, 448), "height": normal(448, 512)}),
        ("aspect ratio", {"width": normal(800, 400), "height": normal(400, 400)}),
        ("bytes a pixel of files with loss", {"bytes": normal(900_000, 9_000)}),
    ],
)
def test_a_trait_that_tells_one_class_is_named_with_it(trait, columns):
    table = files(**columns)
    told = class_by_trait(table)
    assert told.loc[trait, "normal"] == 1
    loud = warnings_on_traits(table, told)
    line = f"the {trait} alone tells class normal from the others (balanced accuracy 1.00, chance 0.50): "
    assert line + "a network can learn that instead of disease" in loud
    assert sentence_on_traits(told, loud).startswith(
        "**Warning: the files themselves tell the class.**\n\n- the "
    )


def test_a_format_that_a_part_of_one_class_has_is_named_though_it_tells_not_the_rest():
    table = files(format=["PNG"] * 10 + ["JPEG"] * 110)
    told = class_by_trait(table)
    assert told.loc["file format", "benign"] == 0.625  # a quarter of benign, and all others: (0.25 + 1) / 2
    assert warnings_on_traits(table, told) == [
        "all 10 images of format PNG are of class benign, which tells it"
    ]
    stray = files(format=["PNG"] * 4 + ["JPEG"] * 116)
    assert warnings_on_traits(stray, class_by_trait(stray)) == []


def test_bytes_of_files_without_loss_and_of_parts_tell_nothing():
    table = files(format="PNG", bytes=normal(900_000, 9_000))
    assert (class_by_trait(table).loc["bytes a pixel of files with loss"] == 0.5).all()
    boxed = files(bytes=normal(900_000, 9_000), box="0,0,90,90")
    assert "bytes a pixel of files with loss" not in class_by_trait(boxed).index


def test_one_patients_size_is_not_learnt_for_the_class():
    """Each patient has a size of his own: known patients would be told by it, others are not."""
    patients = np.repeat(np.arange(12), 10)
    side = NUMBERS.permutation(np.arange(12))[patients] * 100 + 300
    table = files(group=[f"p{number}" for number in patients], width=side, height=side)
    assert (class_by_trait(table).loc["size in pixels"] < 0.85).all()


def test_of_one_group_or_one_class_nothing_is_said():
    table = files(group="eve")
    told = class_by_trait(table)
    assert told.isna().all(axis=None) and warnings_on_traits(table, told) == []
    assert sentence_on_traits(told, []).startswith("There are too few images")
    alone = table[table["label"] == "benign"]
    assert warnings_on_traits(alone, class_by_trait(alone)) == []
