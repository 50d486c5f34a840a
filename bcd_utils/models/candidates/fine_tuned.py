"""The paper's backbone trained further on the images: its last stage, or all of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bcd_utils.models.candidates.base import Candidate, Encoder
from bcd_utils.models.candidates.frozen import own_backbone
from bcd_utils.models.candidates.representations import BackboneFeatures, Pixels
from bcd_utils.models.candidates.trained_networks import fine_tune_from
from bcd_utils.study.settings import Study

if TYPE_CHECKING:
    from bcd_utils.datasets.image_set import ImageSet


@dataclass(frozen=True)
class PixelsOfBackbone(BackboneFeatures):
    """The input images, for a candidate that also needs the backbone's weights."""

    def prepare(self, images: ImageSet) -> Encoder:
        return Pixels().prepare(images)


def candidates(study: Study) -> Iterator[Candidate]:
    title = own_backbone(study).title
    for name, part in (("last_stage", "last stage"), ("all", "all layers")):
        pixels, learn = PixelsOfBackbone("pixels", "pixels", study), fine_tune_from(name)
        yield Candidate(f"paper-tuned_{name}", f"{title}, {part} fine-tuned", "fine_tuned", pixels, learn)
