"""Attention on the paper's backbone: squeeze-and-excitation and CBAM before the head, average pooling after them."""

from __future__ import annotations

from collections.abc import Iterator

from bcd_utils.contenders.base import Contender
from bcd_utils.contenders.frozen import own_backbone
from bcd_utils.contenders.heads import train_head
from bcd_utils.study import Study


def contenders(study: Study) -> Iterator[Contender]:
    own = own_backbone(study)
    for name, title in (("squeeze_excitation", "squeeze-and-excitation"), ("cbam", "CBAM")):
        learn = train_head(attention=name, pooling="average")
        yield Contender(f"paper-{name}", f"{own.title}, {title}", "attention", own, learn)
