"""The summary of a run, whole or cut short, and what every page must say first."""

from __future__ import annotations

import json
import subprocess
import sys

import nbformat
import pandas as pd
import pytest
from builders import make_run
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.text import Text

from bcd_utils.datasets import REGISTRY
from bcd_utils.pipeline.publish import page_context, publish, title_of
from bcd_utils.pipeline.stages import all_stages
from bcd_utils.reporting.plots.diagrams import image_flow
from bcd_utils.reporting.summary import announcements
from bcd_utils.reporting.summary import summarise_run as summarise
from bcd_utils.study.loading import make_study

STAGE = "01_data_exploration"


def summarise_run(run):
    return summarise(run, all_stages())


@pytest.fixture
def run(tmp_path):
    return make_run(tmp_path / "run", make_study({"name": "mine", "title": "Mine", "notebooks": [STAGE]}))


@pytest.fixture
def executed(run):
    """The run's one executed notebook."""
    path = run.folder / "notebooks" / f"{STAGE}.ipynb"
    path.parent.mkdir()
    heading = nbformat.v4.new_markdown_cell("# Data exploration\n\nmore")
    nbformat.write(nbformat.v4.new_notebook(cells=[heading]), path)
    return path


@pytest.mark.parametrize(
    ("synthetic", "untrained", "starts"),
    [
        (False, False, []),
        (True, False, ["Synthetic data:"]),
        (False, True, ["Untrained weights:"]),
        (True, True, ["Synthetic data:", "Untrained weights:"]),
    ],
)
def test_synthetic_data_and_untrained_weights_are_announced(synthetic, untrained, starts):
    said = announcements({"synthetic": synthetic}, {"untrained": untrained})
    assert [" ".join(text.split()[:2]) for text in said] == starts


def test_notebooks_that_were_edited_are_announced():
    (said,) = announcements({}, {}, edited=["04_evaluation", "05_gradcam"])
    assert said.startswith("Edited notebooks: the cells of 04_evaluation, 05_gradcam are not the commit")


def test_a_synthetic_external_test_is_announced():
    (said,) = announcements({}, {}, REGISTRY["phantom"])
    assert said.startswith("Synthetic external test:")
    assert announcements({}, {}, REGISTRY["busi"]) == []


def test_an_external_test_is_announced_only_where_the_study_runs_it(tmp_path):
    settings = {"name": "mine", "external": {"dataset": "phantom"}}
    for notebooks, count in (([STAGE], 0), ([STAGE, "09_external_test"], 1)):
        study = make_study(settings | {"notebooks": notebooks})
        assert len(summarise_run(make_run(tmp_path / str(count), study))["announcements"]) == count


def test_a_run_that_has_done_nothing_has_a_summary_without_results(run):
    summary = summarise_run(run)
    for key in (
        "split", "split_by_class", "copies_across_sets", "metrics", "intervals", "epochs", "best_epoch",
        "parameters", "cam", "audit", "lottery", "forensics", "external",
    ):  # fmt: skip
        assert summary[key] is None, key
    assert summary["announcements"] == [] and summary["seconds"] == {}
    assert (summary["study"], summary["title"]) == ("mine", "Mine")
    json.dumps(summary, allow_nan=False)


SPLITS = pd.DataFrame(
    {
        "id": list("abcdefg"),
        "label": ["x", "x", "y", "y", "x", "y", "y"],
        "group": ["a", "b", "c", "d", "a", "f", "f"],
        "pixels_sha256": ["1", "2", "3", "4", "1", "5", "6"],
        "split": ["train"] * 4 + ["test"] * 2 + ["validation"],
    }
)
DATASET = {
    "name": "busi",
    "title": "BUSI",
    "synthetic": True,
    "classes": {"y": 5, "x": 3},
    "images": 8,
    "set_aside": 1,
    "set_aside_images": [{"id": "h", "path": "h.png", "status": "truncated file"}],
    "data_sha256": "ab",
}


