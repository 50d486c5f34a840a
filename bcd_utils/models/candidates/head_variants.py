"""The paper's head with one thing changed: attention before it, pooling, dropout, augmentation, scaling."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Literal

from bcd_utils.models.candidates.base import Candidate
from bcd_utils.models.candidates.frozen import own_backbone
from bcd_utils.models.candidates.keras_heads import train_head
from bcd_utils.models.candidates.representations import AugmentedFeatures, BackboneFeatures
from bcd_utils.study.networks import NETWORKS
from bcd_utils.study.settings import Study


def candidates(study: Study) -> Iterator[Candidate]:
    own = own_backbone(study)
    for name, title in (("squeeze_excitation", "squeeze-and-excitation"), ("cbam", "CBAM")):
        learn = train_head(attention=name, pooling="average")
        yield Candidate(f"paper-{name}", f"{own.title}, {title}", "attention", own, learn)

    def variant(name, title, features, learn) -> Candidate:
        return Candidate(f"paper-{name}", title, "ablation", features, learn)

    other = {"flatten": "average", "average": "flatten"}[study.pooling]
    words = {"flatten": "Flatten", "average": "average pooling"}
    yield variant(other, f"{words[other]} instead of {words[study.pooling]}", own, train_head(pooling=other))
    name, dropout = ("no_dropout", 0.0) if study.dropout else ("dropout", 0.5)
    title = f"dropout {dropout:g} instead of {study.dropout:g}"
    yield variant(name, title, own, train_head(dropout=dropout))
    yield variant("small", "one hidden layer of 64 units", own, train_head(hidden_units=(64,)))
    copies = study.comparison.augmented_copies
    augmented = AugmentedFeatures("paper-augmented", "augmented", study, copies)
    title = f"augmentation, {copies} copies of each image"
    yield variant("augmented", title, augmented, train_head(versions=True))
    if study.backbone in NETWORKS and not NETWORKS[study.backbone].scales_inside:
        scaling: Literal["unit", "imagenet"] = "imagenet" if study.scaling == "unit" else "unit"
        words = {"unit": "pixels / 255", "imagenet": "the network's own preprocessing"}
        features = BackboneFeatures(f"paper-{scaling}", words[scaling], replace(study, scaling=scaling))
        title = f"{words[scaling]} instead of {words[study.scaling]}"
        yield variant(f"{scaling}_scaling", title, features, train_head())
