"""The paper's backbone trained further on the images: its last stage, or all of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from bcd_utils.contenders.base import Contender, Encoder, Fitted, Fold
from bcd_utils.contenders.frozen import own_backbone
from bcd_utils.contenders.heads import as_fitted, plain_head
from bcd_utils.contenders.representations import BackboneFeatures, Pixels
from bcd_utils.study import FineTuning, Study

if TYPE_CHECKING:
    from bcd_utils.image_set import ImageSet


@dataclass(frozen=True)
class PixelsOfBackbone(BackboneFeatures):
    """The input images, for a contender that also needs the backbone's weights."""

    def prepare(self, images: ImageSet) -> Encoder:
        return Pixels().prepare(images)


def fine_tune_from(trainable_from: str) -> Callable[[Fold], Fitted]:
    """A learner that trains the paper's head on frozen features, then head and backbone together.

    Discriminative rates (Howard and Ruder 2018) and class weights, with the study's augmentation; BatchNorm
    stays frozen. The epochs of both stages are chosen on the validation rows.
    """

    def learn(fold: Fold) -> Fitted:
        from bcd_utils.augmentation import augment
        from bcd_utils.backbones import load_backbone
        from bcd_utils.classifier import fit_head
        from bcd_utils.features import BATCH, features_of
        from bcd_utils.fine_tuning import fine_tune
        from bcd_utils.random_weights import CALIBRATION_IMAGES

        tuning = fold.study.fine_tuning or FineTuning(learning_rate=1e-4, rate_decay=2.6)
        study = replace(
            fold.study, class_weights="balanced", fine_tuning=replace(tuning, trainable_from=trainable_from)
        )
        images, rows = fold.values, np.unique(np.concatenate([fold.training, fold.validation]))
        backbone = load_backbone(study, np.asarray(images[fold.training[:CALIBRATION_IMAGES]]))
        batches = np.array_split(rows, range(BATCH, len(rows), BATCH))
        features = np.concatenate([features_of(backbone, np.asarray(images[batch])) for batch in batches])
        places = (np.searchsorted(rows, chosen) for chosen in (fold.training, fold.validation))
        head, _, _ = fit_head(features, fold.labels[rows], *places, fold.classes, study, plain_head)

        def vary(batch: np.ndarray, epoch: int, numbers: np.ndarray) -> np.ndarray:
            if study.augmentation:
                batch = augment(np.asarray(batch), study.augmentation, study.seed, epoch, numbers)
            return backbone.prepare(np.asarray(batch))

        history, best_epoch, _ = fine_tune(
            backbone, head, images, fold.labels, fold.training, fold.validation, study, vary
        )
        return as_fitted(
            backbone.model, head, backbone.prepare, {"epochs": len(history), "best_epoch": best_epoch}
        )

    return learn


def contenders(study: Study) -> Iterator[Contender]:
    title = own_backbone(study).title
    for name, part in (("last_stage", "last stage"), ("all", "all layers")):
        pixels = PixelsOfBackbone("pixels", "pixels", study)
        yield Contender(
            f"paper-tuned_{name}", f"{title}, {part} fine-tuned", "fine_tuned", pixels, fine_tune_from(name)
        )
