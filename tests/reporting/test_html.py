"""Pages of a run: what they show, what they leave out, and that they need nothing from outside."""

from __future__ import annotations

import base64
import copy
import io
from dataclasses import asdict
from html.parser import HTMLParser
from pathlib import Path

import nbformat
import numpy as np
import pandas as pd
import pytest
from PIL import Image

from bcd_utils.pipeline.stages import all_stages
from bcd_utils.reporting import html as report
from bcd_utils.reporting import index
from bcd_utils.study.figures import Record
from bcd_utils.utils.files import write_json

ANNOUNCEMENTS = ["Synthetic data: phantoms, not patients", "Untrained weights: <random> features"]
STAGES = ["01_data_exploration", "02_preprocessing", "03_train_resnet50", "04_evaluation", "05_gradcam"]
PAGES = [{"title": stage[3:], "file": f"{stage}.html", "current": False} for stage in STAGES]
PAGE = {
    "title": "Data <b>title",
    "study": "The study",
    "run": "phantom",
    "announcements": ANNOUNCEMENTS,
    "pages": [{"title": "Overview", "file": "index.html", "current": False}, *PAGES],
    "footer": {"Seed": 42, "Commit": "1a2b3c", "Versions": {"keras": "3.15.0"}, "Device": None},
}
SUMMARY = {
    "study": "phantom",
    "title": "Phantoms & <b>x",
    "settings": {"backbone": "resnet50", "weights": "random", "phantoms": {"benign": 135}},
    "dataset": {
        "name": "phantom",
        "title": "Synthetic phantoms",
        "images": 240,
        "classes": {"benign": 135, "malignant": 65, "normal": 40},
        "set_aside": 1,
        "set_aside_images": [{"id": "<b>x", "status": "nearly black"}],
        "synthetic": True,
        "remarks": ["one <i>remark"],
    },
    "split": {"train": 184, "validation": 20, "test": 36},
    "metrics": {"test": {"accuracy": 0.8611, "f1_macro": 0.81, "kappa": 0.7, "roc_auc": 1.0}},
    "intervals": {"accuracy": {"value": 0.8611, "low": 0.713, "high": 0.939}},
    "paper": {"test": {"accuracy": 0.9402, "f1_macro": 0.9452, "kappa": 0.8977, "roc_auc": 0.9870}},
    "cam": {
        "images": 30,
        "methods": {
            "Grad-CAM": {"pointing_game": 0.633, "pointing_game_low": 0.455, "pointing_game_high": 0.781},
            "Lesion area (chance)": {"pointing_game": 0.117},
        },
    },
    "epochs": 18,
    "best_epoch": 14,
    "seconds": {"01_data_exploration": 3.2, "04_evaluation": 125.0},
    "announcements": ANNOUNCEMENTS,
    "provenance": {"seed": 42, "data_sha256": "cd" * 32, "weights": "random (untrained)", "device": None},
}


def png() -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(np.arange(64, dtype=np.uint8).reshape(8, 8)).save(buffer, "PNG")
    return buffer.getvalue()


def draw(folder: Path, name: str) -> None:
    """A figure of a run, as far as pages know it."""
    (folder / "figures").mkdir(exist_ok=True)
    (folder / "figures" / f"{name}.png").write_bytes(png())
    record = Record(name, f"Caption of {name}. More of it.", f"What is seen in {name}.", 3.5, 2.0)
    write_json(folder / "figures" / f"{name}.json", asdict(record))


