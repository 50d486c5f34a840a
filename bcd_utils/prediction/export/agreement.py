"""An exported file held against the run that it is of, on the internal test set."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from bcd_utils.datasets.image_set import ImageSet
from bcd_utils.evaluation.calibration import apply_temperature
from bcd_utils.evaluation.intervals import Scored
from bcd_utils.evaluation.predictions import labels_and_probabilities
from bcd_utils.images.reading import read_row
from bcd_utils.prediction.export.graph import OUTPUTS, resizes_inside
from bcd_utils.prediction.network import Network
from bcd_utils.utils.counting import OnProgress, silent

TIMED = 9  # runs, of which the first is not counted
RESIZED, STORED = "resized as in the run", "as stored"
Apply = Callable[[np.ndarray], Mapping[str, np.ndarray]]


@dataclass(frozen=True, eq=False)
class TestSet:
    """What a run said of its internal test set, and the images.

    Attributes
    ----------
    network : Network
    images : ImageSet
        Of the run.
    """

    __test__ = False  # no test for pytest

    network: Network
    images: ImageSet

    @classmethod
    def of(cls, network: Network) -> TestSet:
        """That of a network's run."""
        return cls(network, ImageSet.of_run(network.run))

    @cached_property
    def said(self) -> tuple[np.ndarray, np.ndarray]:
        """True classes, int (n,), and the run's probabilities as trained, float (n, k)."""
        table = self.network.run.read_csv("predictions.csv").set_index("id", drop=False)
        ids = self.images.table["id"].iloc[self.images.rows["test"]]
        return labels_and_probabilities(table.loc[ids], self.images.classes, "test")

    def given(self, shown: str) -> Iterator[np.ndarray]:
        """The images, uint8 (height, width, 3), one after the other: `RESIZED` or `STORED`."""
        for row in self.images.rows["test"]:
            if shown == RESIZED:
                yield np.asarray(self.images.pixels[row])
            else:
                yield read_row(self.images.folder, self.images.table.iloc[row])

    def decisions(self, probabilities: np.ndarray) -> np.ndarray:
        """What is decided on probabilities as trained: the class, and whether each threshold is reached; int (n, m)."""
        dataset = self.network.dataset
        scores = probabilities[:, dataset.classes.index(dataset.positive)]
        reached = [scores >= threshold for threshold in self.network.thresholds.values()]
        return np.column_stack([probabilities.argmax(axis=1), *reached]).astype(int)

    def accuracy(self, probabilities: np.ndarray) -> dict[str, float | None]:
        """``accuracy``, ``accuracy_low`` and ``accuracy_high``, as the run's page 04 has them."""
        study, rows = self.network.run.study, self.images.rows["test"]
        groups = self.images.table["group"].iloc[rows]
        options = study.bootstrap_samples, study.seed
        scored = Scored.of(self.said[0], probabilities, self.images.classes, groups, *options)
        return scored.row(["accuracy"], study.confidence)


def hold_against(tested: TestSet, apply: Apply, on_progress: OnProgress = silent) -> list[dict[str, Any]]:
    """How far a file's answers are from the run's, a row for each way in which images are given to it.

    Parameters
    ----------
    tested : TestSet
    apply : callable
        What the file says of one image: `graph.OUTPUTS`.

    Returns
    -------
    list of dict
        ``images_given`` (`RESIZED`; `STORED` where the file resizes), ``images``, ``largest_difference`` (of
        probabilities as trained), ``largest_calibrated_difference``, ``changed`` (images of which a decision
        changed), ``changed_share`` (0..1), ``accuracy`` with its ends, ``milliseconds`` (median, for one image).
    """
    expected = tested.said[1]
    calibrated = apply_temperature(expected, tested.network.evaluation["calibration"]["temperature"])
    ways = [RESIZED] + [STORED] * resizes_inside(tested.network)
    total = len(ways) * len(expected)
    rows: list[dict[str, Any]] = []
    for shown in ways:
        answers = []
        for image in tested.given(shown):
            answers.append([apply(image)[name] for name in OUTPUTS])
            on_progress(len(rows) * len(expected) + len(answers), total)
        probabilities, scaled = np.swapaxes(np.asarray(answers, float), 0, 1)
        changed = (tested.decisions(probabilities) != tested.decisions(expected)).any(axis=1)
        rows.append(
            {
                "images_given": shown,
                "images": len(expected),
                "largest_difference": float(abs(probabilities - expected).max()),
                "largest_calibrated_difference": float(abs(scaled - calibrated).max()),
                "changed": int(changed.sum()),
                "changed_share": float(changed.mean()),
                **tested.accuracy(probabilities / probabilities.sum(axis=1, keepdims=True)),
                "milliseconds": median_time(apply, next(tested.given(shown))),
            }
        )
    return rows


def median_time(apply: Apply, image: np.ndarray) -> float:
    """Milliseconds for one image."""
    times = []
    for _ in range(TIMED):
        start = time.perf_counter()
        apply(image)
        times.append(1000 * (time.perf_counter() - start))
    return float(np.median(times[1:]))
