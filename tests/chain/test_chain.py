"""The whole chain: what it makes, what it skips, and what becomes of it when something breaks."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import nbformat
import numpy as np
import pandas as pd
import pytest
from bs4 import BeautifulSoup
from figures import check_figures
from independent_intervals import compare, disagreements
from runs import same_results, with_children
from zero_width import intervals, without_width

from bcd_utils.datasets.image_set import ImageSet
from bcd_utils.evaluation.intervals import score_intervals
from bcd_utils.pipeline import runner
from bcd_utils.prediction.model import StudyModel
from bcd_utils.study.loading import make_study
from bcd_utils.study.run import Run
from bcd_utils.study.stage import Stage
from bcd_utils.utils.errors import StudyError
from bcd_utils.utils.paths import NOTEBOOKS, ROOT
from bcd_utils.utils.progress import PROGRESS_FILE

pytestmark = pytest.mark.slow
psutil = pytest.importorskip("psutil")

SETS = ("train", "validation", "test")
CLASSES = ["benign", "malignant", "normal"]
STAGES = ["01_data_exploration", "02_preprocessing", "03_train_resnet50", "04_evaluation", "05_gradcam"]
SYNTHETIC = "Synthetic data"
UNTRAINED = "Untrained weights"


def read_json(path: Path) -> dict:
    return json.loads(path.read_text(encoding="utf-8"))


def stages_shown(output: str) -> dict[str, str]:
    """What ``bcd run`` prints after each stage's name: seconds, or "unchanged"."""
    return dict(re.findall(r"✓ stage \d+ of \d+  (\S+)\s+(unchanged|[\d.]+ s)", output))


# -- what a finished run holds ----------------------------------------------------------------------


def test_the_summary_holds_what_is_promised(finished):
    summary = read_json(finished / "summary.json")
    promised = "study dataset split metrics intervals paper cam epochs seconds provenance"
    assert set(promised.split()) <= set(summary)
    assert summary["study"] == "tiny"
    assert summary["dataset"]["name"] == "phantom"
    assert summary["dataset"]["classes"] == {"benign": 24, "malignant": 18, "normal": 14}
    assert (summary["dataset"]["images"], summary["dataset"]["set_aside"]) == (56, 0)
    assert summary["split"] == {"train": 42, "validation": 5, "test": 9}  # ceil(56 * .15), ceil(47 * .10)
    assert summary["epochs"] == 3
    assert list(summary["seconds"]) == STAGES and min(summary["seconds"].values()) > 0
    assert summary["paper"]["test"]["accuracy"] == 0.9402
    assert {"seed", "commit", "versions", "data_sha256", "device"} <= set(summary["provenance"])
    assert summary["provenance"]["seed"] == 42


def test_the_metrics_agree_with_scikit_learn(finished):
    from sklearn import metrics

    summary = read_json(finished / "summary.json")
    predictions = pd.read_csv(finished / "artifacts" / "predictions.csv")
    for name in SETS:
        rows = predictions[predictions["split"] == name]
        truth, said = rows["label"], rows["predicted"]
        probabilities = rows[[f"p_{label}" for label in CLASSES]].to_numpy()
        assert list(said) == [CLASSES[index] for index in probabilities.argmax(axis=1)]
        normalised = probabilities / probabilities.sum(axis=1, keepdims=True)
        expected = {
            "loss": metrics.log_loss(truth, normalised, labels=CLASSES),
            "accuracy": metrics.accuracy_score(truth, said),
            "f1_macro": metrics.f1_score(truth, said, average="macro"),
            "f1_weighted": metrics.f1_score(truth, said, average="weighted"),
            "kappa": metrics.cohen_kappa_score(truth, said),
            "roc_auc": metrics.roc_auc_score(truth, normalised, multi_class="ovr", labels=CLASSES),
        }
        measured = {key: summary["metrics"][name][key] for key in expected}
        assert measured == pytest.approx(expected, abs=1e-5), name
    for metric, bounds in summary["intervals"].items():
        assert bounds["value"] == pytest.approx(summary["metrics"]["test"][metric], abs=1e-9), metric
        assert (bounds["low"] is None) == (bounds["high"] is None), metric


