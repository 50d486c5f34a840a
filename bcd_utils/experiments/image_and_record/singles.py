"""One arm that stands alone, trained on one fold: the job of the parallel runner."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from zlib import crc32

import numpy as np
import pandas as pd

from bcd_utils.evaluation.counts import cross_entropy
from bcd_utils.experiments.image_and_record.learners import FORCES, make_classifier, make_encoder
from bcd_utils.utils.errors import StudyError
from bcd_utils.utils.parallel import Result

INNER_FOLDS = 5
#: A group of columns that is shuffled together, and these columns.
Groups = dict[str, list[str]]


@dataclass(frozen=True)
class Shared:
    """What all trainings read.

    Attributes
    ----------
    record : pandas.DataFrame
        Of `inputs_of`, without the image's features: these are ``features``, float (n, c).
    names : list of str
        What the features are called.
    labels, groups : ndarray, shape (n,)
    columns_of : dict of arm to (numbers, categories, features)
        Columns that each single arm reads.
    shuffled : dict of arm to dict
        Its `Groups`.
    permutations : int
    """

    record: pd.DataFrame
    features: np.ndarray
    names: list[str]
    labels: np.ndarray
    groups: np.ndarray
    columns_of: dict[str, tuple[list[str], list[str], list[str]]]
    shuffled: dict[str, Groups]
    permutations: int

    def table(self, arm: str, rows: np.ndarray) -> pd.DataFrame:
        """The columns that an arm reads, of some rows."""
        numbers, categories, features = self.columns_of[arm]
        table = self.record[[*numbers, *categories]].iloc[rows]
        return table.join(pd.DataFrame(self.features[rows], table.index, self.names)) if features else table


@dataclass(frozen=True)
class Job:
    """One single arm on one fold: which rows are tested; the others are learned from."""

    arm: str
    test: tuple[int, ...]
    seed: int


def train_single(job: Job, shared: Shared) -> Result:
    """One arm on one fold.

    The force is the one of `FORCES` with the lowest cross-entropy on the training rows, out of fold: inner folds keep
    groups whole. With it the arm learns from all training rows.

    Returns
    -------
    dict of ndarray
        ``probabilities`` float (n, k): of training rows out of the inner folds, of test rows by the final model;
        ``shuffled`` float (groups, permutations, tests, k): of test rows with one group of columns shuffled among them;
        ``choices``, as text.
    """
    from sklearn.model_selection import StratifiedGroupKFold

    labels, test = shared.labels, np.array(job.test)
    training = np.setdiff1d(np.arange(len(labels)), test)
    given, own, groups = shared.table(job.arm, training), labels[training], shared.groups[training]
    columns, image = shared.columns_of[job.arm], bool(shared.columns_of[job.arm][2])
    inner = StratifiedGroupKFold(inner_folds(own, groups), shuffle=True, random_state=job.seed)
    predicted = {force: np.zeros((len(own), labels.max() + 1)) for force in FORCES}
    for rest, held in inner.split(own, own, groups):
        encoder = make_encoder(*columns).fit(given.iloc[rest])
        learned, asked = encoder.transform(given.iloc[rest]), encoder.transform(given.iloc[held])
        for force, found in predicted.items():
            model = make_classifier(force, image).fit(learned, own[rest])
            found[np.ix_(held, model.classes_)] = model.predict_proba(asked)
    force = min(FORCES, key=lambda force: cross_entropy(own, predicted[force]).mean())
    encoder = make_encoder(*columns).fit(given)
    model = make_classifier(force, image).fit(encoder.transform(given), own)
    probabilities = np.zeros((len(labels), labels.max() + 1))
    probabilities[training] = predicted[force]
    tested = shared.table(job.arm, test)
    encoded = encoder.transform(tested)
    probabilities[np.ix_(test, model.classes_)] = model.predict_proba(encoded)
    shuffled = []
    for group, of in shared.shuffled[job.arm].items():
        own_columns = (encoder.transform(rolled(tested, of)) != encoded).any(axis=0)
        for turn in range(shared.permutations):
            order = np.random.default_rng([job.seed, crc32(group.encode()), turn]).permutation(len(test))
            changed = np.where(own_columns, encoded[order], encoded)
            shuffled.append(model.predict_proba(changed))
    size = (len(shared.shuffled[job.arm]), shared.permutations, len(test), probabilities.shape[1])
    return {
        "probabilities": probabilities,
        "shuffled": np.reshape(shuffled, size),
        "choices": np.array(f"C={force:g}"),
    }


def inner_folds(labels: np.ndarray, groups: np.ndarray) -> int:
    """How many inner folds there can be.

    Raises
    ------
    StudyError
        If a class is of one group alone.
    """
    fewest = min(len(set(groups[labels == label])) for label in set(labels))
    if fewest < 2:
        problem = "The training rows of a class are all of one patient or group"
        raise StudyError(problem, "use more images, or fewer folds: image_and_record.folds")
    return min(INNER_FOLDS, fewest)


def rolled(table: pd.DataFrame, columns: Sequence[str]) -> pd.DataFrame:
    """A table with some columns moved down by a row: of what is made of it, whatever follows from them changes.

    What does not change is the same in all rows, and shuffling does nothing to it. Encoding is column by column:
    encoded rows may be shuffled in place of the table's.
    """
    changed = {column: np.roll(table[column].to_numpy(), 1) for column in columns}
    return table.assign(**changed)
