"""The pages of a run: each executed notebook, and the index that sums it up; all open without a network."""

from __future__ import annotations

import base64
import io
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bcd_utils.facts import tell
from bcd_utils.files import write_text
from bcd_utils.metric_registry import capital, main_metrics
from bcd_utils.number_format import interval, number
from bcd_utils.paths import TEMPLATES
from bcd_utils.progress import PROGRESS

if TYPE_CHECKING:
    from bs4 import Tag
    from jinja2 import Environment

INDEX = "index.html"
MANY_COLUMNS, VERY_MANY_COLUMNS = 6, 7  # row headings among them
NUMBER = re.compile(r"\s*([-+−]?\d[\d.,]*(e[-+]?\d+)?\s?%?|nan|inf|none|<na>|[-–]|)\s*", re.IGNORECASE)

#: The space between the two ends of an interval, where a table must not break its lines.
ENDS = re.compile(r"(?<=\d,) (?=[−+\d.,]+\])")

#: The paper's figures: label (it gives the number 7 to two), title, stem of our file, page that shows it.
PAPER_FIGURES = (
    ("Fig 1", "Methodology", "fig1_methodology", "02_preprocessing.html"),
    ("Fig 2", "Histopathology samples", "fig2_histopathology", "01_data_exploration.html"),
    ("Fig 3", "Ultrasound samples", "fig3_ultrasound", "01_data_exploration.html"),
    ("Fig 4", "ResNet50 with the new head", "fig4_architecture", "03_train_resnet50.html"),
    ("Fig 5", "Evaluation", "fig5_evaluation", "04_evaluation.html"),
    ("Fig 6/7", "ROC curve of each class", "fig6_7_roc", "04_evaluation.html"),
    ("Fig 7", "Training and validation accuracy", "fig7_accuracy", "03_train_resnet50.html"),
    ("Fig 8", "Training and validation loss", "fig8_loss", "03_train_resnet50.html"),
)
#: Where the first page is not part of a run, the second may show the figure.
OTHER_PAGES = {"01_data_exploration.html": "11_modalities.html"}

#: Whether the number can be trusted: question, notebook that asks it, its key in the summary, fact that answers.
TRUST = (
    (
        "What is the number over other splits, copies kept together?",
        "07_split_lottery",
        "lottery",
        "repetition",
    ),
    ("Are images there twice, and on both sides of the split?", "06_data_audit", "audit", "duplicates"),
    (
        "Which results fit the table that the paper prints?",
        "08_paper_forensics",
        "forensics",
        "reported_table",
    ),
    ("Does the number hold on images from elsewhere?", "09_external_test", "external", "external_test"),
    ("Does this network beat the others?", "10_model_comparison", "comparison", "comparison"),
    ("Does it hold on other kinds of images?", "11_modalities", "modalities", "modalities"),
)


def render_notebook(executed: Path, html: Path, page: Mapping[str, Any]) -> None:
    """Turn an executed notebook into a self-contained page, written atomically.

    Parameters
    ----------
    executed, html : Path
        The executed ``.ipynb`` file and the page to write.
    page : mapping
        ``title``, ``study``, ``run``: str. ``announcements``: list of str, shown in a banner. ``pages``:
        list of ``{"title", "file", "current"}``, the navigation. ``footer``: provenance, label -> value.
    """
    import nbformat
    from markupsafe import Markup
    from nbconvert import HTMLExporter

    places = {"template_name": "report", "extra_template_basedirs": [str(TEMPLATES)]}
    exporter = HTMLExporter(**places, exclude_anchor_links=True, embed_images=True)
    notebook = nbformat.read(executed, as_version=4)
    for cell in notebook.cells:
        if "outputs" in cell:
            cell.outputs = [output for output in cell.outputs if not output.get("metadata", {}).get(PROGRESS)]
    body, _ = exporter.from_notebook_node(notebook, {"metadata": {"path": str(Path(executed).parent)}})
    content = Markup(_polish(body))  # noqa: S704 - the project's own notebook, shown under the page's CSP
    frame = _templates().get_template("frame.html.j2")
    write_text(html, frame.render(**page, content=content, code_css=_code_css()))