def test_an_independent_script_finds_the_same_intervals(finished):
    table = compare(finished)
    assert {"accuracy", "roc_auc", "precision_benign", "f1_macro", "kappa"} <= set(table.index)
    assert disagreements(table).empty, table.to_string()


def test_an_independent_script_finds_the_same_intervals_of_a_fair_model(tmp_path):
    rng = np.random.default_rng(0)
    labels = np.arange(60) % 3
    probabilities = ((rng.dirichlet([1, 1, 1], 60) + 0.4 * np.eye(3)[labels]) / 1.4).round(7)
    names = np.array(CLASSES)
    table = pd.DataFrame(probabilities, columns=[f"p_{name}" for name in CLASSES])
    table = table.assign(id=[f"i{number}" for number in range(60)], label=names[labels], split="test")
    artifacts = tmp_path / "artifacts"
    artifacts.mkdir()
    table.to_csv(artifacts / "predictions.csv", index=False)
    table[["id", "split"]].to_csv(artifacts / "splits.csv", index=False)
    (tmp_path / "study.json").write_text(json.dumps({"confidence": 0.95}))
    found = score_intervals(labels, probabilities, CLASSES)
    (artifacts / "evaluation.json").write_text(json.dumps({"intervals": found}))
    table = compare(tmp_path)
    assert table.loc[["f1_macro", "f1_weighted", "kappa"], ["low", "high"]].notna().all(axis=None)
    assert disagreements(table).empty, table.to_string()
    table.loc["kappa", "reported_low"] -= 0.1
    assert disagreements(table).index.tolist() == ["kappa"]


def test_no_interval_is_without_width(finished):
    assert {place.split(":")[0] for place, *_ in intervals(finished)} >= {
        "summary.json",
        "evaluation.json",
        "by_class.csv",
        "test_intervals.csv",
        "04_evaluation.html",
        "index.html",
        "model_card.html",
    }
    assert without_width(finished) == []


def test_subgroups_share_out_the_test_images_and_the_plan_starts_from_the_scores(finished):
    summary, predictions = (
        read_json(finished / "summary.json"),
        pd.read_csv(finished / "artifacts" / "predictions.csv"),
    )
    test = predictions[predictions["split"] == "test"]
    whole, *parts = summary["subgroups"]["rows"]
    hits = (test["label"] == "malignant") & (test["predicted"] == "malignant")
    assert (whole["images"], whole["found"]) == (len(test), hits.sum())
    columns = {row["column"] for row in parts}
    assert "lesion area, share of the image" in columns, "phantoms have masks"
    for column in columns:
        assert sum(row["images"] for row in parts if row["column"] == column) == len(test)
    scores = summary["precision_plan"]["scores"]
    assert scores["accuracy"]["value"] == summary["metrics"]["test"]["accuracy"]
    assert "How many test images would it take?" in (finished / "index.html").read_text(encoding="utf-8")
    assert (finished / "figures" / "subgroups.png").exists()


def test_every_page_stands_alone_and_says_that_its_data_are_synthetic(finished):
    pages = sorted(path.name for path in finished.glob("*.html"))
    assert pages == [
        *(f"{stage}.html" for stage in STAGES),
        "checklist.html",
        "index.html",
        "model_card.html",
    ]
    for name in pages:
        text = (finished / name).read_text(encoding="utf-8")
        soup = BeautifulSoup(text, "html.parser")
        links = [tag[key] for key in ("src", "href") for tag in soup.find_all(attrs={key: True})]
        outside = [link for link in links if not (link.startswith(("data:", "#")) or link in pages)]
        assert outside == [] and links, name
        assert soup.find_all("script") == [] and "@import" not in text and "url(http" not in text, name
        assert SYNTHETIC in soup.select_one("aside.banner").get_text(), name
        assert UNTRAINED not in text, name
        assert "Not for clinical use" in soup.get_text(), name
        assert soup.find_all("img"), name


