"""The steps from the paper's protocol to the recipe: each changes one thing of the step that it is held against."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from bcd_utils.study.networks import NETWORKS
from bcd_utils.study.settings import Study
from bcd_utils.utils.errors import StudyError, allowed_instead


@dataclass(frozen=True)
class Arm:
    """One step.

    Attributes
    ----------
    name, title : str
    against : str
        The arm that it changes one thing of; empty for the first.
    study : mapping
        Settings of the study that differ from the paper's protocol.
    recipe : mapping or None
        Settings of the recipe that differ; None: the backbone stays frozen.
    copies : bool
        Whether the frozen backbone sees augmented copies of the training images too.
    means : tuple of str
        Arms whose probabilities it averages, itself trained on nothing; a name with ``:flipped`` stands for that
        arm's probabilities of the images seen in a mirror.
    long : bool
        Whether it is measured only where a study names it: half an hour and more without a GPU.
    """

    name: str
    title: str
    against: str = ""
    study: Mapping[str, Any] = field(default_factory=dict)
    recipe: Mapping[str, Any] | None = None
    copies: bool = False
    means: tuple[str, ...] = ()
    long: bool = False

    @property
    def trained(self) -> bool:
        """Whether it is trained, and not made of others."""
        return not self.means

    def sources(self) -> tuple[str, ...]:
        """Arms that it is made of."""
        return tuple(dict.fromkeys(name.partition(":")[0] for name in self.means))


PAPER = {"pooling": "flatten", "scaling": "unit", "resize": "stretch", "contrast": "none"}
AVERAGE = PAPER | {"pooling": "average"}
SCALED = AVERAGE | {"scaling": "imagenet"}
BOXED = SCALED | {"resize": "letterbox"}

ARMS = (
    Arm("paper", "the paper's protocol", "", PAPER),
    Arm("average", "average pooling", "paper", AVERAGE),
    Arm("scaling", "the network's own scaling", "average", SCALED),
    Arm("letterbox", "letterbox", "scaling", BOXED),
    Arm("copies", "augmented copies", "letterbox", BOXED, copies=True),
    Arm("tuned", "tuned end to end", "copies", BOXED, {}),
    Arm("flips", "and mirrored", "tuned", means=("tuned", "tuned:flipped")),
    Arm("ensemble", "two networks averaged", "flips",
        means=("tuned", "tuned:flipped", "tuned_stretch", "tuned_stretch:flipped")),
    Arm("equalize", "histograms equalised, frozen", "letterbox", BOXED | {"contrast": "equalize"}),
    Arm("clahe", "CLAHE, frozen", "letterbox", BOXED | {"contrast": "clahe"}),
    Arm("tuned_stretch", "tuned, images stretched", "tuned", SCALED, {}),
    Arm("tuned_equalize", "histograms equalised, tuned", "tuned", BOXED | {"contrast": "equalize"}, {}, long=True),
    Arm("tuned_clahe", "CLAHE, tuned", "tuned", BOXED | {"contrast": "clahe"}, {}, long=True),
    Arm("tuned_plain", "tuned without augmentation", "tuned", BOXED, {"augmentation": None}, long=True),
    Arm("tuned_last_stage", "last stage tuned alone", "tuned", BOXED, {"trainable_from": "last_stage"}, long=True),
    Arm("tuned_best", "tuned, best epoch on tuning images", "tuned", BOXED, {"keep": "best"}, long=True),
    Arm("tuned_smooth", "tuned, labels smoothed by 0.1", "tuned", BOXED, {"label_smoothing": 0.1}, long=True),
    Arm("tuned_large", "tuned, 320 pixels a side", "tuned", BOXED | {"image_size": 320}, {}, long=True),
)  # fmt: skip
STAIRS = ("paper", "average", "scaling", "letterbox", "copies", "tuned", "flips", "ensemble")
CONTRASTS = ("equalize", "clahe", "tuned_equalize", "tuned_clahe")


def chosen_arms(study: Study) -> dict[str, Arm]:
    """The arms that a study measures, by name; where a network scales pixels itself, without the step that lets it.

    Raises
    ------
    StudyError
        If the study names an arm that is not declared.
    """
    known = {arm.name: arm for arm in ARMS}
    for name in study.recipe.steps:
        if name not in known:
            raise StudyError(f"There is no step {name} of the recipe", allowed_instead(name, list(known)))
    asked = study.recipe.steps or [arm.name for arm in ARMS if not arm.long]
    wanted = set(asked).union(*(known[name].sources() for name in asked))
    chosen = {name: arm for name, arm in known.items() if name in wanted}
    if scales_itself(study) and "scaling" in chosen:
        del chosen["scaling"]
    return {name: replace(arm, against=_before(arm, chosen, known)) for name, arm in chosen.items()}


def scales_itself(study: Study) -> bool:
    """Whether the study's network prepares pixels itself, so that no setting of their scale changes anything."""
    return study.backbone not in NETWORKS or NETWORKS[study.backbone].scales_inside


def _before(arm: Arm, chosen: Mapping[str, Arm], known: Mapping[str, Arm]) -> str:
    """The nearest arm before it that is measured; empty where none is."""
    name = arm.against
    while name and name not in chosen:
        name = known[name].against
    return name
