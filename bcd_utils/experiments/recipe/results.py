"""What the arms score on the same folds, what each step changes, and where the tuned network looks."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from bcd_utils.datasets.image_set import ImageSet
from bcd_utils.datasets.splits import grouped_folds
from bcd_utils.evaluation.areas import area_of
from bcd_utils.evaluation.cross_validation import out_of_fold, score_on
from bcd_utils.evaluation.fold_intervals import fold_interval
from bcd_utils.evaluation.format import as_text, in_columns, with_interval
from bcd_utils.evaluation.intervals import Scored
from bcd_utils.evaluation.means import Interval
from bcd_utils.evaluation.score_differences import difference
from bcd_utils.experiments.comparison.heat_maps import BASELINES, pointing_hits, shown_examples
from bcd_utils.experiments.recipe.arms import STAIRS, Arm, chosen_arms
from bcd_utils.experiments.recipe.training import Key, images_of, occluded_rows, study_of, train_arms
from bcd_utils.explain.occlusion import GRID
from bcd_utils.study.run import Run
from bcd_utils.study.settings import Study
from bcd_utils.utils.counting import OnProgress, silent
from bcd_utils.utils.parallel import Result

WITHOUT_LESION = "normal"
PAIR, ACCURACY = "pair_area", "accuracy"
TARGETS = ("true class", "predicted class", "positive class")


@dataclass(frozen=True)
class Steps:
    """The arms of a run, trained.

    Attributes
    ----------
    study : Study
    images : ImageSet
        With the groups that the audit joined.
    folds : list of pandas.Series of str
    arms : dict of name to Arm
    results : dict of key to result
        Of the trained arms; see `training.train_arms`.
    origin : mapping
        Of the network before it was tuned; see `Backbone.origin`.
    """

    study: Study
    images: ImageSet
    folds: list[pd.Series]
    arms: dict[str, Arm]
    results: dict[Key, Result]
    origin: Mapping[str, object]

    @property
    def positive(self) -> str:
        """The class to be found."""
        return self.images.dataset.positive

    @property
    def against(self) -> list[str]:
        """The classes that it is told from in `PAIR`: the others that have lesions."""
        return [name for name in self.images.classes if name not in (self.positive, WITHOUT_LESION)]

    @property
    def stairs(self) -> list[str]:
        """The arms that are steps, in order."""
        return [name for name in STAIRS if name in self.arms]

    def probabilities(self, name: str) -> np.ndarray:
        """Each image's by the models that were not shown its group, float (n, classes), seven decimals."""
        arm = self.arms[name]
        if arm.trained:
            return self._out_of_fold(name, "probabilities")
        parts = [part.partition(":") for part in arm.means]
        given = [self._out_of_fold(source, mirrored or "probabilities") for source, _, mirrored in parts]
        return np.mean(given, axis=0).round(7)

    def _out_of_fold(self, name: str, part: str) -> np.ndarray:
        parts = [self.results[name, number][part] for number in range(len(self.folds))]
        return out_of_fold([{"probabilities": each} for each in parts], self.folds)

    @cached_property
    def scored(self) -> dict[str, Scored]:
        """Scores of each arm."""
        groups = self.images.table["group"]
        given = (self.images.labels, groups, self.images.classes, self.study, self.folds)
        return {name: score_on(self.probabilities(name), *given) for name in self.arms}

    def pair_areas(self, name: str) -> np.ndarray:
        """AUC of the positive class against the others that have lesions, by its probability; one a fold."""
        classes = self.images.classes
        labels, scores = self.images.labels, self.probabilities(name)[:, classes.index(self.positive)]
        among = np.isin(labels, [classes.index(label) for label in (self.positive, *self.against)])
        tested = [(split == "test").to_numpy() & among for split in self.folds]
        positive = labels == classes.index(self.positive)
        return np.array([area_of(positive[rows], scores[rows]).value for rows in tested], dtype=float)

    def score(self, name: str, what: str) -> Interval:
        """A score of an arm with its interval over folds; `PAIR` is the mean over folds."""
        if what != PAIR:
            return self.scored[name].interval(what, self.study.confidence)
        by_fold = self.pair_areas(name)
        return fold_interval(float(np.nanmean(by_fold)), by_fold, self._tested_share, self.study.confidence)

    def gain(self, name: str, what: str, over: str = "", confidence: float | None = None) -> Interval:
        """How much higher an arm scores than the one that it is held against, with its interval over folds."""
        other, confidence = over or self.arms[name].against, confidence or self.study.confidence
        if what != PAIR:
            return difference(self.scored[name], self.scored[other], what, confidence)
        by_fold = self.pair_areas(name) - self.pair_areas(other)
        return fold_interval(float(np.nanmean(by_fold)), by_fold, self._tested_share, confidence, (-1.0, 1.0))

    @property
    def _tested_share(self) -> float:
        return next(iter(self.scored.values())).tested_share

    def minutes(self, name: str) -> float:
        """Of one processor, to train an arm on all folds and predict; of all that it is made of."""
        trained = self.arms[name].sources() or (name,)
        keys = [(source, number) for source in trained for number in range(len(self.folds))]
        return float(sum(self.results[key]["seconds"] for key in keys) / 60)


