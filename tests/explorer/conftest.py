"""The cases of the tiny study's finished run, opened once."""

from __future__ import annotations

import pytest

from bcd_utils.explorer.collection import Collection
from bcd_utils.study.run import Run


@pytest.fixture(scope="session")
def collection(finished, tiny):
    """Its data set is found in the tiny study's cache."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BCD_CACHE_DIR", str(tiny.cache))
        opened = Collection.of_run(Run.open(finished).explored())
        assert opened.images.folder.is_dir()
        return opened
