"""The folder of a paper, of a run that is no more than its summary."""

from __future__ import annotations

import json
import re
import zipfile

import pytest
from builders import make_run
from PIL import Image
from summaries import FULL

from bcd_utils.pipeline.stages import all_stages
from bcd_utils.reporting.paper.folder import write_paper
from bcd_utils.study.loading import make_study
from bcd_utils.utils.errors import StudyError


@pytest.fixture
def run(tmp_path):
    made = make_run(tmp_path / "run", make_study({"name": "mine"}))
    (made.folder / "summary.json").write_text(json.dumps(FULL))
    (made.folder / "figures").mkdir()
    for name in ("flow", "odd_one"):
        Image.new("RGB", (30, 20)).save(made.folder / "figures" / f"{name}.png")
    (made.folder / "figures" / "flow.pdf").write_bytes(b"%PDF")
    return made


def write(run, **options):
    return write_paper([run], all_stages(), **options)


def contents(folder):
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()
    }


def test_it_is_whole_and_made_the_same_again(run, tmp_path):
    written = write(run)
    assert written.folder == run.folder / "paper" and written.new and written.kept == []
    first, archive = contents(written.folder), written.archive.read_bytes()
    assert {
        "main.tex",
        "supplement.tex",
        "numbers.tex",
        "references.bib",
        "tables/scores.tex",
    } <= first.keys()
    again = write(run)
    assert not again.new and contents(again.folder) == first and again.archive.read_bytes() == archive
    assert not list(run.folder.glob(".*")), "nothing is left beside it"


def test_all_that_the_text_reads_is_there_and_nothing_else(run):
    folder = write(run).folder
    text = (folder / "main.tex").read_text() + (folder / "supplement.tex").read_text()
    read = {f"{name}.tex" for name in re.findall(r"\\input\{([^}]+)\}", text)}
    figures = set(re.findall(r"\\includegraphics\[.*\]\{(figures/[^}]+)\}", text))
    files = contents(folder)
    assert (
        figures == {"figures/flow", "figures/odd_one"}
        and {"figures/flow.pdf", "figures/odd_one.png"} <= files.keys()
    )
    assert (
        read | {"main.tex", "references.bib", "made.json", "figures/flow.pdf", "figures/odd_one.png"}
        == files.keys()
    )
    assert all(value.isascii() for name, value in files.items() if name.endswith((".tex", ".bib")))


def test_every_reference_leads_somewhere(run):
    folder = write(run).folder
    text = (folder / "main.tex").read_text() + (folder / "supplement.tex").read_text()
    labels = re.findall(r"\\label\{([^}]+)\}", text)
    assert len(set(labels)) == len(labels) and set(re.findall(r"\\ref\{([^}]+)\}", text)) <= set(labels)
    cited = {key for keys in re.findall(r"\\cite\{([^}]+)\}", text) for key in keys.split(",")}
    entries = re.findall(r"^@\w+\{([^,]+),", (folder / "references.bib").read_text(), re.MULTILINE)
    assert set(entries) == cited and len(entries) == len(cited)
    defined = set(re.findall(r"\\newcommand\{\\(run[A-Za-z]+)\}", (folder / "numbers.tex").read_text()))
    assert set(re.findall(r"\\(run[A-Za-z]+)\{\}", text)) <= defined


def test_the_zip_holds_the_folder(run):
    written = write(run)
    with zipfile.ZipFile(written.archive) as archive:
        assert {name: archive.read(name) for name in archive.namelist()} == contents(written.folder)


def test_the_authors_words_survive_and_are_escaped(run):
    (run.folder / "author.yaml").write_text(
        "title: 50% of {it} & $more$\nauthors: [{name: Jané_Doe, affiliations: [A_1, B^2]}]\n"
        "introduction: First.\nchecklists: {CLAIM 2024: {2: My_summary}}\n"
    )
    main = (write(run).folder / "main.tex").read_text()
    assert r"\title{50\% of \{it\} \& \$more\$}" in main
    assert r"Jan\'{e}\_Doe\textsuperscript{1,2}" in main and r"B\textasciicircum{}2" in main
    assert (
        r"My\_summary" in (run.folder / "paper" / "tables" / "checklist_claimtwozerotwofour.tex").read_text()
    )
    assert "title: 50%" in (run.folder / "author.yaml").read_text()