def test_executed_notebooks_are_clean_and_their_figures_exist(finished):
    drawn = set()
    for stage in STAGES:
        notebook = nbformat.read(finished / "notebooks" / f"{stage}.ipynb", as_version=4)
        code = [cell for cell in notebook.cells if cell.cell_type == "code"]
        assert all(cell.execution_count for cell in code), stage
        outputs = [output for cell in code for output in cell.outputs]
        assert [output for output in outputs if output.output_type in ("stream", "error")] == [], stage
        pictures = [output for output in outputs if "image/png" in output.get("data", {})]
        assert pictures, stage
        drawn |= {
            name
            for cell in code
            for name in re.findall(r'save_figure\(.*"(\w+)"\s*\)', cell.source, re.DOTALL)
        }
    drawn = drawn - {"fig2_histopathology"} | {"fig3_ultrasound"}
    there = {path.stem for path in (finished / "figures").glob("*.png")}
    assert there == drawn | {"flow"} and len(drawn) > 12


def test_every_figure_can_be_read_and_is_described(finished):
    check_figures(finished)


# -- running again ----------------------------------------------------------------------------------


def test_a_second_run_executes_nothing_and_reports_the_same(quick, finished, tmp_path):
    folder = shutil.copytree(finished, tmp_path / "copy")
    before = read_json(folder / "summary.json")
    times = {path: path.stat().st_mtime_ns for path in (folder / "notebooks").iterdir()}
    done = quick.bcd("run", quick.file, "--run-dir", folder)
    assert (done.returncode, done.stderr) == (0, "")
    assert stages_shown(done.stdout) == dict.fromkeys(STAGES, "unchanged")
    assert times == {path: path.stat().st_mtime_ns for path in (folder / "notebooks").iterdir()}
    after = read_json(folder / "summary.json")
    for part in (before, after):
        part["provenance"].pop("when")
    assert after == before


