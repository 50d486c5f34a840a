"""What was declared before the first run: who is compared, how they learn, and when the paper's hope is supported."""

from __future__ import annotations

from bcd_utils.models.few_labels import (
    at_random,
    k_centre,
    label_spreading,
    least_confident,
    probe,
    self_training,
)
from bcd_utils.models.few_labels.base import Choose, Learn

FLOOR, CHANCE = "probe", "at_random"

#: Ways to learn from drawn lesions, the same number of each class; all but the floor see unlabelled images too.
WAYS: dict[str, Learn] = {
    FLOOR: probe.learn,
    "label_spreading": label_spreading.learn,
    "self_training": self_training.learn,
}
#: The same ways with another source's unlabelled images in place of the pool's own, and beside them.
WITHOUT_OWN: dict[str, Learn] = {
    "label_spreading_elsewhere": label_spreading.learn,
    "self_training_elsewhere": self_training.learn,
}
WITH_OWN: dict[str, Learn] = {
    "label_spreading_both": label_spreading.learn,
    "self_training_both": self_training.learn,
}
ELSEWHERE = WITHOUT_OWN | WITH_OWN
#: What the floor has labelled next, whatever its class: from the first draw on, as many lesions as the ways above have.
CHOICES: dict[str, Choose] = {
    CHANCE: at_random.choose,
    "least_confident": least_confident.choose,
    "k_centre": k_centre.choose,
}
TITLES = {
    FLOOR: "labelled images alone",
    "label_spreading": "label spreading",
    "self_training": "self-training",
    CHANCE: "labelled at random",
    "least_confident": "labelled where least confident",
    "k_centre": "labelled most spread out",
    "label_spreading_elsewhere": "label spreading, another source",
    "self_training_elsewhere": "self-training, another source",
    "label_spreading_both": "label spreading, both sources",
    "self_training_both": "self-training, both sources",
}
#: Each rival, and whom it is held against: on the same labels, or on as many.
RIVALS = {
    "label_spreading": FLOOR,
    "self_training": FLOOR,
    "least_confident": CHANCE,
    "k_centre": CHANCE,
    **dict.fromkeys(ELSEWHERE, FLOOR),
}
ENOUGH = 0.95  # of the area that all labels give

CLAIM = "Semi-supervised learning lessens the need for labels (its future work)"
CRITERION = (
    "at some number of labels the interval of the gain in AUC from unlabelled images lies above 0, for all ways and "
    "numbers at once (Bonferroni); refuted if all of them lie below 0"
)


def rivals_of(kind: dict) -> list[str]:
    """Those of `WAYS`, `CHOICES` or `ELSEWHERE` that are held against another."""
    return [name for name in kind if name in RIVALS]