def notebook() -> nbformat.NotebookNode:
    """What papermill leaves: parameters, every kind of output, warnings on stderr."""
    make = nbformat.v4
    table = pd.DataFrame({"images": [135, 65], "note": ["round", "spiky"]}, index=["benign", "malignant"])
    outputs = [
        make.new_output("stream", name="stdout", text="five stages <done>\n"),
        make.new_output("stream", name="stderr", text="oneDNN is on\n"),
        make.new_output("execute_result", {"text/html": table._repr_html_(), "text/plain": "plain twin"}),
        make.new_output("display_data", {"image/png": base64.encodebytes(png()).decode()}),
        make.new_output("display_data", {"image/svg+xml": "<svg xmlns='http://www.w3.org/2000/svg'/>"}),
        make.new_output("display_data", {"application/javascript": "steal()", "text/plain": "fallback"}),
        make.new_output("display_data", {"text/plain": "images 3 of 9"}, metadata={"bcd_progress": True}),
    ]
    text = "# Heading\n\n| file | rows |\n|---|---|\n| a.csv | 12 |\n\n[BUSI](https://doi.org/x)"
    cells = [
        make.new_markdown_cell(text),
        make.new_code_cell("run_dir = ''", metadata={"tags": ["parameters"]}),
        make.new_code_cell("run_dir = 'reports/phantom'", metadata={"tags": ["injected-parameters"]}),
        make.new_code_cell("import bcd_utils  # load", execution_count=7, outputs=outputs),
        make.new_code_cell(""),
    ]
    return make.new_notebook(cells=cells, metadata={"language_info": {"name": "python"}})


class Page(HTMLParser):
    """Tags with attributes, the text, and the text that shows while every fold is closed."""

    def __init__(self, html: str):
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text, self.unfolded, self.folds, self.hidden = "", "", 0, 0
        self.feed(html)
        assert self.folds == self.hidden == 0, "unbalanced tags"

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        self.folds += tag == "details"
        self.hidden += tag in {"style", "script"}
        if tag in {"td", "th"}:
            self.handle_data(" ")

    def handle_endtag(self, tag):
        self.folds -= tag == "details"
        self.hidden -= tag in {"style", "script"}

    def handle_data(self, data):
        if not self.hidden:
            self.text += data
            self.unfolded += "" if self.folds else data

    def named(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]


@pytest.fixture(scope="module")
def notebook_page(tmp_path_factory) -> tuple[Page, str]:
    folder = tmp_path_factory.mktemp("notebook")
    nbformat.write(notebook(), folder / "in.ipynb")
    report.render_notebook(folder / "in.ipynb", folder / "out.html", PAGE)
    html = (folder / "out.html").read_text()
    return Page(html), html


@pytest.fixture
def index_page(tmp_path):
    """Render the index of a run folder that has every page and two figures."""

    def render(
        summary=SUMMARY, stages=STAGES, figures=("fig3_ultrasound", "confusion_matrices"), pages=PAGES
    ) -> Page:
        for name in figures:
            draw(tmp_path, name)
        for stage in stages:
            (tmp_path / f"{stage}.html").write_text("")
        path = index.render_index(tmp_path, summary, pages, all_stages())
        assert path == tmp_path / "index.html"
        return Page(path.read_text())

    return render


def assert_self_contained(page: Page) -> None:
    assert not page.named("script") and not page.named("link") and not page.named("iframe")
    for tag, attributes in page.tags:
        assert (attributes.get("src") or "data:").startswith("data:"), (tag, attributes)
        assert tag == "a" or "href" not in attributes, (tag, attributes)
        assert "url(" not in (attributes.get("style") or "")
    policy = next(meta["content"] for meta in page.named("meta") if meta.get("http-equiv"))
    assert policy.startswith("default-src 'none'")
    assert all(image.get("alt") for image in page.named("img"))


def test_notebook_page_needs_nothing_from_outside(notebook_page):
    page, html = notebook_page
    assert_self_contained(page)
    assert "mathjax" not in html.lower() and "steal()" not in html and "@import" not in html
    assert len(page.named("img")) == 2


def test_index_needs_nothing_from_outside(index_page):
    assert_self_contained(index_page())


def test_announcements_and_clinical_notice_on_both_pages(notebook_page, index_page):
    for page in (notebook_page[0], index_page()):
        for announcement in ANNOUNCEMENTS:
            assert announcement in page.unfolded
        assert page.unfolded.count("Not for clinical use") == 2


