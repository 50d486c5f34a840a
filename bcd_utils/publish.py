"""The end of a run: ``summary.json`` from the artifacts, and the pages made of it."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from bcd_utils.datasets import REGISTRY, Dataset
from bcd_utils.files import write_json
from bcd_utils.provenance import describe
from bcd_utils.reported import reported_by_paper
from bcd_utils.runs import ARTIFACTS, Run
from bcd_utils.splits import SETS, patients_across_sets

CHECKLIST = {"title": "Checklists", "file": "checklist.html"}
EVALUATED = ("intervals", "patient_scores", "delong", "calibration", "operating_points")
MODEL_CARD = {"title": "Model card", "file": "model_card.html"}


def summarise_run(run: Run) -> dict[str, Any]:
    """Everything a run reports, from its artifacts; None where a stage is not in the study.

    Returns
    -------
    dict
        Keys study, title, settings, dataset, split, split_by_class, copies_across_sets, patients_across_sets,
        metrics, intervals, patient_scores, delong, calibration, operating_points, paper, cam, audit, lottery,
        forensics, external, comparison, modalities, epochs, best_epoch, parameters, seconds, work_seconds,
        announcements, provenance.
    """

    def read(name: str) -> dict[str, Any]:
        path = run.folder / "artifacts" / name
        made = ARTIFACTS[name] in run.study.notebooks and path.exists()
        return json.loads(path.read_text()) if made else {}

    dataset, training, evaluation = read("dataset.json"), read("training.json"), read("evaluation.json")
    modalities = read("modalities.json")
    network = training or (read("comparison.json") or modalities).get("network", {})
    hashes = dataset.get("data_sha256") or hashes_of(modalities)
    provenance = {"seed": run.study.seed, **describe(), "data_sha256": hashes}
    splits = run.read_csv("splits.csv") if (run.folder / "artifacts" / "splits.csv").exists() else None
    crossing = patients_across_sets(splits) if splits is not None and dataset.get("patients") else None
    trained = ("device", "backend", "backbone", "weights", "weights_sha256", "preparation", "determinism")
    elsewhere = run.study.external if "09_external_test" in run.study.notebooks else None
    external = REGISTRY.get(elsewhere.dataset) if elsewhere else None
    return {
        "study": run.study.name,
        "title": run.study.title,
        "settings": run.study.as_dict(),
        "dataset": dataset,
        "split": None if splits is None else split_sizes(splits),
        "split_by_class": None if splits is None else split_by_class(splits, dataset.get("classes", ())),
        "copies_across_sets": None if splits is None else copies_across_sets(splits),
        "patients_across_sets": crossing,
        "metrics": evaluation.get("metrics"),
        **{name: evaluation.get(name) for name in EVALUATED},
        "paper": reported_by_paper(),
        **{
            name: read(f"{name}.json") or None
            for name in ("cam", "audit", "lottery", "forensics", "external", "comparison", "modalities")
        },
        "epochs": training.get("epochs"),
        "best_epoch": training.get("best_epoch"),
        "parameters": parameters(training),
        "seconds": run.seconds(),
        "work_seconds": run.seconds("work_seconds"),
        "announcements": announcements(dataset, network, external, crossing or 0, drawn_sources(modalities)),
        "provenance": provenance | {name: network.get(name) for name in trained},
    }


def hashes_of(modalities: dict[str, Any]) -> str | None:
    """The hash of each data set that stands beside others; None where there is none."""
    found = modalities.get("sources", {}).items()
    shown = [f"{name} {source['data_sha256']}" for name, source in found if "data_sha256" in source]
    return ", ".join(shown) or None


def drawn_sources(modalities: dict[str, Any]) -> list[str]:
    """Titles of the data sets side by side that are synthetic."""
    return [source["title"] for source in modalities.get("sources", {}).values() if source.get("synthetic")]


def parameters(training: dict[str, Any]) -> dict[str, int] | None:
    """Weights of the backbone and of the head; None before the training."""
    names = {part: f"{part}_parameters" for part in ("backbone", "head")}
    known = set(names.values()) <= training.keys()
    return {part: training[name] for part, name in names.items()} if known else None


def split_sizes(splits: pd.DataFrame) -> dict[str, int]:
    """Images per set."""
    return {name: int((splits["split"] == name).sum()) for name in SETS}


def split_by_class(splits: pd.DataFrame, classes: Iterable[str]) -> dict[str, dict[str, int]]:
    """Images per set and class.

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
) -> list[str]:
    """What every page must say first: leaks, synthetic data (also beside others), untrained weights."""
    said = []
    if crossing_patients:
        said.append(
            f"Leak: {crossing_patients} of {dataset['patients']} patients have images in more than one set, so the "
            "model is tested on patients that it has learnt from. These scores only serve to show the leak."
        )
    if dataset.get("synthetic"):
        said.append(
            "Synthetic data: these are drawn phantoms, not patients. No number here is evidence about patients."
        )
    if external and external.synthetic:
        said.append("Synthetic external test: its images are drawn phantoms, not patients.")
    if drawn:
        said.append(
            f"Synthetic data set: the images of {', '.join(drawn)} are drawn phantoms, not patients. No number of "
            "theirs is evidence about patients."
        )
    if network.get("untrained"):
        said.append(
            "Untrained weights: the backbone is a random network, a control, not the paper's ImageNet ResNet50."
        )
    return said


