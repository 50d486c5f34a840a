"""What copies are worth, on predictions small enough to count."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from statsmodels.stats.proportion import proportion_confint

from bcd_utils.experiments.repeated_splits.copies import (
    STRICT,
    as_text,
    fold_predictions,
    said_of_worth,
    worth_of_copies,
)
from bcd_utils.study.loading import make_study

CLASSES = ("benign", "malignant")
IDS = list("abcdef")
STUDY = make_study({"name": "a", "repeated_splits": {"folds": 2, "repeats": 2}, "bootstrap_samples": 400})
#: a, b and c, d are copies; the last pair only by a person's word.
IMAGES = pd.DataFrame(
    {"id": IDS, "label": "benign", "group": list("aaccef"), "strict_group": list("aacdef"), "status": "ok"}
)


def predicted(**right: str) -> pd.DataFrame:
    """Rows of each scheme: in each of its repeats a letter for every image that is recognised."""
    rows = [
        (scheme, repeat, image, "benign", "benign" if image in letters else "malignant")
        for scheme, repeats in right.items()
        for repeat, letters in enumerate(repeats.split())
        for image in IDS
    ]
    return pd.DataFrame(rows, columns=["scheme", "repeat", "id", "label", "predicted"])


def test_every_image_is_predicted_once_a_repeat_by_the_model_that_was_not_shown_it():
    folds = {
        ("folds", number): pd.Series(["test", "train"] * 3 if number % 2 else ["train", "test"] * 3)
        for number in range(4)
    }
    splits = folds | {("image_folds", number): split for (_, number), split in folds.items()}
    results = {
        name: {"probabilities": np.full((6, 2), [0.25, 0.75] if name[1] % 2 else [0.9, 0.1])}
        for name in splits
    }
    table = fold_predictions(splits, results, IMAGES, CLASSES, STUDY)
    assert table.groupby(["scheme", "repeat"]).size().to_dict() == {
        (scheme, repeat): 6 for scheme in ("folds", "image_folds") for repeat in (0, 1)
    }
    assert table.loc[:5, "predicted"].tolist() == ["malignant", "benign"] * 3
    assert table.loc[:1, "p_malignant"].tolist() == [0.75, 0.1]


def test_each_part_is_scored_on_the_same_images_under_both_schemes():
    table = predicted(image_folds="abcde abcd", folds="aef e", strict_folds="abe abe")
    worth = worth_of_copies(table, IMAGES, "look", STUDY).set_index(["joined", "images"])
    assert worth.index.tolist() == [
        (joined, images) for joined in ("look", STRICT) for images in ("all", "with a copy", "alone")
    ]
    assert worth["count"].tolist() == [6, 4, 2, 6, 2, 4]
    # by image: a to d are right in both repeats, e in one; by group: a in one, e in both, f in one
    assert worth.loc[("look", "all"), ["by_image", "by_group"]].tolist() == pytest.approx([4.5 / 6, 2 / 6])
    assert worth.loc[("look", "with a copy"), ["by_image", "by_group", "difference"]].tolist() == [
        1,
        0.125,
        0.875,
    ]
    assert worth.loc[("look", "alone"), ["by_image", "by_group", "difference"]].tolist() == [0.25, 0.75, -0.5]
    assert worth.loc[(STRICT, "with a copy"), ["by_image", "by_group", "difference"]].tolist() == [1, 1, 0]
    assert worth.loc[(STRICT, "alone"), ["by_image", "by_group"]].tolist() == [0.625, 0.25]


def test_intervals_are_wilsons_for_as_many_images_as_groups_tell():
    table = predicted(image_folds="abcde", folds="ae")
    worth = worth_of_copies(table, IMAGES, "look", STUDY).set_index("images")
    # four right of two groups: two of two; one image of four stands for its group's two
    low, high = proportion_confint(2, 2, method="wilson")
    row = worth.loc["with a copy"]
    assert row[["by_image_low", "by_image_high"]].tolist() == pytest.approx([low, high])
    assert 0 < row["by_group_low"] < row["by_group"] == 0.25 < row["by_group_high"] < 1
    assert as_text(worth.reset_index()).loc[1, "folds by image"] == f"1.000 [{low:.3f}, 1.000]"


def test_the_sentence_says_what_there_is():
    table = predicted(image_folds="abcde", folds="ae")
    said = said_of_worth(worth_of_copies(table, IMAGES, "look", STUDY).to_dict("records"))
    assert (
        "On the 4 images with a copy, accuracy is 1.000 with folds by image and 0.250 with folds by group"
        in said
    )
    assert "worth +0.750 [" in said and "] there, and on the 2 without, which can meet none" in said
    assert "change is +0.000 [" in said and "(0.500 and 0.500)." in said
    alone = IMAGES.assign(group=IDS)
    assert said_of_worth(worth_of_copies(table, alone, "look", STUDY).to_dict("records")).startswith(
        "No image has a copy"
    )
    together = IMAGES.assign(group=list("aabbcc"))
    assert said_of_worth(worth_of_copies(table, together, "patients", STUDY).to_dict("records")).endswith(
        "No image stands alone."
    )
