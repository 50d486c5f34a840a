"""The ``bcd`` command: its help, its messages and its exit codes."""

from __future__ import annotations

import dataclasses
import json
import os
import re
import runpy
import shutil
import subprocess
import sys
from dataclasses import dataclass

import pytest
from builders import TINY_SETTINGS, noise, write_busi, write_image

from bcd_utils import __version__, cli
from bcd_utils.datasets import REGISTRY
from bcd_utils.evaluation.format import number
from bcd_utils.pipeline.origin import default_run_folder
from bcd_utils.pipeline.runner import SUMS
from bcd_utils.reporting.console import console
from bcd_utils.study import run as runs_module
from bcd_utils.utils import paths
from bcd_utils.utils.paths import NOTEBOOKS, REPORTS, ROOT, readable


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    code: int
    out: str
    err: str


@pytest.fixture
def bcd(monkeypatch, capsys, tmp_path, cache):
    """Runs ``bcd`` with some words in an empty folder, as the installed script would."""
    for each in (console, cli.errors):
        monkeypatch.setattr(each, "width", 100)
    monkeypatch.setenv("TERM", "dumb")
    monkeypatch.delenv("BCD_RUN_DIR", raising=False)
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")

    def run(*words) -> Ended:
        monkeypatch.setattr(sys, "argv", ["bcd", *map(str, words)])
        code = 0
        try:
            cli.main()
        except SystemExit as end:
            code = end.code or 0
        out, err = capsys.readouterr()
        assert "Traceback" not in out + err
        return Ended(code, out, err)

    return run


@pytest.fixture
def study_file(tmp_path):
    """The tiny study's settings, without its extractor."""
    path = tmp_path / "tiny.yaml"
    path.write_text(json.dumps(TINY_SETTINGS))
    return path


COMMANDS = [
    "run", "fetch", "datasets", "inspect", "runs", "show", "compare", "report", "paper", "cache", "forensics",
    "measured", "lab", "archive", "verify", "predict", "app", "export",
]  # fmt: skip

# -- help -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_explains_itself_with_an_example(bcd, command):
    shown = bcd(command, "--help")
    assert shown.code == 0 and shown.err == ""
    assert re.search(rf"Example: bcd {command}\b", shown.out)


def test_all_commands_are_listed(bcd):
    shown = bcd("--help")
    assert shown.code == 0
    assert "Not for clinical use" in shown.out
    for command in COMMANDS:
        assert re.search(rf"\b{command}\b", shown.out)
    assert "Usage: " in bcd().out


def test_the_version_is_the_packages(bcd, monkeypatch, capsys):
    shown = bcd("--version")
    assert (shown.code, shown.out, shown.err) == (0, f"bcd {__version__}\n", "")
    monkeypatch.setattr(sys, "argv", ["bcd_utils", "--version"])
    with pytest.raises(SystemExit):
        runpy.run_module("bcd_utils", run_name="__main__")
    assert capsys.readouterr().out == shown.out


def test_a_shell_completes_commands():
    words = {
        "_BCD_COMPLETE": "complete_bash",
        "COMP_WORDS": "bcd sh",
        "COMP_CWORD": "1",
        "PYTHONPATH": str(ROOT),
    }
    code = "import sys; sys.argv = ['bcd']; from bcd_utils.cli import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=os.environ | words
    )
    assert done.stdout.split() == ["show"]


def test_a_notebook_is_no_study(bcd):
    ended = bcd("run", NOTEBOOKS / "04_evaluation.ipynb")
    assert ended.code == 1 and "is a notebook, and what is run is a study" in ended.err
    assert "name 04_evaluation under 'notebooks'" in ended.err and "'name' is missing" not in ended.err


def test_help_names_every_option_of_run(bcd):
    shown = bcd("run", "--help").out
    for option in ("--run-dir", "--data-dir", "--set", "--from"):
        assert option in shown


