"""How time grows with the number of repeated splits and of tested images, with the power fitted.

    python benchmarks/growth.py
    make bench-growth

Splits: heads on 128 rows of random features of 64 channels, three epochs each, where what is done beside the arithmetic
weighs most; wall clock. Intervals: of every score of drawn predictions in three classes, images alone and in groups of
two, seconds of processor time; beside it SciPy's BCa interval of the mean loss alone, whose jackknife is quadratic, up
to 10,000 images. Writes reports/bench/growth.csv and growth.md.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from dataclasses import replace

import numpy as np
import pandas as pd
import scipy.stats
from shared import parser_of, power_of, write_report

from bcd_utils.evaluation.counts import cross_entropy
from bcd_utils.evaluation.intervals import score_intervals
from bcd_utils.experiments.repeated_splits.training import plain_splits, train_splits
from bcd_utils.study.loading import make_study
from bcd_utils.study.settings import RepeatedSplits

CLASSES = ("benign", "malignant", "normal")
SPLITS = (10, 100, 1000)
IMAGES = (1000, 10_000, 100_000)
OF_SCIPY = 10_000  # images at most


def seconds_of_splits(count: int) -> float:
    """Wall clock of so many trainings, none of them in the cache."""
    study = make_study({"name": "growth", "epochs": 3, "weights": "random"})
    study = replace(study, repeated_splits=RepeatedSplits(splits=count, pooling="average"))
    labels = np.arange(128) % len(CLASSES)
    table = pd.DataFrame({"id": np.arange(128).astype(str), "label": labels, "status": "ok"})
    features = np.random.default_rng(count).normal(size=(128, 1, 1, 64)).astype(np.float32)
    splits = plain_splits(table, study)
    started = time.perf_counter()
    train_splits(splits, features, labels, len(CLASSES), study)
    return time.perf_counter() - started


def predictions(images: int) -> tuple[np.ndarray, np.ndarray]:
    """Labels, and probabilities that lean towards them."""
    generator = np.random.default_rng(images)
    labels = generator.integers(0, len(CLASSES), images)
    leaning = generator.dirichlet(np.ones(len(CLASSES)), images) + 0.5 * np.eye(len(CLASSES))[labels]
    return labels, leaning / leaning.sum(axis=1, keepdims=True)


def seconds_of_intervals(images: int, grouped: bool) -> float:
    """Processor time of the interval of every score."""
    labels, probabilities = predictions(images)
    started = time.process_time()
    score_intervals(labels, probabilities, CLASSES, groups=np.arange(images) // 2 if grouped else None)
    return time.process_time() - started


def seconds_of_scipy(images: int) -> float:
    """Processor time of SciPy's interval of the mean loss."""
    losses = cross_entropy(*predictions(images))
    started = time.process_time()
    scipy.stats.bootstrap(
        (losses,), np.mean, n_resamples=2000, batch=max(1, 1_000_000 // images), method="BCa"
    )
    return time.process_time() - started


def row(what: str, sizes: tuple[int, ...], seconds: list[float]) -> dict[str, object]:
    """A row of the table: seconds of each size, and the power between the last two."""
    power = power_of(sizes[: len(seconds)], seconds)
    shown = dict(zip(("least", "middle", "most"), [f"{each:.3g}" for each in seconds], strict=False))
    return {
        "what": what,
        "sizes": " / ".join(f"{size:,}" for size in sizes),
        **shown,
        "power": round(power, 2),
    }


def main() -> None:
    """Measure, print and write the table."""
    parser_of(__doc__).parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        os.environ["BCD_CACHE_DIR"] = scratch
        seconds_of_splits(2)  # starts the workers
        rows = [row("repeated splits", SPLITS, [seconds_of_splits(count) for count in SPLITS])]
    seconds_of_intervals(100, False)  # imports what it needs
    for grouped, title in ((False, "intervals of all scores"), (True, "the same, images in pairs")):
        rows.append(row(title, IMAGES, [seconds_of_intervals(images, grouped) for images in IMAGES]))
    theirs = [seconds_of_scipy(images) for images in IMAGES if images <= OF_SCIPY]
    rows.append(row("SciPy, mean loss alone", IMAGES, theirs))
    table = pd.DataFrame(rows).fillna("")
    sys.stdout.write(table.to_string(index=False) + "\n")
    write_report("growth", table)


if __name__ == "__main__":
    main()
