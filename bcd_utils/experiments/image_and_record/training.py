"""Every arm trained on every fold, late fusions stacked, and what all say of the rows that were tested."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bcd_utils.experiments.comparison.ensembles import stack
from bcd_utils.experiments.image_and_record.arms import GAPS, IMAGE, Arm, arms_of, inputs_of
from bcd_utils.experiments.image_and_record.material import Material
from bcd_utils.experiments.image_and_record.singles import Groups, Job, Shared, train_single
from bcd_utils.utils.code_identity import code_identity
from bcd_utils.utils.counting import OnProgress, silent
from bcd_utils.utils.files import sha256_of_json
from bcd_utils.utils.memmap import sha256_of_array
from bcd_utils.utils.parallel import Result, run_jobs


def shared_by(material: Material, permutations: int) -> tuple[dict[str, Arm], Shared]:
    """The arms of a material, and what their trainings read."""
    arms = arms_of(material)
    inputs, names = inputs_of(material)
    kinds = material.records.columns
    columns_of, shuffled = {}, {}
    for name, arm in arms.items():
        if arm.members:
            continue
        categories = [c for c in arm.columns if c in kinds and kinds[c].values == "category"]
        numbers = [column for column in arm.columns if column not in categories]
        columns_of[name] = numbers, categories, names if arm.image else []
        groups: Groups = {IMAGE: names} if arm.image else {}
        for column in () if name == GAPS else arm.columns:
            groups.setdefault(kinds[column].group or column, []).append(column)
        shuffled[name] = groups
    record, features = inputs.drop(columns=names), inputs[names].to_numpy()
    given = material.labels, material.table["group"].to_numpy()
    return arms, Shared(record, features, names, *given, columns_of, shuffled, permutations)


@dataclass(frozen=True)
class Trained:
    """What the arms say of the rows that were tested, each by models that saw nothing of its group.

    Attributes
    ----------
    tested : list of ndarray of int
        Rows that each fold tests.
    probabilities : dict of arm to ndarray of float, shape (n, k)
        NaN for rows that no fold tests.
    shuffled : dict of arm to dict of group to ndarray of float, shape (permutations, n, k)
        The same with the columns of a group shuffled.
    choices : dict of arm to list of str
    """

    tested: list[np.ndarray]
    probabilities: dict[str, np.ndarray]
    shuffled: dict[str, dict[str, np.ndarray]]
    choices: dict[str, list[str]]


def train(
    material: Material,
    tested: Sequence[np.ndarray],
    seed: int,
    permutations: int = 0,
    on_progress: OnProgress = silent,
) -> tuple[dict[str, Arm], Trained]:
    """Train the arms on folds; what was trained once is not again.

    Parameters
    ----------
    material : Material
    tested : sequence of ndarray of int
        Rows that each fold tests; it learns from all others.
    seed : int
    permutations : int
        How often each group of columns is shuffled.

    Raises
    ------
    StudyError
        If a fold has too few patients or groups to learn from.
    """
    arms, shared = shared_by(material, permutations)
    code = code_identity(train_single.__module__)
    parts = [shared.record.astype(str).values.tolist(), list(shared.record), sha256_of_array(shared.features)]
    same = sha256_of_json([parts, shared.labels.tolist(), shared.groups.tolist(), permutations, code])
    keys, jobs = {}, {}
    for name in shared.columns_of:
        for fold, rows in enumerate(tested):
            job = Job(name, tuple(rows.tolist()), seed + fold)
            columns = [shared.columns_of[name][:2], shared.shuffled[name]]
            key = sha256_of_json(["record", same, columns, vars(job)])[:32]
            keys[name, fold], jobs[key] = key, job
    found = run_jobs(train_single, jobs, shared, on_progress)
    results = {place: found[key] for place, key in keys.items()}
    made = Trained(list(tested), {}, {}, {})
    for name, arm in arms.items():
        _join(made, name, arm.members or (name,), results, shared)
    return arms, made


def _join(
    made: Trained, name: str, members: Sequence[str], results: dict[tuple[str, int], Result], shared: Shared
) -> None:
    """Stack the members of an arm, fold by fold; a single arm alone."""
    rows, size = len(shared.labels), results[members[0], 0]["probabilities"].shape[1]
    probabilities = np.full((rows, size), np.nan)
    groups = {group: member for member in members for group in shared.shuffled[member]}
    shuffled = {group: np.full((shared.permutations, rows, size), np.nan) for group in groups}
    for fold, test in enumerate(made.tested):
        of_fold = {member: results[member, fold] for member in members}
        training = np.setdiff1d(np.arange(rows), test)
        given = {member: result["probabilities"] for member, result in of_fold.items()}
        predict = stack([each[training] for each in given.values()], shared.labels[training])
        plain = {member: each[test] for member, each in given.items()}
        probabilities[test] = predict([*plain.values()])
        for group, member in groups.items():
            place = list(shared.shuffled[member]).index(group)
            for turn in range(shared.permutations):
                changed = plain | {member: of_fold[member]["shuffled"][place, turn]}
                shuffled[group][turn, test] = predict([*changed.values()])
    made.probabilities[name] = probabilities.round(7)
    made.shuffled[name] = shuffled
    made.choices[name] = [
        ", ".join(str(results[member, fold]["choices"]) for member in members)
        for fold in range(len(made.tested))
    ]
