"""Time this project against what others wrote, side by side in one run, as ratios.

    python benchmarks/bench.py                             on phantoms
    python benchmarks/bench.py --data-dir BUSI --rounds 3  on all of BUSI, each row three times, turn by turn
    python benchmarks/bench.py --only extraction precision

Writes reports/bench/bench.csv and bench.md: of each row the median, and in brackets the least and the most. ResNet50
with random weights: the weights' values do not change the time. ONNX Runtime has a row where it is installed (the
extra `export`).
"""

from __future__ import annotations

import json
import os
import platform
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd
from shared import parser_of, write_report

from bcd_utils.datasets.at_hand import read_source
from bcd_utils.datasets.image_set import ImageSet
from bcd_utils.datasets.manifest import build_manifest, data_hash
from bcd_utils.datasets.splits import split_images
from bcd_utils.experiments.repeated_splits.training import head_inputs, plain_splits, train_splits
from bcd_utils.images.arrays import write_images
from bcd_utils.models.backbones import Backbone, load_backbone
from bcd_utils.models.candidates.base import Fold
from bcd_utils.models.features import BATCH, cached_features, features_of
from bcd_utils.models.head import build_head
from bcd_utils.models.training import fit_head, predict
from bcd_utils.study.loading import load_study
from bcd_utils.study.settings import RepeatedSplits, Study
from bcd_utils.utils.backend import device, keras, seed_everything
from bcd_utils.utils.memmap import pooled
from bcd_utils.utils.parallel import ENGINE, SCHEDULER
from bcd_utils.utils.paths import STUDIES

Times = list[float]


@dataclass(frozen=True)
class Bench:
    """What every row is measured on.

    Attributes
    ----------
    study : Study
    arguments : sequence of str
        By which ``bcd run`` makes the same study.
    images : ImageSet
    scratch : Path
    rounds, splits : int
    """

    study: Study
    arguments: Sequence[str]
    images: ImageSet
    scratch: Path
    rounds: int
    splits: int

    def backbone(self, **settings: str) -> Backbone:
        """The study's, with other settings perhaps."""
        study = replace(self.study, **settings)  # type: ignore[arg-type]
        return load_backbone(study, np.asarray(self.images.pixels[:BATCH]))

    def empty_cache(self) -> None:
        """Have nothing cached from here on."""
        os.environ["BCD_CACHE_DIR"] = tempfile.mkdtemp(dir=self.scratch)


Row = dict[str, str]


def row(
    what: str, unit: str, ours: Times, other: str, theirs: Times, target: str, faster: bool = False
) -> Row:
    """Medians with their ranges, and the ratio of each round: ours by theirs, or with ``faster`` theirs by ours."""
    pairs = zip(ours, theirs, strict=True)
    ratios = [(b / a if faster else a / b) for a, b in pairs]
    return {
        "what": f"{what} ({unit})",
        "this project": spread(ours),
        "compared with": f"{other} {spread(theirs)}",
        "ratio": spread(ratios),
        "wanted": target,
    }


def spread(values: Times) -> str:
    """Median, and in brackets the least and the most.

    Examples
    --------
    >>> spread([3.0, 1.0, 2.0])
    '2 [1, 3]'
    """
    return f"{np.median(values):.3g} [{min(values):.3g}, {max(values):.3g}]"


def seconds_of(call: Callable[[], object]) -> float:
    """Wall time of a call."""
    started = time.perf_counter()
    call()
    return time.perf_counter() - started


def chain(bench: Bench) -> Iterator[Row]:
    """All notebooks of the study by ``bcd run``, from a cache that holds the drawn phantoms alone."""
    beside, work, peak = [], [], []
    for number in range(bench.rounds):
        bench.empty_cache()
        read_source(bench.study.source)
        folder = bench.scratch / f"run-{number}"
        command = [sys.executable, "-m", "bcd_utils.cli", "run", *bench.arguments, "--run-dir", str(folder)]
        seconds = seconds_of(lambda: subprocess.run(command, check=True, stdout=subprocess.DEVNULL))  # noqa: B023
        summary = json.loads((folder / "summary.json").read_text())
        work.append(sum(summary["work_seconds"].values()))
        beside.append(seconds - work[-1])
        peak.append(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1e6)
    yield row("whole chain, beside data", "s", beside, "on data", work, "25 s beside data")
    yield {"what": "its largest process so far (GB)", "this project": spread(peak), "wanted": "2"}