def render_page(template: str, folder: Path, file: str, page: Mapping[str, Any], **content: Any) -> None:
    """Write a page of a run from a template, atomically.

    Parameters
    ----------
    template : str
        A file of ``bcd_utils/templates``.
    folder : Path
        The run folder, whose figures the template may show as ``pictures``.
    file : str
        Name of the page.
    page : mapping
        As for `render_notebook`.
    **content
        What else the template shows.
    """
    text = _templates().get_template(template).render(**page, pictures=_pictures(folder), **content)
    write_text(folder / file, text)


def render_index(run_folder: Path, summary: Mapping[str, Any], pages: Sequence[Mapping[str, Any]]) -> Path:
    """Write ``index.html`` of a run; parts whose results are missing say that they have not run.

    Parameters
    ----------
    run_folder : Path
        Holds the notebooks' pages and ``figures/*.png``.
    summary : mapping
        What ``summary.json`` holds; any key may be missing or None.
    pages : sequence of mapping
        ``{"title", "file"}`` of each notebook's page; those that do not exist are listed without a link.

    Returns
    -------
    Path
        The page.
    """
    summary = {key: value for key, value in summary.items() if value is not None}
    stages = [page for page in pages if page["file"] != INDEX]
    there = [page for page in stages if (run_folder / page["file"]).exists()]
    text = (
        _templates()
        .get_template("index_page.html.j2")
        .render(
            {**summary, "study": summary.get("title", run_folder.name), "run": run_folder.name},
            pages=[{"title": "Overview", "file": INDEX, "current": True}, *there],
            stages=stages,
            asked=[page["file"] for page in stages],
            there=[page["file"] for page in there],
            pictures=_pictures(run_folder),
            trust=trust(summary),
            paper_figures=paper_figures(page["file"] for page in there),
            reasons=reasons_not_to_compare(summary),
            scores=[(name, capital(title)) for name, title in main_metrics().items()],
            settings_table=flatten(summary.get("settings", {})),
        )
    )
    write_text(run_folder / INDEX, text)
    return run_folder / INDEX


def paper_figures(there: Iterable[str]) -> list[tuple[str, str, str, str]]:
    """`PAPER_FIGURES` with the page of the run that shows each.

    Parameters
    ----------
    there : iterable of str
        Pages that the run has.

    Examples
    --------
    >>> [page for *_, page in paper_figures(["11_modalities.html"])][:3]
    ['02_preprocessing.html', '11_modalities.html', '11_modalities.html']
    """
    there = set(there)
    return [
        (*figure, OTHER_PAGES[page] if page not in there and OTHER_PAGES.get(page) in there else page)
        for *figure, page in PAPER_FIGURES
    ]


def trust(summary: Mapping[str, Any]) -> list[dict[str, Any]]:
    """What the notebooks of `TRUST` that the study runs have found.

    Returns
    -------
    list of dict
        ``question``; ``file``, the page that tells more; ``done``, whether the notebook has left its
        result; ``answer``, a sentence, empty where only the page tells.
    """
    notebooks = (summary.get("settings") or {}).get("notebooks") or ()
    rows = []
    for question, notebook, key, name in TRUST:
        found = tell(name, summary)
        row = {"question": question, "file": f"{notebook}.html", "done": bool(summary.get(key))}
        rows += [row | {"answer": found.text if found else ""}] if notebook in notebooks else []
    return rows


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


