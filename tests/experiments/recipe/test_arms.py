"""Which arms a study measures, and what each is held against."""

import pytest

from bcd_utils.experiments.recipe.arms import ARMS, CONTRASTS, STAIRS, chosen_arms
from bcd_utils.experiments.recipe.training import study_of
from bcd_utils.study.loading import make_study
from bcd_utils.utils.errors import StudyError


def study(backbone="resnet50", **recipe):
    return make_study({"name": "t", "backbone": backbone, "recipe": recipe})


def test_names_are_unique_and_all_that_is_named_is_declared():
    names = [arm.name for arm in ARMS]
    assert len(set(names)) == len(names)
    named = {*STAIRS, *CONTRASTS, *(arm.against for arm in ARMS if arm.against)}
    named |= {source for arm in ARMS for source in arm.sources()}
    assert named <= set(names)


def test_by_default_two_networks_are_tuned_and_the_stairs_are_whole():
    arms = chosen_arms(study())
    assert [name for name, arm in arms.items() if arm.recipe is not None] == ["tuned", "tuned_stretch"]
    assert set(STAIRS) <= set(arms)


def test_a_network_that_scales_pixels_itself_has_no_step_of_scaling():
    arms = chosen_arms(study("efficientnetv2b0"))
    assert "scaling" not in arms and arms["letterbox"].against == "average"


def test_what_an_arm_is_made_of_is_trained_too():
    arms = chosen_arms(study(steps=["ensemble"]))
    assert list(arms) == ["tuned", "ensemble", "tuned_stretch"]
    assert arms["ensemble"].against == "tuned" and arms["tuned"].against == ""


def test_each_step_changes_one_thing():
    by_name = {arm.name: arm for arm in ARMS}
    for arm in ARMS:
        if arm.against and not arm.means and arm.name != "tuned":
            own, base = (
                dict(each.study) | dict(each.recipe or {}) | {"copies": each.copies}
                for each in (arm, by_name[arm.against])
            )
            changed = [key for key in own | base if own.get(key, "as it is") != base.get(key, "as it is")]
            assert len(changed) == 1, arm.name


def test_an_arms_study_has_its_settings_and_the_recipe_its_own():
    arm = next(arm for arm in ARMS if arm.name == "tuned_smooth")
    own = study_of(arm, study(epochs=7))
    assert (own.resize, own.scaling, own.recipe.label_smoothing, own.recipe.epochs) == (
        "letterbox",
        "imagenet",
        0.1,
        7,
    )


def test_an_unknown_step_is_answered_with_those_that_there_are():
    with pytest.raises(StudyError, match="no step tund of the recipe"):
        chosen_arms(study(steps=["tund"]))
