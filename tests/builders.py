"""Small things that tests are made of: pictures, a miniature BUSI in each layout, and a tiny study."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import yaml
from PIL import Image

from bcd_utils.utils.paths import ROOT

if TYPE_CHECKING:
    from bcd_utils.study.run import Run

CLASSES = ("benign", "malignant", "normal")
NUMBERS = (1, 2, 10)

#: Where an image, its mask and its second mask are, below BUSI's folder.
LAYOUTS = {
    "masks beside images": (
        "Dataset_BUSI_with_GT/{label}/{stem}.png",
        "Dataset_BUSI_with_GT/{label}/{stem}_mask.png",
        "Dataset_BUSI_with_GT/{label}/{stem}_mask_1.png",
    ),
    "subfolders of each class": (
        "{label}/images/{stem}.png",
        "{label}/masks/{stem}.png",
        "{label}/masks/{stem}_mask_1.png",
    ),
    "images and masks apart": (
        "images/{label}/{stem}.png",
        "masks/{label}/{stem}_mask.png",
        "masks/{label}/{stem}_mask_1.png",
    ),
}


def noise(*key: int, shape: tuple[int, int] = (70, 90)) -> np.ndarray:
    """A grey picture (uint8) that follows from ``key``."""
    return np.random.default_rng(key).integers(0, 256, shape, dtype=np.uint8)


def square(row: int, column: int, shape: tuple[int, int] = (70, 90), side: int = 20) -> np.ndarray:
    """A mask (uint8, 0 or 255) of one square with its upper left corner at (row, column)."""
    mask = np.zeros(shape, np.uint8)
    mask[row : row + side, column : column + side] = 255
    return mask


def write_image(path: Path, pixels: np.ndarray, **options) -> Path:
    """Save ``pixels`` at ``path``, making its folder."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path, **options)
    return path


def write_dicom(path: Path, pixels: np.ndarray, **header) -> Path:
    """Save ``pixels`` (grey or RGB, 8 or 16 bit) as DICOM with these header entries, making its folder."""
    import pydicom
    from pydicom.uid import ExplicitVRLittleEndian, SecondaryCaptureImageStorage, generate_uid

    colour = pixels.ndim == 3 and pixels.shape[2] == 3
    made = pydicom.Dataset()
    made.file_meta = pydicom.dataset.FileMetaDataset()
    made.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    made.SOPClassUID, made.SOPInstanceUID = SecondaryCaptureImageStorage, generate_uid()
    made.Rows, made.Columns = pixels.shape[:2] if colour else pixels.shape[-2:]
    made.SamplesPerPixel, made.PixelRepresentation = (3 if colour else 1), 0
    made.PhotometricInterpretation = "RGB" if colour else "MONOCHROME2"
    made.BitsAllocated = made.BitsStored = pixels.dtype.itemsize * 8
    made.HighBit = made.BitsStored - 1
    if colour:
        made.PlanarConfiguration = 0
    made.PixelData = pixels.tobytes()
    made["PixelData"].VR = "OB" if pixels.dtype == np.uint8 else "OW"
    for name, value in header.items():
        setattr(made, name, value)
    path.parent.mkdir(parents=True, exist_ok=True)
    made.save_as(path, enforce_file_format=True)
    return path


def write_busi(folder: Path, layout: str = "masks beside images") -> Path:
    """Three images a class, each with a mask, "benign (2)" with two; returns ``folder``."""
    image, mask, second_mask = (folder.as_posix() + "/" + pattern for pattern in LAYOUTS[layout])
    for index, label in enumerate(CLASSES):
        for number in NUMBERS:
            names = {"label": label, "stem": f"{label} ({number})"}
            write_image(Path(image.format(**names)), noise(index, number))
            lesion = np.zeros((70, 90), np.uint8) if label == "normal" else square(10, 5 * number)
            write_image(Path(mask.format(**names)), lesion)
    write_image(Path(second_mask.format(label="benign", stem="benign (2)")), square(45, 60))
    return folder


def manifest_of(dataset, folder: Path, *options, **settings):
    """Manifest and remarks of a data set in a folder."""
    from bcd_utils.datasets.at_hand import read_folder
    from bcd_utils.datasets.manifest import build_manifest

    return build_manifest(read_folder(dataset, folder), *options, **settings)


def touch(folder: Path, *names: str) -> Path:
    """Empty files below ``folder``, which is returned: while folders are read, no picture is opened."""
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    return folder


