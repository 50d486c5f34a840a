"""What repeated splits say together: distributions, the paper's place in them, and a headline with interval."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict

import numpy as np
import pandas as pd

from bcd_utils.evaluation.cross_validation import out_of_fold, score_on
from bcd_utils.evaluation.format import plain_rows
from bcd_utils.evaluation.intervals import mean_over_repeats
from bcd_utils.evaluation.metric_registry import paper_metrics
from bcd_utils.evaluation.metrics import score
from bcd_utils.evaluation.predictions import class_numbers
from bcd_utils.experiments.repeated_splits.training import Splits
from bcd_utils.experiments.repeated_splits.variance import variance_record
from bcd_utils.study.settings import Study
from bcd_utils.utils.parallel import Result


def sizes_table(splits: Splits) -> pd.DataFrame:
    """How many trainings each scheme asks for, and how many images its sets have on average.

    Returns
    -------
    pandas.DataFrame
        Index ``scheme``; columns ``trainings``, ``train``, ``validation`` and ``test``.
    """
    schemes = [str(scheme) for scheme, _ in splits]
    counts = pd.DataFrame([split.value_counts() for split in splits.values()]).groupby(schemes)
    sizes = counts.mean().round(1)[["train", "validation", "test"]]
    sizes.insert(0, "trainings", counts.size())
    return sizes.loc[list(dict.fromkeys(schemes))].rename_axis("scheme")


def scores_by_split(
    splits: Splits,
    results: Mapping[tuple[str | int, int], Result],
    manifest: pd.DataFrame,
    classes: Sequence[str],
) -> pd.DataFrame:
    """One row a split: how its test set was scored, and how much of it had a copy in training.

    Parameters
    ----------
    manifest : pandas.DataFrame
        Columns id, label, group; rows in the order of the splits.

    Returns
    -------
    pandas.DataFrame
        Columns scheme, number, test_images, the scores of `metrics.score`, ``epochs`` and ``copied`` (test images
        whose group is also in training or validation).
    """
    labels = class_numbers(manifest["label"], classes)
    rows = []
    for (scheme, number), split in splits.items():
        sets, result = split.to_numpy(), results[scheme, number]
        test, probabilities = sets == "test", result["probabilities"]
        learned_from = set(manifest["group"][(sets == "train") | (sets == "validation")])
        copied = manifest["group"].isin(learned_from).to_numpy() & test
        rows.append(
            {"scheme": scheme, "number": number, "test_images": int(test.sum())}
            | score(labels[test], probabilities[test], classes)
            | {"epochs": int(result["epochs"]), "copied": int(copied.sum())}
        )
    return pd.DataFrame(rows)


def distributions(table: pd.DataFrame, paper: Mapping[str, float]) -> pd.DataFrame:
    """How each score is spread over the random splits, and where the paper's value lies in it.

    Parameters
    ----------
    table : pandas.DataFrame
        As `scores_by_split` gives it.
    paper : mapping of metric to float
        The paper's test scores; empty where none can be compared.

    Returns
    -------
    pandas.DataFrame
        Index (scheme, metric) over "plain" and "grouped"; columns mean, sd, low and high (2.5% and 97.5%
        quantiles), lowest, highest, paper, percentile (share of splits below the paper's value, a tie
        counting one half, 0..100; NaN without a value of the paper's).
    """
    from scipy.stats import percentileofscore

    rows = {}
    for scheme in ("plain", "grouped"):
        for metric in paper_metrics():
            values = table.loc[table["scheme"] == scheme, metric].dropna().astype(float)
            low, high = values.quantile([0.025, 0.975])
            rows[scheme, metric] = {
                "mean": values.mean(), "sd": values.std(), "low": low, "high": high,
                "lowest": values.min(), "highest": values.max(), "paper": np.nan, "percentile": np.nan,
            }  # fmt: skip
            if metric in paper:
                place = percentileofscore(values, paper[metric], kind="mean")
                rows[scheme, metric] |= {"paper": paper[metric], "percentile": place}
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis(["scheme", "metric"])


def headline(
    splits: Splits,
    results: Mapping[tuple[str | int, int], Result],
    manifest: pd.DataFrame,
    classes: Sequence[str],
    study: Study,
) -> dict[str, dict[str, float | None]]:
    """Scores of repeated grouped cross-validation, with intervals over folds.

    In each repeat every image is predicted once, by a model that saw nothing of its group; repeats differ in
    the folds and in the seed of each training. A score is the mean over repeats; for its interval see
    `fold_intervals`.

    Returns
    -------
    dict of str to dict
        For each score ``{"value": ..., "low": ..., "high": ...}``.
    """
    labels, count = class_numbers(manifest["label"], classes), study.repeated_splits.folds
    scored = []
    for repeat in range(study.repeated_splits.repeats):
        names = [("folds", repeat * count + fold) for fold in range(count)]
        folds = [splits[name] for name in names]
        predicted = out_of_fold([results[name] for name in names], folds)
        scored.append(score_on(predicted, labels, manifest["group"], classes, study, folds))
    return {metric: mean_over_repeats(scored, metric, study.confidence) for metric in scored[0].values}


def splits_record(
    table: pd.DataFrame,
    spread: pd.DataFrame,
    scores: Mapping[str, Mapping[str, float]],
    worth: pd.DataFrame,
    by_seed: pd.DataFrame,
    study: Study,
) -> dict[str, object]:
    """What the overview says about the repeated splits; plain values, None where undefined."""
    return {
        **asdict(study.repeated_splits),
        "trainings": len(table),
        **{scheme: plain_rows(spread.loc[scheme]) for scheme in ("plain", "grouped")},
        "headline": {name: dict(value) for name, value in scores.items()},
        "copies": plain_rows(worth, "records"),
        "variance": variance_record(by_seed),
    }