def test_a_corrupted_artifact_is_made_again(quick, finished, tmp_path):
    folder = shutil.copytree(finished, tmp_path / "copy")
    images = folder / "artifacts" / "images.npy"
    with open(images, "r+b") as file:  # same size, one bit in the middle
        file.seek(images.stat().st_size // 2)
        byte = file.read(1)[0]
        file.seek(-1, os.SEEK_CUR)
        file.write(bytes([byte ^ 1]))
    done = quick.bcd("run", quick.file, "--run-dir", folder)
    assert done.returncode == 0, done.stderr
    made_again = [stage for stage, what in stages_shown(done.stdout).items() if what != "unchanged"]
    assert made_again == ["02_preprocessing"]
    same_results(folder, finished)


# The same with notebooks of three lines, so that each case takes seconds.

SHORT = {
    "01_data_exploration": """
record = {"name": "busi", "images": len(list(Path(run.study.source.data_dir).iterdir())), "classes": {}}
run.save_json(record, "dataset.json")""",
    "03_train_resnet50": """
images = run.read_json("dataset.json")["images"]
run.save_json({"epochs": run.study.epochs, "images": images}, "training.json")""",
    "05_gradcam": """
with run.writing("cams.npz") as path:
    path.write_text(run.artifact("training.json").read_text())""",
}
FIRST, SECOND, THIRD = SHORT


def file_names(study) -> list[str]:
    """What of the short chain's folder makes its first stage stale: names and contents."""
    return [path.name + path.read_text() for path in sorted(Path(study.source.data_dir).iterdir())]


DECLARED = {
    FIRST: Stage(FIRST, "", writes=("dataset.json",), record="dataset.json", outside=file_names),
    SECOND: Stage(SECOND, "", reads=("dataset.json",), writes=("training.json",), record="training.json"),
    THIRD: Stage(THIRD, "", reads=("training.json",), writes=("cams.npz",)),
}


def write_notebook(path: Path, code: str) -> None:
    """A notebook that notes in ``executed.txt`` that it was executed, then runs ``code``."""
    note = f'with open(run.folder / "executed.txt", "a") as file:\n    print("{path.stem}", file=file)\n'
    cells = [
        nbformat.v4.new_markdown_cell(f"# {path.stem}"),
        nbformat.v4.new_code_cell('run_dir = ""', metadata={"tags": ["parameters"]}),
        nbformat.v4.new_code_cell("from pathlib import Path\n\nfrom bcd_utils.study.run import Run"),
        nbformat.v4.new_code_cell("run = Run.open(run_dir)\n" + note),
        nbformat.v4.new_code_cell(code.strip()),
    ]
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": kernel}), path)


class ShortChain:
    """A chain of three short notebooks on a folder of two files."""

    def __init__(self, folder: Path):
        self.notebooks, self.data, self.run_folder = (
            folder / name for name in ("notebooks", "images", "run")
        )
        self.notebooks.mkdir()
        self.data.mkdir()
        for name in ("a", "b"):
            (self.data / name).write_text(name)
        for stage, code in SHORT.items():
            write_notebook(self.notebooks / f"{stage}.ipynb", code)

    def study(self, **settings):
        return make_study(
            {"name": "short", "notebooks": list(SHORT), "data_dir": str(self.data), "epochs": 3, **settings}
        )

    def chain(self, **settings) -> runner.Chain:
        return runner.Chain(Run(self.run_folder, self.study(**settings)), DECLARED, self.notebooks)

    def plan(self, from_stage: str | None = None, **settings) -> dict[str, str]:
        """Why each stage would run; only those that would."""
        return {step.notebook: step.why for step in self.chain(**settings).plan(from_stage) if step.why}

    def run(self, from_stage: str | None = None, **settings) -> list[str]:
        """Run the chain; returns the stages whose notebooks were executed."""
        log = self.run_folder / "executed.txt"
        log.unlink(missing_ok=True)
        self.told = []
        try:
            self.chain(**settings).execute(from_stage, lambda *it: self.told.append(it))
        finally:
            executed = log.read_text().split() if log.exists() else []
        done = [stage for stage, state, *_ in self.told if state == "done"]
        unchanged = [stage for stage, state, *_ in self.told if state == "unchanged"]
        assert done == executed and sorted(done + unchanged) == list(SHORT)
        return executed


@pytest.fixture
def short(tmp_path, monkeypatch, quick_python):
    monkeypatch.setenv(PROGRESS_FILE, "")  # what a chain sets in the environment is taken back
    monkeypatch.setenv("PYTHONPATH", os.environ.get("PYTHONPATH", ""))
    monkeypatch.setattr(sys, "executable", quick_python)
    return ShortChain(tmp_path)


def test_what_makes_stages_stale(short):
    artifacts, markers = short.run_folder / "artifacts", short.run_folder / "markers"
    assert short.plan() == dict.fromkeys(SHORT, "it has not run") and not short.run_folder.exists()
    assert short.run() == [FIRST, SECOND, THIRD]
    assert (short.run_folder / "index.html").exists()
    assert short.plan() == {} and short.run() == []

    (short.data / "a").write_text("another picture")
    assert short.plan() == {
        FIRST: "files from outside the run",
        SECOND: f"reads dataset.json, which {FIRST} makes anew",
        THIRD: f"reads training.json, which {SECOND} makes anew",
    }
    assert short.run() == [FIRST]  # it found the same, so what follows stays
    (short.data / "c").write_text("a third picture")
    assert short.run() == [FIRST, SECOND, THIRD]
    assert short.told[-1][3] == "reads: training.json"
    assert read_json(artifacts / "training.json")["images"] == 3

    (artifacts / "training.json").unlink()
    assert short.plan()[SECOND] == "training.json is missing"
    assert short.run() == [SECOND]
    (artifacts / "training.json").write_text('{"epochs": 99, "images": 3}')
    assert short.plan()[SECOND] == "training.json was changed"
    assert short.run() == [SECOND]
    assert read_json(artifacts / "training.json")["epochs"] == 3
    (short.run_folder / "notebooks" / f"{THIRD}.ipynb").unlink()
    assert short.run() == [THIRD]
    (markers / f"{FIRST}.json").write_text("{")
    assert short.plan()[FIRST] == "its marker is damaged"
    assert short.run() == [FIRST]

    assert short.plan(epochs=4) == {
        SECOND: "settings: epochs",
        THIRD: f"reads training.json, which {SECOND} makes anew",
    }
    assert short.run(epochs=4) == [SECOND, THIRD]
    assert short.plan(epochs=4, title="Another") == {} == short.plan(epochs=4, batch_size=8)
    assert list(short.plan("03", epochs=4)) == [SECOND, THIRD]
    assert short.run("03", epochs=4) == [SECOND, THIRD]
    write_notebook(short.notebooks / f"{THIRD}.ipynb", SHORT[THIRD] + "\n1 + 1")
    assert short.plan(epochs=4) == {THIRD: "its notebook"}
    assert short.run(epochs=4) == [THIRD]
    with_outputs = nbformat.read(short.run_folder / "notebooks" / f"{SECOND}.ipynb", as_version=4)
    with_outputs.cells = [
        cell for cell in with_outputs.cells if "injected-parameters" not in str(cell.metadata)
    ]
    nbformat.write(with_outputs, short.notebooks / f"{SECOND}.ipynb")
    assert short.run(epochs=4) == [], "outputs and metadata are no part of a notebook's code"


def test_what_a_killed_run_left_half_written_is_removed(short):
    (short.run_folder / "artifacts").mkdir(parents=True)
    half = [short.run_folder / ".a1.part.html", short.run_folder / "artifacts" / ".b2.part.npy"]
    for path in half:
        path.write_text("half")
    short.run()
    assert [path for path in half if path.exists()] == []
    assert (short.run_folder / "artifacts" / "dataset.json").exists()


def test_a_failing_cell_is_named_and_what_was_finished_is_kept(short):
    write_notebook(short.notebooks / f"{SECOND}.ipynb", "values = [1]\nvalues[7]")
    with pytest.raises(StudyError) as caught:
        short.run()
    assert f"{SECOND} failed in cell" in caught.value.problem
    assert "IndexError: list index out of range" in caught.value.problem
    log = short.run_folder / "logs" / f"{SECOND}.log"
    assert log.name in caught.value.fix
    text = log.read_text(encoding="utf-8")
    assert "values[7]" in text and "\x1b" not in text
    assert "IndexError" in str(nbformat.read(log.with_suffix(".ipynb"), 4).cells[-1].outputs)
    assert [path.stem for path in (short.run_folder / "markers").iterdir()] == [FIRST]
    write_notebook(short.notebooks / f"{SECOND}.ipynb", SHORT[SECOND])
    assert short.run() == [SECOND, THIRD]


def test_what_a_user_can_mend_comes_through_from_the_notebook(short):
    code = """
from bcd_utils.utils.errors import StudyError

raise StudyError("The images are upside down", "turn them")"""
    write_notebook(short.notebooks / f"{FIRST}.ipynb", code)
    with pytest.raises(StudyError) as caught:
        short.run()
    assert (caught.value.problem, caught.value.fix) == (f"{FIRST}: The images are upside down", "turn them")


def test_a_kernel_that_dies_is_named_with_its_stage(short):
    code = "import os\nimport signal\n\nos.kill(os.getpid(), signal.SIGKILL)"
    write_notebook(short.notebooks / f"{SECOND}.ipynb", code)
    with pytest.raises(StudyError, match=f"kernel of {SECOND} died.*goes on from this stage"):
        short.run()
    assert not (short.run_folder / "summary.json").exists()
    write_notebook(short.notebooks / f"{SECOND}.ipynb", SHORT[SECOND])
    assert short.run() == [SECOND, THIRD]


def test_a_stage_that_is_no_notebook_is_refused(short):
    with pytest.raises(StudyError, match=f"There is no notebook 06_more. To fix: name some of {FIRST}"):
        short.run(notebooks=[FIRST, "06_more"])
    with pytest.raises(StudyError, match="--from 0 names no stage"):  # it would fit all three
        short.run("0")


# -- breakdowns -------------------------------------------------------------------------------------


def wait_for(path: Path, process: subprocess.Popen) -> None:
    """Wait until a running ``bcd`` has written ``path``."""
    limit = time.monotonic() + 120
    while not path.exists():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < limit, f"{path} was not written"
        time.sleep(0.02)


@pytest.fixture(scope="module")
def variants(quick, finished):
    """Runs with other settings, as futures; they go on beside the tests that ask for them early."""
    images = shutil.copytree(next(path for path in (quick.cache / "phantom").iterdir() if path.is_dir()),
                             quick.file.parent / "images")  # fmt: skip
    broken = sorted(path for path in images.rglob("*.png") if "mask" not in path.name)[0]
    broken.write_bytes(broken.read_bytes()[: broken.stat().st_size // 2])
    settings = {
        "resnet": ["backbone=resnet50", "weights=random", "input=mask", "augmentation={}",
                   "feature_dtype=bfloat16", "epochs=1"],
        "tuned": ["source.dataset=busi", f"source.data_dir={images}", "source.allow_partial=true", "input=overlay",
                  "epochs=1", "fine_tuning.trainable_from=high", "fine_tuning.epochs=1"],
        "recipe": ["training=recipe", "recipe.head_epochs=1", "recipe.epochs=2", "recipe.precision=mixed_bfloat16"],
    }  # fmt: skip
    with ThreadPoolExecutor(1) as pool:
        yield {
            name: pool.submit(quick.run, quick.file.parent / name, *words) for name, words in settings.items()
        }


@pytest.mark.long
def test_a_run_killed_in_every_stage_ends_as_one_that_never_was(quick, finished, variants, tmp_path):
    folder = tmp_path / "killed"
    in_the_middle = ["figures/class_counts.png", "artifacts/images.npy", "figures/fig4_architecture.png",
                     "tables/metrics.csv", "artifacts/cams.npz"]  # fmt: skip
    for number, (stage, written) in enumerate(zip(STAGES, in_the_middle, strict=True)):
        process = quick.start("run", quick.file, "--run-dir", folder, BCD_CACHE_DIR=str(tmp_path / "cache"))
        wait_for(folder / written, process)
        family = with_children(process.pid, quick.python)
        assert len(family) >= 2
        for member in family:
            member.kill()
        process.communicate()
        assert process.returncode == -signal.SIGKILL
        assert sorted(path.stem for path in (folder / "markers").glob("*.json")) == STAGES[:number], stage
        assert not (folder / "summary.json").exists()
    done = quick.bcd("run", quick.file, "--run-dir", folder, BCD_CACHE_DIR=str(tmp_path / "cache"))
    assert (done.returncode, done.stderr) == (0, "")
    assert [what == "unchanged" for what in stages_shown(done.stdout).values()] == [True] * 4 + [False]
    same_results(folder, finished)


@pytest.mark.long
def test_a_second_run_into_the_same_folder_is_refused_and_the_first_unharmed(quick, variants, tmp_path):
    folder = tmp_path / "shared"
    words = ("run", quick.file, "--run-dir", folder, "--set", "notebooks=[01_data_exploration]")
    first = quick.start(*words)
    wait_for(folder / "study.json", first)
    second = quick.bcd(*words, "--set", "epochs=1")
    assert first.poll() is None
    assert second.returncode == 1
    assert "Another run is writing" in second.stderr and "Traceback" not in second.stderr
    out, err = first.communicate(timeout=120)
    assert (first.returncode, err) == (0, "")
    assert read_json(folder / "study.json")["epochs"] == 3
    assert read_json(folder / "summary.json")["settings"]["epochs"] == 3


def test_ctrl_c_leaves_a_message_and_no_kernel(tiny, tmp_path):
    process = tiny.start("run", tiny.file, "--run-dir", tmp_path / "stopped")
    wait_for(tmp_path / "stopped" / "figures" / "class_counts.png", process)
    family = with_children(process.pid)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert err.strip() == "Stopped. What is finished is kept; the same command goes on from there."
    _, alive = psutil.wait_procs(family, timeout=10)
    assert alive == []


@pytest.mark.long
@pytest.mark.parametrize(
    ("stage", "free"), [("02_preprocessing", 400_000), ("05_gradcam", 4096), (None, 900_000)]
)
def test_a_full_disk_is_one_message_and_the_run_goes_on_with_more_space(
    quick, finished, variants, small_disk, stage, free
):
    def resize(size: int) -> None:
        subprocess.run(["mount", "-o", f"remount,size={size}", str(small_disk)], check=True)

    resize(100_000_000)
    folder = shutil.copytree(finished, small_disk / "run")
    if stage:
        for name in (f"markers/{stage}.json", *runner.SUMS):  # they would make room
            (folder / name).unlink()
    usage = shutil.disk_usage(small_disk)
    resize(usage.used + free)
    failed = quick.bcd("run", quick.file, "--run-dir", folder)
    assert failed.returncode == 1
    assert "Error:" in failed.stderr and "disk is full" in failed.stderr
    assert "free some space and run the same command again" in failed.stderr
    assert "Traceback" not in failed.stdout + failed.stderr
    assert len(failed.stderr.strip().splitlines()) == 2
    if stage:
        assert stage in failed.stderr and not (folder / "markers" / f"{stage}.json").exists()
    resize(100_000_000)
    done = quick.bcd("run", quick.file, "--run-dir", folder)
    assert (done.returncode, done.stderr) == (0, "")
    same_results(folder, finished)
    assert BeautifulSoup((folder / "index.html").read_text(), "html.parser").footer


# -- notebooks opened alone -------------------------------------------------------------------------


def opened_alone(stage: str) -> str:
    """Execute a notebook as JupyterLab would, without parameters; returns its error, or ""."""
    from nbclient import NotebookClient
    from nbclient.exceptions import CellExecutionError

    path = NOTEBOOKS / f"{stage}.ipynb"
    notebook = nbformat.read(path, as_version=4)
    resources = {"metadata": {"path": str(path.parent)}}
    try:
        NotebookClient(notebook, kernel_name="python3", resources=resources, timeout=120).execute()
    except CellExecutionError as error:
        return f"{error.ename}: {error.evalue}"
    return ""


@pytest.fixture
def opened(tiny, quick_python, tmp_path, monkeypatch):
    """Opens notebooks on a folder that only ``BCD_RUN_DIR`` names, two at a time."""
    monkeypatch.setenv("BCD_CACHE_DIR", str(tiny.cache))
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setattr(sys, "executable", quick_python)

    def open_all(folder: Path, stages: list[str]) -> dict[str, str]:
        monkeypatch.setenv("BCD_RUN_DIR", str(folder))
        with ThreadPoolExecutor(2) as pool:
            return dict(zip(stages, pool.map(opened_alone, stages), strict=True))

    return open_all


@pytest.mark.long
def test_each_notebook_runs_alone_on_a_finished_run(opened, finished, tmp_path):
    folder = shutil.copytree(finished, tmp_path / "copy")
    assert opened(folder, STAGES) == dict.fromkeys(STAGES, "")


def test_each_notebook_names_the_command_that_makes_what_it_lacks(opened, finished, tmp_path):
    (tmp_path / "empty").mkdir()
    shutil.copy(finished / "study.json", tmp_path / "empty")
    errors = opened(tmp_path / "empty", STAGES[1:])
    for stage, lacks in zip(STAGES[1:], ["manifest.csv", "splits.csv", "dataset.json", "splits.csv"],
                            strict=True):  # fmt: skip
        assert errors[stage].startswith("StudyError: "), errors[stage]
        assert f"{lacks} is missing" in errors[stage] and 'To fix: run "bcd run ' in errors[stage], stage


# -- other settings ---------------------------------------------------------------------------------


@pytest.mark.long
def test_masks_augmentation_and_an_untrained_resnet50_run(variants):
    folder = variants["resnet"].result()
    record = read_json(folder / "artifacts" / "training.json")
    assert read_json(folder / "study.json")["feature_dtype"] == "bfloat16"
    assert (record["backbone"], record["untrained"], record["epochs"]) == ("ResNet50", True, 1)
    images = np.load(folder / "artifacts" / "images.npy")
    splits = pd.read_csv(folder / "artifacts" / "splits.csv")
    normal = (splits["label"] == "normal").to_numpy()
    assert images[normal].max() == 0  # nothing is outlined in an image without a lesion
    assert (images[~normal].reshape((~normal).sum(), -1).max(axis=1) == 255).all()
    for page in folder.glob("*.html"):
        banner = BeautifulSoup(page.read_text(encoding="utf-8"), "html.parser").select_one("aside.banner")
        assert SYNTHETIC in banner.get_text() and UNTRAINED in banner.get_text(), page.name
    page = BeautifulSoup(
        (folder / "03_train_resnet50.html").read_text(encoding="utf-8"), "html.parser"
    ).get_text()
    assert "each of them passes through the backbone in every epoch" in " ".join(page.split())


@pytest.mark.long
def test_fine_tuning_overlays_and_a_broken_image_run(variants):
    folder = variants["tuned"].result()
    summary = read_json(folder / "summary.json")
    assert (summary["dataset"]["images"], summary["dataset"]["set_aside"]) == (56, 1)
    assert sum(summary["split"].values()) == 55
    (aside,) = summary["dataset"]["set_aside_images"]
    assert "truncated" in aside["status"]
    index = BeautifulSoup((folder / "index.html").read_text(encoding="utf-8"), "html.parser").get_text()
    assert "1 set aside" in index and aside["id"] in index and "truncated" in index
    assert aside["id"] not in set(pd.read_csv(folder / "artifacts" / "predictions.csv")["id"])
    assert SYNTHETIC not in index and UNTRAINED not in index
    history = pd.read_csv(folder / "artifacts" / "history.csv")
    assert history["stage"].tolist() == ["head", "fine-tuning"]
    assert history["epoch"].tolist() == [1, 2]
    assert (folder / "artifacts" / "backbone.keras").exists()
    assert summary["provenance"]["weights"] == "file extractor.keras, fine-tuned"
    layers = pd.read_csv(folder / "tables" / "layers.csv")
    assert layers.loc[layers["kind"] == "backbone", "trainable"].all()
    page = BeautifulSoup(
        (folder / "03_train_resnet50.html").read_text(encoding="utf-8"), "html.parser"
    ).get_text()
    assert "After fine-tuning, below, they are computed anew" in page and "1 backbone layers trained." in page


@pytest.mark.long
def test_a_network_of_the_recipe_is_told_as_it_was_trained_and_predicts_as_in_its_run(
    quick, variants, monkeypatch
):
    folder = variants["recipe"].result()
    summary = read_json(folder / "summary.json")
    assert summary["epochs"] == summary["best_epoch"] == 2
    assert summary["provenance"]["weights"] == "file extractor.keras, fine-tuned"
    pages = {
        path.stem: " ".join(BeautifulSoup(path.read_text(encoding="utf-8"), "html.parser").get_text().split())
        for path in folder.glob("*.html")
    }
    training = pages["03_train_resnet50"]
    assert "AdamW at 0.0002" in training and "nothing here is chosen" in training
    for name, page in pages.items():
        assert not any(words in page for words in ("Frozen backbone", "early stopping", "frozen backbone")), (
            name
        )
    monkeypatch.setenv("BCD_CACHE_DIR", str(quick.cache))
    images = ImageSet.of_run(Run.open(folder))
    test = images.table[images.table["split"] == "test"]
    told = StudyModel.open(folder).predict([images.folder / path for path in test["path"]])
    expected = pd.read_csv(folder / "artifacts" / "predictions.csv").set_index("id").loc[test["id"]]
    names = [f"p_{name}" for name in images.classes]
    assert np.abs(told[names].to_numpy() - expected[names].to_numpy()).max() < 1e-6
