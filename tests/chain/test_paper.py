"""The paper of a finished run: its numbers are the run's, and TeX takes it."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pandas as pd
import pytest
from papers import compiled, paper_of, rounded, strange_numbers
from tex_reading import read_macros, read_table

from bcd_utils.pipeline.stages import all_stages
from bcd_utils.reporting.paper.compile import compile_paper
from bcd_utils.reporting.paper.marked import leaves
from bcd_utils.reporting.summary import summarise_run
from bcd_utils.study.run import Run
from bcd_utils.utils.errors import StudyError
from bcd_utils.utils.files import write_json

pytestmark = pytest.mark.slow
SETS = {"Training": "train", "Tuning": "validation", "Internal test": "test"}
SCORES = {"Accuracy": "accuracy", "Macro F1": "f1_macro", "Cohen’s kappa": "kappa", "Matthews correlation": "mcc",
          "ROC AUC": "roc_auc"}  # fmt: skip


def with_ends(bounds: dict, name: str = "value", prefix: str = "") -> str:
    value, low, high = (bounds.get(key) for key in (name, f"{prefix}low", f"{prefix}high"))
    ends = "(no interval)" if low is None else f"[{rounded(low, 3)}, {rounded(high, 3)}]"
    return "–" if value is None else f"{rounded(value, 3)} {ends}"


@pytest.fixture(scope="module")
def paper(finished, tmp_path_factory):
    """Folder of the paper on the finished run, and the run's summary; author.yaml lies beside the copy."""
    folder = tmp_path_factory.mktemp("paper")
    shutil.copytree(finished, folder / "run")
    (folder / "run" / "origin.json").unlink()
    return paper_of(folder / "run", out=folder / "paper")


def test_the_papers_table_stands_beside_the_runs(paper):
    folder, summary = paper
    rows = read_table(folder / "tables" / "scores.tex")
    assert [(row[0], row[1]) for row in rows] == [(title, score) for title in SETS for score in SCORES]
    for title, score, printed, ours, gap, ends in rows:
        name, key = SETS[title], SCORES[score]
        value, theirs = summary["metrics"][name][key], summary["paper"][name].get(key)
        assert printed == rounded(theirs, 4) and ours == rounded(value, 4)
        missing = None in (value, theirs)
        assert gap.lstrip("+") == rounded(None if missing else value - theirs, 4)
        bounds = summary["intervals"][key] if name == "test" else None
        known = bounds and bounds["low"] is not None
        assert ends == (
            f"[{rounded(bounds['low'], 3)}, {rounded(bounds['high'], 3)}]" if known else "none" * bool(bounds)
        )


def test_classes_and_sets_are_those_of_the_summary(paper):
    folder, summary = paper
    classes = list(summary["dataset"]["classes"])
    intervals, counts = summary["intervals"], summary["split_by_class"]
    assert read_table(folder / "tables" / "classes.tex") == [
        [label, str(counts["test"][label])]
        + [with_ends(intervals[f"{name}_{label}"]) for name in ("sensitivity", "specificity", "roc_auc")]
        for label in classes
    ]
    of_sets = {label: [counts[name][label] for name in SETS.values()] for label in classes}
    of_sets["all classes"] = [sum(column) for column in zip(*of_sets.values(), strict=True)]
    assert read_table(folder / "tables" / "images.tex") == [
        [label, *map(str, row), str(sum(row))] for label, row in of_sets.items()
    ]


def test_heat_maps_and_thresholds_are_those_of_the_summary(paper):
    folder, summary = paper
    assert read_table(folder / "tables" / "localisation.tex") == [
        [name, *(with_ends(row, score, f"{score}_") for score in ("pointing_game", "energy", "iou"))]
        for name, row in summary["cam"]["methods"].items()
    ]
    points = pd.read_csv(folder.parent / "run" / "tables" / "operating_points.csv")
    for wanted, threshold, title, sensitivity, specificity in read_table(
        folder / "tables" / "operating_points.tex"
    ):
        rows = points[(points["wanted"] == wanted) & (points["set"] == SETS[title])].set_index("measure")
        assert float(threshold) == pytest.approx(rows["threshold"].iloc[0], abs=6e-4)
        for measure, cell in (("sensitivity", sensitivity), ("specificity", specificity)):
            value, low, high, right, images = map(float, re.findall(r"\d+(?:\.\d+)?", cell))
            row = rows.loc[measure]
            assert [right, images] == [row["right"], row["images"]]
            assert [value, low, high] == pytest.approx([row["value"], row["low"], row["high"]], abs=6e-4)


def test_every_number_of_every_table_is_one_of_the_summary(paper):
    assert len(list((paper[0] / "tables").glob("*.tex"))) > 10
    assert strange_numbers(*paper) == []


def test_every_number_of_the_summary_has_its_macro(paper):
    folder, summary = paper
    found = read_macros(folder / "numbers.tex")
    assert len({name for name, *_ in found}) == len(found)
    values = {}
    for _, text, key, value in found:
        values[key] = json.loads(value)
        if re.fullmatch(r"\d\.\d{3}", text):
            assert text == rounded(values[key], 3), key
    of_other_data = (
        "settings.source",
        "settings.modalities",
        "settings.external",
        "settings.image_and_record",
        "settings.fewer_labels",
    )
    keys = {".".join(map(str, path)) for path in leaves(summary)}
    written = {
        re.sub(r'\["([^"]+)"\]', r".\1", re.sub(r"\[(\d+)\]", r".\1", key)).lstrip(".") for key in values
    }
    assert {key for key in keys if not key.startswith(of_other_data)} <= written


