"""The cases that there are to look at, by set, class, right or wrong, and confidence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from bcd_utils.datasets.image_set import ImageSet
from bcd_utils.evaluation.predictions import of_each_set
from bcd_utils.explorer.case import Case
from bcd_utils.prediction.model import StudyModel
from bcd_utils.prediction.seen import NEAREST
from bcd_utils.study.run import Run
from bcd_utils.study.set_titles import SET_TITLES

ALL, YOURS = "all", "your images"
RIGHT, WRONG = "right", "wrong"
#: Probability of the predicted class, from and below.
CONFIDENCE = {ALL: (0.0, 1.1), "below 0.5": (0.0, 0.5), "0.5 to 0.7": (0.5, 0.7), "0.7 to 0.9": (0.7, 0.9),
              "0.9 and above": (0.9, 1.1)}  # fmt: skip


@dataclass(frozen=True, eq=False)
class Collection:
    """A run's cases, with the model that they are shown to.

    Attributes
    ----------
    run : Run
    model : StudyModel
    images : ImageSet
    predictions : pandas.DataFrame
        Rows in the order of the images.
    """

    run: Run
    model: StudyModel
    images: ImageSet
    predictions: pd.DataFrame

    @classmethod
    def of_run(cls, run: Run) -> Collection:
        """Open a run whose notebooks 03 and 04 are done.

        Raises
        ------
        StudyError
            If it lacks something, or its network was shown masks.
        """
        return cls(run, StudyModel.open(run), ImageSet.of_run(run), run.read_csv("predictions.csv"))

    @cached_property
    def table(self) -> pd.DataFrame:
        """The cases; see `cases_of`."""
        return cases_of(self.predictions)

    @cached_property
    def by_set(self) -> dict[str, tuple[np.ndarray, np.ndarray]]:
        """Labels (n,) and probabilities (n, k) of each set."""
        return of_each_set(self.predictions, self.model.classes)

    @cached_property
    def _places(self) -> dict[str, int]:
        return {str(name): place for place, name in enumerate(self.images.table["id"])}

    def nearest(self, case: Case) -> list[dict[str, Any]]:
        """The training images nearest to a case: ``id``, ``label`` and ``pixels``, as the network was shown them."""
        names = (case.row.get(f"nearest_{place}") for place in range(1, NEAREST + 1))
        places = [self._places[str(name)] for name in names if name is not None]
        table, pixels = self.images.table, self.images.pixels
        return [
            {"id": table["id"][place], "label": table["label"][place], "pixels": np.asarray(pixels[place])}
            for place in places
        ]


def cases_of(predictions: pd.DataFrame) -> pd.DataFrame:
    """A run's cases, the surest of each set first.

    Parameters
    ----------
    predictions : pandas.DataFrame
        The run's ``predictions.csv``, its rows in the order of the run's images.

    Returns
    -------
    pandas.DataFrame
        Columns ``id``, ``set`` (its title), ``label``, ``verdict`` (right or wrong), ``confidence`` (0..1) and
        ``place`` (row of the image).
    """
    verdict = np.where(predictions["label"] == predictions["predicted"], RIGHT, WRONG)
    table = pd.DataFrame(
        {
            "id": predictions["id"].astype(str),
            "set": predictions["split"].map(SET_TITLES),
            "label": predictions["label"],
            "verdict": verdict,
            "confidence": predictions["probability"],
            "place": range(len(predictions)),
        }
    )
    return table.sort_values("confidence", ascending=False, kind="stable", ignore_index=True)


def chosen(cases: pd.DataFrame, confidence: str = ALL, **kinds: str) -> pd.DataFrame:
    """The cases of some kinds; `ALL` leaves a column open.

    Examples
    --------
    >>> cases = pd.DataFrame({"id": ["a", "b"], "label": ["benign", "normal"], "confidence": [0.95, 0.6]})
    >>> chosen(cases, label="normal")["id"].tolist(), chosen(cases, "0.9 and above")["id"].tolist()
    (['b'], ['a'])
    """
    low, high = CONFIDENCE[confidence]
    found = cases[(cases["confidence"] >= low) & (cases["confidence"] < high)]
    for column, kind in kinds.items():
        found = found if kind == ALL else found[found[column] == kind]
    return found


def three_of(cases: pd.DataFrame) -> Sequence[int]:
    """Places of three cases of the internal test set: the surest right, the surest wrong, the least sure.

    Where all are right or all are wrong, the next ones take their place; fewer where there are fewer cases.
    """
    test = cases[cases["set"] == SET_TITLES["test"]]
    right, wrong = (test[test["verdict"] == verdict]["place"] for verdict in (RIGHT, WRONG))
    wanted = [*right[:1], *wrong[:1], *test["place"][::-1]]
    return [*dict.fromkeys(int(place) for place in wanted)][:3]
