"""Every way on every fold and draw: what is bought step after step, and what is said of the images that are tested."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from bcd_utils.experiments.fewer_labels.declared import CHOICES, ELSEWHERE, FLOOR, WAYS, WITHOUT_OWN
from bcd_utils.experiments.fewer_labels.draws import draw
from bcd_utils.experiments.fewer_labels.oracle import Oracle
from bcd_utils.models.few_labels.base import FewLabels
from bcd_utils.utils.code_identity import code_identity
from bcd_utils.utils.counting import OnProgress, silent
from bcd_utils.utils.files import sha256_of_json
from bcd_utils.utils.memmap import sha256_of_array
from bcd_utils.utils.parallel import Result, run_jobs


@dataclass(frozen=True)
class Job:
    """One way on one draw of one fold.

    Attributes
    ----------
    way : str
        Of `declared.WAYS`, `declared.CHOICES` or `declared.ELSEWHERE`.
    tested : tuple of int
        Rows that the fold tests; all others are the pool.
    drawn : tuple of tuple of int
        Groups that are labelled at each point; of a choice the first alone, and how many later.
    seed : int
    """

    way: str
    tested: tuple[int, ...]
    drawn: tuple[tuple[int, ...], ...]
    seed: int


@dataclass(frozen=True, eq=False)
class Shared:
    """What all jobs read: average-pooled features (n, c), labels and groups, int (n,), and the number of classes.

    ``elsewhere`` has the features of another source's images (m, c), of which no label is known here; None without any.
    """

    values: np.ndarray
    labels: np.ndarray
    groups: np.ndarray
    classes: int
    elsewhere: np.ndarray | None = None

    @property
    def ways(self) -> tuple[str, ...]:
        """Who can be followed."""
        return (*WAYS, *CHOICES, *(ELSEWHERE if self.elsewhere is not None else ()))


def follow(job: Job, shared: Shared) -> Result:
    """Buy labels point after point, learn, and predict the images that are tested; in a worker process.

    All ways read the same numbers: features standardised on the pool, which takes no label, and rotated to its
    principal components. None is left out, so that distances within the pool and penalised linear models stay what they
    are, in fewer dimensions. Images from elsewhere are put through the same, as those that are tested are.

    Returns
    -------
    dict of ndarray
        ``probabilities`` float (points, tested, classes); ``bought`` bool (points, n): images with a label; ``choices``
        str (points,).
    """
    from sklearn.decomposition import PCA
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    tested = np.array(job.tested)
    pool = np.setdiff1d(np.arange(len(shared.groups)), tested)
    scaling = make_pipeline(StandardScaler(), PCA(svd_solver="full"))
    values = scaling.fit_transform(np.asarray(shared.values[pool], dtype=float))
    asked = scaling.transform(np.asarray(shared.values[tested], dtype=float))
    others = values[:0]
    if job.way in ELSEWHERE:
        others = scaling.transform(np.asarray(shared.elsewhere, dtype=float))
    groups, choose = shared.groups[pool], CHOICES.get(job.way)
    learn = (WAYS | ELSEWHERE)[FLOOR if choose else job.way]
    oracle = Oracle(shared.labels[pool], groups)
    bought = np.zeros((len(job.drawn), len(shared.groups)), dtype=bool)
    probabilities, choices = [], []
    oracle.buy(job.drawn[0])
    for point, later in enumerate([*job.drawn[1:], ()]):
        given = FewLabels(values, oracle.known, groups, shared.classes, job.seed)
        own = given.without(given.unlabelled) if job.way in WITHOUT_OWN else given
        predict, chosen = learn(own.beside(others) if len(others) else own)
        probabilities.append(predict(asked))
        choices.append(chosen)
        bought[point, pool[given.labelled]] = True
        if later:
            oracle.buy(choose(given, predict, len(later) - oracle.bought) if choose else later)
    return {"probabilities": np.array(probabilities), "bought": bought, "choices": np.array(choices)}


@dataclass(frozen=True, eq=False)
class Trained:
    """What came of the jobs, by way.

    Attributes
    ----------
    probabilities : dict of way to ndarray of float, shape (draws, points, n, k)
        Out of fold, with seven decimals.
    bought : dict of way to ndarray of bool, shape (folds, draws, points, n)
        Images whose label was known.
    choices : dict of way to list of str
        What the labelled images chose, for each point the commonest first.
    """

    probabilities: dict[str, np.ndarray]
    bought: dict[str, np.ndarray]
    choices: dict[str, list[str]]


def train(
    shared: Shared,
    tested: Sequence[np.ndarray],
    lesions: Sequence[int],
    draws: int,
    seed: int,
    on_progress: OnProgress = silent,
) -> Trained:
    """Follow every way on every draw of every fold; what was followed once is not again.

    Parameters
    ----------
    shared : Shared
    tested : sequence of ndarray of int
        Rows that each fold tests.
    lesions : sequence of int
        Labelled lesions a class at each point, rising.
    draws, seed : int

    Raises
    ------
    StudyError
        As `draws.draw`.
    """
    rows = np.arange(len(shared.labels))
    known = [shared.labels.tolist(), shared.groups.tolist(), shared.classes]
    same = [sha256_of_array(shared.values), known, code_identity(follow.__module__)]
    others = [] if shared.elsewhere is None else [sha256_of_array(shared.elsewhere)]
    named, jobs = {}, {}
    for fold, test in enumerate(tested):
        pool = np.setdiff1d(rows, test)
        for number in range(draws):
            drawn = draw(shared.labels[pool], shared.groups[pool], lesions, [seed, fold, number])
            given = tuple(map(int, test)), tuple(tuple(each.tolist()) for each in drawn)
            for way in shared.ways:
                job = Job(way, *given, seed=seed + 1000 * fold + number)
                key = sha256_of_json(["fewer labels", same, others if way in ELSEWHERE else [], vars(job)])[
                    :32
                ]
                named[way, fold, number], jobs[key] = key, job
    found = run_jobs(follow, jobs, shared, on_progress)
    made = Trained({}, {}, {})
    for way in shared.ways:
        of_way = [[found[named[way, fold, number]] for number in range(draws)] for fold in range(len(tested))]
        probabilities = np.full((draws, len(lesions), len(rows), shared.classes), np.nan)
        for test, of_fold in zip(tested, of_way, strict=True):
            for number, result in enumerate(of_fold):
                probabilities[number][:, test] = result["probabilities"]
        made.probabilities[way] = probabilities.round(7)
        made.bought[way] = np.array([[result["bought"] for result in of_fold] for of_fold in of_way])
        chosen = np.array([result["choices"] for of_fold in of_way for result in of_fold])
        made.choices[way] = [commonest(pd.Series(column)) for column in chosen.T]
    return made


def commonest(chosen: pd.Series) -> str:
    """What was chosen most often, and in how many of the trainings.

    Examples
    --------
    >>> commonest(pd.Series(["C=1", "C=0.1", "C=1"]))
    'C=1 (2 of 3)'
    """
    counts = chosen.value_counts(sort=False).sort_values(ascending=False, kind="stable")
    return f"{counts.index[0]} ({counts.iloc[0]} of {len(chosen)})"