def extraction(bench: Bench) -> Iterator[Row]:
    """Features of images into the cache, against networks on batches that are ready, which keep nothing."""
    backbone = bench.backbone()
    images = np.asarray(bench.images.pixels[: BATCH * 6])
    ready = [backbone.prepare(images[start : start + BATCH]) for start in range(0, len(images), BATCH)]
    rivals: dict[str, Callable[[np.ndarray], object]] = {
        "bare backbone(x)": lambda batch: np.asarray(backbone.model(batch, training=False))
    }
    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        graph = tf.function(lambda batch: backbone.model(batch, training=False))
        rivals["a TensorFlow graph"] = lambda batch: graph(batch).numpy()
    if find_spec("onnxruntime") and find_spec("tf2onnx"):
        import onnxruntime

        file = str(bench.scratch / "backbone.onnx")
        signature = [keras.InputSpec("float32", (None, *ready[0].shape[1:]))]
        backbone.model.export(file, format="onnx", verbose=False, input_signature=signature)
        session = onnxruntime.InferenceSession(file, providers=["CPUExecutionProvider"])
        taken = session.get_inputs()[0].name
        rivals["ONNX Runtime"] = lambda batch: session.run(None, {taken: batch})
    ours: Times = []
    theirs: dict[str, Times] = {name: [] for name in rivals}
    features_of(backbone, images[:BATCH])  # compiles
    for call in rivals.values():
        call(ready[0])
    for _ in range(max(3, bench.rounds)):
        bench.empty_cache()
        ours.append(len(images) / seconds_of(lambda: cached_features(backbone, images, "bench")))
        for name, call in rivals.items():
            seconds = seconds_of(lambda: [call(batch) for batch in ready])  # noqa: B023
            theirs[name].append(len(images) / seconds)
    for name, values in theirs.items():
        yield row("extraction", "images/s", ours, name, values, "0.95 of ONNX Runtime")


def precision(bench: Bench) -> Iterator[Row]:
    """The same in bfloat16."""
    images = np.asarray(bench.images.pixels[: BATCH * 6])
    networks = [bench.backbone(precision="mixed_bfloat16"), bench.backbone()]
    speeds: list[Times] = [[], []]
    for _ in range(max(3, bench.rounds) + 1):
        bench.empty_cache()
        for network, found in zip(networks, speeds, strict=True):
            seconds = seconds_of(lambda: cached_features(network, images, "bench"))  # noqa: B023
            found.append(len(images) / seconds)
    coarse, exact = (found[1:] for found in speeds)  # the first one compiles
    yield row("extraction in bfloat16", "images/s", coarse, "float32", exact, "1.5")
    yield differing_scores(bench, *networks)


def differing_scores(bench: Bench, coarse: Backbone, exact: Backbone) -> Row:
    """What a head that was trained on the features of one network says of those of another, on the test images."""
    images, study = bench.images, replace(bench.study, pooling="average")
    inputs = [
        pooled(cached_features(each, images.pixels, "scores"))[:, None, None] for each in (coarse, exact)
    ]
    rows, classes = images.rows, len(images.classes)
    head, _, _ = fit_head(Fold(inputs[1], images.labels, rows["train"], rows["validation"], classes, study))
    by_coarse, by_exact = (predict(head, each[rows["test"]]) for each in inputs)
    changed = int((by_coarse.argmax(1) != by_exact.argmax(1)).sum())
    return {
        "what": "largest difference of a probability by it",
        "this project": f"{np.abs(by_coarse - by_exact).max():.2g}",
        "compared with": f"float32; {changed} of {len(by_exact)} decisions differ",
    }