def test_sets_classes_and_copies_are_counted(run):
    run.save_csv(SPLITS, "splits.csv")
    run.save_json(DATASET, "dataset.json")
    summary = summarise_run(run)
    assert summary["split"] == {"train": 4, "validation": 1, "test": 2}
    assert summary["split_by_class"] == {
        "train": {"y": 2, "x": 2}, "validation": {"y": 1, "x": 0}, "test": {"y": 1, "x": 1},
    }  # fmt: skip
    assert list(summary["split_by_class"]["test"]) == ["y", "x"], "the data set's order"
    assert summary["copies_across_sets"] == 2, "a and e"
    assert summary["patients_across_sets"] is None


def test_a_leak_of_patients_is_counted_and_announced(run):
    run.save_csv(SPLITS, "splits.csv")
    run.save_json(DATASET | {"patients": 5}, "dataset.json")
    summary = summarise_run(run)
    assert summary["patients_across_sets"] == 2, "a and e, f and g"
    assert summary["announcements"][0].startswith("Leak: 2 of 5 patients have images in more than one set")
    run.save_csv(SPLITS.assign(group=SPLITS["id"]), "splits.csv")
    assert not any("Leak" in said for said in summarise_run(run)["announcements"])


def test_patients_are_counted_in_each_set_and_too_few_are_announced(tmp_path):
    run = make_run(tmp_path, make_study({"name": "mine", "notebooks": [STAGE], "split": "group"}))
    run.save_csv(SPLITS, "splits.csv")
    run.save_json(DATASET | {"patients": 5}, "dataset.json")
    summary = summarise_run(run)
    assert summary["groups_by_class"] == {
        "train": {"y": 2, "x": 2}, "validation": {"y": 1, "x": 0}, "test": {"y": 1, "x": 1},
    }  # fmt: skip
    assert summary["announcements"][1].startswith(
        "Few patients: the training set has 2 of class x, 2 of class y; the tuning set has 0 of class x, 1 of class y; "
        "the internal test set has 1 of"
    )
    many = pd.DataFrame({"group": [str(row // 3) for row in range(90)], "label": ["x", "y", "y"] * 30})
    many["split"] = ["train"] * 60 + ["validation"] * 15 + ["test"] * 15
    run.save_csv(many.assign(pixels_sha256=many.index), "splits.csv")
    assert not any("Few" in said for said in summarise_run(run)["announcements"]), "five patients each"


def test_what_the_notebooks_on_trust_left_is_in_the_summary(tmp_path):
    stages = ["06_data_audit", "07_split_lottery"]
    run = make_run(tmp_path / "run", make_study({"name": "mine", "notebooks": stages}))
    for name in ("audit", "lottery", "forensics"):
        run.save_json({"from": name}, f"{name}.json")
    summary = summarise_run(run)
    assert (summary["audit"], summary["lottery"]) == ({"from": "audit"}, {"from": "lottery"})
    assert summary["forensics"] is None, "its notebook is not in the study"
    assert summary["external"] is None


def texts(figure) -> list[str]:
    return [text.get_text() for text in figure.findobj(Text) if text.get_text()]


def test_the_flow_of_images_shows_every_count():
    sets = {"train": {"x": 40, "y": 20}, "validation": {"x": 4, "y": 2}, "test": {"x": 6, "y": 5}}
    found = {"x": 51, "y": 28}
    shown = texts(image_flow(found, {"nearly uniform": 2}, sets, copies=(3, 7)))
    boxes = ["Images found: 79", "Set aside: 2", "Usable images: 77", "Of which in copies: 7",
             "Training set: 60", "Tuning set: 6", "Internal test set: 11"]  # fmt: skip
    lines = ["51 x", "28 y", "2 nearly uniform", "50 x", "27 y", "in 3 groups, found by the data audit"]
    lines += ["40 x", "20 y", "4 x", "2 y", "6 x", "5 y"]
    assert sorted(shown) == sorted(boxes + lines)
    by_patient = texts(image_flow(found, {}, sets, copies=(3, 7), patients=True))
    assert "Of which in groups: 7" in by_patient and "in 3 groups, each of one patient" in by_patient
    without = texts(image_flow(found, {}, sets))
    assert "every image can be used" in without and not [text for text in without if "copies" in text]


def test_the_flow_of_images_is_cut_off_nowhere():
    sets = dict.fromkeys(("train", "validation", "test"), {"atypical_ductal_hyperplasia": 12345})
    reasons = {"its mask cannot be read, nor can the file that was to take the mask's place": 3}
    figure = image_flow({"atypical_ductal_hyperplasia": 37038}, reasons, sets)
    FigureCanvasAgg(figure).draw()
    frame = figure.bbox
    for text in figure.findobj(Text):
        if text.get_text():
            box = text.get_window_extent()
            assert frame.x0 <= box.x0 and box.x1 <= frame.x1, text.get_text()
            assert frame.y0 <= box.y0 and box.y1 <= frame.y1, text.get_text()


def test_a_study_of_one_notebook_is_published(run, executed):
    run.save_json(DATASET, "dataset.json")
    run.save_csv(SPLITS, "splits.csv")
    index = publish(run, all_stages())
    assert index == run.folder / "index.html"
    assert json.loads((run.folder / "summary.json").read_text())["dataset"]["name"] == "busi"
    for name in ("index.html", f"{STAGE}.html", "checklist.html", "model_card.html"):
        text = (run.folder / name).read_text(encoding="utf-8")
        assert "Synthetic data: " in text and "Data exploration" in text, name
        assert 'href="checklist.html"' in text and 'href="model_card.html"' in text, name
        assert "What became of the images" in text or name == f"{STAGE}.html", name
    assert "Synthetic data: " in (run.folder / "model_card.md").read_text(encoding="utf-8")
    assert len(pd.read_csv(run.folder / "checklist.csv")) == 44 + 32 + 48 + 52
    assert (run.folder / "figures" / "flow.png").exists()


def test_publishing_needs_no_keras(run, executed):
    run.save_json(DATASET, "dataset.json")
    command = (
        "import sys; from bcd_utils.pipeline import publish, stages; from bcd_utils.study.run import Run; "
        f"publish.publish(Run.open({str(run.folder)!r}), stages.all_stages()); "
    )
    check = "sys.exit('keras' in sys.modules or 'tensorflow' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", command + check]).returncode == 0


def test_a_notebooks_title_is_its_first_heading(executed):
    assert title_of(executed) == "Data exploration"


def test_a_page_knows_its_place_among_the_pages(run):
    pages = [{"title": "One", "file": "1.html"}, {"title": "Two", "file": "2.html"}]
    context = page_context(summarise_run(run), "folder", pages, "2.html")
    assert (context["title"], context["study"], context["run"]) == ("Two", "Mine", "folder")
    assert [(page["file"], page["current"]) for page in context["pages"]] == [
        ("index.html", False), ("1.html", False), ("2.html", True),
    ]  # fmt: skip
    assert context["footer"]["Seed"] == 42 and "python" in context["footer"]["Versions"]


def test_data_sets_side_by_side_are_hashed_and_drawn_ones_announced(tmp_path):
    sources = {
        "a": {"title": "A", "data_sha256": "12", "synthetic": False},
        "b": {"title": "Phantoms", "data_sha256": "34", "synthetic": True},
        "c": {"title": "C", "status": "not at hand"},
    }
    run = make_run(tmp_path / "run", make_study({"name": "mine", "notebooks": ["11_modalities"]}))
    run.save_json({"sources": sources, "network": {"untrained": True, "backbone": "B"}}, "modalities.json")
    summary = summarise_run(run)
    assert summary["provenance"]["data_sha256"] == "a 12, b 34"
    assert summary["provenance"]["backbone"] == "B"
    drawn, untrained = summary["announcements"]
    assert (
        drawn.startswith("Synthetic data set: the images of Phantoms are")
        and "Untrained weights" in untrained
    )
