"""How often fusing image and record is found to gain, where a gain is drawn in and where it is not.

    python benchmarks/fusion.py [--seeds 20] [--effect 1]

For each seed phantoms are drawn anew, and a record for each of them, once with an effect and once with none. The image
is its grey level and its contrast in 64 squares. Found is a gain as notebook 16 finds it: see `record.judge`.
"""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pandas as pd
from shared import parser_of, write_report

from bcd_utils.datasets.phantoms.generator import class_index, draw_phantom
from bcd_utils.datasets.phantoms.records import RECORD, draw_record
from bcd_utils.datasets.readers.phantom import DATASET
from bcd_utils.datasets.records import records_of
from bcd_utils.evaluation.verdicts import SUPPORTED
from bcd_utils.experiments.image_and_record.material import Material
from bcd_utils.experiments.image_and_record.record import judge
from bcd_utils.experiments.image_and_record.scores import gains, on_grouped_folds
from bcd_utils.study.loading import make_study
from bcd_utils.utils.paths import ROOT

COUNTS = {"benign": 90, "malignant": 60}
AREA = "roc_auc_malignant"


def grey_squares(label: str, seed: int, number: int) -> np.ndarray:
    """Mean and standard deviation of the grey levels in each of 8 x 8 parts of a phantom, float (128,)."""
    image = draw_phantom(label, [seed, class_index(label), number])[0].astype(np.float32)
    mean, square = (cv2.resize(values, (8, 8), interpolation=cv2.INTER_AREA) for values in (image, image**2))
    return np.concatenate([mean.ravel(), np.sqrt(np.maximum(square - mean**2, 0)).ravel()])


def material_of(seed: int) -> tuple[pd.DataFrame, np.ndarray]:
    """Rows and features of the phantoms of a seed."""
    names = [(label, number) for label, count in COUNTS.items() for number in range(1, count + 1)]
    table = pd.DataFrame({"id": [f"{label} ({number})" for label, number in names]})
    table = table.assign(
        label=[label for label, _ in names], path="", patient="", status="ok", group=table["id"]
    )
    return table, np.stack([grey_squares(label, seed, number) for label, number in names])


def gain_of(table: pd.DataFrame, features: np.ndarray, effect: float, seed: int) -> dict[str, object]:
    """What notebook 16 would say of one seed and one effect."""
    known = replace(
        RECORD, columns={name: each for name, each in RECORD.columns.items() if each.kind == "known"}
    )
    drawn = replace(DATASET, record=known, draw_record=lambda images: draw_record(images, effect, seed))
    records = records_of(drawn, None, ROOT, table)
    material = Material("phantoms", True, tuple(COUNTS), "malignant", table, records, features)
    study = make_study({"name": "fusion", "seed": seed, "image_and_record": {"permutations": 1}})
    outcome = on_grouped_folds(material, study)
    found = gains(outcome, AREA, study.confidence)
    areas = {
        name: outcome.scored[name].values[AREA] for name in ("image", "known", "early_known", "late_known")
    }
    verdict = judge(outcome, material, study)["this run's network"]
    return areas | {
        "gain_early": found.loc["early_known", "gain"],
        "found": verdict == SUPPORTED,
        "verdict": verdict,
    }


if __name__ == "__main__":
    parser = parser_of(__doc__)
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--effect", type=float, default=1.0)
    asked = parser.parse_args()
    rows = []
    for seed in range(1, asked.seeds + 1):
        drawn = material_of(seed)
        rows += [
            {"seed": seed, "effect": effect} | gain_of(*drawn, effect, seed) for effect in (asked.effect, 0.0)
        ]
        print(pd.DataFrame(rows[-2:]).round(3).to_string(index=False, header=seed == 1), flush=True)
    table = pd.DataFrame(rows)
    means = table.drop(columns=["seed", "verdict"]).groupby("effect").mean()
    print(means.round(3).to_string())
    write_report("fusion", table.round(4), f"{asked.seeds} seeds; found: the share of seeds is the mean.")
