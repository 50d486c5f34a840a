"""What notebook 03 says of a training: what was done, and what its curves show."""

from __future__ import annotations

import pandas as pd

from bcd_utils.evaluation.format import number
from bcd_utils.study.settings import Study


def said_of_features(study: Study) -> str:
    """When images pass through the backbone, in words."""
    cached = "They are cached by content: the same images never pass through the same weights twice."
    if study.training == "recipe":
        return (
            "These are features of the network before it is tuned; afterwards, below, they are computed anew. "
            f"{cached}"
        )
    if study.augmentation:
        text = (
            "Training images are changed at random (rotation, flip, zoom), so each of them passes through the backbone "
            "in every epoch; the features of images as they are, which tuning and test use, are computed once."
        )
    else:
        text = (
            "A frozen backbone gives the same features in every epoch, so they are computed once, in a streaming pass. "
            "The result equals the loop that runs the backbone in every epoch."
        )
    tuned = " After fine-tuning, below, they are computed anew." if study.fine_tuning else ""
    return f"{text}{tuned} {cached}"


def said_of_learning(study: Study) -> str:
    """Which loss is lowered how, and which epoch is kept, in words."""
    if study.training == "paper":
        return (
            "Adam and categorical cross-entropy, with early stopping on the loss of the tuning set; the weights of the "
            "best epoch are restored. No choice is made on test images."
        )
    recipe = study.recipe
    kept = {"last": "the last epoch", "best": "the epoch of the lowest loss on the tuning set"}[recipe.keep]
    part = "all of it" if recipe.trainable_from == "all" else f"it from {recipe.trainable_from} on"
    return (
        f"The softmax layer alone for {recipe.head_epochs} epochs, on features of the network as it is; then "
        f"{part} for {recipe.epochs}: AdamW at {recipe.learning_rate:g}, falling to zero along a half cosine, every "
        f"BatchNorm frozen. The weights of {kept} are kept. No choice is made on test images."
    )


def said_of_curves(history: pd.DataFrame, best_epoch: int, study: Study) -> str:
    """What the learning curves show, in words.

    Parameters
    ----------
    history : pandas.DataFrame
        As `study_model.fit_further` returns it.
    best_epoch : int
        The epoch whose weights are kept.
    study : Study

    Examples
    --------
    >>> from bcd_utils.study.loading import make_study
    >>> stages = ["head", "head", "fine-tuning"]
    >>> history = pd.DataFrame({"epoch": [1, 2, 3], "val_loss": [0.5, 0.4, 0.6], "stage": stages})
    >>> said_of_curves(history, 3, make_study({"name": "mine", "fine_tuning": {}})).split(". ")[-1][:76]
    'The kept epoch of fine-tuning has a higher loss on the tuning set (0.600) th'
    """
    changed = study.recipe.augmentation if study.training == "recipe" else study.augmentation
    text = (
        f"Training accuracy is measured with dropout{' and changed images' if changed else ''} on, so it can lie below "
        "that on tuning images. "
    )
    if study.training == "recipe" and study.recipe.keep == "last":
        return text + (
            "A gap that opens between the curves is overfitting. The last epoch is kept whatever the tuning images "
            "say, so that nothing here is chosen on them."
        )
    text += (
        "A gap that opens after the marked epoch is overfitting, which early stopping bounds but does not undo: the "
        "epoch was chosen on the same few tuning images that the curve shows."
    )
    losses = history.set_index("epoch")["val_loss"]
    frozen = losses[(history["stage"] == "head").to_numpy()].min()
    if history["stage"].iloc[-1] == "fine-tuning" and losses[best_epoch] > frozen:
        text += (
            f" The kept epoch of fine-tuning has a higher loss on the tuning set ({number(losses[best_epoch])}) than "
            f"the frozen stage had ({number(frozen)}): it made the network worse by that measure."
        )
    return text