def flatten(settings: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Nested settings under dotted names, as ``--set`` takes them: ``phantoms.seed``."""
    flat: dict[str, Any] = {}
    for key, value in settings.items():
        flat |= flatten(value, f"{prefix}{key}.") if isinstance(value, Mapping) else {prefix + key: value}
    return flat


def _polish(body: str) -> str:
    """Right-align numbers, fit tables to the page, and lead links to notebooks to their pages."""
    from bs4 import BeautifulSoup

    soup = BeautifulSoup(body, "html.parser")
    for cell in soup.select("td"):
        if cell.string:
            cell.string = ENDS.sub("\N{NO-BREAK SPACE}", cell.string)
    for table in soup.select("table"):
        _join_headings(table)
        _align_numbers(table)
        _make_room(table)
        table.wrap(soup.new_tag("div", attrs={"class": "scroll"}))
    for link in soup.select('a[href$=".ipynb"]:not([href*=":"])'):
        link["href"] = link["href"].removesuffix(".ipynb") + ".html"
    return str(soup)


def _join_headings(table: Tag) -> None:
    """Put the names of an index, for which pandas takes a row of their own, beside those of the columns."""
    rows = [row.find_all("th") for row in table.select("thead tr")]
    if len(rows) == 2 and len(rows[0]) == len(rows[1]):
        texts = [[cell.get_text(strip=True) for cell in row] for row in rows]
        if not any(above and below for above, below in zip(*texts, strict=True)):
            for cell, below in zip(rows[0], texts[1], strict=True):
                cell.string = cell.get_text(strip=True) or below
            rows[1][0].parent.decompose()


def _make_room(table: Tag) -> None:
    """Let many headings break, set very many columns small, give a text with nothing beside it the whole row."""
    rows = [row.find_all("td") for row in table.select("tbody tr")]
    columns = max((len(row.find_all(["td", "th"])) for row in table.select("tbody tr")), default=0)
    fit = [name for name, most in (("many", MANY_COLUMNS), ("wide", VERY_MANY_COLUMNS)) if columns > most]
    table["class"] = [*table.get("class", []), *fit]
    for first, *others in filter(None, rows):
        if others and first.get_text(strip=True) and not any(cell.get_text(strip=True) for cell in others):
            first["colspan"] = 1 + len(others)
            for cell in others:
                cell.decompose()


def _align_numbers(table: Tag) -> None:
    # Columns are counted from the right: on the left, a pandas index with spans shortens some rows.
    rows = [row.find_all(["td", "th"])[::-1] for row in table.select("tr")]
    for column in range(max((len(row) for row in rows), default=0)):
        cells = [row[column] for row in rows if column < len(row)]
        values = [cell.get_text() for cell in cells if cell.name == "td"]
        if any(value.strip() for value in values) and all(NUMBER.fullmatch(value) for value in values):
            for cell in cells:
                cell["class"] = [*cell.get("class", []), "number"]


def _code_css() -> str:
    from pygments.formatters import HtmlFormatter

    light = HtmlFormatter(style="default").get_style_defs(".highlight")
    dark = HtmlFormatter(style="github-dark").get_style_defs(".highlight")
    return f"{light}\n@media screen and (prefers-color-scheme: dark) {{\n{dark}\n}}"


def _pictures(folder: Path) -> dict[str, Path]:
    return {path.stem: path for path in (folder / "figures").glob("*.png")}


def _templates() -> Environment:
    from jinja2 import ChainableUndefined, Environment, FileSystemLoader

    loader = FileSystemLoader(TEMPLATES)
    templates = Environment(loader=loader, autoescape=True, undefined=ChainableUndefined, trim_blocks=True)
    templates.filters |= {"number": number, "plain": _plain, "embedded": _embedded}
    templates.globals |= {"interval": interval}
    return templates


def _plain(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{key} {_plain(item)}" for key, item in value.items())
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)


def _embedded(png: Path, width: int = 1600) -> str:
    from PIL import Image

    buffer = io.BytesIO()
    with Image.open(png) as image:
        image.thumbnail((width, width))
        image.save(buffer, "PNG")
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()
