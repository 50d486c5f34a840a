"""The end of a run: ``summary.json`` from the artifacts, and the HTML pages."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import yaml

from bcd_utils.files import write_json
from bcd_utils.paths import STUDIES
from bcd_utils.provenance import describe
from bcd_utils.runs import ARTIFACTS, Run


def reported_by_paper() -> dict[str, dict[str, float]]:
    """The paper's own numbers, per set."""
    return yaml.safe_load((STUDIES / "paper_reported.yaml").read_text())["reported"]


def summarise_run(run: Run) -> dict[str, Any]:
    """Everything a run reports, from its artifacts; None where a stage is not in the study.

    Returns
    -------
    dict
        Keys study, title, settings, dataset, split, metrics, intervals, paper, cam, epochs,
        best_epoch, seconds, announcements, provenance.
    """

    def read(name: str) -> dict[str, Any]:
        path = run.folder / "artifacts" / name
        made = ARTIFACTS[name] in run.study.notebooks and path.exists()
        return json.loads(path.read_text()) if made else {}

    dataset, training, evaluation = read("dataset.json"), read("training.json"), read("evaluation.json")
    provenance = {"seed": run.study.seed, **describe(), "data_sha256": dataset.get("data_sha256")}
    trained = ("device", "backend", "backbone", "weights", "weights_sha256", "preparation", "determinism")
    return {
        "study": run.study.name,
        "title": run.study.title,
        "settings": run.study.as_dict(),
        "dataset": dataset,
        "split": split_sizes(run),
        "metrics": evaluation.get("metrics"),
        "intervals": evaluation.get("intervals"),
        "paper": reported_by_paper(),
        "cam": read("cam.json") or None,
        "epochs": training.get("epochs"),
        "best_epoch": training.get("best_epoch"),
        "seconds": run.seconds(),
        "work_seconds": run.seconds("work_seconds"),
        "announcements": announcements(dataset, training),
        "provenance": provenance | {name: training.get(name) for name in trained},
    }


def split_sizes(run: Run) -> dict[str, int] | None:
    """Images per set, or None before the split."""
    if not (run.folder / "artifacts" / "splits.csv").exists():
        return None
    counts = run.read_csv("splits.csv")["split"].value_counts()
    return {name: int(counts[name]) for name in ("train", "validation", "test")}


def announcements(dataset: dict[str, Any], training: dict[str, Any]) -> list[str]:
    """What every page must say first: synthetic data, untrained weights."""
    said = []
    if dataset.get("synthetic"):
        said.append(
            "Synthetic data: these are drawn phantoms, not patients. No number here is evidence about patients."
        )
    if training.get("untrained"):
        said.append(
            "Untrained weights: the backbone is a random network, a control, not the paper's ImageNet ResNet50."
        )
    return said


def publish(run: Run) -> Path:
    """Write ``summary.json``, one HTML page per notebook, and ``index.html``.

    Returns
    -------
    Path
        The index page.
    """
    from bcd_utils.report import render_index, render_notebook

    summary = summarise_run(run)
    write_json(run.folder / "summary.json", summary)
    executed = [run.folder / "notebooks" / f"{stage}.ipynb" for stage in run.study.notebooks]
    pages = [{"title": title_of(path), "file": f"{path.stem}.html"} for path in executed]
    for path, page in zip(executed, pages, strict=True):
        render_notebook(
            path, run.folder / page["file"], page_context(summary, run.folder.name, pages, page["file"])
        )
    return render_index(run.folder, summary, pages)


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