def test_code_is_folded_and_stderr_left_out(notebook_page):
    page, html = notebook_page
    assert "oneDNN" not in html
    assert "import bcd_utils" in page.text and "import bcd_utils" not in page.unfolded
    assert "reports/phantom" not in page.text, "what papermill adds are paths of one machine"
    assert len(page.named("details")) == 2, "the empty cell makes no fold"
    assert all("open" not in attributes for attributes in page.named("details"))
    assert ".highlight .k" in html
    assert "In [7]" not in page.text and "Out[7]" not in page.text


def test_outputs_and_tables_are_shown(notebook_page):
    page, _ = notebook_page
    assert "five stages <done>" in page.unfolded
    assert "plain twin" not in page.text and "images 3 of 9" not in page.text
    assert len(page.named("table")) == 2
    for cell in ("benign", "135", "spiky", "a.csv"):
        assert cell in page.unfolded


def test_a_picture_is_enlarged_without_a_script_and_left_again(notebook_page, index_page):
    for page in (notebook_page[0], index_page()):
        named = [attributes["id"] for _, attributes in page.tags if attributes.get("id")]
        links = [attributes["href"] for attributes in page.named("a") if attributes["href"].startswith("#")]
        assert len(named) == len(set(named)) and {link[1:] for link in links} <= set(named)
        pictures = [attributes for attributes in page.named("a") if attributes.get("class") == "larger"]
        assert len(pictures) == len(page.named("figure")) > 0


def test_page_title_is_escaped(notebook_page):
    page, html = notebook_page
    assert "Data &lt;b&gt;title" in html and not page.named("b")


def test_footer_shows_provenance(notebook_page):
    for text in ("Seed", "42", "1a2b3c", "keras 3.15.0"):
        assert text in notebook_page[0].unfolded
    assert "null" not in notebook_page[0].unfolded


def test_without_a_plan_nothing_is_said_of_one(index_page):
    assert "How many test images" not in index_page().text


def test_the_plan_stands_with_its_numbers_and_a_dash_where_there_is_none(index_page):
    accuracy = {
        "title": "accuracy",
        "value": 0.8,
        "low": 0.7,
        "high": 0.9,
        "images": 1245,
        "images_at_worst": None,
    }
    plan = {"half_width": 0.05, "positive": "malignant", "positives": 0.27, "scores": {"accuracy": accuracy}}
    text = " ".join(index_page(SUMMARY | {"precision_plan": plan}).text.split())
    assert "accuracy 0.800 [0.700, 0.900] 1,245 –" in text and "27 % of them malignant" in text


def test_difference_is_this_run_minus_the_paper(index_page):
    text = " ".join(index_page().text.split())
    assert "Accuracy 0.9402 0.8611 −0.0791 [0.713, 0.939]" in text
    assert "Macro F1 0.9452 0.8100 −0.1352" in text
    assert "ROC AUC 0.9870 1.0000 +0.0130" in text
    assert "Training Accuracy – – –" in text, "the fake summary has no training scores"


def test_result_at_a_glance(index_page):
    text = " ".join(index_page().unfolded.split())
    for part in ("86.1 %", "95 % interval: [71.3, 93.9] %", "[0.455, 0.781]", "chance 0.117", "2 min 08 s"):
        assert part in text


def test_settings_are_folded_and_complete(index_page):
    page = index_page()
    assert "phantoms.benign" in page.text and "phantoms.benign" not in page.unfolded


def test_ids_and_remarks_are_escaped(index_page):
    page = index_page()
    assert "<b>x" in page.text and "one <i>remark" in page.text
    assert not [tag for tag in page.named("b") + page.named("i") if "style" not in tag], "markup came through"


def test_figures_are_embedded_and_absent_ones_explained(index_page):
    page = index_page()
    alternatives = [image["alt"] for image in page.named("img")]
    assert alternatives == ["What is seen in confusion_matrices.", "What is seen in fig3_ultrasound."]
    assert "Caption of confusion_matrices" in page.text and "More of it" not in page.text
    for image in page.named("img"):
        kind, _, content = image["src"].partition(",")
        assert kind == "data:image/png;base64"
        assert Image.open(io.BytesIO(base64.b64decode(content))).size == (8, 8)
    assert "no histopathology images (setting histopathology_dir)" in page.text
    assert page.text.count("Not drawn in this run") == 6