def test_tex_of_their_own_takes_the_place_and_survives(run):
    folder = write(run).folder
    (folder / "author").mkdir()
    (folder / "author" / "introduction.tex").write_text(r"Mine: \runMetricsTestAccuracy{}~\cite{me}.")
    (folder / "author" / "own.bib").write_text("@misc{me, title={Me}}")
    main = (write(run).folder / "main.tex").read_text()
    assert r"\input{author/introduction}" in main and r"\bibliography{references,author/own}" in main
    assert (folder / "author" / "own.bib").read_text() == "@misc{me, title={Me}}"


def test_what_a_person_changed_is_kept_apart_and_what_tex_left_is_not(run):
    folder = write(run).folder
    for text in ("edited", "edited again"):
        (folder / "main.tex").write_text(text)
        (folder / "notes.md").write_text("mine")
        (folder / "main.log").write_text("of TeX")
        written = write(run)
        assert (folder / "main.tex").read_text().startswith("% Written by")
        assert not (folder / "main.log").exists()
    assert written.kept == ["author/kept/main_2.tex", "author/kept/notes_2.md"]
    kept = contents(folder / "author" / "kept")
    assert (
        kept["main.tex"] == b"edited"
        and kept["main_2.tex"] == b"edited again"
        and kept["notes.md"] == b"mine"
    )


def test_a_folder_of_other_things_is_left_alone(run, tmp_path):
    other = tmp_path / "thesis"
    other.mkdir()
    (other / "chapter.tex").write_text("years of work")
    with pytest.raises(StudyError, match="not a paper's folder"):
        write(run, out=other)
    assert contents(other) == {"chapter.tex": b"years of work"}


def test_where_it_stops_the_former_paper_stays(run):
    folder = write(run).folder
    before = contents(folder)
    (run.folder / "author.yaml").write_text("titel: x")
    with pytest.raises(StudyError, match="did you mean 'title'"):
        write(run)
    assert contents(folder) == before


def test_banner_and_footer_say_what_must_be_said(run):
    warned = {**FULL, "announcements": ["Synthetic data: drawn & not patients."]}
    (run.folder / "summary.json").write_text(json.dumps(warned))
    main = (write(run).folder / "main.tex").read_text()
    assert r"\textbf{Synthetic data: drawn \& not patients.}" in main
    assert "Not for clinical use. Synthetic data" in main and "no diagnosis" in main


def test_names_of_classes_may_hold_anything(run):
    odd = "a_%&#${}~^\\ 良"
    text = json.dumps(FULL).replace("malignant", json.dumps(odd)[1:-1])
    (run.folder / "summary.json").write_text(text)
    folder = write(run).folder
    assert r"\beyond{826F}" in (folder / "tables" / "images.tex").read_text()
    assert "CJK UNIFIED IDEOGRAPH-826F" in (folder / "beyond.tex").read_text()
    names = re.findall(r"newcommand\{\\(\w+)\}", (folder / "numbers.tex").read_text())
    assert len(set(names)) == len(names)


def test_a_run_of_data_alone_says_what_it_lacks(run):
    kept = {name: FULL[name] for name in ("study", "title", "settings", "stages", "dataset", "split", "split_by_class",
            "copies_across_sets", "paper", "announcements", "seconds")}  # fmt: skip
    nothing = (
        dict.fromkeys(FULL) | kept | {"provenance": {**FULL["provenance"], "backbone": None, "weights": None}}
    )
    nothing["settings"] = {**FULL["settings"], "notebooks": FULL["settings"]["notebooks"][:1]}
    (run.folder / "summary.json").write_text(json.dumps(nothing))
    main = (write(run).folder / "main.tex").read_text()
    assert "No test set was scored." in main and r"\subsection{Performance}" not in main
    missing = main.partition(r"\subsection{What this run does not tell}")[2].partition(r"\end{itemize}")[0]
    assert missing.count(r"\item") == 8 and "not part of this study" in missing
