"""The tiny study with the notebooks of `studies/trust_phantom.yaml`, for its tests and for ``make faults``."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pandas as pd
import yaml
from builders import TINY_SETTINGS, TinyStudy, as_yaml

from bcd_utils.study.loading import load_study
from bcd_utils.utils.paths import STUDIES

STAGES = load_study(STUDIES / "trust_phantom.yaml").notebooks
PHANTOMS = {"benign": 30, "malignant": 24, "normal": 16, "seed": 7, "copies": 6, "conflicts": 2}


def write_trust_study(tiny: TinyStudy) -> TinyStudy:
    """Beside the tiny study one with all these notebooks, and an external test on phantoms of another scanner."""
    external = {"dataset": "folder", "data_dir": str(_elsewhere(tiny.file.parent / "elsewhere"))}
    changes = {"name": "trust", "notebooks": list(STAGES), "phantoms": PHANTOMS, "external": external}
    draw = {"splits": 3, "folds": 3, "repeats": 2, "crossed_splits": 3, "crossed_seeds": 2}
    changes["repeated_splits"] = draw
    names = ["outline", "overlay-0.4", "mask_files", "copies-1", "stop_on_test", "cut_off", "tuned"]
    changes["rival_explanations"] = {"names": names, "splits": 2, "tuned_splits": 2}
    changes["recipe"] = {"head_epochs": 1, "epochs": 1}
    changes["published_results"] = {"results": str(write_published(tiny.file.parent))}
    backbone = yaml.safe_load(tiny.file.read_text())["backbone"]
    file = tiny.file.parent / "trust.yaml"
    file.write_text(as_yaml(TINY_SETTINGS | {"backbone": backbone} | changes))
    return replace(tiny, file=file, cache=file.with_name("trust-cache"))


#: One row that states its test set, one that does not, one with nothing to check.
PUBLISHED = """
data: Phantoms
images: {benign: 40, malignant: 30, normal: 20}
positive: malignant
watched: normal
rows:
  A: {name: Stated, source: here, known: [report], classes: [benign, malignant, normal], split: image, shown: images,
      test: {benign: 65, malignant: 31, normal: 19},
      scores: {accuracy: 0.9130, recall: 0.8901, precision: 0.9310, f1: 0.9084}}
  B: {name: Size not stated, source: here, known: [abstract], classes: [malignant, benign],
      scores: {accuracy: 0.86, auc: 0.9}}
  C: {name: In words, source: here, known: [abstract]}
"""


def write_published(folder: Path) -> Path:
    """A file of three published results."""
    path = folder / "published_rows.yaml"
    path.write_text(PUBLISHED, encoding="utf-8")
    return path


def _elsewhere(folder: Path) -> Path:
    """Phantoms of another scanner, two of a patient, with a table that says so."""
    from bcd_utils.datasets.phantom_files import write_phantoms

    write_phantoms(folder, {"benign": 8, "malignant": 6, "normal": 4}, 31, "b")
    images = sorted(path.relative_to(folder).as_posix() for path in folder.glob("*/*).png"))
    patients = pd.DataFrame({"path": images, "group": [f"P{number // 2}" for number in range(len(images))]})
    patients.to_csv(folder / "groups.csv", index=False)
    return folder