def publish(run: Run) -> Path:
    """Write ``summary.json``, one page per notebook, the checklists, the model card and ``index.html``.

    Returns
    -------
    Path
        The index page.
    """
    from bcd_utils.checklist import write_checklists
    from bcd_utils.model_card import write_model_card
    from bcd_utils.report import render_index, render_notebook

    summary = summarise_run(run)
    write_json(run.folder / "summary.json", summary)
    draw_flow(run, summary)
    executed = [run.folder / "notebooks" / f"{stage}.ipynb" for stage in run.study.notebooks]
    of_notebooks = [{"title": title_of(path), "file": f"{path.stem}.html"} for path in executed]
    pages = [*of_notebooks, CHECKLIST, MODEL_CARD]

    def context(page: dict[str, str]) -> dict[str, Any]:
        return page_context(summary, run.folder.name, pages, page["file"])

    for path, page in zip(executed, of_notebooks, strict=True):
        render_notebook(path, run.folder / page["file"], context(page))
    write_checklists(run.folder, summary, context(CHECKLIST))
    write_model_card(run.folder, summary, context(MODEL_CARD))
    return render_index(run.folder, summary, pages)


def draw_flow(run: Run, summary: dict[str, Any]) -> None:
    """Draw what became of the images as ``figures/flow.png``, once they are split."""
    from bcd_utils.plots.diagrams import image_flow

    dataset, sets, audit = summary["dataset"], summary["split_by_class"], summary["audit"] or {}
    if dataset and sets:
        reasons = Counter(image["status"] for image in dataset["set_aside_images"])
        copies = (audit["groups"], audit["images_in_groups"]) if audit else None
        run.save_figure(image_flow(dataset["classes"], reasons, sets, copies), "flow")


def title_of(notebook: Path) -> str:
    """A notebook's first heading."""
    import nbformat  # two seconds, which the notebooks that import this module need not wait for

    first = nbformat.read(notebook, as_version=4).cells[0].source
    return first.splitlines()[0].lstrip("# ")


def page_context(
    summary: dict[str, Any], run_name: str, pages: list[dict[str, str]], current: str
) -> dict[str, Any]:
    """What a page's head and foot show."""
    provenance = summary["provenance"]
    versions = ", ".join(f"{name} {version}" for name, version in provenance["versions"].items())
    return {
        "title": next(page["title"] for page in pages if page["file"] == current),
        "study": summary["title"],
        "run": run_name,
        "announcements": summary["announcements"],
        "pages": [{"title": "Overview", "file": "index.html", "current": False}]
        + [page | {"current": page["file"] == current} for page in pages],
        "footer": {
            "Seed": provenance["seed"],
            "Commit": provenance["commit"],
            "Data SHA-256": provenance["data_sha256"],
            "Device": provenance["device"],
            "Versions": versions,
        },
    }
