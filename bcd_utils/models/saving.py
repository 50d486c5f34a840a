"""Models on disk: the same weights are the same bytes, whenever they were saved."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bcd_utils.utils.backend import keras

#: The first day that an archive's members can be of.
LONG_AGO = (1980, 1, 1, 0, 0, 0)


def save_undated(model: keras.Model, path: Path) -> None:
    """Save a model as Keras does, without the date: a stage that finds the same makes no later one run again.

    Parameters
    ----------
    model : keras.Model
    path : Path
        Ends in ``.keras``.
    """
    model.save(path)
    with zipfile.ZipFile(path) as saved:
        members = {name: saved.read(name) for name in sorted(saved.namelist())}
    about = json.loads(members["metadata.json"]) | {"date_saved": "1980-01-01@00:00:00"}
    members["metadata.json"] = json.dumps(about).encode()
    with zipfile.ZipFile(path, "w") as undated:
        for name, content in members.items():
            undated.writestr(zipfile.ZipInfo(name, LONG_AGO), content)
