"""What stages declare, and what a study's choice of them must hold to."""

from __future__ import annotations

import ast
import json

import pytest

from bcd_utils.pipeline.outside import network_files
from bcd_utils.pipeline.stages import all_stages, sections
from bcd_utils.pipeline.stages.data_audit import reviewed_and_network
from bcd_utils.pipeline.stages.model_comparison import weights_available
from bcd_utils.study.loading import make_study
from bcd_utils.study.stage import Figure, Stage, section_name, stages_of, writers
from bcd_utils.utils.errors import StudyError
from bcd_utils.utils.paths import NOTEBOOKS

every_stage = pytest.mark.parametrize("stage", all_stages().values(), ids=all_stages())


def test_each_notebook_has_one_stage_and_each_stage_a_notebook():
    assert list(all_stages()) == sorted(path.stem for path in NOTEBOOKS.glob("*.ipynb"))


def test_each_artifact_has_one_writer():
    names = [name for stage in all_stages().values() for name in stage.writes]
    assert len(names) == len(set(names)) == len(writers(all_stages().values()))


@every_stage
def test_a_record_is_written_by_its_stage(stage):
    assert stage.record == "" or stage.record in stage.writes
    assert stage.question.endswith("?")


@every_stage
def test_a_notebook_draws_the_figures_that_its_stage_declares(stage):
    cells = json.loads((NOTEBOOKS / f"{stage.notebook}.ipynb").read_text(encoding="utf-8"))["cells"]
    source = "\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "code")
    calls = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call)]
    names = [call.args[-1] for call in calls if getattr(call.func, "attr", "") == "save_figure"]
    drawn = {name.value for name in names if isinstance(name, ast.Constant)}
    sheets = {"look_alikes_*"} if "sheet_in(run)" in source else set()
    by_name = {"fig3_ultrasound", "samples"} if "samples_figure(" in source else set()
    by_others = {"flow"} if stage.notebook == "02_preprocessing" else set()
    assert {each.name for each in stage.figures} == drawn | sheets | by_name | by_others
    assert {each.stem for each in stage.paper_figures} <= {each.name for each in stage.figures}


@pytest.mark.parametrize(
    "texts", [("", "It is a curve."), ("hello", "It is a curve."), ("A curve.", "a_curve")]
)
def test_a_figure_without_caption_or_alternative_text_is_refused(texts):
    with pytest.raises(StudyError, match="The figure hello has no"):
        Figure("hello", *texts)


def test_all_notebooks_together_are_a_study():
    assert [stage.notebook for stage in stages_of(list(all_stages()), all_stages())] == list(all_stages())


@pytest.mark.parametrize(
    ("notebooks", "problem", "missing"),
    [
        (["01_data_exploration", "02_preprocessing", "10_model_comparison"],
         "10_model_comparison reads audited_manifest.csv", "06_data_audit"),
        (["02_preprocessing"], "02_preprocessing reads dataset.json", "01_data_exploration"),
        (["01_data_exploration", "03_train_resnet50", "02_preprocessing"], "03_train_resnet50 reads splits.csv",
         "02_preprocessing"),
    ],
)  # fmt: skip
def test_a_study_that_reads_what_nobody_wrote_is_refused_at_once(notebooks, problem, missing):
    with pytest.raises(StudyError) as caught:
        stages_of(notebooks, all_stages())
    assert caught.value.problem.startswith(problem) and f"add {missing} before it" in caught.value.fix


def test_with_the_missing_notebook_the_study_is_accepted():
    notebooks = ["01_data_exploration", "02_preprocessing", "06_data_audit", "10_model_comparison"]
    assert [stage.notebook for stage in stages_of(notebooks, all_stages())] == notebooks


