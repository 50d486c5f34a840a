"""The project's own rules: notebooks are short and empty, lists agree, and nothing is tied to one machine."""

from __future__ import annotations

import ast
import itertools
import json
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml

from bcd_utils.pipeline.stages import all_stages
from bcd_utils.study.loading import load_study, make_study, study_files
from bcd_utils.study.stage import stages_of
from bcd_utils.utils.code_identity import closure, imported_names, modules_among
from bcd_utils.utils.paths import NOTEBOOKS, ROOT, STUDIES

LONGEST_CELL = 15
SAVERS = {"writing", "save_csv", "save_json"}

paths = sorted(NOTEBOOKS.glob("*.ipynb"))
every_notebook = pytest.mark.parametrize("path", paths, ids=lambda path: path.stem)


def cells(path: Path, kind: str = "code") -> list[dict]:
    found = json.loads(path.read_text(encoding="utf-8"))["cells"]
    return [cell | {"text": "".join(cell["source"])} for cell in found if cell["cell_type"] == kind]


def nodes(path: Path) -> list[list[ast.AST]]:
    """The syntax nodes of each code cell."""
    return [list(ast.walk(ast.parse(cell["text"]))) for cell in cells(path)]


def calls(tree: list[ast.AST], names: set[str]) -> list[ast.Call]:
    return [
        node
        for node in tree
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in names
    ]


def saved(tree: list[ast.AST]) -> set[str]:
    """Names of the artifacts that a piece of code writes."""
    arguments = [argument for call in calls(tree, SAVERS) for argument in call.args]
    return {argument.value for argument in arguments if isinstance(argument, ast.Constant)}


# -- notebooks --------------------------------------------------------------------------------------


def test_the_default_study_is_the_papers_and_every_notebook_is_in_some_study():
    names = [path.stem for path in paths]
    assert make_study({"name": "mine"}).notebooks == ()
    assert [stage.notebook for stage in stages_of((), all_stages())] == names[:5]
    assert list(all_stages()) == names
    for study in ("trust", "trust_phantom"):
        assert list(load_study(STUDIES / f"{study}.yaml").notebooks) == [*names[:9], "13_published_results"]
    studies = [path for path in study_files(STUDIES) if not path.stem.endswith("_reported")]
    run = [
        [stage.notebook for stage in stages_of(load_study(path).notebooks, all_stages())] for path in studies
    ]
    assert set().union(*run) == set(names)
    assert all(notebooks == sorted(notebooks) for notebooks in run)


def test_the_trust_study_changes_nothing_else_of_the_papers():
    paper, trust = (load_study(STUDIES / f"{name}.yaml").as_dict() for name in ("paper", "trust"))
    differing = {name for name in paper if paper[name] != trust[name]}
    assert differing <= {"name", "title", "notebooks", "audit"}


@every_notebook
def test_a_notebook_is_stored_without_outputs(path):
    for cell in cells(path):
        assert cell["outputs"] == [] and cell["execution_count"] is None, cell["text"]


@every_notebook
def test_a_notebook_begins_with_its_heading(path):
    first = json.loads(path.read_text(encoding="utf-8"))["cells"][0]
    assert first["cell_type"] == "markdown" and re.match(r"# \S", "".join(first["source"]))


@every_notebook
def test_a_notebook_has_one_cell_of_parameters_that_are_plain_literals(path):
    (parameters,) = [cell["text"] for cell in cells(path) if "parameters" in cell["metadata"].get("tags", [])]
    statements = ast.parse(parameters).body
    assert statements
    for statement in statements:
        assert isinstance(statement, ast.AnnAssign), ast.unparse(statement)
        ast.literal_eval(statement.value)


@every_notebook
def test_a_notebook_imports_in_one_cell_that_does_nothing_else(path):
    imports = (ast.Import, ast.ImportFrom)
    (cell,) = [cell for cell, tree in zip(cells(path), nodes(path), strict=True) if any_of(tree, imports)]
    assert all(isinstance(statement, imports) for statement in ast.parse(cell["text"]).body)


@every_notebook
def test_a_notebook_defines_nothing(path):
    definitions = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)
    assert not [tree for tree in nodes(path) if any_of(tree, definitions)]


