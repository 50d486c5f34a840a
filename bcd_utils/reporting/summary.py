"""What a run reports, for programs: ``summary.json``, from the artifacts."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pandas as pd

from bcd_utils.datasets import REGISTRY, Dataset
from bcd_utils.datasets.splits import SETS, patients_across_sets
from bcd_utils.evaluation.reported import reported_by_paper
from bcd_utils.reporting.protocol import few_in_words
from bcd_utils.study.provenance import describe, edited_notebooks
from bcd_utils.study.run import Run
from bcd_utils.study.stage import Stage

EVALUATED = (
    "intervals", "patient_scores", "delong", "calibration", "operating_points", "subgroups", "precision_plan",
)  # fmt: skip


def summarise_run(run: Run, declared: Mapping[str, Stage]) -> dict[str, Any]:
    """Everything a run reports, from its artifacts; None where a stage is not in the study.

    Parameters
    ----------
    run : Run
    declared : mapping of notebook to Stage
        All stages there are.

    Returns
    -------
    dict
        Keys study, title, settings, stages (the notebook that makes each record), dataset, split, split_by_class,
        groups_by_class (patients, where they are known), copies_across_sets, patients_across_sets, metrics,
        intervals, patient_scores, delong, calibration, operating_points, subgroups, precision_plan, paper, the
        record of every further stage (cam, audit, lottery, ...), epochs, best_epoch, parameters, seconds,
        work_seconds, announcements, provenance.
    """
    makers = {stage.record_key: stage.notebook for stage in declared.values() if stage.record}
    records = {key: read_record(run, key, notebook) for key, notebook in makers.items()}
    dataset, training, evaluation = (records.pop(key, {}) for key in ("dataset", "training", "evaluation"))
    modalities = records.get("modalities", {})
    recorded = records.get("image_and_record", {})
    compared = records.get("comparison") or records.get("recipe") or records.get("fewer_labels")
    network = training or (compared or modalities or recorded).get("network", {})
    hashes = dataset.get("data_sha256") or hashes_of(modalities) or recorded.get("data_sha256")
    provenance = {"seed": run.study.seed, **describe(), "data_sha256": hashes}
    splits = run.read_csv("splits.csv") if (run.folder / "artifacts" / "splits.csv").exists() else None
    groups = None if splits is None else splits.drop_duplicates(["split", "label", "group"])
    few = "" if splits is None else few_in_words(splits, dataset.get("patients"), run.study.split)
    crossing = patients_across_sets(splits) if splits is not None and dataset.get("patients") else None
    trained = ("device", "backend", "backbone", "weights", "weights_sha256", "preparation", "determinism")
    elsewhere = run.study.external if makers.get("external") in run.study.notebooks else None
    external = REGISTRY.get(elsewhere.dataset) if elsewhere else None
    return {
        "study": run.study.name,
        "title": run.study.title,
        "settings": run.study.as_dict(),
        "stages": makers,
        "dataset": dataset,
        "split": None if splits is None else split_sizes(splits),
        "split_by_class": None if splits is None else split_by_class(splits, dataset.get("classes", ())),
        "groups_by_class": None if groups is None else split_by_class(groups, dataset.get("classes", ())),
        "copies_across_sets": None if splits is None else copies_across_sets(splits),
        "patients_across_sets": crossing,
        "metrics": evaluation.get("metrics"),
        **{name: evaluation.get(name) for name in EVALUATED},
        "paper": reported_by_paper(dataset.get("classes", ())),
        **{key: record or None for key, record in records.items()},
        "epochs": training.get("epochs"),
        "best_epoch": training.get("best_epoch"),
        "parameters": parameters(training),
        "seconds": run.seconds(),
        "work_seconds": run.seconds("work_seconds"),
        "announcements": announcements(
            dataset,
            network,
            external,
            crossing or 0,
            drawn_sources(modalities) or drawn_record(dataset, recorded),
            few,
            edited_notebooks(run.study.notebooks),
        ),
        "provenance": provenance | {name: network.get(name) for name in trained},
    }


def read_record(run: Run, key: str, notebook: str) -> dict[str, Any]:
    """The values that a stage left for the summary; empty where the study does not run it, or it has not run."""
    path = run.folder / "artifacts" / f"{key}.json"
    made = notebook in run.study.notebooks and path.exists()
    return json.loads(path.read_text(encoding="utf-8")) if made else {}


def hashes_of(modalities: dict[str, Any]) -> str | None:
    """The hash of each data set that stands beside others; None where there is none."""
    sources = modalities.get("sources", {}).items()
    return (
        ", ".join(f"{name} {made['data_sha256']}" for name, made in sources if "data_sha256" in made) or None
    )


def drawn_sources(modalities: dict[str, Any]) -> list[str]:
    """Titles of the data sets side by side that are synthetic."""
    return [source["title"] for source in modalities.get("sources", {}).values() if source.get("synthetic")]


def drawn_record(dataset: dict[str, Any], recorded: dict[str, Any]) -> list[str]:
    """Title of the data set whose record stands alone, where it was drawn; of one with images its own record tells."""
    return [recorded["title"]] if recorded.get("synthetic") and not dataset else []


def parameters(training: dict[str, Any]) -> dict[str, Any] | None:
    """Weights of the backbone and of the head; None before the training."""
    weights = {part: training.get(f"{part}_parameters") for part in ("backbone", "head")}
    return weights if None not in weights.values() else None


def split_sizes(splits: pd.DataFrame) -> dict[str, int]:
    """Images per set."""
    return {name: int((splits["split"] == name).sum()) for name in SETS}


def split_by_class(splits: pd.DataFrame, classes: Iterable[str]) -> dict[str, dict[str, int]]:
    """Images, or whatever has a row, per set and class.

    Examples
    --------
    >>> split_by_class(pd.DataFrame({"split": ["train", "test"], "label": ["a", "a"]}), ["a"])["validation"]
    {'a': 0}
    """
    table = pd.crosstab(splits["split"], splits["label"]).reindex(list(SETS), fill_value=0)
    return {name: {label: int(table.get(label, {}).get(name, 0)) for label in classes} for name in SETS}


def copies_across_sets(splits: pd.DataFrame) -> int:
    """How many images have an exact copy (same pixels) in another set."""
    return int((splits.groupby("pixels_sha256")["split"].transform("nunique") > 1).sum())


def announcements(
    dataset: dict[str, Any],
    network: dict[str, Any],
    external: Dataset | None = None,
    crossing_patients: int = 0,
    drawn: Sequence[str] = (),
    few: str = "",
    edited: Sequence[str] = (),
) -> list[str]:
    """What every page must say first: leaks, few patients, synthetic data, untrained weights, edited notebooks."""
    leak = (
        f"Leak: {crossing_patients} of {dataset.get('patients')} patients have images in more than one set, so the "
        "model is tested on patients that it has learnt from. These scores only serve to show the leak."
    )
    data = (
        "Synthetic data: these are drawn phantoms, not patients. No number here is evidence about patients."
    )
    test = "Synthetic external test: its images are drawn phantoms, not patients."
    some = (
        f"Synthetic data set: the images of {', '.join(drawn)} are drawn phantoms, not patients. No number of "
        "theirs is evidence about patients."
    )
    weights = (
        "Untrained weights: the backbone is a random network, a control, not the paper's ImageNet ResNet50."
    )
    holds = {
        leak: crossing_patients,
        few: few,
        data: dataset.get("synthetic"),
        test: external and external.synthetic,
    }
    cells = f"the cells of {', '.join(edited)} are not the commit's"
    other = f"Edited notebooks: {cells}, so the results are not the study's own."
    holds |= {some: drawn, weights: network.get("untrained"), other: edited}
    return [text for text, applies in holds.items() if applies]
