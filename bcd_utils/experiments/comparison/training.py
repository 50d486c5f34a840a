"""Every candidate trained on every fold, also on fewer images and with rare classes given more weight."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd

from bcd_utils.datasets.image_set import ImageSet
from bcd_utils.models.candidates import all_candidates
from bcd_utils.models.candidates.base import Candidate, Encoder
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
    by_representation: dict = {}
    for candidate in candidates:
        by_representation.setdefault(candidate.representation, []).append(candidate)
    results, encoders, vectors = {}, {}, {}
    trainings = [len(variants_of(each.name, study)) for of in by_representation.values() for each in of]
    for representation, group in by_representation.items():
        tell = partial(_tell, on_progress, len(results), len(folds) * sum(trainings), representation.title)
        encoder = representation.prepare(images)
        values = values_of(
            encoder, len(images.table), lambda done, of, tell=tell: tell(0, f"{done} of {of} images")
        )
        encoders[representation.name] = encoder.without_model()
        if as_vectors(values) is not None:
            vectors[representation.name] = as_vectors(values)
        jobs, keys = {}, {}
        for candidate in group:
            code = code_of(candidate, study)
            for variant in variants_of(candidate.name, study):
                for number, split in enumerate(folds):
                    seed, split = study.seed + number, split.where(exists(values), "")
                    if variant.fraction < 1:
                        split = fewer_groups(split, images.table, variant.fraction, seed)
                    job = Training.of_split(split, seed, candidate.name, variant.imbalance)
                    recipe = [encoder.identity, images.labels.tolist(), vars(job), code]
                    keys[candidate.name, variant, number] = sha256_of_json(recipe)[:32]
                    jobs[keys[candidate.name, variant, number]] = job
        data = TrainingData(values, images.labels, len(images.classes), study)
        found = run_jobs(train_candidate, jobs, data, lambda done, of, tell=tell: tell(done, ""))
        results |= {name: found[key] for name, key in keys.items()}
        del encoder, values, data  # before the next is loaded beside it
    on_progress(len(results), len(results), "")
    return results, encoders, vectors


def _tell(on_progress: Callable, before: int, total: int, title: str, done: int, note: str) -> None:
    on_progress(before + done, total, f"{title}: {note}" if note else title)


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

    settings = head_settings(study) | {"scaling": study.scaling}
    stages = [
        study.augmentation and asdict(study.augmentation),
        study.fine_tuning and asdict(study.fine_tuning),
    ]
    scratch = [study.comparison.scratch_epochs, study.comparison.scratch_patience]
    network = [
        sha256_of_file(name) if Path(name).is_file() else name for name in (study.backbone, study.weights)
    ]
    # Of the file that puts the candidate together its own lines count, not those of all else that it names.
    code = [
        sha256_of_file(candidate.source),
        code_identity(train_fold.__module__, candidate.learn.__module__),
    ]
    return [code, settings, stages, scratch, network]


def of_candidate(results: Mapping[Key, Result], name: str, variant: Variant = PLAIN) -> list[Result]:
    """A candidate's results, fold after fold."""
    found = {fold: result for (who, how, fold), result in results.items() if (who, how) == (name, variant)}
    return [found[fold] for fold in sorted(found)]
