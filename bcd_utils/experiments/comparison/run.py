"""The comparison of a run: who takes part, everyone trained on every fold, ensembles joined, all scored."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from bcd_utils.datasets.image_set import ImageSet
from bcd_utils.datasets.splits import grouped_folds
from bcd_utils.evaluation.cross_validation import out_of_fold, score_on, validation_auc
from bcd_utils.evaluation.intervals import Scored
from bcd_utils.experiments.comparison.ensembles import WAYS, join_best, join_named
from bcd_utils.experiments.comparison.training import PLAIN, Key, Variant, of_candidate, train_all
from bcd_utils.models.candidates import chosen_candidates
from bcd_utils.models.candidates.base import Candidate, Encoder
from bcd_utils.study.run import Run
from bcd_utils.study.settings import Study
from bcd_utils.utils.errors import StudyError
from bcd_utils.utils.parallel import Result

NEVER_MEMBERS = ("control", "ablation", "outline")


@dataclass(frozen=True)
class Setup:
    """Who takes part, and in what.

    Attributes
    ----------
    study : Study
    images : ImageSet
        The run's, with the groups that the audit joined.
    folds : list of pandas.Series of str
        For each fold "train", "validation" or "test" of each image.
    candidates : dict of name to Candidate
        Whose weights are at hand.
    absent : dict of name to Candidate
        The others.
    """

    study: Study
    images: ImageSet
    folds: list[pd.Series]
    candidates: dict[str, Candidate]
    absent: dict[str, Candidate]

    @property
    def labels(self) -> np.ndarray:
        """Of the images, int (n,)."""
        return self.images.labels

    @property
    def classes(self) -> tuple[str, ...]:
        """Class order of labels and probabilities."""
        return self.images.classes


def prepare(run: Run) -> Setup:
    """Gather images, folds and candidates.

    Raises
    ------
    StudyError
        If no candidate's weights are at hand.
    """
    images = ImageSet.audited(run)
    chosen = chosen_candidates(run.study)
    if not (images.table["masks"] != "").any():
        chosen = {name: each for name, each in chosen.items() if each.family != "outline"}
    available = {name: each for name, each in chosen.items() if not each.representation.missing()}
    if not available:
        raise StudyError(
            "None of the candidates has its weights at hand", "add 'classical' to comparison.candidates"
        )
    absent = {name: each for name, each in chosen.items() if name not in available}
    return Setup(run.study, images, folds_of(run.study, images), available, absent)


def folds_of(study: Study, images: ImageSet) -> list[pd.Series]:
    """The grouped folds: each image is tested once, by a model that saw nothing of its group."""
    return grouped_folds(images.table, study.comparison.folds, study.validation_fraction, study.seed)


def folds_table(setup: Setup) -> pd.DataFrame:
    """The folds as a table anyone can read: id, label, group, and ``fold_<i>``, the image's set in fold i."""
    sets = {f"fold_{number}": split.to_numpy() for number, split in enumerate(setup.folds, start=1)}
    return setup.images.table[["id", "label", "group"]].assign(**sets)


@dataclass(frozen=True)
class FittedComparison:
    """What came of the trainings.

    Attributes
    ----------
    setup : Setup
    results : dict of key to result
        See `training.train_all`; ensembles stand among them, trained plainly.
    encoders, vectors
        As `training.train_all` gives them.
    titles, families : dict of name to str
        Of candidates (also absent ones) and ensembles, in the order of the tables.
    scored : dict of name to Scored
        Plain trainings of those that were tested on every image.
    members : dict of ensemble to tuple of name
        Of the ensembles whose members are the same in all folds.
    absent : dict of name to str
        What is missing for each that could not run, an ensemble of missing members among them.
    """

    setup: Setup
    results: dict[Key, Result]
    encoders: dict[str, Encoder]
    vectors: dict[str, np.ndarray]
    titles: dict[str, str]
    families: dict[str, str]
    scored: dict[str, Scored]
    members: dict[str, tuple[str, ...]]
    absent: dict[str, str]

    @property
    def reference(self) -> str:
        """Who the others are held against: the paper's protocol, else the best single one on validation images."""
        singles = [name for name in self.scored if self.families[name] != "ensemble"]
        return "paper" if "paper" in self.scored else self.best_on_validation(singles) or ""

    def plain(self, name: str) -> list[Result]:
        """Results of a candidate's plain trainings, fold after fold."""
        return of_candidate(self.results, name)

    def best_on_validation(self, names: Iterable[str]) -> str | None:
        """Of some candidates, the one with the highest AUC on validation images; None of none."""
        setup = self.setup
        areas = {name: validation_auc(self.plain(name), setup.folds, setup.labels) for name in names}
        return max(areas, key=areas.__getitem__) if areas else None

    def of_family(self, family: str) -> list[str]:
        """Names of a family's candidates that were tested on every image."""
        return [name for name in self.scored if self.families[name] == family]

    def scored_as(self, name: str, variant: Variant) -> Scored:
        """A candidate's scores after trainings of another kind than the plain one."""
        predicted = out_of_fold(of_candidate(self.results, name, variant), self.setup.folds)
        return _scored(self.setup, predicted)


