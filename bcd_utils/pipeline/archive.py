"""A finished run as an archive that others can read, cite and check: without images, weights and local paths."""

from __future__ import annotations

import base64
import json
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bcd_utils.pipeline.publish import write_pages
from bcd_utils.reporting.console import summary_of
from bcd_utils.reporting.crate import write_crate
from bcd_utils.reporting.paper.author import Authored, author_file, items_of_checklists, read_author_file
from bcd_utils.study.figures import figures_of
from bcd_utils.study.portable import files_beside, places_in, portable
from bcd_utils.study.run import Run
from bcd_utils.study.stage import Stage
from bcd_utils.utils.errors import StudyError
from bcd_utils.utils.files import atomic_folder, read_json, write_json, write_text
from bcd_utils.utils.local_paths import places_of_everyone, without_places
from bcd_utils.utils.paths import PROJECT, TEMPLATES, readable
from bcd_utils.utils.plain_yaml import write_yaml
from bcd_utils.utils.sealed import pack, seal

#: Artifacts that go along: numbers. Arrays of pixels and weights stay, with their hashes in ``markers/``.
NUMBERS = {".csv", ".json", ".npz"}
BINARY = {".npz", ".pdf", ".png"}
OF_THE_RUN = (
    "contract.json", "environment.txt", "summary.json", "index.html", "checklist.csv", "checklist.html",
    "model_card.html", "model_card.md",
)  # fmt: skip
OF_THE_PROJECT = ("CITATION.cff", "LICENSE", "requirements.lock")
LEFT_OUT = "*A picture is left out here: it shows images of the data set.*"


@dataclass(frozen=True)
class Archived:
    """An archive that was written.

    Attributes
    ----------
    path : Path
    fingerprint : str
        SHA-256 over the list of its files' hashes.
    left_out : list of str
        What of the run is not in it, in words.
    """

    path: Path
    fingerprint: str
    left_out: list[str]


def archive(run: Run, declared: Mapping[str, Stage], target: Path, pictures: bool = True) -> Archived:
    """Write a finished run as an RO-Crate; the same run gives the same bytes.

    Parameters
    ----------
    run : Run
    declared : mapping of notebook to Stage
        All stages there are.
    target : Path
        A zip file where the name ends so, else a folder.
    pictures : bool
        Whether the few images go along that the run's figures and notebooks show.

    Raises
    ------
    StudyError
        If the run is not finished, a file is not as its stage left it, or ``author.yaml`` says what cannot be.
    """
    refuse_unfinished(run)
    words = author_file(run)
    authored = read_author_file(words, items_of_checklists()) if words.is_file() else Authored()
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / run.folder.name
        plain = {name for name, record in figures_of(run.folder).items() if not record.pictures}
        drawn = sorted(path.stem for path in (run.folder / "figures").glob("*.png"))
        hidden = [] if pictures else [name for name in drawn if name not in plain]
        left_out = [name for name in _artifacts(run) if Path(name).suffix not in NUMBERS]
        _copy(run, folder, hidden)
        summary = _without_local_paths(run, folder)
        if not pictures:
            hidden += [f"{count} in {name}" for name, count in _strip_notebooks(folder, run) if count]
            made = Run(folder, run.study, run.contract)
            write_pages(made, summary, declared)
        left_out = [f"{', '.join(left_out)} (pixels and weights; `markers/` holds their hashes)"] * bool(
            left_out
        )
        left_out += [f"pictures: {', '.join(hidden)}"] * bool(hidden)
        _write_readme(folder, summary, left_out)
        write_crate(folder, summary, authored)
        fingerprint = seal(folder)
        if target.suffix == ".zip":
            pack(folder, target)
        else:
            with atomic_folder(target) as temporary:
                shutil.copytree(folder, temporary, dirs_exist_ok=True, copy_function=shutil.copyfile)
    return Archived(target, fingerprint, left_out)


def refuse_unfinished(run: Run) -> None:
    """Stop where a run is not finished, or a file is not as its stage left it; in one line that names it."""
    for stage in run.study.notebooks:
        marker = run.marker_of(stage)
        why = "is not done" if marker is None else run.damage(marker)
        if why:
            said = f"{stage} {why}" if marker is None else f"{why} since {stage} wrote it"
            raise StudyError(f"{readable(run.folder)} cannot be archived: {said}", run.command)
    summary_of(run.folder)
    for name in (*OF_THE_RUN, *(f"{stage}.html" for stage in run.study.notebooks)):
        if not (run.folder / name).is_file():
            problem = f"{readable(run.folder)} cannot be archived: {name} is missing"
            raise StudyError(problem, f"run 'bcd report {readable(run.folder)}'")


