"""The model of the tiny study's finished run, opened once."""

from __future__ import annotations

import pytest

from bcd_utils.prediction.model import StudyModel


@pytest.fixture(scope="session")
def model(finished):
    return StudyModel.open(finished)