def test_a_figure_is_embedded_as_it_is_unless_it_is_too_wide(tmp_path):
    narrow, wide = tmp_path / "narrow.png", tmp_path / "wide.png"
    for path, width in ((narrow, 300), (wide, 1700)):
        Image.new("RGB", (width, 100)).save(path, compress_level=1)
    contents = [report._embedded(narrow), report._embedded(wide), report._embedded(narrow, 150)]
    contents = [base64.b64decode(content.removeprefix("data:image/png;base64,")) for content in contents]
    assert contents[0] == narrow.read_bytes()
    assert [Image.open(io.BytesIO(content)).size for content in contents[1:]] == [(1600, 94), (150, 50)]


def test_index_of_a_run_without_lesion_masks(index_page):
    text = index_page(SUMMARY | {"cam": {"images": 0, "empty_maps": 1, "methods": {}}}).text
    assert "No lesion masks" in text or "no lesion masks" in text
    assert (
        "the tuning set and the internal test set hold no image with a lesion mask" in text
        and "not run yet" not in text
    )


def test_index_of_a_run_that_has_only_begun(index_page):
    unknown = dict.fromkeys(("metrics", "intervals", "cam", "split", "epochs"))
    bare = unknown | {"study": "x", "title": "x", "dataset": {}, "seconds": {}, "provenance": {"seed": 1}}
    page = index_page(bare, stages=["01_data_exploration"], figures=())
    text = page.text.lower()
    for stage in ("04_evaluation makes", "05_gradcam makes", "01_data_exploration describes"):
        assert f"not run yet: notebook {stage}" in text
    links = {attributes["href"] for attributes in page.named("a")}
    assert links == {"#text", "index.html", "01_data_exploration.html"}, (
        "no link leads to a page that is not there"
    )
    assert "not a reproduction" not in text


def test_index_of_a_study_without_the_papers_notebooks(index_page):
    unknown = dict.fromkeys(("metrics", "intervals", "cam", "split", "epochs"))
    text = index_page(SUMMARY | unknown, pages=[{"title": "Modalities", "file": "11_modalities.html"}]).text
    assert "not part of this study: notebook 04_evaluation makes the scores" in text
    assert "The paper’s table beside this run" not in text and "not run yet: notebook" not in text


@pytest.mark.parametrize("key", SUMMARY)
@pytest.mark.parametrize("change", ["missing", "none"])
def test_any_key_of_the_summary_may_be_missing(index_page, key, change):
    summary = copy.deepcopy(SUMMARY)
    if change == "none":
        summary[key] = None
    else:
        del summary[key]
    assert "Not for clinical use" in index_page(summary, figures=()).text


@pytest.mark.parametrize(
    ("dataset", "settings", "reasons"),
    [
        ("busi", {"backbone": "resnet50", "weights": "imagenet"}, []),
        ("phantom", {"backbone": "resnet50", "weights": "imagenet"}, ["“phantom” where the paper used BUSI"]),
        ("busi", {"backbone": "my.keras", "weights": "imagenet"}, ["the paper used ResNet50"]),
        ("busi", {"backbone": "resnet50", "weights": "random"}, ["“random” where the paper used ImageNet’s"]),
        ("phantom", {"backbone": "my.keras", "weights": "random"}, ["used BUSI", "used ResNet50"]),
    ],
)
def test_reasons_not_to_compare(index_page, dataset, settings, reasons):
    summary = SUMMARY | {"dataset": {"name": dataset}, "settings": settings, "provenance": {}}
    given = index.reasons_not_to_compare(summary)
    assert len(given) == len(reasons)
    text = index_page(summary).text
    assert ("not a reproduction of the paper’s numbers, because" in text) is bool(reasons)
    for ending, reason in zip(reasons, given, strict=True):
        assert reason.endswith(ending) and reason in text


