"""Every candidate trained on every fold, also on fewer images and with rare classes given more weight."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd

from bcd_utils.datasets.image_set import ImageSet
from bcd_utils.models.candidates import all_candidates
from bcd_utils.models.candidates.base import Candidate, Encoder, Representation
from bcd_utils.models.candidates.fold_training import Training, TrainingData, train_fold
from bcd_utils.models.candidates.representations import exists, values_of
from bcd_utils.study.settings import Study
from bcd_utils.utils.code_identity import code_identity
from bcd_utils.utils.files import sha256_of_file, sha256_of_json
from bcd_utils.utils.memmap import pooled
from bcd_utils.utils.parallel import Result, run_jobs

IMBALANCE = ("none", "class_weights", "oversampling")

#: (candidate, variant, fold from 0): one training.
Key = tuple[str, "Variant", int]


@dataclass(frozen=True)
class Variant:
    """How a training differs from the plain one.

    Attributes
    ----------
    fraction : float
        Share of the fold's training groups.
    imbalance : {"none", "class_weights", "oversampling"}
    """

    fraction: float = 1.0
    imbalance: str = "none"


PLAIN = Variant()


def variants_of(name: str, study: Study) -> list[Variant]:
    """The trainings that a candidate goes through, the plain one first."""
    settings = study.comparison
    variants = [PLAIN]
    if name in settings.curve_candidates:
        variants += [Variant(fraction=fraction) for fraction in settings.curve_fractions]
    if name in settings.imbalance_candidates:
        variants += [Variant(imbalance=arm) for arm in IMBALANCE[1:]]
    return variants


def train_all(
    candidates: Iterable[Candidate],
    folds: Sequence[pd.Series],
    images: ImageSet,
    study: Study,
    on_progress: Callable[[int, int, str], None] = lambda done, total, note: None,
) -> tuple[dict[Key, Result], dict[str, Encoder], dict[str, np.ndarray]]:
    """Train candidates, representation after representation; see `parallel.sweep` for where, and what is kept.

    Parameters
    ----------
    candidates : iterable of Candidate
        Whose weights are at hand.
    folds : sequence of pandas.Series of str
    images : ImageSet
    study : Study
    on_progress : callable
        ``on_progress(done, total, note)``, counting trainings.

    Returns
    -------
    results : dict of key to dict
        See `fold_training.train_fold`.
    encoders : dict of representation name to Encoder
    vectors : dict of representation name to ndarray, float32, shape (n, c)
        What linear and classical candidates read: the values, feature maps averaged over positions.
    """
    by_representation: dict[Representation, list[Candidate]] = {}
    for candidate in candidates:
        by_representation.setdefault(candidate.representation, []).append(candidate)
    names = [candidate.name for group in by_representation.values() for candidate in group]
    total = len(folds) * sum(len(variants_of(name, study)) for name in names)
    results: dict[Key, Result] = {}
    encoders: dict[str, Encoder] = {}
    vectors: dict[str, np.ndarray] = {}

    def train(representation: Representation, before: int) -> None:
        def tell(done: int, note: str = representation.title) -> None:
            on_progress(before + done, total, note)

        encoder = representation.prepare(images)
        values = values_of(
            encoder,
            len(images.table),
            lambda done, of: tell(0, f"{representation.title}: {done} of {of} images"),
        )
        encoders[representation.name] = encoder.without_model()
        if (given := as_vectors(values)) is not None:
            vectors[representation.name] = given
        jobs, keys = {}, {}
        for candidate in by_representation[representation]:
            code = code_of(candidate, study)
            for variant, (number, split) in product(variants_of(candidate.name, study), enumerate(folds)):
                seed, split = study.seed + number, split.where(exists(values), "")
                if variant.fraction < 1:
                    split = fewer_groups(split, images.table, variant.fraction, seed)
                job = Training.of_split(split, seed, candidate.name, variant.imbalance)
                key = sha256_of_json([encoder.identity, images.labels.tolist(), vars(job), code])[:32]
                jobs[key], keys[candidate.name, variant, number] = job, key
        data = TrainingData(values, images.labels, len(images.classes), study)
        finished = run_jobs(train_candidate, jobs, data, lambda done, _: tell(done))
        results.update({name: finished[key] for name, key in keys.items()})

    for representation in by_representation:  # one network in memory at a time
        train(representation, before=len(results))
    on_progress(len(results), len(results), "")
    return results, encoders, vectors


def as_vectors(values: np.ndarray) -> np.ndarray | None:
    """Values as one vector an image; None for pixels and for several versions of a map."""
    if values.dtype == np.uint8 or values.ndim not in (2, 4):
        return None
    return pooled(values) if values.ndim == 4 else np.asarray(values)


def fewer_groups(split: pd.Series, table: pd.DataFrame, fraction: float, seed: int) -> pd.Series:
    """The split with only a share of the training groups of each class, at least two of each.

    A smaller share is part of a larger one.

    Examples
    --------
    >>> table = pd.DataFrame({"label": ["a", "b"] * 10, "group": [str(number) for number in range(20)]})
    >>> fewer_groups(pd.Series(["train"] * 20), table, 0.3, seed=0).value_counts().to_dict()
    {'': 14, 'train': 6}
    """
    training = table[(split == "train").to_numpy()]
    groups = training.groupby("group", sort=True)["label"].first().sample(frac=1, random_state=seed)
    kept: list[str] = []
    for _, members in groups.groupby(groups):
        kept += members.index[: max(2, round(fraction * len(members)))].tolist()
    dropped = (split == "train") & ~table["group"].isin(kept).to_numpy()
    return split.where(~dropped, "")


def train_candidate(training: Training, data: TrainingData) -> Result:
    """`fold_training.train_fold` of the candidate that the training names."""
    return train_fold(all_candidates(data.study)[training.model].learn, training, data)


def code_of(candidate: Candidate, study: Study) -> list:
    """What decides a training besides its data: the learner's code and settings, the backbone's file."""
    from bcd_utils.models.training import head_settings

    settings = head_settings(study) | {"scaling": study.scaling, "precision": study.precision}
    stages = [stage and asdict(stage) for stage in (study.augmentation, study.fine_tuning)]
    scratch = [study.comparison.scratch_epochs, study.comparison.scratch_patience]
    names = (study.backbone, study.weights)
    network = [sha256_of_file(name) if Path(name).is_file() else name for name in names]
    # Of the file that puts the candidate together its own lines count, not those of all else that it names.
    learner = code_identity(train_fold.__module__, candidate.learn.__module__)
    code = [sha256_of_file(candidate.source), learner]
    return [code, settings, stages, scratch, network]


def of_candidate(results: Mapping[Key, Result], name: str, variant: Variant = PLAIN) -> list[Result]:
    """A candidate's results, fold after fold."""
    folds = sorted(fold for *training, fold in results if training == [name, variant])
    return [results[name, variant, fold] for fold in folds]