@pytest.mark.parametrize("words", [("run",), ("nosuch",), ("show",), ("run", "a.yaml", "--nosuch")])
def test_a_wrong_command_line_is_told_and_ends_with_2(bcd, words):
    ended = bcd(*words)
    assert ended.code == 2 and "Usage: " in ended.err


# -- what a user can mend ---------------------------------------------------------------------------


def test_a_misspelt_setting_is_told_with_the_nearest_name(bcd, study_file, tmp_path):
    ended = bcd("run", study_file, "--set", "epoch=3", "--run-dir", tmp_path / "run")
    assert ended.code == 1 and ended.out == ""
    problem, fix = ended.err.strip().splitlines()
    assert problem.startswith("Error: ") and problem.endswith("unknown setting 'epoch' = 3.")
    assert fix.startswith("To fix: did you mean 'epochs'? ")
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("override", "part"),
    [
        ("epochs", "--set 'epochs' is not of the form key=value"),
        ("epochs=0", "epochs = 0 is not allowed"),
        ("input=picture", "input = 'picture' is not allowed"),
        ("fine_tuning.epoch=3", "unknown setting 'fine_tuning.epoch' = 3"),
    ],
)
def test_a_setting_that_is_not_allowed_is_told(bcd, study_file, override, part):
    ended = bcd("run", study_file, "--set", override)
    assert ended.code == 1
    assert part in ended.err and "To fix: " in ended.err


@pytest.mark.parametrize("name", ["nosuch.yaml", "nosuch"])
def test_a_missing_study_names_those_that_there_are(bcd, name):
    ended = bcd("run", name)
    assert ended.code == 1
    assert re.search(r"There is no study file \S*nosuch.yaml.\nTo fix: name one of: ", ended.err)
    assert (
        ", paper, phantom, published, recipe, recipe_long, recipe_model, trust, " in ended.err
        and "reported" not in ended.err
    )


def test_a_missing_study_names_those_beside_it(bcd, study_file):
    ended = bcd("run", study_file.with_name("tny.yaml"))
    assert re.search(r"name one of: \S*tiny\.yaml\.\n", ended.err)


@pytest.mark.parametrize("name", ["nowhere", "[bold]nowhere[/bold]", "[/red]"])
def test_a_missing_data_folder_is_named_brackets_and_all(bcd, tmp_path, name):
    ended = bcd(
        "run", ROOT / "studies/paper.yaml", "--data-dir", tmp_path / name, "--run-dir", tmp_path / "r"
    )
    assert ended.code == 1
    assert f"Error: The data folder {tmp_path / name} does not exist." in ended.err
    assert "To fix: name the folder or archive with BUSI" in ended.err and "--data-dir" in ended.err


@pytest.mark.parametrize("name", ["[bold]run[/bold]", "[/x]"])
def test_a_run_folder_is_shown_brackets_and_all(bcd, tmp_path, name):
    ended = bcd("run", ROOT / "studies/paper.yaml", "--data-dir", "nowhere", "--run-dir", tmp_path / name)
    assert ended.code == 1 and name in ended.out
    assert name in bcd("show", tmp_path / name).err


def test_without_data_the_ways_to_get_them_are_told(bcd, tmp_path, monkeypatch):
    monkeypatch.setattr("bcd_utils.datasets.base.RAW_DATA", tmp_path)
    ended = bcd("run", ROOT / "studies/paper.yaml", "--run-dir", tmp_path / "run")
    assert ended.code == 1
    assert "run 'bcd fetch busi', or pass --data-dir" in ended.err


@pytest.mark.slow
def test_a_folder_with_some_of_the_images_is_not_taken_for_all(bcd, tmp_path):
    folder = write_busi(tmp_path / "part")
    ended = bcd(
        "run", ROOT / "studies/paper.yaml", "--data-dir", folder, "--run-dir", tmp_path / "run",
        "--set", "weights=random",
    )  # fmt: skip
    assert ended.code == 1
    assert f"{folder} holds 9 of 780 images of BUSI: 3 benign / 3 malignant / 3 normal" in ended.err
    assert "--set source.allow_partial=true" in ended.err
    assert len(ended.err.strip().splitlines()) == 2
    assert not (tmp_path / "run" / "summary.json").exists()


