"""The package as pip installs it, in a folder that knows nothing of the project."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest
import yaml
from builders import TINY_SETTINGS, as_yaml

from bcd_utils.study.provenance import commit
from bcd_utils.utils.paths import NOTEBOOKS, ROOT, STUDIES
from bcd_utils.utils.sealed import files_below

pytestmark = pytest.mark.slow


def copy_of_the_project(target: Path) -> Path:
    """What git knows of, in a folder that building may litter."""
    git = ["git", "-C", str(ROOT), "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    for name in subprocess.run(git, capture_output=True, text=True, check=True).stdout.split("\0"):
        if name and (ROOT / name).is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, target / name)
    (target / ".git").symlink_to(ROOT / ".git")
    return target


@pytest.fixture(scope="module")
def environment(tmp_path_factory) -> Path:
    """A virtual environment with the built package alone; what it needs is borrowed from the one of the tests."""
    folder = tmp_path_factory.mktemp("installed")
    quiet = ["--quiet", "--disable-pip-version-check", "--no-deps", "--no-index"]
    pip = [sys.executable, "-m", "pip"]
    plain = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    source = copy_of_the_project(folder / "source")
    build = [*pip, "wheel", *quiet, "--no-build-isolation", "--wheel-dir", folder, source]
    subprocess.run(build, check=True, env=plain)
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder / "env"], check=True)
    python = folder / "env" / "bin" / "python"
    install = [*pip, "--python", python, "install", *quiet, *folder.glob("*.whl")]
    subprocess.run(install, check=True, env=plain)
    (packages,) = (folder / "env" / "lib").glob("python*/site-packages")
    (packages / "borrowed.pth").write_text(sysconfig.get_path("purelib"))
    return folder / "env"


@pytest.fixture
def bcd(environment, tmp_path):
    """Runs the installed command in an empty folder."""
    plain = {key: value for key, value in os.environ.items() if not key.startswith(("BCD_", "PYTHON"))}

    def run(*words) -> subprocess.CompletedProcess:
        command = [environment / "bin" / "bcd", *map(str, words)]
        return subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, env=plain)

    return run


def test_the_package_carries_the_notebooks_and_the_studies(environment):
    (project,) = environment.glob("lib/python*/site-packages/bcd_utils/project")
    for folder, kinds in ((NOTEBOOKS, [".ipynb"]), (STUDIES, [".yaml", ".csv", ".json"])):
        carried = {
            name: (project / folder.name / name).read_bytes() for name in files_below(project / folder.name)
        }
        ours = [name for name in files_below(folder) if Path(name).suffix in kinds]
        assert carried == {name: (folder / name).read_bytes() for name in ours}
    assert (project / "commit.txt").read_text() == commit()


def test_plain_nbconvert_finds_the_template_in_the_environment(environment, finished, tmp_path):
    """nbconvert's own templates are borrowed from the environment of the tests, as its code is."""
    plain = {
        key: value for key, value in os.environ.items() if not key.startswith(("BCD_", "PYTHON", "JUPYTER"))
    }
    plain["JUPYTER_PATH"] = str(Path(sys.prefix, "share", "jupyter"))
    notebook = finished / "notebooks" / "01_data_exploration.ipynb"
    words = ["-m", "nbconvert", "--to", "markdown", "--template", "bcd", "--output-dir", tmp_path, notebook]
    done = subprocess.run([environment / "bin" / "python", *words], capture_output=True, text=True, env=plain)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "01_data_exploration.md").read_text().startswith("> **Not for clinical use.**")


def test_a_study_of_ours_is_known_by_its_name(bcd, tmp_path):
    unknown = bcd("run", "nosuch")
    assert (
        unknown.returncode == 1
        and ", paper, phantom, published, recipe, recipe_long, recipe_model, trust, " in unknown.stderr
    )
    assert list(tmp_path.iterdir()) == []
    nothing = bcd("runs")
    assert nothing.stdout.startswith("There is no run in reports. Make one: bcd run phantom")


def test_a_run_lands_in_the_folder_where_it_was_asked_for(environment, quick, tmp_path):
    """On the ready Python, which finds the installed package first."""
    (packages,) = environment.glob("lib/python*/site-packages")
    (alone := tmp_path / "packages").mkdir()
    (alone / "bcd_utils").symlink_to(packages / "bcd_utils")
    settings = TINY_SETTINGS | {"notebooks": ["01_data_exploration", "02_preprocessing"], "name": "anywhere"}
    settings["backbone"] = yaml.safe_load(quick.file.read_text())["backbone"]
    (tmp_path / "here").mkdir()
    (tmp_path / "here" / "mine.yaml").write_text(as_yaml(settings))
    plain = {key: value for key, value in os.environ.items() if not key.startswith("BCD_")}
    done = subprocess.run(
        [quick.python, "-m", "bcd_utils.cli", "run", "mine.yaml"],
        capture_output=True, text=True, cwd=tmp_path / "here", env=plain | {"PYTHONPATH": str(alone)},
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, ""), done.stdout
    summary = json.loads((tmp_path / "here" / "reports" / "anywhere" / "summary.json").read_text())
    assert summary["provenance"]["commit"] == commit() and summary["dataset"]["images"] == 56
    assert {path.name for path in (tmp_path / "here").iterdir()} == {"mine.yaml", "reports", "data"}
