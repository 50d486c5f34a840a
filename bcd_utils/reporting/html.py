"""Pages of a run that open without a network: executed notebooks, and what templates show."""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bcd_utils.evaluation.format import interval, number, with_interval
from bcd_utils.study.figures import figures_of
from bcd_utils.study.set_titles import SET_TITLES
from bcd_utils.utils.files import write_text
from bcd_utils.utils.paths import TEMPLATES

if TYPE_CHECKING:
    from jinja2 import Environment
    from nbconvert import HTMLExporter


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

    notebook = nbformat.read(executed, as_version=4)
    shown = {**_head(page), "code_css": _code_css()}
    resources = {"metadata": {"path": str(executed.parent), "name": executed.stem}, "page": shown}
    write_text(html, _exporter().from_notebook_node(notebook, resources)[0])


def render_page(template: str, folder: Path, file: str, page: Mapping[str, Any], **content: Any) -> None:
    """Write a page of a run from a template, atomically.

    Parameters
    ----------
    template : str
        A file of ``bcd_utils/reporting/templates``.
    folder : Path
        The run folder; ``figures`` are what is recorded of its figures by name, ``pictures`` their files.
    file : str
        Name of the page.
    page : mapping
        As for `render_notebook`.
    **content
        What else the template shows.
    """
    figures = figures_of(folder)
    pictures = {name: folder / "figures" / f"{name}.png" for name in figures}
    shown = {"page": _head(page), **page, "figures": figures, "pictures": pictures, **content}
    write_text(folder / file, _templates().get_template(template).render(shown))


def rendered(template: str, **content: Any) -> str:
    """A part of a page from a template, in which no text that is given becomes markup."""
    return _templates().get_template(template).render(content)


def _head(page: Mapping[str, Any]) -> dict[str, Any]:
    """What head and foot of a page show."""
    footer = dict(page.get("footer") or {})
    return {**page, "footer": {label: _plain(value) for label, value in footer.items() if value is not None}}


@lru_cache(maxsize=1)
def _exporter() -> HTMLExporter:
    from jupyter_core.paths import ENV_JUPYTER_PATH
    from nbconvert import HTMLExporter

    class Exporter(HTMLExporter):
        """Takes nbconvert's own templates, and not some of the same name at home."""

        def get_prefix_root_dirs(self) -> list[str]:
            own = [root for root in ENV_JUPYTER_PATH if Path(root, "nbconvert", "templates", "base").is_dir()]
            return own or super().get_prefix_root_dirs()  # some systems keep them elsewhere

    places = {"template_name": "bcd", "extra_template_basedirs": [str(TEMPLATES)]}
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

    loader = FileSystemLoader([TEMPLATES, TEMPLATES / "bcd"])
    templates = Environment(loader=loader, autoescape=True, undefined=ChainableUndefined, trim_blocks=True)
    templates.filters |= {
        "number": number,
        "with_interval": with_interval,
        "plain": _plain,
        "embedded": _embedded,
    }
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
