"""Pages of a run that open without a network: executed notebooks, and what templates show."""

from __future__ import annotations

import base64
import io
import json
import re
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bcd_utils.evaluation.format import interval, number
from bcd_utils.study.set_titles import SET_TITLES
from bcd_utils.utils.files import write_text
from bcd_utils.utils.paths import TEMPLATES
from bcd_utils.utils.progress import PROGRESS

if TYPE_CHECKING:
    from bs4 import Tag
    from jinja2 import Environment
    from nbconvert import HTMLExporter

MANY_COLUMNS, VERY_MANY_COLUMNS = 6, 7  # row headings among them
NUMBER = re.compile(r"\s*([-+−]?\d[\d.,]*(e[-+]?\d+)?\s?%?|nan|inf|none|<na>|[-–]|)\s*", re.IGNORECASE)

#: The space between the two ends of an interval, where a table must not break its lines.
ENDS = re.compile(r"(?<=\d,) (?=[−+\d.,]+\])")


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

    notebook = nbformat.read(executed, as_version=4)
    for cell in notebook.cells:
        if "outputs" in cell:
            cell.outputs = [output for output in cell.outputs if not output.get("metadata", {}).get(PROGRESS)]
    body, _ = _exporter().from_notebook_node(notebook, {"metadata": {"path": str(Path(executed).parent)}})
    content = Markup(_polish(body))  # noqa: S704 - the project's own notebook, shown under the page's CSP
    frame = _templates().get_template("frame.html.j2")
    write_text(html, frame.render(**page, content=content, code_css=_code_css()))


def render_page(template: str, folder: Path, file: str, page: Mapping[str, Any], **content: Any) -> None:
    """Write a page of a run from a template, atomically.

    Parameters
    ----------
    template : str
        A file of ``bcd_utils/reporting/templates``.
    folder : Path
        The run folder, whose figures the template may show as ``pictures``.
    file : str
        Name of the page.
    page : mapping
        As for `render_notebook`.
    **content
        What else the template shows.
    """
    pictures = {path.stem: path for path in (folder / "figures").glob("*.png")}
    text = _templates().get_template(template).render(**page, pictures=pictures, **content)
    write_text(folder / file, text)


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
            for cell, above, below in zip(rows[0], *texts, strict=True):
                cell.string = above or below
            rows[1][0].parent.decompose()


def _make_room(table: Tag) -> None:
    """Let many headings break, set very many columns small, give a text with nothing beside it the whole row."""
    rows = [row.find_all("td") for row in table.select("tbody tr")]
    columns = max((len(row.find_all(["td", "th"])) for row in table.select("tbody tr")), default=0)
    fit = [name for name, most in (("many", MANY_COLUMNS), ("wide", VERY_MANY_COLUMNS)) if columns > most]
    table["class"] = [*table.get("class", []), *fit]
    for first, *others in filter(None, rows):
        alone = first.get_text(strip=True) and not any(cell.get_text(strip=True) for cell in others)
        if others and alone and not NUMBER.fullmatch(first.get_text()):
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


@lru_cache(maxsize=1)
def _exporter() -> HTMLExporter:
    from jupyter_core.paths import ENV_JUPYTER_PATH
    from nbconvert import HTMLExporter

    class Exporter(HTMLExporter):
        """Takes nbconvert's own templates, and not some of the same name at home."""

        def get_prefix_root_dirs(self) -> list[str]:
            own = [root for root in ENV_JUPYTER_PATH if Path(root, "nbconvert", "templates", "base").is_dir()]
            return own or super().get_prefix_root_dirs()  # some systems keep them elsewhere

    places = {"template_name": "nbconvert", "extra_template_basedirs": [str(TEMPLATES)]}
    return Exporter(**places, exclude_anchor_links=True, embed_images=True)


@lru_cache(maxsize=1)
def _code_css() -> str:
    from pygments.formatters import HtmlFormatter

    light = HtmlFormatter(style="default").get_style_defs(".highlight")
    dark = HtmlFormatter(style="github-dark").get_style_defs(".highlight")
    return f"{light}\n@media screen and (prefers-color-scheme: dark) {{\n{dark}\n}}"


@lru_cache(maxsize=1)
def _templates() -> Environment:
    from jinja2 import ChainableUndefined, Environment, FileSystemLoader

    loader = FileSystemLoader(TEMPLATES)
    templates = Environment(loader=loader, autoescape=True, undefined=ChainableUndefined, trim_blocks=True)
    templates.filters |= {"number": number, "plain": _plain, "embedded": _embedded}
    templates.globals |= {"interval": interval, "set_titles": SET_TITLES}
    return templates


def _plain(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{key} {_plain(item)}" for key, item in value.items())
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)


def _embedded(png: Path, width: int = 1600) -> str:
    from PIL import Image

    content = png.read_bytes()
    with Image.open(io.BytesIO(content)) as image:
        if max(image.size) > width:
            image.thumbnail((width, width))
            smaller = io.BytesIO()
            image.save(smaller, "PNG")
            content = smaller.getvalue()
    return "data:image/png;base64," + base64.b64encode(content).decode()