def take_steps(
    run: Run, on_progress: Callable[[int, int, str], None] = lambda done, total, note: None
) -> Steps:
    """Train every arm that a run's study measures, on its grouped folds.

    Raises
    ------
    StudyError
        If the study names an arm that is not declared.
    """
    study, images = run.study, ImageSet.audited(run)
    arms = chosen_arms(study)
    folds = grouped_folds(images.table, study.recipe.folds, study.validation_fraction, study.seed)
    results, origin = train_arms(arms, folds, images, study, on_progress)
    return Steps(study, images, folds, arms, results, origin)


def arms_table(steps: Steps) -> pd.DataFrame:
    """Who is measured: title, what it is held against and what it changes."""
    titles = {name: arm.title for name, arm in steps.arms.items()}
    rows = []
    for name, arm in steps.arms.items():
        own, base = _settings(arm, steps.study), _settings(steps.arms.get(arm.against, arm), steps.study)
        changed = {key: value for key, value in own.items() if value != base.get(key)}
        words = ", ".join(f"{key.replace('_', ' ')} {value}" for key, value in changed.items())
        made = f"mean of {len(arm.means)} predictions" if arm.means else words
        rows.append({"arm": name, "step": arm.title, "against": titles.get(arm.against, ""), "changes": made})
    return pd.DataFrame(rows).set_index("arm")


def _settings(arm: Arm, study: Study) -> dict[str, Any]:
    backbone = "frozen" if arm.recipe is None else "tuned"
    copies = study.comparison.augmented_copies if arm.copies else 0
    return dict(arm.study) | {"backbone": backbone, "copies": copies} | dict(arm.recipe or {})


def steps_table(steps: Steps) -> pd.DataFrame:
    """Scores of each arm, and what it gains on the one before; each with ``_low`` and ``_high``.

    Returns
    -------
    pandas.DataFrame
        Index: arm. ``accuracy`` and ``pair_area``, ``accuracy_gain`` and ``pair_area_gain`` (NaN of the first),
        ``sensitivity_<positive>`` and ``specificity_<positive>``; ``minutes`` of one processor.
    """
    further = [f"{name}_{steps.positive}" for name in ("sensitivity", "specificity")]
    rows = {}
    for name, arm in steps.arms.items():
        found = {what: steps.score(name, what) for what in (ACCURACY, PAIR, *further)}
        if arm.against:
            found |= {f"{what}_gain": steps.gain(name, what) for what in (ACCURACY, PAIR)}
        rows[name] = in_columns(found) | {"minutes": steps.minutes(name)}
    return pd.DataFrame.from_dict(rows, orient="index").astype(float).rename_axis("arm")


def shown_steps(table: pd.DataFrame, steps: Steps) -> pd.DataFrame:
    """`steps_table` for reading."""
    rows = {}
    for name, row in table.iterrows():
        arm = steps.arms[str(name)]
        against = steps.arms[arm.against].title if arm.against else ""
        rows[arm.title] = {
            "accuracy": with_interval(row, name=ACCURACY),
            f"AUC, {pair_in_words(steps)}": with_interval(row, name=PAIR),
            "held against": against,
            "gain in accuracy": with_interval(row, sign="+", name=f"{ACCURACY}_gain") if against else "",
            "gain in AUC": with_interval(row, sign="+", name=f"{PAIR}_gain") if against else "",
            "processor minutes": f"{row['minutes']:.1f}",
        }
    return pd.DataFrame.from_dict(rows, orient="index")


