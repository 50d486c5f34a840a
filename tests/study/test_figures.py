"""What is written of a figure: a picture, a drawing with its fonts, and what is said of it."""

from __future__ import annotations

import re

import numpy as np
import pytest
from matplotlib.figure import Figure
from PIL import Image

from bcd_utils.study.figures import figures_of, said_of, write_figure
from bcd_utils.utils.errors import StudyError

SAID = {"caption": "A curve. It rises.", "alt": "One line over the epochs."}


def curve(width=3.5):
    figure = Figure(figsize=(width, 2), layout="constrained")
    panel = figure.add_subplot()
    panel.plot([0, 1], label="Übergang")
    panel.imshow(np.arange(6).reshape(2, 3))
    panel.set_title("A title", size=9)
    panel.tick_params(labelsize=7)
    figure.set_label("It ends at 1.")
    return figure


@pytest.mark.parametrize("width", [3.5, 7.2])
def test_the_picture_is_rgb_of_300_dpi_and_as_wide_as_the_figure(tmp_path, width):
    record = write_figure(curve(width), tmp_path, "curve", SAID)
    with Image.open(tmp_path / "curve.png") as picture:
        assert (picture.mode, picture.width) == ("RGB", round(300 * width))
        assert picture.info["dpi"] == pytest.approx((300, 300), abs=0.1)
        assert picture.height == round(300 * record.height) <= 600
        assert np.asarray(picture)[0, 0].tolist() == [255, 255, 255]


def test_the_drawing_has_its_fonts_and_the_same_page_and_no_date(tmp_path):
    record = write_figure(curve(), tmp_path, "curve", SAID)
    drawing = (tmp_path / "curve.pdf").read_bytes()
    assert b"/FontFile2" in drawing and b"/CIDFontType2" in drawing, "embedded, as TrueType"
    assert b"/Type3" not in drawing and b"/CreationDate" not in drawing
    [page] = re.findall(rb"/MediaBox \[ ([^]]*) \]", drawing)
    assert [float(side) for side in page.split()] == pytest.approx([0, 0, 252, 72 * record.height], abs=0.1)


def test_the_same_figure_gives_the_same_bytes_and_stays_as_it_was(tmp_path):
    figure = curve()
    write_figure(figure, tmp_path / "first", "curve", SAID)
    write_figure(figure, tmp_path / "again", "curve", SAID)
    write_figure(curve(), tmp_path / "anew", "curve", SAID)
    first = {path.name: path.read_bytes() for path in (tmp_path / "first").iterdir()}
    assert set(first) == {"curve.png", "curve.pdf", "curve.json"}
    for other in ("again", "anew"):
        assert {path.name: path.read_bytes() for path in (tmp_path / other).iterdir()} == first
    assert figure.dpi == 100 and figure.get_size_inches().tolist() == [3.5, 2]


def test_a_figure_without_a_layout_is_laid_out(tmp_path):
    figure = Figure(figsize=(3.5, 2))
    figure.add_axes((0, 0, 1, 1)).set_ylabel("outside")
    hanging = figure.add_subplot()
    hanging.set_ylabel("two\nlines\nof text", size=9)
    record = write_figure(figure, tmp_path, "curve", SAID)
    assert not [fault for fault in record.faults if "lines" in fault and "cut off" in fault]


def test_what_is_said_stands_beside_the_figure(tmp_path):
    record = write_figure(curve(), tmp_path / "figures", "curve", SAID | {"stage": "03_training", "place": 2})
    assert record.alt == "One line over the epochs. It ends at 1."
    assert (record.caption, record.title) == ("A curve. It rises.", "A curve")
    assert record.width == 3.5 and record.faults == (), record.faults
    assert figures_of(tmp_path) == {"curve": record}


def test_figures_stand_in_the_order_of_the_stages_and_of_their_declarations(tmp_path):
    places = {"b": ("02_b", 0), "a": ("02_b", 1), "z": ("01_a", 5), "y": ("10_c", 0)}
    for name, (stage, place) in places.items():
        write_figure(curve(), tmp_path / "figures", name, SAID | {"stage": stage, "place": place})
    (tmp_path / "figures" / "damaged.json").write_text("{")
    assert list(figures_of(tmp_path)) == ["z", "b", "a", "y"]


CONTRACT = {
    "01_a": {"figures": {"other": SAID, "sheet_*": SAID | {"caption": "Sheets of pairs."}}},
    "02_b": {"figures": {"curve": SAID}},
    "03_c": {},
}


def test_what_is_declared_is_found_by_name_and_pattern():
    assert said_of("curve", CONTRACT, "02_b") == SAID | {"stage": "02_b", "place": 0}
    found = said_of("sheet_of_busi", CONTRACT, "")
    assert (found["caption"], found["stage"], found["place"]) == ("Sheets of pairs.", "01_a", 1)


@pytest.mark.parametrize("running", ["01_a", "03_c", "99_unknown"])
def test_a_stage_that_does_not_declare_a_figure_may_not_draw_it(running):
    with pytest.raises(
        StudyError, match=f"{running} draws curve, which its stage does not declare"
    ) as caught:
        said_of("curve", CONTRACT, running)
    assert "add it to `figures`" in caught.value.fix


def test_who_looks_at_a_run_may_draw_anything():
    assert said_of("my_plot", CONTRACT, "") == {"caption": "my plot", "alt": "my plot"}
