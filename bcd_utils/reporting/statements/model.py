"""What a program can know of a run's network and training."""

from __future__ import annotations

from typing import Any

from bcd_utils.reporting.statements.base import Summary, at, notebook_of, statement


@statement("settings backbone, training, fine_tuning; artifacts/training.json")
def technology(summary: Summary) -> str:
    frozen = "partly fine-tuned" if at(summary, "settings").get("fine_tuning") else "frozen"
    head = "a logistic regression on its features" if probes_alone(summary) else "a new fully connected head"
    if recipe := recipe_of(summary):
        frozen = "tuned" if recipe["trainable_from"] == "all" else "partly fine-tuned"
        head = "a new softmax layer"
    backbone = at(summary, "provenance", "backbone")
    return f"Deep learning, supervised image classification: a {frozen} {backbone} and {head}."


@statement("settings image_size, training, pooling, hidden_units, dropout, recipe; artifacts/training.json")
def network(summary: Summary) -> str:
    settings, weights = at(summary, "settings"), at(summary, "parameters")
    side, units = settings["image_size"], ", ".join(map(str, settings["hidden_units"]))
    pooling = {"flatten": "feature map flattened", "average": "average pooling"}[settings["pooling"]]
    layers = f"{pooling}, BatchNorm, Dense {units} (ReLU, dropout {settings['dropout']:g} after each)"
    if recipe := recipe_of(summary):
        layers = f"average pooling, dropout {recipe['dropout']:g}"
    return (
        f"{at(summary, 'provenance', 'backbone')} ({weights['backbone']:,} weights) takes {side} x {side} x 3 pixels. "
        f"Head ({weights['head']:,} weights): {layers}, softmax over {', '.join(at(summary, 'dataset', 'classes'))}."
    )


@statement("setting seed; artifacts/training.json")
def initialisation(summary: Summary) -> str:
    weights, digest = at(summary, "provenance", "weights"), at(summary, "provenance", "weights_sha256")
    if probes_alone(summary):
        return f"Backbone: {weights} (SHA-256 {digest}). A logistic regression needs no initial weights."
    return f"Backbone: {weights} (SHA-256 {digest}). Head: Glorot uniform from seed {at(summary, 'settings', 'seed')}."


@statement(
    "settings training, learning_rate, batch_size, epochs, patience and others, recipe; artifacts/training.json"
)
def training(summary: Summary) -> str:
    settings, further = at(summary, "settings"), ""
    if recipe := recipe_of(summary):
        part = recipe["trainable_from"]
        return (
            f"The softmax layer alone for {recipe['head_epochs']} epochs at {recipe['head_rate']:g}, then "
            f"{'all layers' if part == 'all' else f'layers from {part} on'} with it for "
            f"{at(summary, 'epochs')}, BatchNorm frozen: AdamW, learning rate "
            f"{recipe['learning_rate']:g} falling to zero along a half cosine, weight decay "
            f"{recipe['weight_decay']:g}, cross-entropy, labels smoothed by {recipe['label_smoothing']:g}, batches of "
            f"{recipe['batch_size']}, class weights {recipe['class_weights']}, {augmentation(summary)}, "
            f"{recipe['precision']}. Seed {settings['seed']}."
        )
    if tuning := settings.get("fine_tuning"):
        further = f" Then fine-tuning from {tuning['trainable_from']} on, learning rate {tuning['learning_rate']:g}."
    return (
        f"Adam, learning rate {settings['learning_rate']:g}, cross-entropy, batches of {settings['batch_size']}, "
        f"class weights {settings['class_weights']}, {augmentation(summary)}; at most {settings['epochs']} epochs, "
        f"ended after {settings['patience']} without a lower loss on the tuning set; {at(summary, 'epochs')} were run. "
        f"Seed {settings['seed']}.{further}"
    )


@statement("artifacts/training.json")
def selection(summary: Summary) -> str:
    if keeps_the_last(summary):
        return f"The weights of the last of {at(summary, 'epochs')} epochs: none was chosen."
    return (
        f"The weights of the epoch with the lowest loss on the tuning set: {at(summary, 'best_epoch')} of "
        f"{at(summary, 'epochs')}. The test set had no part in it."
    )


@statement("artifacts/training.json; artifacts/evaluation.json")
def uses_of_tuning(summary: Summary) -> str:
    """What the tuning images are used for, all of it at once."""
    images = at(summary, "split", "validation")
    at(summary, "best_epoch")
    uses = ["the temperature", "the thresholds"]
    if not keeps_the_last(summary):
        uses.insert(0, "the choice of the epoch" if recipe_of(summary) else "early stopping")
    if summary.get("cam"):
        uses.append("the heat maps' threshold")
    return (
        f"The {images} tuning images serve {', '.join(uses[:-1])} and {uses[-1]} at once, and none of these has images "
        "of its own: what is chosen on them carries their luck, and their own scores flatter."
    )


@statement("study.json")
def hyperparameters(summary: Summary) -> str:
    at(summary, "settings")
    text = "All are fixed beforehand in study.json; the run searched none."
    if summary.get("comparison"):
        text += " The comparison's candidates chose theirs on the tuning images of each fold."
    if summary.get("modalities"):
        probes = f"linear probes of {notebook_of(summary, 'modalities')}"
        text += f" The {probes} chose their penalty on the tuning images of each fold."
    if summary.get("image_and_record"):
        arms = f"logistic regressions of {notebook_of(summary, 'image_and_record')}"
        text += (
            f" The {arms} chose their penalty by cross-validation within the training images of each fold."
        )
    if summary.get("fewer_labels"):
        ways = f"ways to learn of {notebook_of(summary, 'fewer_labels')}"
        text += f" The {ways} chose theirs by cross-validation within the few labels that each had."
    return text


@statement("artifacts/training.json")
def ensembling(summary: Summary) -> str:
    at(summary, "provenance", "backbone")
    candidates = (summary.get("comparison") or {}).get("contenders", {})
    joined = [row["title"] for row in candidates.values() if row["family"] == "ensemble" and "scores" in row]
    return f"In the comparison alone: {'; '.join(joined)}." if joined else "None: one network."


@statement("artifacts/training.json; bcd_utils/experiments/study_model.py")
def separation(summary: Summary) -> str:
    at(summary, "provenance", "backbone")
    chosen = "penalty" if probes_alone(summary) else "epoch"
    if keeps_the_last(summary):
        chosen = "temperature and the thresholds alone"
    return (
        "Resizing and pixel preparation treat each image by itself; training images alone set weights, "
        f"tuning images choose the {chosen}, and test images are only scored."
    )


def probes_alone(summary: Summary) -> bool:
    """Whether the run trained nothing but linear probes, of several data sets or with few labels."""
    probes = summary.get("modalities") or summary.get("fewer_labels")
    return bool(probes) and not (summary.get("parameters") or summary.get("comparison"))


def recipe_of(summary: Summary) -> dict[str, Any] | None:
    """Settings of the recipe, where the run's network was trained by it."""
    settings = at(summary, "settings")
    return settings["recipe"] if settings.get("training") == "recipe" else None


def keeps_the_last(summary: Summary) -> bool:
    """Whether no epoch was chosen."""
    return (recipe_of(summary) or {}).get("keep") == "last"


def augmentation(summary: Summary) -> str:
    """Whether and how training images are changed, in words."""
    changes = (recipe_of(summary) or at(summary, "settings")).get("augmentation")
    if not changes:
        return "no augmentation"
    listed = ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in changes.items())
    return f"augmentation of training images ({listed})"
