"""What a candidate costs: it learns one fold alone on the machine, in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from bcd_utils.experiments.comparison.training import code_of
from bcd_utils.models.candidates import all_candidates
from bcd_utils.models.candidates.base import Candidate, Fold
from bcd_utils.study.run import Run
from bcd_utils.utils.backend import device, peak_device_bytes
from bcd_utils.utils.cache import entry_of, kept
from bcd_utils.utils.code_identity import code_identity
from bcd_utils.utils.errors import StudyError
from bcd_utils.utils.files import read_json, sha256_of_file, write_json
from bcd_utils.utils.memmap import in_batches
from bcd_utils.utils.paths import python_path

IMAGES = 64
BATCH = 32
SETTINGS = ("image_size", "backbone", "weights", "feature_dtype", "validation_fraction", "seed", "comparison")


def measure_costs(
    run: Run,
    candidates: Mapping[str, Candidate],
    on_progress: Callable[[int, int], None] = lambda done, total: None,
) -> dict[str, dict[str, Any]]:
    """Speed and memory of candidates, one after the other, from the cache or measured now.

    Returns
    -------
    dict of name to dict
        ``images_per_second`` (from pixels to probabilities), ``training_seconds`` (to learn the first fold from its
        pixels, each encoded once), ``peak_mb`` (of the whole process, libraries included; None where the system does
        not tell) and ``device_mb`` (of a GPU; None without one).

    Raises
    ------
    StudyError
        If a candidate's process fails.
    """
    images = sha256_of_file(run.artifact("images.npy"))
    settings = {name: run.study.as_dict()[name] for name in SETTINGS}
    costs = {}
    for done, (name, candidate) in enumerate(candidates.items()):
        on_progress(done, len(candidates))
        code = [code_identity(type(candidate.representation).__module__), sha256_of_file(__file__)]
        recipe = [name, images, code_of(candidate, run.study), code, settings, device()]
        measured = partial(_in_its_own_process, run, name)
        costs[name] = read_json(kept(entry_of("costs", recipe, ".json"), measured))
    on_progress(len(candidates), len(candidates))
    return costs


def _in_its_own_process(run: Run, name: str, result: Path) -> None:
    module = "bcd_utils.experiments.comparison.costs"
    words = [sys.executable, "-m", module, str(run.folder), name, str(result)]
    here = os.environ | {"PYTHONPATH": python_path()}
    done = subprocess.run(words, capture_output=True, text=True, env=here)
    if not result.exists():
        reason = (done.stderr.strip().splitlines() or ["it was killed"])[-1]
        problem = f"The costs of {name} could not be measured ({reason})"
        raise StudyError(problem, "see whether memory is short")


def measure(run: Run, name: str) -> dict[str, Any]:
    """Measure one candidate in this process; `measure_costs` gives it one of its own."""
    from bcd_utils.datasets.image_set import ImageSet
    from bcd_utils.experiments.comparison.run import folds_of
    from bcd_utils.models.candidates.representations import exists, values_of

    candidate, images = all_candidates(run.study)[name], ImageSet.audited(run)
    encoder = candidate.representation.prepare(images)
    labels = images.labels
    rows = _spread_rows(labels)
    batches = list(in_batches(rows, BATCH))
    encoder.encode(batches[0])
    started = time.perf_counter()
    values = np.concatenate([encoder.encode(batch) for batch in batches])
    encode_seconds = time.perf_counter() - started
    values = values[exists(values)]
    everything = values_of(encoder, len(labels))
    split = folds_of(run.study, images)[0].where(exists(everything), "")
    training, validation = (np.flatnonzero(split == name) for name in ("train", "validation"))
    started = time.perf_counter()
    fitted = candidate.learn(Fold(everything, labels, training, validation, int(labels.max()) + 1, run.study))
    learn_seconds = time.perf_counter() - started
    fitted.predict(values[:BATCH])
    started = time.perf_counter()
    fitted.predict(values)
    seconds = (time.perf_counter() - started) * len(rows) / len(values)
    device_bytes = peak_device_bytes()
    return {
        "images_per_second": len(rows) / (encode_seconds + seconds),
        "training_seconds": encode_seconds / len(rows) * (len(training) + len(validation)) + learn_seconds,
        "peak_mb": _peak_megabytes(),
        "device_mb": None if device_bytes is None else device_bytes / 1e6,
    }


def _spread_rows(labels: np.ndarray) -> np.ndarray:
    """About `IMAGES` rows, every class among them, in an order that mixes the classes."""
    order = pd.Series(labels).groupby(labels).cumcount().sort_values(kind="stable").index.to_numpy()
    return order[:IMAGES]


def _peak_megabytes() -> float | None:
    """The most memory that this process has held at once."""
    status = Path("/proc/self/status")
    if status.exists():  # what getrusage says may be the parent's, from before this program was started
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) * 1024 / 1e6
    try:
        import resource
    except ImportError:  # Windows
        return None
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6


if __name__ == "__main__":
    write_json(Path(sys.argv[3]), measure(Run.open(sys.argv[1]), sys.argv[2]))
