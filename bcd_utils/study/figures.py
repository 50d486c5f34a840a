"""The figures of a run: each as a picture for pages, as a drawing for print, and with what is said of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from fnmatch import fnmatch
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from bcd_utils.study.legibility import faults
from bcd_utils.utils.errors import StudyError
from bcd_utils.utils.files import atomic_path, read_json, write_json
from bcd_utils.utils.words import first_sentence

if TYPE_CHECKING:
    from matplotlib.figure import Figure

DPI = 300
PAGE_DPI = 130  # pixels that an inch takes on a page: 7 points are as high there as 12 pixels
SMALLEST_PICTURE = 32  # pixels, the least image size of a study
MARGIN = 0.03  # inches above and below what is drawn


@dataclass(frozen=True)
class Record:
    """What is said of a figure; it stands beside it as ``figures/<name>.json``.

    Attributes
    ----------
    name : str
        Stem of its files.
    caption : str
        As the stage declares it.
    alt : str
        What a reader who does not see the figure is told: what kind of figure it is, and what is seen in this run.
    width, height : float
        Inches.
    stage : str
        The notebook that draws it; "" for one that no stage declares.
    place : int
        Among the figures that the stage declares.
    faults : tuple of str
        Which texts cannot be read, and why; see `legibility.faults`.
    pictures : bool
        Whether it shows images, which their licence may keep from being passed on.
    """

    name: str
    caption: str
    alt: str
    width: float
    height: float
    stage: str = ""
    place: int = 0
    faults: tuple[str, ...] = ()
    pictures: bool = True

    @property
    def title(self) -> str:
        """The first sentence of the caption, without its full stop."""
        return first_sentence(self.caption)


def said_of(name: str, contract: Mapping[str, Mapping[str, Any]], running: str) -> dict[str, Any]:
    """What is declared of a figure, as fields of `Record`.

    Parameters
    ----------
    contract : mapping of notebook to mapping
        As `stage.contract_of` gives it.
    running : str
        The stage that draws it; "" where a run is looked at, of which any figure may be drawn.

    Raises
    ------
    StudyError
        If the stage that runs does not declare it.
    """
    for notebook in [running] if running else contract:
        declared = contract.get(notebook, {}).get("figures", {})
        for place, (pattern, said) in enumerate(declared.items()):
            if fnmatch(name, pattern):
                return {**said, "stage": notebook, "place": place}
    if running:
        fix = "add it to `figures` in the stage's file, with its caption and its alternative text"
        raise StudyError(f"{running} draws {name}, which its stage does not declare", fix)
    return dict.fromkeys(("caption", "alt"), name.replace("_", " "))


def write_figure(figure: Figure, folder: Path, name: str, said: Mapping[str, Any]) -> Record:
    """Write ``<name>.png`` (300 dpi, RGB), ``<name>.pdf`` (fonts embedded as TrueType, no date) and ``<name>.json``.

    The page is as wide as the figure and as high as what is drawn. The same figure gives the same bytes.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
        Its label (`Figure.set_label`) says what is seen in numbers.
    said : mapping
        Further fields of `Record`; the label is added to ``alt``.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.transforms import Bbox
    from PIL import Image

    dpi, layout = figure.dpi, figure.get_layout_engine()
    if layout is None:
        figure.set_layout_engine("constrained")
    try:
        figure.set_dpi(DPI)
        canvas = FigureCanvasAgg(figure)
        canvas.draw()
        unreadable = tuple(faults(figure))  # now, while all is where it is drawn
        pixels = np.asarray(canvas.buffer_rgba())
        box = figure.get_tightbbox()
        rows = [round(DPI * edge) for edge in (box.y0 - MARGIN, box.y1 + MARGIN)]
        bottom, top = np.clip(rows, 0, len(pixels)).tolist()
        with atomic_path(folder / f"{name}.png") as temporary:
            picture = Image.fromarray(pixels[len(pixels) - top : len(pixels) - bottom, :, :3])
            picture.save(temporary, dpi=(DPI, DPI), compress_level=3)
        figure.set_layout_engine("none")
        width, height = figure.get_figwidth(), (top - bottom) / DPI
        page = Bbox.from_bounds(0, bottom / DPI, width, height)
        with atomic_path(folder / f"{name}.pdf") as temporary, _lean_fonts():
            figure.savefig(temporary, dpi=DPI, bbox_inches=page, metadata={"CreationDate": None})
        alt = " ".join(filter(None, [said["alt"], str(figure.get_label())]))
        size = {"width": round(float(width), 3), "height": round(height, 3), "faults": unreadable}
        record = Record(**{**said, "name": name, "alt": alt, **size}, pictures=shows_pictures(figure))
    finally:
        figure.set_dpi(dpi)
        figure.set_layout_engine(layout or "none")
    write_json(folder / f"{name}.json", asdict(record))
    return record


@contextmanager
def _lean_fonts() -> Iterator[None]:
    """Embed fonts as TrueType, without the tables that lay text out.

    Matplotlib places each glyph itself; reading those tables is half of what saving a PDF takes.
    """
    import matplotlib
    from fontTools import subset

    dropped = subset.Options._drop_tables_default
    subset.Options._drop_tables_default = [*dropped, "GDEF", "GPOS", "GSUB"]
    try:
        with matplotlib.rc_context({"pdf.fonttype": 42}):
            yield
    finally:
        subset.Options._drop_tables_default = dropped


def shows_pictures(figure: Figure) -> bool:
    """Whether a figure shows images, and not only the shaded cells of a table.

    Examples
    --------
    >>> from matplotlib.figure import Figure
    >>> figure = Figure()
    >>> panel, other = figure.subplots(1, 2)
    >>> _ = panel.imshow(np.zeros((3, 3)))
    >>> shows_pictures(figure)
    False
    >>> _ = other.imshow(np.zeros((64, 64)))
    >>> shows_pictures(figure)
    True
    """
    shown = (np.shape(image.get_array()) for panel in figure.axes for image in panel.get_images())
    return any(len(shape) == 3 or min(shape) >= SMALLEST_PICTURE for shape in shown)


def figures_of(run: Path) -> dict[str, Record]:
    """The figures of a run folder by name, in the order of the stages and of what these declare."""
    values = [read_json(path) for path in (run / "figures").glob("*.json")]
    records = [Record(**{**value, "faults": tuple(value["faults"])}) for value in values if value]
    return {each.name: each for each in sorted(records, key=lambda each: (each.stage, each.place, each.name))}