@pytest.mark.parametrize("stage", ["09", "0", "evaluation"])
def test_an_unknown_stage_names_those_that_there_are(bcd, study_file, tmp_path, stage):
    ended = bcd("run", study_file, "--from", stage, "--run-dir", tmp_path / "run")
    assert ended.code == 1
    assert f"--from {stage} names no stage of this study" in ended.err
    assert "01_data_exploration, 02_preprocessing" in ended.err


@pytest.mark.parametrize("words", [("--engine", "dask"), ("--scheduler", "tcp://127.0.0.1:8786")])
def test_an_engine_on_a_cluster_and_its_scheduler_belong_together(bcd, study_file, words):
    ended = bcd("run", study_file, *words)
    assert ended.code == 1
    assert "belong together" in ended.err


def test_an_unknown_data_set_cannot_be_fetched(bcd):
    ended = bcd("fetch", "cifar")
    assert ended.code == 1
    assert ended.err.startswith("Error: There is no data set 'cifar'.\nTo fix: name one of breakhis, ")


@pytest.mark.parametrize("name", ["cbis_ddsm", "inbreast", "folder", "phantom"])
def test_what_no_program_can_fetch_is_told_with_the_steps(bcd, name):
    ended = bcd("fetch", name)
    assert ended.code == 1 and "Licence: " in ended.out and "Cite: " in ended.out
    problem, fix = ended.err.strip().splitlines()
    assert problem.endswith("cannot be fetched by a program.") and fix == f"To fix: {REGISTRY[name].steps}."


def test_size_licence_and_citation_are_shown_before_a_download(bcd, monkeypatch, tmp_path):
    fetched = dataclasses.replace(REGISTRY["breakhis"], fetch=lambda: tmp_path / "unpacked")
    monkeypatch.setitem(REGISTRY, "breakhis", fetched)
    ended = bcd("fetch", "breakhis")
    assert ended.code == 0
    lines = ended.out.splitlines()
    assert lines[0] == "BreakHis: breast histopathology, about 4 GB" and lines[1] == "Licence: CC BY 4.0"
    assert lines[2].startswith("Cite: Spanhol") and lines[-1] == f"Fetched: {readable(tmp_path / 'unpacked')}"


def test_data_sets_are_listed_with_counts_licence_and_place(bcd, monkeypatch, tmp_path):
    monkeypatch.setattr("bcd_utils.datasets.base.RAW_DATA", tmp_path)
    (tmp_path / "mias" / "unpacked").mkdir(parents=True)
    ended = bcd("datasets")
    assert ended.code == 0 and max(map(len, ended.out.splitlines())) <= 100
    rows = {}
    for line in ended.out.splitlines():
        cells = [cell.strip() for cell in re.split("[│┃|]", line)[1:-1]]
        if cells and cells[0] in REGISTRY:
            rows[cells[0]] = cells
    assert list(rows) == list(REGISTRY)
    assert rows["busi"][1:] == ["breast ultrasound", "437 benign", "CC BY 4.0", "no"]
    assert rows["breakhis"][2] == "2,480 benign" and "5,429 malignant" in ended.out
    assert rows["mias"][4] == "../mias/unpacked" and rows["phantom"][4] == "drawn when needed"


def test_ctrl_c_is_answered(bcd, monkeypatch):
    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("bcd_utils.study.loading.load_study", interrupted)
    ended = bcd("run", "study.yaml")
    assert ended.code == 130
    assert ended.err.strip() == "Stopped. What is finished is kept; the same command goes on from there."


# -- folders ----------------------------------------------------------------------------------------


def test_a_run_is_in_reports_under_its_studys_name():
    assert default_run_folder("paper", []) == REPORTS / "paper"