def test_no_local_path_and_nothing_undecided_is_in_the_folder(paper, finished):
    folder, _ = paper
    for path in folder.rglob("*.tex"):
        text = path.read_text(encoding="ascii")
        plain = text.replace(r"\allowbreak{}", "")
        assert str(finished.parent).replace("_", r"\_") not in plain and "/tmp/" not in plain, path.name
        cells = [cell for row in read_table(path) for cell in row] if path.parent.name == "tables" else []
        assert not {"None", "nan", "NaN", "<NA>", "[]"} & set(cells), path.name
    text = (folder / "main.tex").read_text()
    assert (
        "drawn phantoms, not patients" in text
        and r"fancyfoot[L]{\footnotesize Not for clinical use. Synthetic data" in text
    )


def test_the_command_says_what_it_has_written(quick, finished, tmp_path):
    done = quick.bcd("paper", finished, "--out", tmp_path / "paper")
    assert done.returncode == 0 and done.stderr == "", done.stderr
    assert "author.yaml" in done.stdout and (tmp_path / "paper.zip").is_file()
    assert (quick.file.parent / "author.yaml").is_file(), "beside the study"
    unfinished = quick.bcd("paper", tmp_path)
    assert unfinished.returncode == 1 and "is not a run folder" in unfinished.stderr


# -- TeX takes it -----------------------------------------------------------------------------------


def trimmed(finished: Path, folder: Path, change) -> Path:
    """A copy of the finished run whose artifacts or settings are changed, summed up anew."""
    shutil.copytree(finished, folder)
    (folder / "origin.json").unlink()
    change(folder)
    run = Run.open(folder)
    write_json(folder / "summary.json", summarise_run(run, all_stages()))
    return folder


def without_masks(folder: Path) -> None:
    write_json(folder / "artifacts" / "cam.json", {"images": 0, "empty_maps": 0, "methods": {}})
    for name in ("localisation", "lesion_areas"):
        for path in (folder / "figures").glob(f"{name}.*"):
            path.unlink()


def three_notebooks(folder: Path) -> None:
    settings = json.loads((folder / "study.json").read_text())
    write_json(folder / "study.json", settings | {"notebooks": settings["notebooks"][:3]})


@pytest.mark.tex
def test_the_paper_compiles_twice_to_the_same_bytes(paper):
    compiled(paper[0])


@pytest.mark.tex
@pytest.mark.parametrize(
    ("change", "said"),
    [(without_masks, "has a lesion mask"), (three_notebooks, "No test set was scored.")],
)
def test_a_run_that_lacks_something_compiles(finished, tmp_path, change, said):
    folder, _ = paper_of(trimmed(finished, tmp_path / "run", change), out=tmp_path / "paper")
    assert said in (folder / "main.tex").read_text()
    compiled(folder)


@pytest.mark.tex
def test_several_runs_compile_side_by_side(finished, tmp_path):
    other = trimmed(finished, tmp_path / "other_run", lambda folder: None)
    folder, _ = paper_of(finished, other, out=tmp_path / "paper")
    text = (folder / "main.tex").read_text()
    assert text.count(r"\section{Results: ") == 2 and r"\input{tables/runs_scores}" in text
    names = [name for name, *_ in read_macros(folder / "numbers.tex")]
    assert len(set(names)) == len(names) and {name[:6] for name in names} == {"runOne", "runTwo"}
    compiled(folder)


@pytest.mark.tex
def test_whatever_the_authors_and_classes_are_called(finished, tmp_path):
    odd = 'a_%&#${}~^\\ <Ż>|"良'

    run = trimmed(finished, tmp_path / "run", lambda folder: None)
    summary = run / "summary.json"
    summary.write_text(
        summary.read_text(encoding="utf-8").replace("malignant", json.dumps(odd)[1:-1]), encoding="utf-8"
    )
    (run / "author.yaml").write_text(
        f"title: {json.dumps(odd)}\nauthors: [{{name: {json.dumps(odd)}, affiliations: [{json.dumps(odd)}, B]}}]\n"
        f"introduction: {json.dumps(odd)}\n", encoding="utf-8",
    )  # fmt: skip
    folder, _ = paper_of(run, out=tmp_path / "paper")
    compiled(folder)


@pytest.mark.tex
def test_what_stops_tex_is_one_line(paper, tmp_path):
    shutil.copytree(paper[0], tmp_path / "paper")
    (tmp_path / "paper" / "beyond.tex").write_text("fine\n\\nonsense\n")
    with pytest.raises(StudyError) as raised:
        compile_paper(tmp_path / "paper", "2026-01-02T03:04:05+00:00")
    assert "line 2 of beyond.tex: Undefined control sequence (\\nonsense)" in str(raised.value)
    assert "main.log" in raised.value.fix and (tmp_path / "paper" / "main.log").is_file()


def test_without_tex_the_packages_are_named(paper, monkeypatch):
    monkeypatch.setenv("PATH", "")
    with pytest.raises(StudyError, match="apt install texlive-latex-recommended"):
        compile_paper(paper[0], "2026-01-02T03:04:05+00:00")
