"""Published rows of two classes, examined here and by mlscorecheck 1.0.3, side by side: the answers and the times.

    pip install mlscorecheck==1.0.3    in a scratch environment
    python benchmarks/forensics.py

Each table of scores is tried as it is printed and with one score moved, which should be refused. mlscorecheck takes one
uncertainty for each score, half a unit of the last digit here. Writes reports/bench/forensics.csv and forensics.md.
"""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Callable, Mapping
from typing import Any

import pandas as pd
from shared import parser_of, write_report

from bcd_utils.evaluation.format import Rounded
from bcd_utils.evaluation.reported import Reported
from bcd_utils.experiments.paper_forensics.matrices import examine
from bcd_utils.experiments.published_results.rows import Row, load_published
from bcd_utils.utils.paths import STUDIES

THEIRS = {
    "accuracy": "acc", "sensitivity": "sens", "specificity": "spec", "precision": "ppv", "f1": "f1p",
    "balanced_accuracy": "bacc",
}  # fmt: skip
MOVED = {
    "R09": ("specificity", "95.50%"), "R31": ("specificity", "0.890"), "R32": ("accuracy", "0.890"),
    "R33": ("accuracy", "0.859"), "R34": ("balanced_accuracy", "0.8155"), "R46": ("accuracy", "90.4%"),
}  # fmt: skip
ASSUMED = {"R09": {"malignant": 39, "benign": 91}}  # its test set is not stated


def ours(row: Row, counts: Mapping[str, int], scores: Mapping[str, str]) -> bool:
    """Whether something fits, the scores being those of the first class."""
    named = {"sensitivity", "specificity", "precision", "f1"}
    first = next(iter(counts))
    texts = {f"{name}_{first}" if name in named else name: text for name, text in scores.items()}
    reported = Reported(
        {"test": texts}, class_counts={"test": dict(counts)}, folds=row.folds, models=row.models,
        fold_average="mean of scores" if row.folds else "not stated",
    )  # fmt: skip
    return any(finding.fits for finding in examine(reported))


def theirs(row: Row, counts: Mapping[str, int], scores: Mapping[str, str]) -> bool:
    """Whether mlscorecheck finds no inconsistency."""
    from mlscorecheck.check import binary

    positives, negatives = counts.values()
    values = {THEIRS[name]: Rounded.read(text) for name, text in scores.items()}
    printed = {name: rounded.value for name, rounded in values.items()}
    if (
        row.folds
    ):  # a dict of uncertainties is a TypeError there, and only these scores are linear in the folds
        linear = {name: printed[name] for name in ("acc", "sens", "spec", "bacc") if name in printed}
        result = binary.check_1_dataset_known_folds_mos(
            dataset={"p": positives, "n": negatives},
            folding={"n_folds": row.folds, "n_repeats": 1, "strategy": "stratified_sklearn"},
            scores=linear,
            eps=max(rounded.unit for rounded in values.values()) / 2,
        )
    else:
        units = {name: rounded.unit / 2 + 1e-9 for name, rounded in values.items()}
        result = binary.check_1_testset_no_kfold(
            testset={"p": positives, "n": negatives}, scores=printed, eps=units
        )
    return not result["inconsistency"]


def timed(check: Callable[..., bool], *given: Any) -> tuple[str, float]:
    """An answer in words, and the seconds that it took; best of three."""
    times = []
    for _ in range(3):
        start = time.perf_counter()
        fits = check(*given)
        times.append(time.perf_counter() - start)
    return "fits" if fits else "refused", min(times)


def main() -> None:
    """Compare and write the report."""
    parser_of(__doc__).parse_args()
    try:
        import mlscorecheck  # noqa: F401
    except ModuleNotFoundError:
        sys.exit("mlscorecheck is not installed: pip install mlscorecheck==1.0.3")
    logging.disable(logging.INFO)  # mlscorecheck tells each step
    rows = []
    for key, (moved, text) in MOVED.items():
        row = load_published(STUDIES / "published" / "busi.yaml").rows[key]
        counts = row.test or ASSUMED[key]
        printed = {name: value for name, value in row.scores.items() if name in THEIRS}
        for what, scores in {"as printed": printed, f"{moved} {text}": printed | {moved: text}}.items():
            (answer, seconds), (other, other_seconds) = (
                timed(ours, row, counts, scores),
                timed(theirs, row, counts, scores),
            )
            rows.append((key, what, answer, other, 1000 * seconds, 1000 * other_seconds))
    columns = ["row", "scores", "here", "mlscorecheck", "here, ms", "mlscorecheck, ms"]
    write_report("forensics", pd.DataFrame(rows, columns=columns).round(1))


if __name__ == "__main__":
    main()
