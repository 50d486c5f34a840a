"""Settings at home and in the environment do not change results."""

from __future__ import annotations

import importlib
import os
import subprocess
import sys

import pytest

from bcd_utils.study import provenance
from bcd_utils.utils import backend
from bcd_utils.utils.environment import SWITCHES, recorded
from bcd_utils.utils.errors import StudyError


@pytest.fixture
def keras_as_found():
    yield backend.keras
    backend.as_published()


def test_keras_is_set_up_the_same_whatever_its_file_at_home_says(keras_as_found):
    config = keras_as_found.config
    config.set_image_data_format("channels_first")
    config.set_floatx("float16")
    config.set_dtype_policy("mixed_float16")
    config.set_epsilon(1e-3)
    config.set_max_epochs(1)
    config.set_max_steps_per_epoch(1)
    importlib.reload(backend)
    assert (config.image_data_format(), config.floatx(), config.epsilon()) == (
        "channels_last",
        "float32",
        1e-7,
    )
    assert config.dtype_policy().name == "float32"
    assert config.max_epochs() is config.max_steps_per_epoch() is None


def test_where_keras_refuses_its_settings_the_file_is_named(tmp_path, monkeypatch):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    monkeypatch.setitem(sys.modules, "keras", None)  # an import of it fails
    with pytest.raises(StudyError, match=f"export KERAS_BACKEND=tensorflow.*rm {tmp_path}/keras.json"):
        importlib.reload(backend)


def test_switches_that_change_numbers_are_gone_before_anything_reads_them():
    code = (
        "import os, bcd_utils; print(sorted(os.environ.keys() & set(bcd_utils.utils.environment.SWITCHES)))"
    )
    environment = os.environ | dict.fromkeys(SWITCHES, "1")
    found = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True)
    assert found.stdout.strip() == "[]"


def test_what_a_machine_may_need_is_recorded(monkeypatch):
    for name in recorded():
        monkeypatch.delenv(name)
    assert provenance.describe()["environment"] is None
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    monkeypatch.setenv("XLA_FLAGS", "")
    assert provenance.describe()["environment"] == {"OMP_NUM_THREADS": "3"}