def test_variants_get_folders_of_their_own():
    variants = [
        [],
        ["seed=1"],
        ["seed=2"],
        ["seed=1", "epochs=2"],
        ["hidden_units=[8]"],
        ["hidden_units=[8, 4]"],
        ["input=mask"],
        ["weights=/data/a/weights-1.h5"],
        ["weights=/data/a/weights-2.h5"],
        ["weights=/data/a/model.keras"],
        ["weights=/data/b/model.keras"],
        ["backbone=/data/a/model.keras"],
        *([f"title={'x' * 80}{number}"] for number in range(3)),
    ]
    folders = [default_run_folder("paper", overrides) for overrides in variants]
    assert len(set(folders)) == len(variants)
    for folder in folders:
        assert folder.parent == REPORTS
        assert re.fullmatch(r"paper[A-Za-z0-9._=-]*", folder.name) and len(folder.name) < 80


# -- show and lab -----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["nowhere", "."])
def test_what_is_no_run_is_not_shown(bcd, name):
    ended = bcd("show", name)
    assert ended.code == 1
    assert "is not a run folder.\nTo fix: make one with 'bcd run phantom'." in ended.err


def test_a_misspelt_run_is_answered_with_the_one_that_is_meant(bcd, tmp_path, monkeypatch):
    reports = tmp_path / "here" / "reports"
    monkeypatch.setattr(runs_module, "REPORTS", reports)
    for name in ("phantom", "paper_input=mask"):
        (reports / name).mkdir(parents=True)
        (reports / name / "study.json").write_text(json.dumps(TINY_SETTINGS))
    for command in ("show", "lab", "predict"):
        ended = bcd(command, "reports/phantm", *(["a.png"] if command == "predict" else []))
        assert ended.code == 1 and ended.err.endswith("To fix: name reports/phantom.\n"), ended.err
    assert "name the run first: bcd lab RUN --no-brwser" in bcd("lab", "--no-brwser", "reports/phantom").err


def test_what_is_no_archive_is_not_called_a_damaged_one(bcd, tmp_path):
    (tmp_path / "here" / "README.md").write_text("no archive")
    ended = bcd("verify", "README.md")
    assert ended.code == 1 and ended.err.startswith(
        "Error: README.md is no zip file, or is damaged.\nTo fix: name "
    )


def test_a_run_that_did_not_finish_is_not_shown(bcd, tmp_path):
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "study.json").write_text(json.dumps(TINY_SETTINGS))
    ended = bcd("show", tmp_path / "run")
    assert ended.code == 1
    assert "has no summary.json: its run did not finish" in ended.err and ended.out == ""
    assert 'To fix: run "bcd run ' in ended.err


@pytest.mark.slow
def test_a_finished_run_is_shown_beside_the_paper(bcd, finished):
    ended = bcd("show", finished)
    assert ended.code == 0 and ended.err == ""
    assert "56 images, 0 set aside; 42 training / 5 tuning / 9 internal test" in ended.out
    assert "Synthetic data" in ended.out
    summary = json.loads((finished / "summary.json").read_text())
    (row,) = [line for line in ended.out.splitlines() if "test" in line and "accuracy" in line]
    ours = summary["metrics"]["test"]["accuracy"]
    bounds = summary["intervals"]["accuracy"]
    cells = [cell.strip() for cell in re.split("[│|┃]", row)]
    assert f"{ours:.4f}" in cells and "0.9402" in cells and f"{ours - 0.9402:+.4f}".replace("-", "−") in cells
    assert f"[{bounds['low']:.3f}, {bounds['high']:.3f}]" in cells


@pytest.mark.slow
@pytest.mark.parametrize("columns", [50, 24])
def test_no_number_is_cut_in_a_narrow_terminal(bcd, finished, monkeypatch, columns):
    monkeypatch.setattr(console, "width", columns)
    shown = bcd("show", finished).out
    summary = json.loads((finished / "summary.json").read_text())
    for name, scores in summary["metrics"].items():
        for metric in ("accuracy", "kappa", "roc_auc"):
            assert number(scores[metric], 4) in shown and number(summary["paper"][name][metric], 4) in shown
    assert "…" not in shown


