"""The rooms of the package: their order, what stands in them, and that their tests mirror them."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from importlib.util import resolve_name
from pathlib import Path

import pytest

from bcd_utils.utils.paths import NOTEBOOKS, ROOT

#: From the ground up: a module imports from its own room and from those before it. This is the only list.
ROOMS = (
    "utils",
    "study",
    "images",
    "datasets",
    "audit",
    "evaluation",
    "explain",
    "models",
    "experiments",
    "reporting",
    "prediction",
    "explorer",
    "pipeline",
    "commands",
    "cli",
)
LONGEST_MODULE = 300
#: Test files that mirror no module.
OF_THE_WHOLE = {"test_cached_results.py", "test_notebook_texts.py", "test_project.py", "test_rooms.py"}


def modules(package: Path) -> list[Path]:
    return sorted(path for path in package.rglob("*.py") if "__pycache__" not in path.parts)


def room_of(module: str) -> str:
    """The room of a dotted name; "" for the package itself."""
    return {"__main__": "cli"}.get(part := f"{module}.".split(".")[1], part)


def imported(tree: ast.AST, module: str) -> Iterator[tuple[int, str]]:
    """Line and dotted name of all that is imported, inside functions too, but not for type checking alone."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING"):
            node = ast.Module(node.orelse, [])
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = resolve_name("." * node.level + (node.module or ""), module.rpartition(".")[0])
            yield from ((node.lineno, f"{base}.{alias.name}") for alias in node.names)
        yield from imported(node, module)


def imports_that_run_up(package: Path) -> list[str]:
    found = []
    for path in modules(package):
        module = ".".join(path.relative_to(package.parent).with_suffix("").parts)
        for line, name in imported(ast.parse(path.read_text(encoding="utf-8")), module):
            own, other = room_of(module), room_of(name)
            if name.startswith(f"{package.name}.") and other in ROOMS and own in ROOMS:
                if ROOMS.index(other) > ROOMS.index(own):
                    found.append(f"{path.relative_to(package.parent).as_posix()}:{line} imports {name}")
    return found


def strangers(package: Path) -> set[str]:
    """What stands beside the rooms and is none."""
    modules_here = {path.name for path in package.glob("*.py")}
    folders = {path.name for path in package.iterdir() if path.is_dir() and modules(path)}
    return modules_here - {"cli.py", "__init__.py", "__main__.py"} | folders - set(ROOMS)


def too_long(package: Path) -> dict[str, int]:
    lengths = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in modules(package)}
    return {path.name: lines for path, lines in lengths.items() if lines > LONGEST_MODULE}


def naming(package: Path, notebooks: set[str]) -> list[tuple[str, str]]:
    """Files outside the stages that spell the name of a notebook."""
    files = [path for path in package.rglob("*") if path.suffix in {".py", ".j2", ".yaml", ".json", ".css"}]
    return [
        (path.relative_to(package).as_posix(), name)
        for path in sorted(files)
        if path.parent != package / "pipeline" / "stages"
        for name in sorted(notebooks)
        if name in path.read_text(encoding="utf-8")
    ]


def mirroring_nothing(tests: Path, package: Path) -> list[str]:
    """Test files for no module, no package and no whole room; those of ``chain`` are free."""
    found = []
    for path in sorted(tests.rglob("test_*.py")):
        folder, subject = path.parent.relative_to(tests), path.stem.removeprefix("test_")
        room = package / folder
        subjects = [room / f"{subject}.py", room / subject / "__init__.py"]
        if subject == folder.name:
            subjects.append(room / "__init__.py")
        free = folder == Path("chain") or (folder == Path(".") and path.name in OF_THE_WHOLE)
        if not free and not any(each.is_file() for each in subjects):
            found.append(path.relative_to(tests).as_posix())
    return found


PACKAGE = ROOT / "bcd_utils"


def test_no_import_runs_up():
    assert imports_that_run_up(PACKAGE) == []


