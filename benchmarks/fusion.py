"""How often fusing image and record is found to gain, where a gain is drawn in and where it is not.

    python benchmarks/fusion.py [--seeds 20] [--effect 1]

For each seed 500 phantoms are drawn anew, and a record for each of them, once with an effect and once with none.
Phantoms are so easy (a whole frame's mean grey level alone has an AUC of 0.96) that nothing could be gained: the image
is that level and the contrast, blurred with noise of twice their spread. Found is a gain as notebook 16 finds it: see
`record.judge`.
"""

from __future__ import annotations

from dataclasses import replace

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

COUNTS = {"benign": 300, "malignant": 200}
NOISE = 2.0
AREA = "roc_auc_malignant"


def material_of(seed: int) -> tuple[pd.DataFrame, np.ndarray]:
    """Rows and features, float (n, 2), of the phantoms of a seed."""
    names = [(label, number) for label, count in COUNTS.items() for number in range(1, count + 1)]
    table = pd.DataFrame({"id": [f"{label} ({number})" for label, number in names]})
    table = table.assign(
        label=[label for label, _ in names], path="", patient="", status="ok", group=table["id"]
    )
    images = (draw_phantom(label, [seed, class_index(label), number])[0] for label, number in names)
    seen = np.array([(image.mean(), image.std()) for image in images])
    noise = np.random.default_rng(seed).normal(0, NOISE, seen.shape)
    return table, seen + noise * seen.std(axis=0)


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
