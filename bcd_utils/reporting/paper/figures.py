"""The figures of a run for a paper: drawings where there are such, pictures elsewhere."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from bcd_utils.reporting.paper.escape import escape
from bcd_utils.study.figures import DPI, Record, figures_of, said_of
from bcd_utils.study.stage import Stage, contract_of


@dataclass(frozen=True)
class PaperFigure:
    """A figure of a run.

    Attributes
    ----------
    record : Record
        What is said of it.
    file : Path
        Its PDF; its PNG where there is none.
    """

    record: Record
    file: Path


def paper_figures(run: Path, declared: Mapping[str, Stage]) -> dict[str, PaperFigure]:
    """The figures of a run folder by name, in its order; runs of earlier versions left no records beside them."""
    records = figures_of(run)
    pictures = {path.stem: path for path in sorted((run / "figures").glob("*.png"))}
    contract = contract_of(declared.values())
    for name, path in pictures.items():
        if name not in records:
            records[name] = _without_record(name, path, contract)
    drawings = {name: run / "figures" / f"{name}.pdf" for name in records}
    found = {name: drawing if drawing.is_file() else pictures.get(name) for name, drawing in drawings.items()}
    return {name: PaperFigure(records[name], path) for name, path in found.items() if path}


def _without_record(name: str, picture: Path, contract: Mapping[str, Mapping[str, object]]) -> Record:
    from PIL import Image

    with Image.open(picture) as image:
        dots = image.info.get("dpi", (DPI, DPI))
        width, height = (pixels / each for pixels, each in zip(image.size, dots, strict=True))
    return Record(**{**said_of(name, contract, ""), "name": name, "width": width, "height": height})


def as_tex(figure: PaperFigure, name: str, label: str, floating: bool = True) -> str:
    """A figure with its caption.

    Parameters
    ----------
    figure : PaperFigure
    name : str
        Of its file in ``figures/``, without suffix.
    label : str
    floating : bool
        Whether TeX chooses its place; else it stands where it is.
    """
    record = figure.record
    caption = f"[{{{escape(record.title)}}}]{{{escape(record.caption)}}}\\label{{{label}}}"
    size = rf"width={record.width:.2f}in,max width=\linewidth,max totalheight=0.8\textheight"
    picture = rf"\includegraphics[{size},alt={{{escape(record.alt)}}}]{{figures/{name}}}"
    if floating:
        return "\n".join(
            [r"\begin{figure}[htbp]", r"\centering", picture, rf"\caption{caption}", r"\end{figure}"]
        )
    inner = [r"\centering", picture, rf"\captionof{{figure}}{caption}"]
    return "\n".join([r"\noindent\begin{minipage}{\linewidth}", *inner, r"\end{minipage}\par\bigskip"])