def pair_in_words(steps: Steps) -> str:
    """Which classes `PAIR` tells apart."""
    return f"{steps.positive} against {' and '.join(steps.against)}"


def heat_maps(steps: Steps, name: str) -> dict[str, np.ndarray]:
    """Grad-CAM of a tuned arm by the model that was not shown the image: target to maps (n, h, w), 0..1."""
    first = steps.results[name, 0]["maps"]
    maps = np.zeros((len(TARGETS), len(steps.images.table), *first.shape[2:]), np.float32)
    for number, split in enumerate(steps.folds):
        maps[:, (split == "test").to_numpy()] = steps.results[name, number]["maps"]
    return dict(zip(TARGETS, maps, strict=True))


def occlusion_hits(steps: Steps, name: str) -> pd.DataFrame:
    """The same of occlusion maps of the true class beside Grad-CAM's, for the images that have them."""
    rows = occluded_rows(steps.images.table)
    covered = np.zeros((len(steps.images.table), GRID, GRID), np.float32)
    for number, split in enumerate(steps.folds):
        tested = np.flatnonzero((split == "test").to_numpy())
        covered[np.intersect1d(tested, rows)] = steps.results[name, number]["occlusion"]
    own = images_of(study_of(steps.arms[name], steps.study), steps.images)
    shown = replace(own, table=own.table.iloc[rows].reset_index(drop=True), stored=None)
    maps = {"occlusion": covered[rows], "Grad-CAM": heat_maps(steps, name)[TARGETS[0]][rows]}
    return pointing_hits(maps, shown)


def hits_of(steps: Steps, name: str, on_progress: OnProgress = silent) -> pd.DataFrame:
    """Whether a tuned arm's maps peak inside the lesion; see `heat_maps.pointing_hits`."""
    shown = images_of(study_of(steps.arms[name], steps.study), steps.images)
    return pointing_hits(heat_maps(steps, name), shown, on_progress)


def shown_pointing(table: pd.DataFrame) -> pd.DataFrame:
    """A table of `heat_maps.pointing_table` for reading."""
    headings = {"images": "images", "pointing_game": "pointing game", "over_centre": "minus the centre's"}
    return as_text(table.rename(index=BASELINES), headings)


def map_examples(steps: Steps, name: str, hits: pd.DataFrame) -> list[dict[str, Any]]:
    """Images, outlines and maps of a tuned arm for `plots.comparison.side_by_side`."""
    maps = heat_maps(steps, name)
    shown = images_of(study_of(steps.arms[name], steps.study), steps.images)
    return shown_examples(shown, maps, dict.fromkeys(maps, steps.probabilities(name)), hits)


def history_table(steps: Steps, names: Sequence[str]) -> pd.DataFrame:
    """Loss and accuracy of tuned arms after each epoch: columns arm, fold, epoch and those of `tuning.HISTORY`."""
    from bcd_utils.models.tuning import HISTORY

    parts = []
    for name in names:
        for number in range(len(steps.folds)):
            rows = pd.DataFrame(steps.results[name, number]["history"], columns=list(HISTORY))
            parts.append(rows.assign(arm=name, fold=number + 1, epoch=np.arange(1, len(rows) + 1)))
    columns = ["arm", "fold", "epoch", *HISTORY]
    return pd.concat(parts)[columns] if parts else pd.DataFrame(columns=columns)


def predictions_table(steps: Steps) -> pd.DataFrame:
    """Every arm's probabilities of every image, out of fold: arm, id, fold, label and ``p_<class>``."""
    fold = np.select(
        [(split == "test").to_numpy() for split in steps.folds], np.arange(1, len(steps.folds) + 1)
    )
    base = steps.images.table[["id", "label", "group"]].assign(fold=fold)
    parts = []
    for name in steps.arms:
        given = pd.DataFrame(
            steps.probabilities(name), columns=[f"p_{label}" for label in steps.images.classes]
        )
        parts.append(pd.concat([base.reset_index(drop=True).assign(arm=name), given], axis=1))
    return pd.concat(parts, ignore_index=True)


def tuned_arms(arms: Mapping[str, Arm]) -> list[str]:
    """Names of the arms whose network was tuned."""
    return [name for name, arm in arms.items() if arm.recipe is not None]


def made_of_tuned(arms: Mapping[str, Arm]) -> list[str]:
    """Names of `tuned_arms` and of those that are made of them."""
    return [name for name, arm in arms.items() if arm.means or arm.recipe is not None]