def scan_of(folder: Path, **settings):
    """What is found in a folder of a source with these settings; ``dataset: folder`` if they name no other."""
    from bcd_utils.datasets.at_hand import read_source
    from bcd_utils.study.loading import make_study

    source = {"dataset": "folder", "data_dir": str(folder), **settings}
    return read_source(make_study({"name": "mine", "source": source}).source).scan


def make_run(folder: Path, study) -> Run:
    """A run folder for a study, under the contract of all stages."""
    from bcd_utils.pipeline.stages import all_stages
    from bcd_utils.study.run import Run
    from bcd_utils.study.stage import contract_of

    return Run.create(folder, study, contract_of(all_stages().values()))


@dataclass(frozen=True)
class TinyStudy:
    """A study that runs in a minute, and the command that runs it, as a user would.

    Attributes
    ----------
    file : Path
        Its settings; the run folders that tests name lie beside it.
    cache : Path
        The cache folder its runs share.
    python : str
        What runs it, kernels and workers included.
    """

    file: Path
    cache: Path
    python: str = sys.executable

    def start(self, *words: str | Path, **environment: str) -> subprocess.Popen:
        """Start ``bcd`` with these words in a session of its own, so that it can be killed alone."""
        path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
        settings = {"BCD_CACHE_DIR": str(self.cache), "PYTHONPATH": path, "COLUMNS": "100"}
        return subprocess.Popen(
            [self.python, "-m", "bcd_utils.cli", *map(str, words)],
            env=os.environ | settings | environment,
            cwd=self.file.parent,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def bcd(self, *words: str | Path, **environment: str) -> subprocess.CompletedProcess:
        """Run ``bcd`` with these words to its end."""
        process = self.start(*words, **environment)
        out, err = process.communicate(timeout=900)
        return subprocess.CompletedProcess(words, process.returncode, out, err)

    def run(self, folder: Path, *settings: str) -> Path:
        """Run the study into ``folder``, with settings such as ``epochs=2``; it must succeed."""
        changes = [word for setting in settings for word in ("--set", setting)]
        done = self.bcd("run", self.file, "--run-dir", folder, *changes)
        assert done.returncode == 0, done.stdout + done.stderr
        assert done.stderr == ""
        return folder


TINY_SETTINGS = {
    "name": "tiny",
    "title": "A tiny study",
    "dataset": "phantom",
    "image_size": 64,
    "pooling": "average",
    "hidden_units": [8],
    "epochs": 3,
    "bootstrap_samples": 200,
    "phantoms": {"benign": 24, "malignant": 18, "normal": 14, "seed": 7},
}


def run_of_busi(folder: Path, study, data: Path) -> Run:
    """A run on the nine images of `write_busi`, one of each class in each set, prepared without pixels."""
    from bcd_utils.datasets import REGISTRY
    from bcd_utils.datasets.splits import used_images

    run = make_run(folder, study)
    manifest, _ = manifest_of(REGISTRY["busi"], data, True)
    run.save_csv(manifest, "manifest.csv")
    run.save_csv(used_images(manifest).assign(split=["train", "validation", "test"] * 3), "splits.csv")
    record = {"classes": dict.fromkeys(CLASSES, 3), "positive": "malignant", "data_sha256": "x"}
    run.save_json(record | {"patients": None, "remarks": []}, "dataset.json")
    with run.writing("images.npy") as path, open(path, "wb") as file:
        np.save(file, np.zeros((9, 64, 64, 3), np.uint8))
    return run


def as_yaml(settings: dict) -> str:
    """A study's file; settings of its source may stand beside the others."""
    from bcd_utils.study.renamed import with_new_names

    return yaml.safe_dump(with_new_names(settings))


def write_tiny_study(folder: Path) -> TinyStudy:
    """The tiny study, once: 56 phantoms, and two convolutions ("low" and "high") for a backbone."""
    from bcd_utils.utils.backend import keras

    study = TinyStudy(folder / "tiny.yaml", folder / "cache")
    if study.file.exists():
        return study
    keras.utils.set_random_seed(1)
    layers = [
        keras.Input((64, 64, 3)),
        keras.layers.Rescaling(1 / 255),
        keras.layers.Conv2D(8, 5, strides=4, activation="relu", name="low"),
        keras.layers.Conv2D(16, 3, strides=4, padding="same", activation="relu", name="high"),
    ]
    keras.Sequential(layers).save(folder / "extractor.keras")
    settings = TINY_SETTINGS | {"backbone": str(folder / "extractor.keras")}
    study.file.write_text(as_yaml(settings))
    return study