def any_of(tree: list[ast.AST], kinds: tuple[type, ...]) -> bool:
    return any(isinstance(node, kinds) for node in tree)


@every_notebook
def test_a_notebooks_cells_are_short(path):
    assert [cell["text"] for cell in cells(path) if len(cell["text"].splitlines()) > LONGEST_CELL] == []


@every_notebook
def test_a_cell_shows_one_figure_at_most(path):
    assert max(len(calls(tree, {"save_figure"})) for tree in nodes(path)) <= 1


@every_notebook
def test_a_stage_declares_what_its_notebook_writes(path):
    written = set().union(*(saved(tree) for tree in nodes(path)))
    if path.stem == "03_train_resnet50":
        written |= saved(
            list(
                ast.walk(
                    ast.parse(
                        (ROOT / "bcd_utils" / "experiments" / "study_model.py").read_text(encoding="utf-8")
                    )
                )
            )
        )
    assert written == set(all_stages()[path.stem].writes)


@every_notebook
def test_a_stage_reads_nothing_that_its_code_does_not_name(path):
    """The other way round, a run refuses what is read and not declared."""
    code = "\n".join(cell["text"] for cell in cells(path))
    found = closure(modules_among(imported_names(ast.parse(code)))).values()
    text = code + "".join(file.read_text(encoding="utf-8") for file in found)
    for name in all_stages()[path.stem].reads:
        assert f'"{name}"' in text, name


@every_notebook
def test_nothing_that_a_notebook_imports_imports_a_stage(path):
    code = "\n".join(cell["text"] for cell in cells(path))
    modules = closure(modules_among(imported_names(ast.parse(code))))
    assert [name for name in modules if ".pipeline" in name] == []


# -- files ------------------------------------------------------------------------------------------


def test_notebooks_that_need_no_network_import_none():
    names = ("01_", "02_", "04_", "09_", "13_", "14_")
    paths = [path for path in sorted(NOTEBOOKS.glob("*.ipynb")) if path.name.startswith(names)]
    check = "assert not {'keras', 'tensorflow', 'jax', 'torch'} & {*sys.modules}, "
    lines = ["import sys"]
    for path in paths:
        imports = next(cell["text"] for cell in cells(path) if "import" in cell["text"])
        lines += [imports, f"{check}{path.stem!r}"]
    done = subprocess.run([sys.executable, "-c", "\n".join(lines)], capture_output=True, text=True, cwd=ROOT)
    assert len(paths) == len(names) and done.returncode == 0, done.stderr


def test_conda_and_pip_install_the_same_packages():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    environment = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))["dependencies"]
    (from_pip,) = [item["pip"] for item in environment if isinstance(item, dict)]
    assert from_pip == [*project["dependencies"], *project["optional-dependencies"]["dev"], "-e ."]
    assert f"python{project['requires-python']}" in environment


@pytest.mark.parametrize("name", ["requirements.lock", "requirements-dev.lock", "requirements-gpu.lock"])
def test_a_lock_names_no_server_and_holds_every_package_to_a_hash(name):
    text = (ROOT / name).read_text(encoding="utf-8")
    assert "://" not in text and "--index" not in text
    packages = re.split(r"\n(?=\S)", text.strip())
    assert len(packages) > 50
    assert all(re.match(r"[\w.-]+(\[.*\])?==\S", entry) and "--hash=sha256:" in entry for entry in packages)


@pytest.mark.parametrize("name", ["requirements.lock", "requirements-dev.lock", "requirements-gpu.lock"])
def test_a_lock_holds_every_dependency(name):
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = project["dependencies"] + (project["optional-dependencies"]["dev"] if "dev" in name else [])
    locked = set(
        re.findall(r"^([\w.-]+)(?:\[.*\])?==", (ROOT / name).read_text(encoding="utf-8"), re.MULTILINE)
    )
    assert {re.match(r"[\w.-]+", requirement)[0] for requirement in wanted} <= locked


