"""Settings: the paper's by default, and one clear line about whatever is not allowed."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bcd_utils.study.loading import load_study, make_study, study_files
from bcd_utils.study.overrides import parse_override
from bcd_utils.study.settings import Study
from bcd_utils.study.source import StudySource
from bcd_utils.utils.errors import StudyError
from bcd_utils.utils.paths import STUDIES

PAPER = {
    "image_size": 224,
    "test_fraction": 0.15,
    "validation_fraction": 0.10,
    "stratify": True,
    "backbone": "resnet50",
    "weights": "imagenet",
    "scaling": "unit",
    "pooling": "flatten",
    "hidden_units": (256, 128, 64),
    "learning_rate": 0.001,
    "batch_size": 16,
    "epochs": 30,
    "patience": 4,
    "augmentation": None,
    "fine_tuning": None,
    "class_weights": "none",
    "input": "image",
    "source": StudySource(),
    "seed": 42,
}
STUDY_FILES = [path for path in study_files(STUDIES) if path.name != "paper_reported.yaml"]


def refusal(settings: dict) -> str:
    with pytest.raises(StudyError) as caught:
        make_study({"name": "mine", **settings})
    return str(caught.value)


def write(folder, text: str):
    path = folder / "mine.yaml"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize(("setting", "value"), PAPER.items())
def test_defaults_are_the_papers_protocol(setting, value):
    assert getattr(make_study({"name": "mine"}), setting) == value


def test_the_papers_study_spells_out_the_defaults():
    title = "Breast Cancer Detection Using ResNet50"
    assert load_study(STUDIES / "paper.yaml") == make_study({"name": "paper", "title": title})


def test_verdicts_are_sought_here_then_beside_the_study_then_among_the_projects_studies(
    tmp_path, monkeypatch
):
    (tmp_path / "here").mkdir()
    (tmp_path / "studies").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    study = tmp_path / "studies" / "mine.yaml"
    study.write_text("name: mine\naudit: {reviewed_pairs: busi_pairs.csv}\n")
    assert load_study(study).audit.reviewed_pairs == str(STUDIES / "busi_pairs.csv")
    for folder in (tmp_path / "studies", tmp_path / "here"):
        (folder / "busi_pairs.csv").touch()
        assert load_study(study).audit.reviewed_pairs == str(folder / "busi_pairs.csv")
    own = load_study(study, ["audit.reviewed_pairs=mine.csv"])
    assert own.audit.reviewed_pairs == str(tmp_path / "here" / "mine.csv"), "where the command is typed"
    assert load_study(study, ["audit.reviewed_pairs=null"]).audit.reviewed_pairs is None


@pytest.mark.parametrize("path", STUDY_FILES, ids=lambda path: path.stem)
def test_every_study_file_loads_and_is_named_after_its_file(path):
    assert load_study(path).name == path.stem


def test_what_the_paper_reports_is_no_study():
    with pytest.raises(StudyError, match="unknown setting|missing"):
        load_study(STUDIES / "paper_reported.yaml")


@pytest.mark.parametrize(
    ("settings", "parts"),
    [
        ({"epoch": 3}, ["unknown setting 'epoch' = 3", "did you mean 'epochs'?"]),
        ({"zzz": "x"}, ["unknown setting 'zzz' = 'x'", "allowed are name, title,"]),
        (
            {"fine_tuning": {"epoch": 3}},
            ["'fine_tuning.epoch' = 3", "did you mean 'epochs'?", "trainable_from"],
        ),
        ({"phantoms": {"benig": 3}}, ["'source.phantoms.benig' = 3", "did you mean 'benign'?"]),
        (
            {"augmentation": {"epochs": 3}},
            ["'augmentation.epochs' = 3", "rotation_degrees, horizontal_flip, zoom"],
        ),
        ({"breakhis": {"zoom": 40}}, ["'source.breakhis.zoom' = 40", "allowed are magnification, target"]),
        (
            {"source": {"record": {"columns": {"age": {"knd": "known"}}}}},
            ["unknown setting 'source.record.columns.age.knd'", "did you mean 'kind'?"],
        ),
        ({"two\nlines": 3}, ["unknown setting 'two\\nlines' = 3"]),
    ],
)
def test_an_unknown_setting_is_named_with_what_is_near_and_allowed(settings, parts):
    message = refusal(settings)
    assert all(part in message for part in parts), message
    assert "\n" not in message


def test_a_second_stage_after_the_whole_network_was_tuned_is_refused():
    message = refusal({"training": "recipe", "fine_tuning": {}})
    assert "fine_tuning has nothing left to train" in message and "fine_tuning: null" in message


@pytest.mark.parametrize(
    ("key", "value", "allowed"),
    [
        ("epochs", True, "a valid integer"),
        ("epochs", 3.0, "a valid integer"),
        ("epochs", "3", "a valid integer"),
        ("epochs", [3], "a valid integer"),
        ("epochs", None, "a valid integer"),
        ("dropout", "0.5", "a valid number"),
        ("dropout", False, "a valid number"),
        ("stratify", 1, "a valid boolean"),
        ("stratify", "yes", "a valid boolean"),
        ("title", 12, "a valid string"),
        ("histopathology_dir", True, "a valid string"),
        ("hidden_units", 256, "a list such as [256, 128]"),
        ("augmentation", True, "a section such as {key: value}"),
        ("name", "a/b", "letters, digits and . _ = , -"),
        ("name", "", "letters, digits and . _ = , -"),
        ("seed", -1, "a value greater than or equal to 0"),
        ("seed", 2**32, "a value less than 4294967296"),
        (
            "input",
            "masks",
            "one of image, crop, outline, channel, painted, overlay, product, mask, or overlay-0.7",
        ),
        ("input", "overlay-4", "one of image, crop, outline"),
        ("stratify", "train", "a valid boolean, or test"),
        ("image_size", 31, "a value greater than or equal to 32"),
        ("image_size", 1025, "a value less than or equal to 1024"),
        ("test_fraction", 0, "a value greater than 0"),
        ("validation_fraction", 1, "a value less than 1"),
        ("backbone", "vgg19", "one of resnet50, resnet50v2, vgg16"),
        ("weights", "radimagenet", "'imagenet', 'random' or the path of a .h5 or .keras weights file"),
        ("scaling", "none", "'unit' or 'imagenet'"),
        ("pooling", "max", "'flatten' or 'average'"),
        ("hidden_units", [], "at least one value"),
        ("dropout", 1, "a value less than 1"),
        ("dropout", -0.1, "a value greater than or equal to 0"),
        ("batch_size", 1, "a value greater than or equal to 2"),
        ("epochs", 0, "a value greater than or equal to 1"),
        ("patience", 0, "a value greater than or equal to 1"),
        ("learning_rate", 0, "a value greater than 0"),
        ("learning_rate", 1.5, "a value less than or equal to 1"),
        ("class_weights", "auto", "'none' or 'balanced'"),
        ("feature_dtype", "float16", "'float32' or 'bfloat16'"),
        ("bootstrap_samples", 99, "a value greater than or equal to 100"),
        ("confidence", 0.5, "a value greater than 0.5"),
        ("confidence", 1, "a value less than 1"),
    ],
)
def test_a_wrong_value_is_refused_in_one_line_with_key_value_and_what_is_allowed(key, value, allowed):
    message = refusal({key: value})
    assert f"settings: {key} = {value!r} is not allowed. To fix: use {allowed}" in message
    assert "\n" not in message


@pytest.mark.parametrize(
    ("section", "key", "value", "allowed"),
    [
        ("augmentation", "rotation_degrees", 181, "a value less than or equal to 180"),
        ("augmentation", "zoom", 1, "a value less than 1"),
        ("augmentation", "horizontal_flip", "no", "a valid boolean"),
        ("fine_tuning", "trainable_from", "", "at least one character"),
        ("fine_tuning", "learning_rate", 0, "a value greater than 0"),
        ("fine_tuning", "epochs", 0, "a value greater than or equal to 1"),
        ("phantoms", "benign", -1, "a value greater than or equal to 0"),
        ("phantoms", "malignant", 2.5, "a valid integer"),
        ("phantoms", "normal", True, "a valid integer"),
        ("phantoms", "seed", -1, "a value greater than or equal to 0"),
        ("source", "data_dir", 3, "a valid string"),
        ("source", "phantoms", None, "a section such as {key: value}"),
        ("source", "classes", "benign", "a list such as [benign, malignant]"),
        ("source", "masks", "(", "a regular expression (missing ), unterminated subpattern"),
        ("source", "sets", "test.txt", "lists such as {train: train.txt, test: test.txt}"),
        ("source", "table", "labels.csv", "a section such as {file: labels.csv}"),
        ("source", "look_alikes", 1.5, "a number above 0 and at most 1, or none"),
    ],
)
def test_a_wrong_value_in_a_section_is_named_with_its_section(section, key, value, allowed):
    message = refusal({section: {key: value}})
    assert f"{section}.{key} = {value!r} is not allowed. To fix: use {allowed}" in message
    assert "\n" not in message


def test_a_wrong_item_of_a_list_is_named_with_its_place():
    assert "hidden_units.1 = 0 is not allowed" in refusal({"hidden_units": [256, 0]})


def test_a_study_needs_a_name():
    with pytest.raises(StudyError, match="setting 'name' is missing. To fix: add 'name: ...'"):
        make_study({})


def test_whole_numbers_are_allowed_where_a_fraction_is():
    assert make_study({"name": "mine", "dropout": 0}).dropout == 0.0


def test_a_study_is_frozen():
    with pytest.raises(dataclasses.FrozenInstanceError):
        make_study({"name": "mine"}).epochs = 3


@pytest.mark.parametrize(
    ("text", "key", "value"),
    [
        ("epochs=3", "epochs", 3),
        ("learning_rate=1e-5", "learning_rate", 0.00001),
        ("learning_rate=2.5E+3", "learning_rate", 2500.0),
        ("fine_tuning.learning_rate=1e-5", "fine_tuning.learning_rate", 0.00001),
        ("augmentation=null", "augmentation", None),
        ("augmentation={}", "augmentation", {}),
        ("hidden_units=[8, 4]", "hidden_units", [8, 4]),
        ("stratify=false", "stratify", False),
        ("weights=a=b.h5", "weights", "a=b.h5"),
        ("title=", "title", None),
    ],
)
def test_an_override_is_read_as_yaml(text, key, value):
    assert parse_override(text) == (key, value)
    assert type(parse_override(text)[1]) is type(value)


@pytest.mark.parametrize(
    ("text", "part"),
    [("epochs", "not of the form"), ("=3", "not of the form"), ("epochs=[3", "not valid YAML")],
)
def test_a_malformed_override_is_quoted(text, part):
    with pytest.raises(StudyError, match=part) as caught:
        parse_override(text)
    assert repr(text) in str(caught.value) and "\n" not in str(caught.value)


def test_overrides_replace_add_to_and_switch_off_what_the_file_says(tmp_path):
    path = write(
        tmp_path, "name: mine\nepochs: 5\nphantoms: {benign: 1, seed: 7}\naugmentation: {zoom: 0.2}\n"
    )
    study = load_study(
        path,
        [
            "epochs=6",
            "phantoms.benign=2",
            "augmentation=null",
            "fine_tuning.learning_rate=1e-5",
            "hidden_units=[8]",
        ],
        data_dir="somewhere",
    )
    assert (study.epochs, study.augmentation, study.hidden_units) == (6, None, (8,))
    assert (study.source.phantoms.benign, study.source.phantoms.seed, study.source.phantoms.malignant) == (
        2,
        7,
        65,
    )
    assert (study.fine_tuning.learning_rate, study.fine_tuning.epochs) == (1e-5, 10)
    assert study.source.data_dir == str(Path.cwd() / "somewhere")


@pytest.mark.parametrize(
    ("text", "override", "part"),
    [
        ("name: mine", "seed.x=1", "seed = {'x': 1} is not allowed"),
        ("name: mine\nseed: 3", "seed.x=1", "seed = {'x': 1} is not allowed"),
        ("name: mine", "a.b.c=1", "unknown setting 'a' = {'b': {'c': 1}}"),
        ("name: mine", "phantoms.x=1", "unknown setting 'source.phantoms.x' = 1"),
    ],
)
def test_a_dotted_override_of_no_section_is_refused(tmp_path, text, override, part):
    with pytest.raises(StudyError) as caught:
        load_study(write(tmp_path, text), [override])
    assert part in str(caught.value)


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("", "holds no settings"),
        ("# only a comment", "holds no settings"),
        ("- a\n- list", "holds no settings"),
        ("just text", "holds no settings"),
        ("name: [", "is not valid YAML"),
        ("name: !!python/object/apply:os.getcwd []", "is not valid YAML"),
        ("name: mine\nseed: 2024-01-31", "seed = '2024-01-31' is not allowed"),
        ("name: mine\n2024-01-31: 3", "unknown setting '2024-01-31' = 3"),
        ("name: mine\nhidden_units: &a [*a]", "line 2: *a stands for a value that is written elsewhere"),
        ("name: mine\nepochs: 3\nepochs: 4", "line 3: 'epochs' is given twice"),
        ("name: mine\nstratify: yes", "stratify = 'yes' is not allowed"),
        ("name: mine\nepochs: 1:30", "epochs = '1:30' is not allowed"),
        (f"name: {'n' * 300}", "at most 100 characters"),
        *(
            (f"name: mine\n{key}: {10**22}", f"{key} = ")
            for key in ("seed", "epochs", "batch_size", "bootstrap_samples", "patience", "image_size")
        ),
        (f"name: mine\nhidden_units: [{10**22}]", "hidden_units.0"),
        (f"name: mine\nsource: {{phantoms: {{benign: {10**22}}}}}", "source.phantoms.benign"),
    ],
)
def test_a_file_that_is_no_study_is_named_in_one_line(tmp_path, text, part):
    with pytest.raises(StudyError) as caught:
        load_study(write(tmp_path, text))
    assert "mine.yaml" in str(caught.value) and part in str(caught.value) and "\n" not in str(caught.value)


def test_a_date_is_text_where_text_is_wanted(tmp_path):
    assert load_study(write(tmp_path, "name: mine\ntitle: 2024-01-31")).title == "2024-01-31"


def test_a_missing_file_is_named_with_those_that_are_there(tmp_path):
    write(tmp_path, "name: mine")
    with pytest.raises(
        StudyError, match="There is no study file .*other.yaml. To fix: name one of: .*mine.yaml"
    ):
        load_study(tmp_path / "other.yaml")


def test_a_file_of_another_encoding_is_refused(tmp_path):
    (tmp_path / "mine.yaml").write_bytes("name: mine\ntitle: Brüste".encode("latin-1"))
    with pytest.raises(StudyError, match="mine.yaml is not valid YAML"):
        load_study(tmp_path / "mine.yaml")


names = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._=,-]{0,9}", fullmatch=True)
rates = st.floats(0, 1, exclude_min=True)
studies = st.fixed_dictionaries(
    {"name": names},
    optional={
        "title": st.text(st.characters(exclude_categories=["Cs"])),
        "data_dir": st.none() | st.just("some/folder"),
        "seed": st.integers(0, 2**32 - 1),
        "input": st.sampled_from(["image", "mask", "overlay", "overlay-0.25", "outline"]),
        "test_fraction": st.floats(0, 1, exclude_min=True, exclude_max=True),
        "hidden_units": st.lists(st.integers(1, 4096), min_size=1, max_size=20),
        "learning_rate": rates,
        "stratify": st.booleans() | st.just("test"),
        "fine_tuning": st.none() | st.fixed_dictionaries({}, optional={"learning_rate": rates}),
        "augmentation": st.none() | st.fixed_dictionaries({}, optional={"zoom": st.floats(0, 0.99)}),
        "phantoms": st.fixed_dictionaries({}, optional={"benign": st.integers(0, 999)}),
    },
)


@given(studies)
def test_a_study_survives_json(settings):
    study = make_study(settings)
    again = make_study(json.loads(json.dumps(study.as_dict())))
    assert isinstance(again, Study) and again == study


def test_what_authors_say_beside_a_study_is_no_study(tmp_path):
    for name in ("mine.yaml", "author.yaml"):
        (tmp_path / name).write_text("name: mine\n")
    assert [path.name for path in study_files(tmp_path)] == ["mine.yaml"]
    with pytest.raises(StudyError) as raised:
        load_study(tmp_path / "other.yaml")
    assert "mine.yaml" in raised.value.fix and "author.yaml" not in raised.value.fix