def test_weights_that_arrive_make_stages_stale_that_branch_on_them(tmp_path, monkeypatch):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    study = make_study({"name": "x"})
    readers = [
        stage for stage in all_stages().values() if stage.notebook[:2] in ("03", "05", "06", "07", "08", "09")
    ]
    network = [stage for stage in readers if stage.outside]
    assert network == readers
    before = [stage.outside(study) for stage in network]
    monkeypatch.setattr("bcd_utils.study.networks.Network.available", lambda network: True)
    after = [stage.outside(study) for stage in network]
    assert all(one != other for one, other in zip(before, after, strict=True))


def test_a_changed_extractor_changes_the_network(tmp_path):
    extractor = tmp_path / "mine.keras"
    extractor.write_bytes(b"one")
    study = make_study(
        {"name": "x", "backbone": str(extractor), "audit": {"reviewed_pairs": str(tmp_path / "p.csv")}}
    )
    before = network_files(study), reviewed_and_network(study)
    (tmp_path / "p.csv").write_text("id_a,id_b,same\n")
    assert network_files(study) == before[0] and reviewed_and_network(study) != before[1]
    extractor.write_bytes(b"two")
    assert network_files(study) != before[0]


def test_weights_that_arrive_make_the_comparison_stale(tmp_path, monkeypatch):
    extractor = tmp_path / "mine.keras"
    extractor.write_bytes(b"one")
    chosen = {"candidates": ["densenet121-head", "svm"], "extractors": [str(extractor)]}
    study = make_study({"name": "x", "comparison": chosen})
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    before = weights_available(study)
    assert "densenet121" in before["densenet121-head"] and before["svm"] == ""
    monkeypatch.setattr("bcd_utils.study.networks.Network.available", lambda network: True)
    arrived = weights_available(study)
    assert arrived == before | {"densenet121-head": ""}
    extractor.write_bytes(b"two")
    assert weights_available(study) != arrived


# -- sections of further stages ---------------------------------------------------------------------


def hello():
    from pydantic.dataclasses import dataclass

    from bcd_utils.study.source import STRICT

    @dataclass(frozen=True, config=STRICT)
    class Hello:
        greeting: str = "hello"
        times: int = 2

    return {section_name(Hello): Hello}


def test_a_stage_brings_its_own_section_with_defaults_and_strict():
    assert make_study({"name": "x"}, sections=hello()).sections == {
        "hello": {"greeting": "hello", "times": 2}
    }
    study = make_study({"name": "x", "hello": {"times": 3}}, sections=hello())
    assert study.sections["hello"] == {"greeting": "hello", "times": 3}
    again = make_study(json.loads(json.dumps(study.as_dict())))
    assert again == study, "as a notebook reads it, which knows no declarations"
    for settings, said in (
        ({"hello": {"time": 3}}, "unknown setting 'hello.time' = 3. To fix: did you mean 'times'"),
        ({"hello": {"times": "x"}}, "hello.times = 'x' is not allowed"),
        ({"helo": {}}, "unknown setting 'helo' = {}. To fix: did you mean 'hello'"),
    ):
        with pytest.raises(StudyError, match=said):
            make_study({"name": "x", **settings}, sections=hello())


def test_the_sections_of_the_stages_are_settings_of_a_study():
    own = {
        "audit", "repeated_splits", "external", "comparison", "modalities", "published_results", "image_and_record",
        "recipe", "fewer_labels",
    }  # fmt: skip
    assert set(sections()) == own
    assert make_study({"name": "x"}, sections=sections()).sections == {}


def test_another_file_of_published_results_makes_its_stage_stale(tmp_path):
    results = tmp_path / "mine.yaml"
    results.write_text("rows: {}")
    stage = all_stages()["13_published_results"]
    study = make_study({"name": "x", "published_results": {"results": str(results)}}, sections=sections())
    before = stage.outside(study)
    results.write_text("rows: {A: {}}")
    assert stage.outside(study) != before
    results.unlink()
    with pytest.raises(StudyError, match="There is no file .*mine.yaml.*published_results.results"):
        stage.outside(study)


def test_a_stage_without_a_record_has_no_key():
    assert Stage("12_hello", "Who is there?").record_key == ""
