"""The first page of a run: all that its notebooks found, summed up."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from bcd_utils.evaluation.metric_registry import capital, main_metrics
from bcd_utils.evaluation.reported import other_classes
from bcd_utils.reporting.html import render_page
from bcd_utils.reporting.statements.base import answer
from bcd_utils.reporting.statements.model import uses_of_tuning
from bcd_utils.study.data_settings import ImageAndRecord, Modalities, PublishedResults
from bcd_utils.study.stage import PaperFigure, Stage, section_name

INDEX = "index.html"
#: Sections of a source that one data set reads.
OF_ONE = {"phantoms": "phantom", "breakhis": "breakhis", "cbis_ddsm": "cbis_ddsm"}


def render_index(
    run_folder: Path,
    summary: Mapping[str, Any],
    pages: Sequence[Mapping[str, Any]],
    declared: Mapping[str, Stage],
) -> Path:
    """Write ``index.html`` of a run; parts whose results are missing say that they have not run.

    Parameters
    ----------
    run_folder : Path
        Holds the notebooks' pages and ``figures/*.png``.
    summary : mapping
        What ``summary.json`` holds; any key may be missing or None.
    pages : sequence of mapping
        ``{"title", "file"}`` of each notebook's page; those that do not exist are listed without a link.
    declared : mapping of notebook to Stage
        All stages there are.

    Returns
    -------
    Path
        The page.
    """
    summary = {key: value for key, value in summary.items() if value is not None}
    further = [page for page in pages if page["file"] != INDEX]
    written = [page for page in further if (run_folder / page["file"]).exists()]
    files, dataset = {page["file"] for page in written}, summary.get("dataset", {})
    head = {**summary, "study": summary.get("title", run_folder.name), "run": run_folder.name}
    render_page(
        "index_page.html.j2",
        run_folder,
        INDEX,
        head | {"pages": [{"title": "Overview", "file": INDEX, "current": True}, *written]},
        rows=further,
        asked=[page["file"] for page in further],
        there=files,
        makers={stage.record_key: stage.notebook for stage in declared.values() if stage.record},
        cards=[(card, stage.page) for stage in declared.values() for card in stage.figures if card.on_index],
        trust=trust(summary, declared),
        uses_of_tuning=answer(uses_of_tuning, summary),
        paper_figures=paper_figures(declared.values(), files, dataset.get("modality", "")),
        reasons=reasons_not_to_compare(summary),
        incomparable=other_classes(dataset.get("classes", ())),
        scores=[(name, capital(title)) for name, title in main_metrics().items()],
        settings_table=flatten(settings_used(summary.get("settings", {}), declared)),
    )
    return run_folder / INDEX


def paper_figures(
    stages: Iterable[Stage], written: Container[str], modality: str = ""
) -> list[tuple[PaperFigure, str]]:
    """The paper's figures in its order, each with the page of the run that shows it.

    Where several stages draw one, it is the first whose page is there.

    Parameters
    ----------
    stages : iterable of Stage
    written : container of str
        Pages that the run has.
    modality : str
        Of the study's images, where they are of one kind: figures of another kind are left out.
    """
    drawn: dict[str, tuple[PaperFigure, str]] = {}
    for stage in stages:
        for figure in stage.paper_figures:
            _, page = drawn.setdefault(figure.label, (figure, stage.page))
            if page not in written and stage.page in written:
                drawn[figure.label] = (figure, stage.page)
    of_this_kind = [entry for entry in drawn.values() if entry[0].only in (modality or entry[0].only)]
    return sorted(of_this_kind, key=lambda entry: entry[0].label)


def trust(summary: Mapping[str, Any], declared: Mapping[str, Stage]) -> list[dict[str, Any]]:
    """What the stages that make a statement have found, as far as the study runs them.

    Returns
    -------
    list of dict
        ``question``; ``file``, the page that tells more; ``done``, whether the notebook has left its
        result; ``answer``, a sentence, empty where only the page tells.
    """
    notebooks = (summary.get("settings") or {}).get("notebooks") or ()
    return [
        {
            "question": stage.question,
            "file": stage.page,
            "done": bool(summary.get(stage.record_key)),
            "answer": answer(stage.statement, summary),
        }
        for stage in declared.values()
        if stage.statement and stage.notebook in notebooks
    ]


def reasons_not_to_compare(summary: Mapping[str, Any]) -> list[str]:
    """Why a run's numbers are no reproduction of the paper's; empty if images and network are the same."""
    dataset, settings = summary.get("dataset") or {}, summary.get("settings") or {}
    backbone, weights = settings.get("backbone", "resnet50"), settings.get("weights", "imagenet")
    reasons = []
    if dataset and dataset.get("name") != "busi":
        images = dataset.get("title") or dataset.get("name")
        reasons.append(f"the images are “{images}” where the paper used BUSI")
    if backbone != "resnet50":
        reasons.append(f"the backbone is “{Path(backbone).name}” where the paper used ResNet50")
    elif weights != "imagenet":
        weights = (summary.get("provenance") or {}).get("weights") or weights
        reasons.append(f"ResNet50’s weights are “{weights}” where the paper used ImageNet’s")
    return reasons


def settings_used(settings: Mapping[str, Any], declared: Mapping[str, Stage]) -> dict[str, Any]:
    """A study's settings without those of data sets that it does not name, such as how phantoms are drawn.

    Examples
    --------
    >>> settings_used({"source": {"dataset": "busi", "phantoms": {"seed": 1}, "classes": None}}, {})
    {'source': {'dataset': 'busi', 'classes': None}}
    """
    notebooks = settings.get("notebooks") or ()
    idle = {
        section_name(stage.section)
        for stage in declared.values()
        if stage.section in (Modalities, ImageAndRecord, PublishedResults) and stage.notebook not in notebooks
    }
    other = {section for section, name in OF_ONE.items() if settings.get("dataset", name) != name}
    return {
        key: settings_used(value, {}) if isinstance(value, Mapping) else value
        for key, value in settings.items()
        if key not in idle | other
    }


def flatten(settings: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Nested settings under dotted names, as ``--set`` takes them: ``phantoms.seed``."""
    flat: dict[str, Any] = {}
    for key, value in settings.items():
        flat |= flatten(value, f"{prefix}{key}.") if isinstance(value, Mapping) else {prefix + key: value}
    return flat