@pytest.mark.slow
def test_images_are_predicted_from_a_finished_run(bcd, finished, tmp_path):
    image, text = write_image(tmp_path / "images" / "a.PNG", noise(1)), tmp_path / "images" / "text.png"
    text.write_text("no picture")
    ended = bcd(
        "predict",
        finished,
        tmp_path / "images",
        "--out",
        tmp_path / "out.csv",
        "--heat-maps",
        tmp_path / "maps",
    )
    assert ended.code == 0 and ended.err == ""
    assert (
        ended.out.startswith("Not for clinical use")
        and "2 images, 1 read; not read: no image: text (1).\n" in ended.out
    )
    rows = (tmp_path / "out.csv").read_text().splitlines()
    assert (
        len(rows) == 3
        and rows[1].startswith(f"{image},ok,")
        and rows[2].startswith(f"{text},no image: text,")
    )
    assert len([*(tmp_path / "maps").iterdir()]) == 2
    none = bcd("predict", finished, text, tmp_path / "nowhere.png")
    assert none.code == 1 and "2 images, 0 read; not read: " in none.out and "nowhere.png" not in none.out
    assert "no image: text (1)" in none.out and "abstains" not in none.out
    assert (tmp_path / "here" / "predicted.csv").exists()


@pytest.mark.slow
def test_an_export_is_named_as_seen_from_here_and_leaves_all_stages_unchanged(
    bcd, finished, quick, tmp_path, monkeypatch
):
    monkeypatch.setenv("BCD_CACHE_DIR", str(quick.cache))
    shutil.copytree(finished, tmp_path / "here" / "run")
    ended = bcd("export", "run", "--to", "onnx", "--weights", "float32")
    assert ended.code == 0 and ended.out.rstrip().endswith("\nPage: run/export/export.html")
    assert (tmp_path / "here" / "run" / "export" / "model_float32.onnx").exists()
    assert "0 of 5 stages would run" in bcd("run", quick.file, "--run-dir", "run", "--plan").out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--out", "a.xls"), "ends in no known format"),
        (("--heat-maps", "m", "--method", "cam"), "allowed are grad-cam, hires-cam"),
        ((), "is not a run folder"),
    ],
)
def test_what_cannot_be_predicted_is_told_before_any_work(bcd, tmp_path, words, said):
    ended = bcd("predict", tmp_path, tmp_path / "a.png", *words)
    assert ended.code == 1 and said in ended.err


@pytest.mark.parametrize("named", [True, False])
def test_lab_opens_the_named_run_or_the_newest(bcd, tmp_path, monkeypatch, named):
    reports = tmp_path / "reports"
    monkeypatch.setattr(runs_module, "REPORTS", reports)
    for age, name in [(20, "older"), (10, "newest")]:
        (reports / name).mkdir(parents=True)
        settings = reports / name / "study.json"
        settings.write_text(json.dumps(TINY_SETTINGS))
        os.utime(settings, (10**9 - age,) * 2)
    started = {}

    def replace_process(program, command, env):
        started.update(command=command, folder=env["BCD_RUN_DIR"])

    monkeypatch.setattr("os.execve", replace_process)
    assert bcd("lab", reports / "older" if named else "", "--port", "8889").code == 0
    folder = reports / ("older" if named else "newest")
    assert started["folder"] == str(folder)
    assert "jupyterlab" in started["command"] and started["command"][-2:] == ["--port", "8889"]
    copies = folder / "exploration" / "notebooks"
    assert len(list(copies.glob("*.ipynb"))) == len(list(paths.NOTEBOOKS.glob("*.ipynb")))
    (copies / "05_gradcam.ipynb").write_text("mine")
    bcd("lab", folder)
    assert (copies / "05_gradcam.ipynb").read_text() == "mine", "it stays as a person left it"


# -- odd terminals and places -------------------------------------------------------------------------