def _scored(setup: Setup, probabilities: np.ndarray) -> Scored:
    return score_on(
        probabilities, setup.labels, setup.images.table["group"], setup.classes, setup.study, setup.folds
    )


def fit_and_score(
    setup: Setup, on_progress: Callable[[int, int, str], None] = lambda done, total, note: None
) -> FittedComparison:
    """Train everyone, join the ensembles, score all.

    Raises
    ------
    StudyError
        If there is nobody but those that read outlines.
    """
    results, encoders, vectors = train_all(
        setup.candidates.values(), setup.folds, setup.images, setup.study, on_progress
    )
    everyone = setup.candidates | setup.absent
    titles = {name: each.title for name, each in everyone.items()}
    families = {name: each.family for name, each in everyone.items()}
    absent = {name: each.representation.missing() for name, each in setup.absent.items()}
    members: dict[str, tuple[str, ...]] = {}
    if "ensemble" in setup.study.comparison.candidates:
        joined, members = _ensembles(setup, results, encoders)
        for name, (title, fold_results) in joined.items():
            titles[name], families[name] = title, "ensemble"
            results |= {(name, PLAIN, fold): result for fold, result in enumerate(fold_results)}
        wanting = [name for name in setup.study.comparison.members if name not in setup.candidates]
        if wanting:
            commands = dict.fromkeys(absent.get(name, f"{name} takes no part") for name in wanting)
            joint = " + ".join(titles.get(name, name) for name in setup.study.comparison.members)
            titles["ensemble"], families["ensemble"] = f"Ensemble of {joint}", "ensemble"
            absent["ensemble"] = "; ".join(commands)
    names = [name for name in titles if (name, PLAIN, 0) in results and families[name] != "outline"]
    predicted = {name: out_of_fold(of_candidate(results, name), setup.folds) for name in names}
    scored = {name: _scored(setup, given) for name, given in predicted.items() if np.isfinite(given).all()}
    if not scored:
        raise StudyError(
            "No candidate was tested on every image", "add 'paper' or 'classical' to comparison.candidates"
        )
    return FittedComparison(setup, results, encoders, vectors, titles, families, scored, members, absent)


def _ensembles(
    setup: Setup, results: Mapping[Key, Result], encoders: Mapping[str, Encoder]
) -> tuple[dict[str, tuple[str, list[Result]]], dict[str, tuple[str, ...]]]:
    """Title and results of each ensemble by name, and the members of those that have the same in all folds."""
    sets = [split.to_numpy() for split in setup.folds]
    possible = [name for name, each in setup.candidates.items() if each.family not in NEVER_MEMBERS]
    plain = {name: of_candidate(results, name) for name in possible}
    whole = {name: folds for name, folds in plain.items() if np.isfinite(folds[0]["probabilities"]).all()}
    joined, members = {}, {}
    named = setup.study.comparison.members
    if set(named) <= whole.keys():
        titles = " + ".join(setup.candidates[name].title for name in named)
        for way, folds in join_named([whole[name] for name in named], sets, setup.labels).items():
            joined[f"ensemble-{way}"] = (f"{titles}, {WAYS[way]}", folds)
            members[f"ensemble-{way}"] = tuple(named)
    representations = {name: encoders[setup.candidates[name].representation.name].identity for name in whole}
    if len(set(representations.values())) > 1:
        for way, folds in join_best(whole, representations, sets, setup.labels)[0].items():
            joined[f"best_two-{way}"] = (f"best two on tuning images, {WAYS[way]}", folds)
    return joined, members
