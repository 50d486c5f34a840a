"""The paper's "current system": a plain convolutional network, trained from scratch with augmentation."""

from __future__ import annotations

from collections.abc import Iterator

from bcd_utils.models.candidates.base import Candidate
from bcd_utils.models.candidates.representations import Pixels
from bcd_utils.models.candidates.trained_networks import learn_from_scratch
from bcd_utils.study.settings import Study


def candidates(study: Study) -> Iterator[Candidate]:
    yield Candidate("plain_cnn", "Plain CNN, from scratch", "plain_cnn", Pixels(), learn_from_scratch)