def started(words, shell="exec", **environment):
    """``bcd`` in a shell that has done something odd before; its exit status, output and errors."""
    command = f"{shell} {sys.executable} -m bcd_utils.cli {' '.join(map(str, words))}"
    variables = {"PYTHONPATH": str(ROOT), "COLUMNS": "100", **environment}
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, env=os.environ | variables)
    return done.returncode, done.stdout, done.stderr


ODD = {
    "few files": ("ulimit -n 12; exec", "ulimit -n 4096"),
    "no folder": ("mkdir gone; cd gone; rmdir ../gone; exec", "cd ~"),
    "full output": ("exec > /dev/full;", "to a disk with space"),
}


@pytest.mark.slow
@pytest.mark.parametrize("oddity", ODD)
def test_what_the_system_refuses_is_one_line_and_harms_nothing(tiny, finished, tmp_path, oddity):
    shell, advice = ODD[oddity]
    run = shutil.copytree(finished, tmp_path / "run")
    (run / "markers" / "05_gradcam.json").unlink()
    before = {path: path.read_bytes() for path in run.rglob("*") if path.is_file()}
    words = ("run", tiny.file, "--run-dir", run)
    code, _, err = started(words, f"cd {tmp_path}; {shell}", BCD_CACHE_DIR=str(tiny.cache))
    assert code == 1 and len(err.strip().splitlines()) == 2, err
    assert err.startswith("Error: ") and advice in err and "Traceback" not in err
    kept = {path: path.read_bytes() for path in before if path.exists()}
    assert kept.keys() | {run / name for name in SUMS} >= before.keys()
    assert all(
        content == before[path] for path, content in kept.items() if path.name not in (".lock", "study.json")
    )


def test_a_terminal_that_knows_only_ascii_is_written_to(finished):
    code, out, err = started(("show", finished), PYTHONIOENCODING="ascii")
    assert (code, err) == (0, "") and "accuracy" in out


@pytest.mark.parametrize("place", ["", "x"])
def test_a_file_in_place_of_a_run_folder_is_named(bcd, study_file, tmp_path, place):
    (tmp_path / "there").write_text("mine")
    shown = bcd("run", study_file, "--run-dir", tmp_path / "there" / place)
    assert shown.code == 1 and "there is in the way of" in shown.err and "--run-dir FOLDER" in shown.err
    assert (tmp_path / "there").read_text() == "mine"


@pytest.mark.parametrize("place", ["", "x"])
def test_a_cache_that_cannot_be_made_is_named_with_its_variable(
    bcd, study_file, tmp_path, monkeypatch, place
):
    (tmp_path / "there").write_text("mine")
    monkeypatch.setenv("BCD_CACHE_DIR", str(tmp_path / "there" / place))
    shown = bcd("run", study_file, "--run-dir", tmp_path / "run")
    assert shown.code == 1 and "set BCD_CACHE_DIR to a folder you may write to" in shown.err


@pytest.mark.parametrize("text", ["", "[]", "{", "{}", '"x"', '{"study": 1}', "\x00"])
def test_a_damaged_summary_is_said_to_be_one(bcd, finished, tmp_path, text):
    folder = tmp_path / "copy"
    folder.mkdir()
    shutil.copy(finished / "study.json", folder)
    (folder / "summary.json").write_text(text)
    shown = bcd("show", folder)
    assert shown.code == 1 and "summary.json is damaged" in shown.err and "bcd run" in shown.err


def test_the_cache_is_listed_and_pruned(bcd, cache, monkeypatch):
    from bcd_utils.utils.cache import entry_of, kept, work_for

    work_for("mine")
    kept(entry_of("features", 1, ".float32"), lambda path: path.write_bytes(b"f" * 4321))
    work_for("")
    shown = bcd("cache")
    assert shown.code == 0 and "mine" in shown.out and "features" in shown.out
    assert str(sum(path.stat().st_size for path in (cache / "features").iterdir()))[-3:] in shown.out
    assert "Freed 4," in bcd("cache", "--prune", "mine").out
    assert not list((cache / "features").glob("*.float32"))
    assert bcd("cache", "--prune", "mine").code == 1
