"""Time the study against the plain Keras loop, side by side in one run, as ratios.

    python benchmarks/bench.py                       on phantoms
    python benchmarks/bench.py --data-dir BUSI       on all of BUSI

Writes reports/bench/bench.csv and bench.md. ResNet50 with random weights: the weights' values do not
change the time.
"""

from __future__ import annotations

import json
import os
import platform
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
from shared import parser_of, write_report

from bcd_utils.datasets.at_hand import read_source
from bcd_utils.datasets.image_set import ImageSet
from bcd_utils.datasets.manifest import build_manifest, data_hash
from bcd_utils.datasets.splits import split_images
from bcd_utils.experiments import study_model
from bcd_utils.experiments.repeated_splits.training import head_inputs, plain_splits, train_splits
from bcd_utils.images.arrays import write_images
from bcd_utils.models.backbones import load_backbone
from bcd_utils.models.features import BATCH, cached_features
from bcd_utils.models.head import build_head
from bcd_utils.models.training import predict
from bcd_utils.study.loading import load_study
from bcd_utils.study.run import Run
from bcd_utils.study.settings import RepeatedSplits, Study
from bcd_utils.utils.backend import device, keras, seed_everything
from bcd_utils.utils.paths import STUDIES


def prepare(study: Study, scratch: Path) -> ImageSet:
    """The study's images, labels and split, without notebooks."""
    found = read_source(study.source)
    dataset, folder = found.dataset, found.folder
    manifest, _ = build_manifest(found, study.source.allow_partial)
    usable = manifest[manifest["status"] == "ok"].reset_index(drop=True)
    usable["split"] = split_images(usable)
    shown, stored = (study.input, study.image_size), scratch / "images.npy"
    write_images(stored, folder, usable, *shown)
    return ImageSet(study.source, usable, dataset.classes, data_hash(usable), *shown, stored=stored)


def extraction(study: Study, sets: ImageSet, scratch: Path, rounds: int = 3) -> tuple[float, float]:
    """Images per second: the bare ``backbone(x)`` on ready arrays, and our streaming pass to disk."""
    backbone = load_backbone(study, np.asarray(sets.pixels[:BATCH]))
    images = sets.pixels[: BATCH * 6]
    ready = [backbone.prepare(images[start : start + BATCH]) for start in range(0, len(images), BATCH)]
    backbone.model(ready[0], training=False)
    bare, ours = [], []
    for number in range(rounds):
        started = time.perf_counter()
        for batch in ready:
            np.asarray(backbone.model(batch, training=False))
        bare.append(len(images) / (time.perf_counter() - started))
        started = time.perf_counter()
        cached_features(backbone, images, "bench", folder=scratch / f"extraction-{number}")
        ours.append(len(images) / (time.perf_counter() - started))
    return float(np.median(bare)), float(np.median(ours))


def cached_study(study: Study, sets: ImageSet, scratch: Path) -> tuple[float, int]:
    """Seconds and epochs of extraction, training of the head and prediction, from an empty cache."""
    seed_everything(study.seed)
    started = time.perf_counter()
    backbone = load_backbone(study, np.asarray(sets.pixels[:BATCH]))
    kind, folder = study.feature_dtype, scratch / "features"
    features = cached_features(backbone, sets.pixels, "bench", kind, folder=folder)
    head = build_head(features.shape[1:], len(sets.classes), study)
    history, _ = study_model.fit(Run(scratch, study), sets, backbone, features, head)
    predict(head, features)
    return time.perf_counter() - started, len(history)


def naive_study(study: Study, sets: ImageSet, epochs: int) -> float:
    """Seconds of what the paper describes: one Sequential model over ready arrays, fit, predict."""
    seed_everything(study.seed)
    started = time.perf_counter()
    backbone = load_backbone(study, np.asarray(sets.pixels[:BATCH]))
    model = keras.Sequential([backbone.model, build_head(backbone.model.output_shape[1:], 3, study)])
    model.compile("adam", "categorical_crossentropy", metrics=["acc"])
    x, y = np.asarray(sets.pixels) / np.float32(255), np.eye(3, dtype=np.float32)[sets.labels]
    train, validation = sets.rows["train"], sets.rows["validation"]
    options = {"batch_size": study.batch_size, "epochs": epochs, "verbose": 0}
    model.fit(x[train], y[train], validation_data=(x[validation], y[validation]), **options)
    model.predict(x, verbose=0)
    return time.perf_counter() - started


