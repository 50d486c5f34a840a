"""Peak memory and time of each step against the number of images, each step in a process of its own.

    python benchmarks/memory.py                            1,000 to 8,000 drawn images
    python benchmarks/memory.py --sizes 1000 10000 50000   others

The steps are the study's own functions; MobileNetV2 with random weights, for the weights' values change no memory.
Time is the processor's, of all threads: other work beside does not count. Writes reports/bench/memory.csv and
memory.md. Needs about half a GB of disk for 1,000 images.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
from shared import parser_of, power_of, write_report

from bcd_utils.study.loading import make_study
from bcd_utils.study.run import Run
from bcd_utils.study.settings import Study
from bcd_utils.utils.paths import ROOT

CLASSES = ("benign", "malignant", "normal")
SHAPE = (240, 320)
STATUS = Path("/proc/self/status")


def study_of(folder: Path) -> Study:
    """A study of the drawn images; Flatten, whose head reads whole feature maps."""
    source = {"dataset": "folder", "data_dir": str(folder / "drawn")}
    settings = {"source": source, "pooling": "flatten", "epochs": 1}
    return make_study({"name": "memory", "backbone": "mobilenetv2", "weights": "random", **settings})


def draw(folder: Path, images: int) -> None:
    """Noise with an ellipse, brighter in each further class; all images differ."""
    import cv2

    for number in range(images):
        label = number % len(CLASSES)
        generator = np.random.default_rng(number)
        picture = generator.integers(0, 90, SHAPE, np.uint8)
        centre, axes = generator.integers(80, 160, 2).tolist(), generator.integers(20, 60, 2).tolist()
        cv2.ellipse(picture, centre, axes, 0, 0, 360, 100 + 60 * label, -1)
        path = folder / "drawn" / CLASSES[label] / f"{number}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(path), picture)


def inspect(folder: Path) -> None:
    """The manifest of all images, and their split."""
    from bcd_utils.datasets.at_hand import read_source
    from bcd_utils.datasets.manifest import build_manifest, describe_dataset
    from bcd_utils.datasets.splits import draw_split, used_images
    from bcd_utils.pipeline.stages import all_stages
    from bcd_utils.study.stage import contract_of

    study = study_of(folder)
    found = read_source(study.source)
    manifest, remarks = build_manifest(found)
    manifest["split"] = draw_split(manifest, study)
    run = Run.create(folder / "run", study, contract_of(all_stages().values()))
    run.save_json(describe_dataset(found.dataset, manifest, remarks), "dataset.json")
    run.save_csv(used_images(manifest), "splits.csv")


def resize(folder: Path) -> None:
    """The network's input images."""
    from bcd_utils.images.arrays import write_images

    run = Run.open(folder / "run")
    with run.writing("images.npy") as path:
        write_images(path, folder / "drawn", run.read_csv("splits.csv"), "image", run.study.image_size)


def features_of(folder: Path) -> tuple:
    """Run, sets and the backbone's features, computed where they are not there."""
    from bcd_utils.datasets.image_set import ImageSet
    from bcd_utils.experiments import study_model

    run = Run.open(folder / "run")
    sets = ImageSet.of_run(run)
    return run, sets, study_model.features(run, study_model.frozen_backbone(run, sets))


def extract(folder: Path) -> None:
    """The features of all images, into the cache."""
    features_of(folder)


def pool(folder: Path) -> None:
    """The averaged features."""
    from bcd_utils.utils.memmap import pooled

    pooled(stored_features(folder))


def stored_features(folder: Path) -> np.ndarray:
    """The features in the cache, without a network."""
    splits = Run.open(folder / "run").read_csv("splits.csv")
    (entry,) = (folder / "cache" / "features").glob("*.float32")
    return np.memmap(entry, np.float32, "r").reshape(len(splits), 7, 7, -1)


def probe(folder: Path) -> None:
    """A logistic regression on the averaged features."""
    from bcd_utils.evaluation.predictions import class_numbers
    from bcd_utils.models.candidates.base import Fold
    from bcd_utils.models.candidates.scikit_learn import logistic_regression, scikit_learn

    run = Run.open(folder / "run")
    splits, features = run.read_csv("splits.csv"), stored_features(folder)
    train, validation = (np.flatnonzero(splits["split"] == name) for name in ("train", "validation"))
    learn = scikit_learn(logistic_regression, {"C": (1e-3,)}, pool=True)
    labels = class_numbers(splits["label"], CLASSES)
    learn(Fold(features, labels, train, validation, len(CLASSES), run.study)).predict(features)


