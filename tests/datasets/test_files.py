"""Files of any name go the whole way: found, inspected, stored in a table, read again, looked up in tables."""

from __future__ import annotations

import os
import shutil
import unicodedata
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from bcd_utils.datasets.at_hand import read_source
from bcd_utils.datasets.manifest import build_manifest
from bcd_utils.images.reading import read_with_mask
from bcd_utils.study.loading import load_study, make_study
from bcd_utils.study.run import Run
from bcd_utils.utils.errors import StudyError

#: Names of an image, without suffix, and how its id is shown.
NAMES = {
    b"l\xe9sion 2": "l%E9sion 2",
    b"benign|2": "benign%7C2",
    b"two\nlines": "two%0Alines",
    b"tab\there": "tab%09here",
    b" blank": "%20blank",
    b"*[x]?#": "*[x]?#",
    b"50%41, 100%": "50%2541, 100%",
    "große Zyste".encode(): "große Zyste",
    "é".encode(): "é",
    unicodedata.normalize("NFD", "é").encode(): "e\u0301",
    b"Case": "Case",
    b"case": "case",
    b"n" * 240: "n" * 240,
    b"<b>&amp;$x$_$": "<b>&amp;$x$_$",
}


def draw(folder: bytes, name: bytes, seed: int) -> None:
    os.makedirs(folder, exist_ok=True)
    pixels = np.random.default_rng(seed).integers(0, 255, (70, 80)).astype(np.uint8)
    for tail, values in ((b".png", pixels), (b"_mask.png", np.uint8(255) * (pixels > 200 + seed))):
        Image.fromarray(values).save(os.fsdecode(folder + b"/" + name + tail), format="PNG")


@pytest.fixture
def folder(tmp_path) -> Path:
    """An image and mask of each name, below a folder that is no UTF-8 either."""
    below = os.fsencode(tmp_path) + b"/donn\xe9es"
    for seed, name in enumerate(NAMES):
        draw(below + b"/" + (b"benign", b"malignant")[seed % 2], name, seed)
    return Path(os.fsdecode(below))


def source_of(tmp_path: Path, folder: Path, **settings):
    (tmp_path / "study.yaml").write_text("name: mine\n")
    source = {"dataset": "folder", "data_dir": str(folder), **settings}
    return load_study(tmp_path / "study.yaml", source=source)


def test_each_image_and_its_mask_are_found_stored_and_read_again(tmp_path, folder):
    study = source_of(tmp_path, folder)
    assert study.source.data_dir == f"{tmp_path}/donn%E9es"
    there = read_source(study.source)
    manifest, remarks = build_manifest(there)
    assert sorted(manifest["id"]) == sorted(NAMES.values())
    assert set(manifest["status"]) == {"ok"} and remarks == []
    run = Run.create(tmp_path / "run|\n", study, {"01": {"reads": [], "writes": ["manifest.csv"]}})
    run.save_csv(manifest, "manifest.csv")
    stored = Run.open(tmp_path / "run|\n").read_csv("manifest.csv")
    assert stored[["id", "path", "masks"]].equals(manifest[["id", "path", "masks"]])
    for seed, shown in enumerate(NAMES.values()):
        row = stored[stored["id"] == shown].iloc[0]
        pixels = np.random.default_rng(seed).integers(0, 255, (70, 80))
        image, mask = read_with_mask(there.folder, row)
        assert (image[..., 0] == pixels).all() and (mask == (pixels > 200 + seed)).all()


def test_tables_may_spell_a_name_as_typed_or_as_the_manifest_does(tmp_path, folder):
    shutil.rmtree(folder / "malignant")
    draw(os.fsencode(folder) + b"/malignant", unicodedata.normalize("NFD", "Größe|1%41").encode(), 1)
    draw(os.fsencode(folder) + b"/malignant", b"m2", 2)
    patients = {"benign/l%E9sion 2.png": "eve", "malignant/Größe|1%41.png": "ann", "malignant/m2.png": "joe"}
    table = pd.DataFrame(list(patients.items()), columns=["path", "group"])
    table.to_csv(folder / "groups.csv", index=False)
    images = read_source(source_of(tmp_path, folder).source).scan.images.set_index("path")
    decomposed = unicodedata.normalize("NFD", "malignant/Größe") + "%7C1%2541.png"
    assert images["patient"][["benign/l%E9sion 2.png", decomposed]].tolist() == ["eve", "ann"]
    table.to_csv(folder / "labels.csv", index=False)
    asked = {"table": {"file": "labels.csv", "patient": "group"}}
    images = read_source(source_of(tmp_path, folder, **asked).source).scan.images.set_index("path")
    assert images["patient"][decomposed] == "ann" and images["patient"]["benign/l%E9sion 2.png"] == "eve"


def test_names_that_settings_or_a_run_cannot_hold_are_refused(tmp_path):
    odd = tmp_path / os.fsdecode(b"r\xe9seau.keras")
    odd.touch()
    (tmp_path / "study.yaml").write_text("name: mine\n")
    with pytest.raises(
        StudyError, match=r"backbone: .*r%E9seau.keras is no UTF-8.*mv \$'.*r\\351seau.keras' "
    ):
        load_study(tmp_path / "study.yaml", backbone=str(odd))
    with pytest.raises(StudyError, match="the run folder: .*r%E9sultats is no UTF-8.*call it .*r_E9sultats"):
        Run.create(tmp_path / os.fsdecode(b"r\xe9sultats"), make_study({"name": "mine"}), {})