def repeated_splits(study: Study, sets: ImageSet, scratch: Path, pooling: str, splits: int) -> float:
    """Seconds to train the head anew on so many splits by image, from cached features and an empty job cache."""
    os.environ["BCD_CACHE_DIR"] = str(scratch / f"splits-{pooling}")
    study = replace(study, repeated_splits=RepeatedSplits(splits=splits, pooling=pooling))
    backbone = load_backbone(study, np.asarray(sets.pixels[:BATCH]))
    features = cached_features(backbone, sets.pixels, "bench", folder=scratch / "features")
    images = pd.DataFrame({"label": np.asarray(sets.classes)[sets.labels], "status": "ok"})
    drawn = plain_splits(images, study)
    started = time.perf_counter()
    train_splits(drawn, head_inputs(features, study), sets.labels, len(sets.classes), study)
    return time.perf_counter() - started


def whole_chain(arguments: list[str], scratch: Path) -> tuple[float, float, float]:
    """Seconds of a whole run, seconds of it spent on data, and peak memory in GB of its largest process."""
    environment = os.environ | {"BCD_CACHE_DIR": str(scratch / "cache")}
    command = [sys.executable, "-m", "bcd_utils.cli", "run", *arguments, "--run-dir", str(scratch / "run")]
    started = time.perf_counter()
    subprocess.run(command, check=True, env=environment, stdout=subprocess.DEVNULL)
    seconds = time.perf_counter() - started
    work = sum(json.loads((scratch / "run" / "summary.json").read_text())["work_seconds"].values())
    return seconds, work, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1e6


def main() -> None:
    """Measure, print and write the table."""
    parser = parser_of(__doc__)
    parser.add_argument("--data-dir", help="BUSI's folder; phantoms if left out")
    parser.add_argument("--epochs", type=int, default=30, help="at most so many epochs")
    splits_help = "repeated splits; a fifth of them with Flatten"
    parser.add_argument("--splits", type=int, default=20, help=splits_help)
    options = parser.parse_args()
    dataset = ["source.dataset=busi"] if options.data_dir else ["source.dataset=phantom"]
    settings = [*dataset, "weights=random", f"epochs={options.epochs}"]
    study = load_study(STUDIES / "paper.yaml", settings, source={"data_dir": options.data_dir})
    rows = []

    def note(what: str, ours: str, other: str, ratio: str, target: str) -> None:
        rows.append([what, ours, other, ratio, target])
        sys.stdout.write(f"{what}: {ours}; {other}; {ratio} (target {target})\n")
        sys.stdout.flush()

    with tempfile.TemporaryDirectory() as name:
        scratch = Path(name)
        chosen = [word for text in settings for word in ("--set", text)]
        place = ["--data-dir", options.data_dir] if options.data_dir else []
        seconds, work, memory = whole_chain([str(STUDIES / "paper.yaml"), *chosen, *place], scratch)
        on_data, beside = f"{work:.0f} s of it on data", f"{seconds - work:.0f} s"
        note("whole chain, five reports", f"{seconds:.0f} s", on_data, beside, "< 90 s beside data")
        note("peak memory of the largest process", f"{memory:.2f} GB", "", "", "< 3 GB")
        shutil.rmtree(scratch / "run")
        sets = prepare(study, scratch)
        bare, ours = extraction(study, sets, scratch)
        other = f"bare backbone(x) {bare:.1f}"
        note("extraction, images/s", f"{ours:.1f}", other, f"{ours / bare:.2f}", ">= 0.9")
        cached, epochs = cached_study(study, sets, scratch)
        naive = naive_study(study, sets, epochs)
        label = f"frozen study, {len(sets.labels)} images, {epochs} epochs"
        note(label, f"{cached:.0f} s", f"plain Keras loop {naive:.0f} s", f"{naive / cached:.1f}x", ">= 5x")
        sweeps = ("average", options.splits, "300 s"), ("flatten", options.splits // 5, "12")
        for pooling, splits, target in sweeps:
            seconds = repeated_splits(study, sets, scratch, pooling, splits)
            hundred = seconds / splits * 100
            what = f"100 splits, {pooling} pooling (from {splits})"
            ratio = f"{hundred / naive:.1f} naive trainings"
            note(what, f"{hundred:.0f} s", f"plain Keras loop once {naive:.0f} s", ratio, f"<= {target}")
    table = pd.DataFrame(rows, columns=["what", "this project", "compared with", "ratio", "target"])
    machine = f"{platform.system()} on {device()}, Keras {keras.__version__} on {keras.backend.backend()}"
    write_report("bench", table, f"Measured on {machine}.")


if __name__ == "__main__":
    main()