def _artifacts(run: Run) -> Iterator[str]:
    for stage in run.study.notebooks:
        yield from (run.marker_of(stage) or {"artifacts": {}})["artifacts"]


def _copy(run: Run, folder: Path, hidden: list[str]) -> None:
    """Copy what goes along: nothing that the run's stages and pages did not write."""
    markers = {stage: run.marker_of(stage) or {} for stage in run.study.notebooks}
    names = [f"artifacts/{name}" for name in _artifacts(run) if Path(name).suffix in NUMBERS]
    names += [name for marker in markers.values() for name in marker["files"]]
    for stage in markers:
        names += [f"markers/{stage}.json", f"notebooks/{stage}.ipynb", f"{stage}.html"]
    names += [path.relative_to(run.folder).as_posix() for path in (run.folder / "figures").glob("flow.*")]
    for name in sorted({*names, *OF_THE_RUN}):
        if not (name.startswith("figures/") and Path(name).stem in hidden):
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(run.folder / name, folder / name)
    for name in OF_THE_PROJECT:
        shutil.copyfile(PROJECT / name, folder / name)
    settings = (marker["parts"].get("settings", {}) for marker in markers.values())
    for file in {file for read in settings for file in files_beside(read)}:
        shutil.copyfile(file, folder / file.name)


def _without_local_paths(run: Run, folder: Path) -> dict[str, Any]:
    """Write the settings, and take local paths out of all texts; returns the summary."""
    settings = run.study.as_dict()
    write_json(folder / "study.json", portable(settings))
    sections = {name: value for name, value in settings.items() if name != "sections"} | settings["sections"]
    write_text(folder / "study.yaml", write_yaml(portable(sections)))
    for notebook in (folder / "notebooks").glob("*.ipynb"):
        content = read_json(notebook)
        for part in (content, *content["cells"]):
            part["metadata"].pop("papermill", None)  # paths and times
        _write_notebook(notebook, content)
    places = places_of_everyone() | {place: Path(place).name for place in places_in(settings)}
    places |= {str(run.folder): ".", str(run.folder.resolve()): "."}
    for path in folder.rglob("*"):
        if path.is_file() and path.suffix not in BINARY:
            path.write_text(without_places(path.read_text(encoding="utf-8"), places), encoding="utf-8")
    return summary_of(folder)


def _strip_notebooks(folder: Path, run: Run) -> Iterator[tuple[str, int]]:
    """Take the pictures out of the notebooks that are none of the figures left; yields each with how many."""
    kept = {base64.b64encode(path.read_bytes()) for path in (folder / "figures").glob("*.png")}
    for stage in run.study.notebooks:
        notebook = folder / "notebooks" / f"{stage}.ipynb"
        content = read_json(notebook)
        count = 0
        for output in (output for cell in content["cells"] for output in cell.get("outputs", ())):
            data = output.get("data", {})
            pictures = [kind for kind in data if kind.startswith("image/")]
            shown = ["".join(data[kind]).replace("\n", "").encode() for kind in pictures]
            drawn = "data:image/" in "".join(data.get("text/html", ""))
            if drawn or any(picture not in kept for picture in shown):
                output["data"] = {"text/markdown": LEFT_OUT}
                output["metadata"] = {}
                count += 1
        content["metadata"].pop("widgets", None)
        _write_notebook(notebook, content)
        yield f"notebooks/{stage}.ipynb", count


def _write_notebook(path: Path, content: Mapping[str, Any]) -> None:
    write_text(path, json.dumps(content, indent=1, ensure_ascii=False) + "\n")


def _write_readme(folder: Path, summary: Mapping[str, Any], left_out: list[str]) -> None:
    from jinja2 import Environment

    template = (TEMPLATES / "archive_readme.md.j2").read_text(encoding="utf-8")
    text = Environment(trim_blocks=True, autoescape=False).from_string(template)  # noqa: S701 - Markdown
    write_text(folder / "README.md", text.render(**summary, left_out=left_out))
