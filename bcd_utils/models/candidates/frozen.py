"""Frozen backbones, pretrained and untrained, with the paper's head and with a linear probe."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from bcd_utils.models.candidates.base import Candidate
from bcd_utils.models.candidates.keras_heads import train_head
from bcd_utils.models.candidates.representations import BackboneFeatures
from bcd_utils.models.candidates.scikit_learn import PENALTIES, logistic_regression, scikit_learn
from bcd_utils.study.networks import NETWORKS
from bcd_utils.study.settings import Study

#: Logistic regression on average-pooled features (Alain and Bengio 2016, arXiv:1610.01644).
PROBE = scikit_learn(logistic_regression, {"C": PENALTIES}, pool=True)


def candidates(study: Study) -> Iterator[Candidate]:
    own = own_backbone(study)
    yield papers_head("paper", own, "paper")
    yield probe(own, "frozen")
    for features in other_backbones(study):
        yield papers_head(f"{features.name}-head", features, "frozen")
        yield probe(features, "frozen")
    if study.weights != "random":
        settings = replace(study, weights="random")
        control = BackboneFeatures("paper-random", f"{own.title}, untrained", settings)
        yield papers_head("paper-random", control, "control")
        yield probe(control, "control")
    for network in NETWORKS.values():
        settings = replace(study, backbone=network.name, weights="random", scaling="imagenet")
        untrained = BackboneFeatures(f"{network.name}-random", f"{network.title}, untrained", settings)
        yield probe(untrained, "control")


def papers_head(name: str, features: BackboneFeatures, family: str) -> Candidate:
    """The paper's head on a backbone's features."""
    return Candidate(name, f"{features.title}, the paper's head", family, features, train_head())


def probe(features: BackboneFeatures, family: str) -> Candidate:
    """A linear classifier on a backbone's features."""
    return Candidate(f"{features.name}-linear", f"{features.title}, linear probe", family, features, PROBE)


def own_backbone(study: Study) -> BackboneFeatures:
    """Features of the backbone that the study names, scaled as it says."""
    title, network = title_of(study), NETWORKS.get(study.backbone)
    if network and not network.scales_inside and study.scaling == "unit":
        title += " (pixels / 255)"  # the others have their own preprocessing
    return BackboneFeatures("paper", title, study)


def title_of(study: Study) -> str:
    """The backbone's name; with its weights, where they are neither ImageNet's nor its file's own."""
    title = NETWORKS[study.backbone].title if study.backbone in NETWORKS else Path(study.backbone).stem
    weights = {"imagenet": "", "random": " (untrained)"}
    return title + weights.get(study.weights, f" ({Path(study.weights).stem})")


def other_backbones(study: Study) -> Iterator[BackboneFeatures]:
    """Keras' networks with their own preprocessing, and the further files that the study names."""
    for network in NETWORKS.values():
        settings = replace(study, backbone=network.name, weights="imagenet", scaling="imagenet")
        yield BackboneFeatures(network.name, network.title, settings)
    for file in study.comparison.extractors:
        if file.endswith(".keras"):
            settings = replace(study, backbone=file, weights="imagenet")
        else:  # weights of the paper's network, such as RadImageNet's
            settings = replace(study, backbone="resnet50", weights=file, scaling="imagenet")
        name = re.sub(r"[^\w-]+", "_", Path(file).name.split(".")[0])
        yield BackboneFeatures(name, title_of(settings), settings)
