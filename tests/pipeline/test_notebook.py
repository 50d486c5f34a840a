"""Notebooks run, and become pages, without what a user's home holds for Jupyter, IPython and matplotlib."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import nbformat
import pytest
from builders import make_run

from bcd_utils.pipeline.notebook import execute, refuse_taken_names
from bcd_utils.reporting.html import render_notebook
from bcd_utils.study.loading import make_study
from bcd_utils.study.run import Run
from bcd_utils.utils.errors import StudyError

pytestmark = pytest.mark.slow

#: The user changes how numbers are shown and the look of figures in every way there is.
CHANGED = "import numpy, matplotlib; numpy.set_printoptions(precision=1); matplotlib.rcParams['lines.color'] = 'red'"


@pytest.fixture
def home(tmp_path, monkeypatch) -> Path:
    folder = tmp_path / "home"
    texts = {
        ".ipython/profile_default/startup/00.py": CHANGED,
        ".ipython/profile_default/ipython_config.py": f'c.InteractiveShellApp.exec_lines = ["{CHANGED}"]',
        ".pythonstartup.py": CHANGED,
        ".config/matplotlib/matplotlibrc": "lines.linewidth: 99\nsavefig.dpi: 7\n",
        ".local/share/jupyter/kernels/python3/kernel.json": '{"argv": ["false"], "display_name": "mine"}',
        ".jupyter/jupyter_nbconvert_config.py": "c.HTMLExporter.exclude_input = True",
    }
    for template in ("base", "lab", "nbconvert"):
        for file in ("display_priority", "null", "index.html", "base.html"):
            texts[f".local/share/jupyter/nbconvert/templates/{template}/{file}.j2"] = "of the user"
    for name, text in texts.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    monkeypatch.setenv("HOME", str(folder))
    monkeypatch.setenv("PYTHONSTARTUP", str(folder / ".pythonstartup.py"))
    monkeypatch.setenv("JUPYTER_PREFER_ENV_PATH", "0")
    for name in ("IPYTHONDIR", "MPLCONFIGDIR", "XDG_CONFIG_HOME", "JUPYTER_DATA_DIR", "JUPYTER_CONFIG_DIR"):
        monkeypatch.delenv(name, raising=False)
    return folder


def short_notebook(folder: Path, cells: list[str]) -> Path:
    """A notebook of these cells."""
    source = folder / "12_hello.ipynb"
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    notebook.cells[0].metadata["tags"] = ["parameters"]
    notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
    nbformat.write(notebook, source)
    return source


def test_nothing_at_home_changes_a_notebook_or_its_page(home, tmp_path):
    cells = [
        "import numpy as np\nimport matplotlib\nfrom bcd_utils.reporting.plots import style",
        "print(np.array([1 / 3]), [matplotlib.rcParams[name] for name in ('lines.linewidth', 'lines.color')])",
        "print(matplotlib.rcParams['savefig.dpi'])",
    ]
    source = short_notebook(tmp_path, cells)
    run = Run.create(tmp_path / "run", make_study({"name": "mine"}), {})
    (tmp_path / "scratch").mkdir()
    executed = tmp_path / "scratch" / source.name
    execute(source, executed, run, tmp_path / "progress")
    printed = [output.text for cell in nbformat.read(executed, 4).cells for output in cell.get("outputs", [])]
    assert "".join(printed).split("\n") == ["[0.33333333] [1.2, 'C0']", "figure", ""]
    page = {"title": "t", "study": "s", "run": "r", "announcements": [], "pages": [], "footer": {}}
    render_notebook(executed, tmp_path / "page.html", page)
    text = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert "of the user" not in text and "0.33333333" in text and "set_printoptions" not in text


def test_no_stage_writes_over_what_an_earlier_one_has_left(tmp_path):
    names = ("01_data_exploration", "02_preprocessing")
    run = make_run(tmp_path / "run", make_study({"name": "mine", "notebooks": list(names)}))
    (run.folder / "figures").mkdir()
    figure = run.folder / "figures" / "samples.png"
    before = run.shown()
    figure.write_bytes(b"first")
    refuse_taken_names(run, names[0], before)
    run.mark_done(names[0], {}, 1.0, 0.0, before)
    before = run.shown()
    (run.folder / "figures" / "other.png").write_bytes(b"second")
    refuse_taken_names(run, names[1], before)
    figure.write_bytes(b"second too")
    with pytest.raises(StudyError, match=r"02_preprocessing writes figures/samples.png, which is of 01_data"):
        refuse_taken_names(run, names[1], before)


@pytest.mark.parametrize("deaths", [2, 9])
def test_a_kernel_whose_port_was_taken_starts_again(deaths, tmp_path, monkeypatch):
    """Ports are picked free and closed before the kernel opens them; what else starts may be quicker."""
    starts = tmp_path / "starts"
    program = f"""import pathlib, runpy, sys
starts = pathlib.Path({str(starts)!r})
starts.write_text((starts.read_text() if starts.exists() else "") + "x")
if len(starts.read_text()) <= {deaths}:
    sys.exit("zmq.error.ZMQError: Address already in use")
runpy.run_module("ipykernel_launcher", run_name="__main__")
"""
    (tmp_path / "kernel.py").write_text(program)
    specification = tmp_path / "jupyter" / "kernels" / "python3" / "kernel.json"
    specification.parent.mkdir(parents=True)
    words = [sys.executable, str(tmp_path / "kernel.py"), "-f", "{connection_file}"]
    specification.write_text(json.dumps({"argv": words, "display_name": "p", "language": "python"}))
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path / "jupyter"))
    run = Run.create(tmp_path / "run", make_study({"name": "mine"}), {})
    (tmp_path / "scratch").mkdir()
    source, executed = short_notebook(tmp_path, ["", "print(6 * 7)"]), tmp_path / "scratch" / "12_hello.ipynb"
    if deaths < 3:
        execute(source, executed, run, tmp_path / "progress")
        assert nbformat.read(executed, 4).cells[-1].outputs[0].text == "42\n"
    else:
        with pytest.raises(StudyError, match=r"The kernel of 12_hello did not start.*12_hello\.log"):
            execute(source, executed, run, tmp_path / "progress")
        assert "Address already in use" in (run.folder / "logs" / "12_hello.log").read_text()
    assert starts.read_text() == "xxx"
