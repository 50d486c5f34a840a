"""What notebook 03 says follows what was done."""

from __future__ import annotations

import pandas as pd
import pytest

from bcd_utils.experiments.said_of_training import said_of_curves, said_of_features, said_of_learning
from bcd_utils.study.loading import make_study


def study(**settings):
    return make_study({"name": "t"} | settings)


@pytest.mark.parametrize(
    ("settings", "said", "unsaid"),
    [
        ({}, "frozen backbone", "tuned"),
        ({"augmentation": {}}, "in every epoch; the features of images as they are", "recipe"),
        ({"fine_tuning": {}}, "After fine-tuning, below, they are computed anew", "recipe"),
        ({"training": "recipe"}, "before it is tuned; afterwards, below, they are computed anew", "frozen"),
    ],
)
def test_when_images_pass_through_the_network(settings, said, unsaid):
    text = said_of_features(study(**settings))
    assert said in text and unsaid not in text and text.endswith("the same weights twice.")


@pytest.mark.parametrize(
    ("recipe", "said"),
    [
        ({"epochs": 9}, "then all of it for 9: AdamW at 0.0002"),
        ({"trainable_from": "conv5"}, "then it from conv5 on for 15"),
        ({"keep": "best"}, "epoch of the lowest loss on the tuning set"),
    ],
)
def test_how_the_recipe_learns(recipe, said):
    text = said_of_learning(study(training="recipe", recipe=recipe))
    assert said in text and "early stopping" not in text
    assert "early stopping" in said_of_learning(study())


def history(*losses: float, stage: str = "whole network") -> pd.DataFrame:
    epochs = range(1, len(losses) + 1)
    stages = [*["head"] * (len(losses) - 1), stage]
    return pd.DataFrame({"epoch": epochs, "val_loss": losses, "stage": stages})


def test_a_second_stage_that_made_the_tuning_loss_higher_is_said():
    worse = said_of_curves(history(0.5, 0.39, 0.65, stage="fine-tuning"), 3, study(fine_tuning={}))
    assert "(0.650) than the frozen stage had (0.390)" in worse
    better = said_of_curves(history(0.5, 0.39, 0.30, stage="fine-tuning"), 3, study(fine_tuning={}))
    assert "frozen stage" not in better and "chosen on the same few tuning images" in better


def test_nothing_is_said_to_be_chosen_where_the_last_epoch_is_kept():
    last = said_of_curves(history(0.5, 0.4), 2, study(training="recipe"))
    assert "nothing here is chosen" in last and "dropout and changed images" in last
    best = said_of_curves(history(0.5, 0.4), 2, study(training="recipe", recipe={"keep": "best"}))
    assert "chosen on the same few tuning images" in best