def test_no_file_is_tied_to_one_machine():
    homes = ["/home/", "/Users/", "/root/", "\\Users\\"]
    here = [str(ROOT)] if len(ROOT.parts) > 2 else []
    folders = ["bcd_utils", "notebooks", "studies", "benchmarks"]
    files = [file for folder in folders for file in (ROOT / folder).rglob("*") if file.is_file()]
    files += [ROOT / name for name in ("Makefile", "pyproject.toml", "environment.yml")]
    sources = [
        file for file in files if not {"__pycache__", ".ruff_cache", ".ipynb_checkpoints"} & {*file.parts}
    ]
    assert len(sources) > 40
    tied = {
        (file.relative_to(ROOT).as_posix(), place)
        for file in sources
        for place in homes + here
        if place in file.read_text(encoding="utf-8", errors="ignore")
    }
    assert tied == set()


# -- habits -----------------------------------------------------------------------------------------

needs_make = pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")


def make(*arguments: str) -> str:
    command = ["make", "-C", str(ROOT), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def workflow_targets() -> list[str]:
    """Make targets that the public CI calls."""
    jobs = yaml.safe_load((ROOT / ".github" / "workflows" / "test.yml").read_text(encoding="utf-8"))["jobs"]
    commands = [step["run"] for job in jobs.values() for step in job["steps"] if "run" in step]
    return [re.fullmatch(r"make ([a-z-]+) PYTHON=python", command)[1] for command in commands]


@needs_make
@pytest.mark.parametrize(
    "target", ["study", "lab", "test", "test-all", "bench", "lint", "clean", *workflow_targets()]
)
def test_make_help_lists(target):
    assert re.search(rf"^  make {target}\s+\S", make("help"), re.MULTILINE)


@needs_make
def test_test_all_runs_every_test_that_needs_no_network_and_test_those_that_need_nothing():
    by_test, by_all = (
        re.findall(r'pytest -m "([^"]+)"', make("--dry-run", target)) for target in ("test", "test-all")
    )
    names = ("network", "browser", "tex", "slow", "long")
    for values in itertools.product([False, True], repeat=len(names)):
        marks = dict(zip(names, values, strict=True))
        (in_test,), (in_all,) = ([eval(words, {}, marks) for words in given] for given in (by_test, by_all))
        assert in_all == (not marks["network"]), marks
        assert in_test == (not any(marks[name] for name in names if name != "slow")), marks


def test_the_public_tests_run_what_everyone_runs_on_every_python_that_is_supported():
    assert set(workflow_targets()) == {"lint", "test"}
    jobs = yaml.safe_load((ROOT / ".github" / "workflows" / "test.yml").read_text(encoding="utf-8"))["jobs"]
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    lowest, beyond = re.fullmatch(r">=3\.(\d+),<3\.(\d+)", project["requires-python"]).groups()
    supported = [f"3.{minor}" for minor in range(int(lowest), int(beyond))]
    assert jobs["test"]["strategy"]["matrix"]["python"] == supported
    actions = [step["uses"] for job in jobs.values() for step in job["steps"] if "uses" in step]
    assert actions and all(re.search(r"@v\d", action) for action in actions)


def test_hooks_before_a_commit_call_tools_that_lint_calls():
    (hooks,) = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8"))["repos"]
    recipe = re.search(
        r"^lint:.*\n((\t.*\n)+)", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE
    )[1]
    linted = set(re.findall(r"\$\(BIN\)/(\S+)", recipe))
    assert {hook["entry"].split()[0] for hook in hooks["hooks"]} == {f".venv/bin/{tool}" for tool in linted}
    (keys,) = set(re.findall(r'--extra-keys "[^"]+"', recipe))
    assert keys in next(hook["entry"] for hook in hooks["hooks"] if hook["id"] == "nbstripout")
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert linted <= {re.match(r"[\w-]+", tool)[0] for tool in project["optional-dependencies"]["dev"]}


@pytest.mark.parametrize(
    "page",
    [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))],
    ids=lambda page: page.name,
)
def test_links_of_the_documents_lead_somewhere(page):
    text = page.read_text(encoding="utf-8")
    assert all((page.parent / picture).exists() for picture in re.findall(r'<img src="([^"]+)"', text))
    for target, _, heading in re.findall(r"\]\(([^)#:]*)(#([\w-]+))?\)", text):
        linked = page.parent / target if target else page
        assert linked.exists(), target
        if heading:
            titles = re.findall(r"^#+ (.*)$", linked.read_text(encoding="utf-8"), re.MULTILINE)
            anchors = {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles}
            assert heading in anchors, f"{target}#{heading}"