TRUSTED = SUMMARY | {
    "settings": {
        "notebooks": ["06_data_audit", "07_split_lottery", "08_paper_forensics", "09_external_test"]
    },
    "audit": {"groups": 4, "images_in_groups": 9, "contradictory": ["a"], "leak": []},
    "lottery": {"headline": {"accuracy": {"value": 0.8, "low": 0.75, "high": 0.85}}},
    "forensics": {"readings_of_f1": ["macro"]},
    "external": {"given": True, "title": "Elsewhere", "scores": {"accuracy": 0.6}},
    "stages": {stage.record_key: stage.notebook for stage in all_stages().values() if stage.record},
}


def test_whether_the_number_can_be_trusted(index_page):
    text = " ".join(index_page(TRUSTED, figures=()).unfolded.split())
    assert "Can the number be trusted?" in text
    assert text.index("Mean over splits and seeds") < text.index("One training: one split, one seed")
    for part in ("0.800", "[0.750, 0.850]", "the one training below: 0.861", "4 groups of copies hold 9 images",
                 "Elsewhere: accuracy 0.600", "F1 is read as macro"):  # fmt: skip
        assert part in text, part
    assert "not run yet" not in text.split("Can the number be trusted?")[1].split("The paper’s table")[0]


def test_trust_is_not_asked_where_the_study_does_not(index_page):
    page = index_page()
    assert "Can the number be trusted?" not in page.text
    assert index.trust(SUMMARY, all_stages()) == index.trust({}, all_stages()) == []


@pytest.mark.parametrize("key", ["audit", "lottery", "forensics", "external"])
@pytest.mark.parametrize("value", [None, {}, {"unknown": 1}])
def test_any_answer_about_trust_may_be_missing_or_otherwise(index_page, key, value):
    summary = TRUSTED | {key: value}
    index_page(summary, figures=())
    (page,) = [stage.page for stage in all_stages().values() if stage.record_key == key]
    (row,) = [row for row in index.trust(summary, all_stages()) if row["file"] == page]
    assert (row["done"], row["answer"]) == (bool(value), "")


def test_a_page_of_a_template_shows_the_runs_figures(tmp_path):
    draw(tmp_path, "flow")
    report.render_page("checklist_page.html.j2", tmp_path, "page.html", PAGE, checklists=[])
    page = Page((tmp_path / "page.html").read_text())
    assert_self_contained(page)
    assert len(page.named("img")) == 1
    assert all(announcement in page.unfolded for announcement in ANNOUNCEMENTS)


def test_a_failure_leaves_the_old_page_whole(tmp_path, monkeypatch):
    nbformat.write(notebook(), tmp_path / "in.ipynb")
    (tmp_path / "out.html").write_text("old")
    with pytest.raises(TypeError):
        report.render_notebook(tmp_path / "in.ipynb", tmp_path / "out.html", PAGE | {"footer": 3})
    monkeypatch.setattr("os.replace", lambda *_: (_ for _ in ()).throw(RuntimeError("power cut")))
    with pytest.raises(RuntimeError):
        report.render_notebook(tmp_path / "in.ipynb", tmp_path / "out.html", PAGE)
    with pytest.raises(RuntimeError):
        index.render_index(tmp_path, SUMMARY, PAGES, all_stages())
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in.ipynb", "out.html"]
    assert (tmp_path / "out.html").read_text() == "old"


def test_the_paper_has_eight_figures():
    figures = index.paper_figures(all_stages().values(), {f"{stage}.html" for stage in STAGES})
    labels = [figure.label for figure, _ in figures]
    assert labels == ["Fig 1", "Fig 2", "Fig 3", "Fig 4", "Fig 5", "Fig 6/7", "Fig 7", "Fig 8"]
    assert {page.removesuffix(".html") for _, page in figures} <= set(STAGES)


def test_a_figure_that_two_stages_draw_is_shown_by_the_one_that_the_run_has():
    figures = index.paper_figures(all_stages().values(), {"11_modalities.html"})
    assert [page for _, page in figures][:3] == ["02_preprocessing.html", *["11_modalities.html"] * 2]
