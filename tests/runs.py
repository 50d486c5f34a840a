"""What tests of whole runs share: killing one with all its processes, and holding two to the same results."""

from __future__ import annotations

import json
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
from ready_python import note_of

#: What differs from run to run by its nature: times, and the folder.
TIMES = ("seconds", "duration", "finished", "started")


def with_children(pid: int, python: str = sys.executable) -> list:
    """A process and all that it has started, those included that `ready_python` stands for."""
    import psutil

    family = [psutil.Process(pid)] if psutil.pid_exists(pid) else []
    for member in family:
        with suppress(psutil.NoSuchProcess):
            family += member.children()
        stands_for = note_of(python, member.pid)
        with suppress(psutil.NoSuchProcess, FileNotFoundError):  # it may end meanwhile
            family.append(psutil.Process(int(stands_for.read_text())))
    return family


def same_results(one: Path, other: Path) -> None:
    """Hold two runs to the same artifacts, tables, figures and scores, to the last bit."""
    for part in ("artifacts", "tables", "figures"):
        names = sorted(path.name for path in (other / part).iterdir())
        assert sorted(path.name for path in (one / part).iterdir()) == names
        for name in names:
            assert values_of(one / part / name) == values_of(other / part / name), name
    ours, theirs = (json.loads((folder / "summary.json").read_text()) for folder in (one, other))
    for part in ("metrics", "intervals", "cam", "split", "dataset"):
        assert ours[part] == theirs[part], part


def values_of(path: Path) -> Any:
    """What a file of a run says, without times; comparable with ``==``."""
    if path.suffix == ".keras":
        from bcd_utils.utils.backend import keras

        model = keras.models.load_model(path, compile=False)
        return [(array.shape, array.tobytes()) for array in model.get_weights()]
    if path.suffix == ".npz":
        stored = np.load(path)
        return {name: (stored[name].shape, stored[name].tobytes()) for name in stored}
    if path.suffix == ".json":
        return without_times(json.loads(path.read_text(encoding="utf-8")))
    return path.read_bytes()


def without_times(value: Any) -> Any:
    """Plain values without those that are times."""
    if isinstance(value, dict):
        return {
            key: without_times(part) for key, part in value.items() if not any(word in key for word in TIMES)
        }
    return [without_times(part) for part in value] if isinstance(value, list) else value
