"""What a notebook's first cell says of its artifacts is what its code does."""

from __future__ import annotations

import ast
import json
import re

import pytest
from notebook_artifacts import code_of, named_in, read_by, written_by

from bcd_utils.pipeline.stages import all_stages
from bcd_utils.study.run import Run
from bcd_utils.utils.paths import NOTEBOOKS

ARTIFACT = re.compile(r"`(?:artifacts/)?(\w+\.(?:csv|json|npy|npz|keras))`")

every_notebook = pytest.mark.parametrize(
    "path", sorted(NOTEBOOKS.glob("*.ipynb")), ids=lambda path: path.stem
)


@every_notebook
def test_the_first_cell_names_what_is_read_and_written(path):
    text = "".join(json.loads(path.read_text(encoding="utf-8"))["cells"][0]["source"])
    _, reads, writes = re.split(r"\*\*Reads\*\*|\*\*Writes\*\*", text)
    assert set(ARTIFACT.findall(reads)) == read_by(path)
    assert set(ARTIFACT.findall(writes)) == written_by(path)


@every_notebook
def test_every_table_that_a_notebook_saves_has_a_caption(path):
    calls = [node for node in ast.walk(ast.parse(code_of(path))) if isinstance(node, ast.Call)]
    saved = [call.args[1].value for call in calls if ast.unparse(call.func) == "run.save_table"]
    assert sorted(set(saved)) == sorted(all_stages()[path.stem].tables)


@pytest.mark.parametrize(
    ("code", "read"),
    [
        ("table = run.read_csv('folds.csv')", {"folds.csv"}),
        ("np.load(run.artifact('cams.npz'))", {"cams.npz"}),
        (
            "from bcd_utils.datasets.image_set import ImageSet\nimages = ImageSet.of_run(run)",
            {"splits.csv", "images.npy", "dataset.json"},
        ),
        (
            "from bcd_utils.datasets.image_set import ImageSet\nimages = ImageSet.audited(run)",
            {"splits.csv", "images.npy", "dataset.json", "audited_manifest.csv"},
        ),
        ("from bcd_utils.experiments.repeated_splits.training import plain_splits", set()),
        ("run.save_csv(table, 'folds.csv')", set()),
    ],
)
def test_what_is_read_is_found_in_a_notebook_and_behind_it(code, read):
    assert named_in(code, {"run": Run}, {"artifact", "read_csv", "read_json"}) == read