def frozen(bench: Bench) -> Iterator[Row]:
    """Extraction, head and prediction, and many heads, against the plain Keras loop that the paper describes."""
    study, images = bench.study, bench.images
    classes = len(images.classes)
    rows = images.rows
    ours, theirs, epochs = [], [], 0
    sweeps: dict[Literal["average", "flatten"], tuple[int, str, Times]] = {
        "average": (bench.splits, "0.25", []),
        "flatten": (max(2, bench.splits // 10), "3", []),
    }
    for _ in range(bench.rounds):
        bench.empty_cache()
        seed_everything(study.seed)
        started = time.perf_counter()
        values = cached_features(bench.backbone(), images.pixels, "bench", study.feature_dtype)
        fold = Fold(values, images.labels, rows["train"], rows["validation"], classes, study)
        head, history, _ = fit_head(fold)
        predict(head, values)
        ours.append(time.perf_counter() - started)
        epochs = len(history)
        theirs.append(seconds_of(lambda: plain_loop(bench, epochs)))  # noqa: B023
        for pooling, (count, _, found) in sweeps.items():
            repeated = replace(study, repeated_splits=RepeatedSplits(splits=count, pooling=pooling))
            found.append(seconds_of(lambda: train_heads(images, values, repeated)) / count * 100)  # noqa: B023
    what = f"frozen study, {len(images.labels)} images, {epochs} epochs"
    yield row(what, "s", ours, "plain Keras loop", theirs, "10 times as fast", faster=True)
    for pooling, (count, wanted, found) in sweeps.items():
        yield row(
            f"100 splits, {pooling} pooling, from {count}", "s", found, "one plain Keras loop", theirs, wanted
        )


def train_heads(images: ImageSet, values: np.ndarray, study: Study) -> None:
    """A head for each of the study's repeated splits, on features that are there."""
    table = pd.DataFrame({"label": np.asarray(images.classes)[images.labels], "status": "ok"})
    drawn, inputs = plain_splits(table, study), head_inputs(values, study)
    train_splits(drawn, inputs, images.labels, len(images.classes), study)


def workers(bench: Bench) -> Iterator[Row]:
    """The heads of repeated splits by two workers of a Dask cluster, against one; each has trained some before."""
    from distributed import LocalCluster

    several = RepeatedSplits(splits=bench.splits, pooling="average")
    measured, before = (
        replace(bench.study, repeated_splits=several, seed=bench.study.seed + further)
        for further in (0, 1000)
    )
    bench.empty_cache()
    values = cached_features(bench.backbone(), bench.images.pixels, "bench", bench.study.feature_dtype)
    found: dict[int, Times] = {1: [], 2: []}
    for _ in range(bench.rounds):
        for count, times in found.items():
            bench.empty_cache()
            with LocalCluster(n_workers=count, threads_per_worker=1, dashboard_address=None) as cluster:
                os.environ |= {ENGINE: "dask", SCHEDULER: cluster.scheduler_address}
                train_heads(bench.images, values, before)
                times.append(seconds_of(lambda: train_heads(bench.images, values, measured)))
            del os.environ[ENGINE], os.environ[SCHEDULER]
    yield row(
        f"{bench.splits} splits by two Dask workers", "s", found[2], "one worker", found[1], "2", faster=True
    )


def plain_loop(bench: Bench, epochs: int) -> None:
    """One Sequential model over ready arrays, fit, predict."""
    study, images = bench.study, bench.images
    seed_everything(study.seed)
    backbone = bench.backbone()
    model = keras.Sequential(
        [backbone.model, build_head(backbone.model.output_shape[1:], len(images.classes), study)]
    )
    model.compile("adam", "categorical_crossentropy", metrics=["acc"])
    x = backbone.prepare(np.asarray(images.pixels))
    y = np.eye(len(images.classes), dtype=np.float32)[images.labels]
    train, validation = images.rows["train"], images.rows["validation"]
    options = {"batch_size": study.batch_size, "epochs": epochs, "verbose": 0}
    model.fit(x[train], y[train], validation_data=(x[validation], y[validation]), **options)
    model.predict(x, verbose=0)


ROWS = {each.__name__: each for each in (chain, extraction, precision, frozen, workers)}


def prepare(study: Study, scratch: Path) -> ImageSet:
    """The study's images, labels and split, without notebooks."""
    found = read_source(study.source)
    manifest, _ = build_manifest(found, study.source.allow_partial)
    usable = manifest[manifest["status"] == "ok"].reset_index(drop=True)
    usable["split"] = split_images(usable)
    shown, stored = (study.input, study.image_size), scratch / "images.npy"
    write_images(stored, found.folder, usable, *shown)
    return ImageSet(study.source, usable, found.dataset.classes, data_hash(usable), *shown, stored=stored)


def main() -> None:
    """Measure, print and write the table."""
    parser = parser_of(__doc__)
    parser.add_argument("--data-dir", help="BUSI's folder; phantoms if left out")
    parser.add_argument("--rounds", type=int, default=1, help="how often each row is measured")
    parser.add_argument(
        "--splits", type=int, default=100, help="repeated splits; a tenth of them with Flatten"
    )
    parser.add_argument("--only", nargs="+", choices=ROWS, default=[*ROWS], help="these rows alone")
    parser.add_argument(
        "--set", nargs="+", default=[], help="further settings, such as epochs=2", dest="settings"
    )
    options = parser.parse_args()
    settings = [
        f"source.dataset={'busi' if options.data_dir else 'phantom'}",
        "weights=random",
        *options.settings,
    ]
    study = load_study(STUDIES / "paper.yaml", settings, source={"data_dir": options.data_dir})
    arguments = [str(STUDIES / "paper.yaml"), *(word for text in settings for word in ("--set", text))]
    arguments += ["--data-dir", options.data_dir] if options.data_dir else []
    rows: list[Row] = []
    with tempfile.TemporaryDirectory() as name:
        scratch = Path(name)
        bench = Bench(study, arguments, prepare(study, scratch), scratch, options.rounds, options.splits)
        for measure in (
            name for name in ROWS if name in options.only
        ):  # a child looks as large as its parent
            for found in ROWS[measure](bench):
                rows.append(found)
                sys.stdout.write("; ".join(found.values()) + "\n")
                sys.stdout.flush()
    machine = f"{platform.system()} on {device()}, Keras {keras.__version__} on {keras.backend.backend()}"
    write_report("bench", pd.DataFrame(rows).fillna(""), f"Measured on {machine}, {options.rounds} rounds.")


if __name__ == "__main__":
    main()
