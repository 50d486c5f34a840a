"""The summary of a run that has done everything, as small as can be."""

from __future__ import annotations

from bcd_utils.pipeline.stages import all_stages

#: The notebook that makes each record.
STAGES = {stage.record_key: stage.notebook for stage in all_stages().values() if stage.record}


def bounds(value: float | None, low: float | None = None, high: float | None = None) -> dict:
    return {"value": value, "low": low, "high": high}


FULL = {
    "study": "mine",
    "title": "Mine",
    "settings": {
        "notebooks": [STAGES[record] for record in ("dataset", "audit", "lottery", "forensics", "external")],
        "seed": 42, "input": "image", "source": {"dataset": "busi", "stain": "none"}, "image_size": 64,
        "test_fraction": 0.15,
        "validation_fraction": 0.10, "split": "image", "stratify": True, "backbone": "resnet50",
        "pooling": "average", "hidden_units": [8, 4], "dropout": 0.5, "augmentation": None, "batch_size": 16,
        "epochs": 30, "patience": 4, "learning_rate": 0.001, "class_weights": "none", "fine_tuning": None,
        "bootstrap_samples": 2000, "confidence": 0.95,
    },
    "stages": STAGES,
    "dataset": {
        "name": "busi", "title": "BUSI", "modality": "breast ultrasound", "patients": None, "images": 8,
        "classes": {"benign": 5, "malignant": 3}, "set_aside": 2,
        "set_aside_images": [{"id": name, "path": name, "status": "truncated file"} for name in "ab"],
        "synthetic": False, "remarks": [], "data_sha256": "ab" * 32, "licence": "CC0", "citation": "Someone 2020",
        "homepage": "https://example.org",
    },
    "split": {"train": 3, "validation": 1, "test": 2},
    "split_by_class": {
        "train": {"benign": 2, "malignant": 1},
        "validation": {"benign": 1, "malignant": 0},
        "test": {"benign": 1, "malignant": 1},
    },
    "copies_across_sets": 0,
    "patients_across_sets": None,
    "metrics": {
        "train": {"accuracy": 1.0, "f1_macro": 1.0, "kappa": 1.0, "roc_auc": 1.0},
        "validation": {"accuracy": 1.0, "f1_macro": 1.0, "kappa": None, "roc_auc": None},
        "test": {"accuracy": 0.5, "f1_macro": 0.4, "kappa": 0.0, "roc_auc": 0.5},
    },
    "intervals": {
        "accuracy": bounds(0.5, 0.1, 0.9),
        "sensitivity_benign": bounds(0.75, 0.5, 0.9),
        "specificity_benign": bounds(None),
        "roc_auc_benign": bounds(0.5, 0.25, 0.75),
    },
    "subgroups": {
        "positive": "malignant", "small": 20, "holm_p": {"view": 0.04}, "left_out": {},
        "rows": [
            {"column": "", "subgroup": "all images", "positives": 45, "found": 24, "sensitivity": 0.6},
            {"column": "view", "subgroup": "left", "positives": 40, "found": 20, "sensitivity": 0.5,
             "sensitivity_low": 0.35, "sensitivity_high": 0.65},
            {"column": "view", "subgroup": "right", "positives": 5, "found": 4, "sensitivity": 0.8,
             "sensitivity_low": 0.38, "sensitivity_high": 0.96},
        ],
    },
    "precision_plan": {
        "half_width": 0.05, "confidence": 0.95, "positive": "malignant", "positives": 0.25,
        "scores": {"accuracy": bounds(0.8, 0.6, 0.9) | {"title": "accuracy", "images": 245, "images_at_worst": 366}},
    },
    "paper": {"test": {"accuracy": 0.9402}},
    "cam": {
        "images": 2,
        "methods": {
            "Grad-CAM": {"pointing_game": 0.5, "pointing_game_low": 0.1, "pointing_game_high": 0.9},
            "Lesion area (chance)": {"pointing_game": 0.1},
        },
    },
    "audit": {
        "groups": 4, "images_in_groups": 9, "contradictory": [["benign (1)", "malignant (2)"]],
        "leak": [{"copies": "exact", "test_images": 1}, {"copies": "same group", "test_images": 2}],
    },
    "lottery": {"headline": {"accuracy": bounds(0.8, 0.7, 0.9)}},
    "forensics": {"readings_of_f1": ["macro"]},
    "published": {
        "data": "BUSI", "rows": 3, "outcomes": {"fits": 2, "fits only if": 1}, "overlap": {},
        "quality": {"what was split (images, groups)": {"all": 1}, "what was done about copies": {"all": 0}},
    },
    "external": {
        "given": True, "title": "Elsewhere", "scores": {"accuracy": 0.6},
        "intervals": {"accuracy": bounds(0.6, 0.4, 0.8)},
    },
    "epochs": 7,
    "best_epoch": 3,
    "parameters": {"backbone": 23_587_712, "head": 1234},
    "seconds": {STAGES["dataset"]: 3.2},
    "announcements": [],
    "provenance": {
        "seed": 42, "commit": "1a2b3c", "code_sha256": "cd" * 32, "versions": {"python": "3.12", "bcd_utils": "0.1"},
        "platform": "Linux", "cores": 2, "when": "2026-01-02T03:04:05+00:00", "data_sha256": "ab" * 32,
        "device": "CPU", "backbone": "ResNet50", "weights": "ImageNet", "weights_sha256": "ef" * 32,
        "preparation": "pixels / 255",
    },
}  # fmt: skip
