"""A tiny study of what is trained on grouped folds: the comparison's probe, the recipe, and fewer labels."""

from __future__ import annotations

from dataclasses import replace

import yaml
from builders import TINY_SETTINGS, TinyStudy, as_yaml

SETTINGS = {
    "name": "grouped",
    "notebooks": [
        "01_data_exploration", "02_preprocessing", "06_data_audit", "10_model_comparison", "14_recipe",
        "15_fewer_labels",
    ],
    "phantoms": {"benign": 30, "malignant": 24, "normal": 16, "seed": 7, "copies": 6, "conflicts": 1},
    "comparison": {"candidates": ["paper-linear"], "folds": 3, "curve_candidates": [], "imbalance_candidates": []},
    "recipe": {
        "steps": ["paper", "letterbox", "flips", "ensemble", "equalize"], "folds": 3, "head_epochs": 2, "epochs": 2,
    },
    "locked_test": {"share": 0.2, "open": True},
    "fewer_labels": {"lesions": [3, 8], "draws": 2},
    "external": {
        "dataset": "phantom", "phantoms": {"benign": 12, "malignant": 8, "normal": 5, "seed": 31, "scanner": "b"},
    },
    "audit": {"neighbours": 0},
}  # fmt: skip


def write_grouped_study(tiny: TinyStudy) -> TinyStudy:
    """Beside the tiny study, with its backbone."""
    backbone = yaml.safe_load(tiny.file.read_text())["backbone"]
    file = tiny.file.parent / "grouped.yaml"
    file.write_text(as_yaml(TINY_SETTINGS | {"backbone": backbone} | SETTINGS))
    return replace(tiny, file=file, cache=file.with_name("grouped-cache"))