def test_only_rooms_and_the_command_line_stand_in_the_package():
    assert strangers(PACKAGE) == set()
    assert {path.name for path in PACKAGE.iterdir() if path.is_dir() and modules(path)} <= {*ROOMS}


def test_every_room_is_there_and_says_what_it_is_for():
    for room in ROOMS[:-1]:
        tree = ast.parse((PACKAGE / room / "__init__.py").read_text(encoding="utf-8"))
        assert ast.get_docstring(tree), room


def test_no_module_is_too_long():
    assert too_long(PACKAGE) == {}


def test_only_stages_spell_the_name_of_a_notebook():
    assert naming(PACKAGE, {path.stem for path in NOTEBOOKS.glob("*.ipynb")}) == []


def test_tests_mirror_the_rooms():
    assert mirroring_nothing(ROOT / "tests", PACKAGE) == []


# -- the rules can fail -----------------------------------------------------------------------------

MADE_UP = {
    "bcd_utils/__init__.py": "",
    "bcd_utils/__main__.py": "from bcd_utils.cli import main\n",
    "bcd_utils/cli.py": "from bcd_utils.pipeline import runner\n",
    "bcd_utils/utils/files.py": "import numpy\nfrom bcd_utils import __version__\n",
    "bcd_utils/images/reading.py": "from bcd_utils.utils import files\n",
    "bcd_utils/pipeline/runner.py": "from bcd_utils.images.reading import read\n",
    "bcd_utils/pipeline/stages/training.py": "notebook = '03_training'\n",
    "tests/images/test_reading.py": "",
    "tests/images/test_images.py": "",
    "tests/chain/test_everything.py": "",
    "tests/test_cli.py": "",
    "bcd_utils/images/__init__.py": "",
}


@pytest.fixture
def made_up(tmp_path):
    def write(**further: str) -> tuple[Path, Path]:
        for name, text in (MADE_UP | further).items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        return tmp_path / "tests", tmp_path / "bcd_utils"

    return write


def test_a_sound_tree_breaks_no_rule(made_up):
    tests, package = made_up()
    assert imports_that_run_up(package) == [] and strangers(package) == set() and too_long(package) == {}
    assert naming(package, {"03_training"}) == [] and mirroring_nothing(tests, package) == []


@pytest.mark.parametrize(
    "line",
    [
        "from bcd_utils.pipeline.runner import run",
        "from bcd_utils.pipeline import runner",
        "from bcd_utils import pipeline",
        "import bcd_utils.pipeline.runner",
        "from ..pipeline import runner",
        "def late():\n    from bcd_utils import cli",
    ],
)
def test_an_import_that_runs_up_is_found(made_up, line):
    _, package = made_up(**{"bcd_utils/images/reading.py": f"{line}\n"})
    (found,) = imports_that_run_up(package)
    assert found.startswith("bcd_utils/images/reading.py:")


def test_an_import_for_type_checking_alone_may_run_up(made_up):
    guarded = "if TYPE_CHECKING:\n    from bcd_utils.pipeline import runner\n"
    _, package = made_up(**{"bcd_utils/images/reading.py": guarded})
    assert imports_that_run_up(package) == []


def test_other_breaches_are_found(made_up):
    tests, package = made_up(
        **{
            "bcd_utils/helpers.py": "",
            "bcd_utils/cellar/wine.py": "",
            "bcd_utils/images/long.py": "\n" * (LONGEST_MODULE + 1),
            "bcd_utils/reporting/page.html.j2": "<a href='03_training.html'>",
            "tests/images/test_writing.py": "",
        }
    )
    assert strangers(package) == {"helpers.py", "cellar"}
    assert too_long(package) == {"long.py": LONGEST_MODULE + 1}
    assert naming(package, {"03_training"}) == [("reporting/page.html.j2", "03_training")]
    assert mirroring_nothing(tests, package) == ["images/test_writing.py"]


def test_the_page_on_the_architecture_lists_the_rooms_in_their_order():
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    listed = re.findall(r"^\| `(\w+)` \|", text, re.MULTILINE)
    assert listed == [room for room in reversed(ROOMS) if room != "cli"]