def train(folder: Path) -> None:
    """One epoch of the paper's head on whole feature maps."""
    from bcd_utils.datasets.image_set import ImageSet
    from bcd_utils.models.candidates.base import Fold
    from bcd_utils.models.training import fit_head

    run = Run.open(folder / "run")
    sets, features = ImageSet.of_run(run), stored_features(folder)
    rows = sets.rows
    fold = Fold(features, sets.labels, rows["train"], rows["validation"], len(CLASSES), run.study)
    head, _, _ = fit_head(fold)
    with run.writing("head.keras") as path:
        head.save(path)


def classify(folder: Path) -> None:
    """The head's predictions for all images."""
    from bcd_utils.models.training import predict
    from bcd_utils.utils.backend import keras

    head = keras.models.load_model(folder / "run" / "artifacts" / "head.keras", compile=False)
    predict(head, stored_features(folder))


STEPS: dict[str, Callable[[Path], None]] = {
    "inspection (manifest)": inspect,
    "resizing": resize,
    "features of the backbone": extract,
    "average pooling": pool,
    "linear probe on the averages": probe,
    "training the head (Flatten), one epoch": train,
    "prediction": classify,
}


def watched(step: Callable[[], None]) -> dict[str, float]:
    """Run a step; its seconds, and its peak memory in MB: all that is resident, and what is anonymous (of no file)."""
    done, peak = threading.Event(), {"anonymous": 0.0}

    def watch() -> None:
        while not done.wait(0.01):
            peak["anonymous"] = max(peak["anonymous"], kilobytes("RssAnon") / 1000)

    watcher = threading.Thread(target=watch, daemon=True)
    if STATUS.exists():
        watcher.start()
    started = time.process_time()
    step()
    seconds = {"seconds": time.process_time() - started}
    done.set()
    if STATUS.exists():
        watcher.join()
        return seconds | peak | {"resident": kilobytes("VmHWM") / 1000}
    largest = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return seconds | {"anonymous": np.nan, "resident": largest / (1e6 if sys.platform == "darwin" else 1e3)}


def kilobytes(name: str) -> float:
    """What Linux says of this process's memory."""
    line = next(line for line in STATUS.read_text().splitlines() if line.startswith(f"{name}:"))
    return float(line.split()[1])


def in_its_own_process(step: str, folder: Path) -> dict[str, float]:
    """Time and peak memory of a step in a fresh process."""
    environment = os.environ | {"BCD_CACHE_DIR": str(folder / "cache"), "PYTHONPATH": str(ROOT)}
    words = [sys.executable, __file__, "--step", step, "--folder", str(folder)]
    done = subprocess.run(words, check=True, env=environment, stdout=subprocess.PIPE, text=True)
    return json.loads(done.stdout.splitlines()[-1])


def main() -> None:
    """Measure, print and write the table."""
    parser = parser_of(__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=[1000, 2000, 4000, 8000])
    parser.add_argument("--step", choices=STEPS, help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.step:
        peak = watched(partial(STEPS[options.step], options.folder))
        sys.stdout.write(json.dumps(peak) + "\n")
        return
    rows = []
    for images in options.sizes:
        with tempfile.TemporaryDirectory() as name:
            draw(Path(name), images)
            for step in STEPS:
                peak = in_its_own_process(step, Path(name))
                rows.append({"step": step, "images": images} | peak)
                sys.stdout.write(
                    f"{images} images, {step}: {peak['resident']:.0f} MB, {peak['seconds']:.1f} s\n"
                )
                sys.stdout.flush()
    table = pd.DataFrame(rows)
    write_report("memory", table.round(1), shown=by_images(table))


def by_images(table: pd.DataFrame) -> pd.DataFrame:
    """Peak memory and time as text, one column a number of images, and the power with which time grows at the end."""
    shown = [f"{row.resident:.0f} ({row.anonymous:.0f}), {row.seconds:.0f}" for row in table.itertuples()]
    cells = (
        table.assign(shown=shown).pivot(index="step", columns="images", values="shown").reindex(list(STEPS))
    )
    cells = cells.rename(columns="{:,} images".format)
    seconds = table.pivot(index="step", columns="images", values="seconds").reindex(list(STEPS))
    if len(seconds.columns) > 1:
        columns = [seconds[images] for images in seconds]
        cells["power"] = power_of(list(seconds), columns).round(2)
    return cells.reset_index(names="peak MB (anonymous), s")


if __name__ == "__main__":
    main()
