"""A model is tested on images from elsewhere: what is found, scored, compared, said and drawn."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from builders import CLASSES, make_run, noise, run_of_busi, write_busi, write_image
from sklearn.metrics import roc_auc_score

from bcd_utils.datasets import REGISTRY, recorded_dataset
from bcd_utils.evaluation.calibration import calibration_scores
from bcd_utils.evaluation.metrics import score
from bcd_utils.evaluation.predictions import labels_and_probabilities
from bcd_utils.experiments.external import record as report
from bcd_utils.experiments.external import scores as scoring
from bcd_utils.experiments.external.copies import (
    described,
    find_copies,
    learned,
    said_of_copies,
    without_copies,
)
from bcd_utils.experiments.external.images import (
    class_counts,
    examples,
    external_source,
    find_images,
    introduction,
    predict_images,
    predictions_table,
)
from bcd_utils.pipeline.stages.external_test import STAGE
from bcd_utils.reporting.plots import external as plots
from bcd_utils.study.loading import make_study
from bcd_utils.study.run import Run
from bcd_utils.utils.errors import StudyError

BUSI = REGISTRY["busi"]


def no_sheet(called, pairs):
    raise AssertionError("nothing to judge")


def study_of(folder=None, **settings):
    external = {"dataset": "folder", "data_dir": str(folder)} if folder else None
    return make_study({"name": "mine", "image_size": 64, "external": external, **settings})


@pytest.fixture
def folder(tmp_path):
    """Six images of two classes, of three patients."""
    folder = write_busi(tmp_path / "elsewhere", "subfolders of each class")
    shutil.rmtree(folder / "normal")
    rows = [
        f"{label}/images/{label} ({n}).png,patient {n}"
        for label in ("benign", "malignant")
        for n in (1, 2, 10)
    ]
    (folder / "groups.csv").write_text("\n".join(["path,group", *rows]))
    return folder


# -- the images -------------------------------------------------------------------------------------


def test_external_images_are_read_by_their_own_settings_with_the_studys_stain():
    drawn = {"benign": 3, "malignant": 2, "normal": 1, "seed": 9, "scanner": "b"}
    external = {"dataset": "phantom", "phantoms": drawn, "allow_partial": True}
    study = make_study({"name": "mine", "data_dir": "here", "epochs": 3, "external": external})
    other = external_source(study)
    assert other == replace(study.external, classes=CLASSES)
    assert (other.dataset, other.data_dir, other.allow_partial) == ("phantom", None, True)
    assert (other.phantoms.benign, other.phantoms.scanner) == (3, "b")
    slides = {"dataset": "breakhis", "breakhis": {"magnification": 400}}
    study = make_study({"name": "mine", "dataset": "breakhis", "stain": "macenko", "external": slides})
    assert external_source(study).stain == "macenko"
    assert (
        external_source(study).breakhis.magnification == 400 and study.source.breakhis.magnification == "all"
    )


def test_another_stain_than_the_networks_is_refused():
    slides = {"dataset": "breakhis", "stain": "reinhard"}
    study = make_study({"name": "mine", "dataset": "breakhis", "stain": "macenko", "external": slides})
    with pytest.raises(
        StudyError, match="external.stain = reinhard.*stain = macenko.*leave external.stain out"
    ):
        external_source(study)


def test_classes_that_the_model_does_not_know_are_left_out_and_none_that_it_knows_is_refused(tmp_path):
    for name in ("benign/a", "cyst/b"):
        write_image(tmp_path / f"{name}.png", noise(len(name), shape=(70, 70)))
    images, _ = find_images(study_of(tmp_path), BUSI, no_sheet)
    assert images.classes == CLASSES and images.table["id"].tolist() == ["a"]
    assert images.remarks == ["Not read: 1 x in the folder 'cyst', which is no class, the first cyst/b.png"]
    named = study_of(tmp_path, external={"dataset": "busi", "classes": ["benign", "cyst"]})
    with pytest.raises(StudyError, match="BUSI has no class 'cyst'"):
        external_source(named)
    slides = {"dataset": "breakhis", "breakhis": {"target": "subtype"}}
    with pytest.raises(StudyError, match="external images have the classes adenosis.*the model knows benign"):
        external_source(study_of(external=slides))


def test_images_are_found_with_their_patients_though_a_class_is_absent(folder):
    images, _ = find_images(study_of(folder), BUSI, no_sheet)
    assert len(images.table) == 6 and images.patients == 3 and images.remarks == []
    own = pd.DataFrame({"label": ["benign", "normal"], "split": ["train", "test"]})
    assert class_counts(own, images, CLASSES).to_dict("list") == {
        "training": [1, 0, 0],
        "internal test": [0, 0, 1],
        "external": [3, 3, 0],
    }
    assert "6 images of 3 patients; 0 set aside" in introduction(images)
    assert {label: len(rows) for label, rows in examples(images, 2).items()} == {"benign": 2, "malignant": 2}


def test_patients_are_unknown_where_no_table_names_them(folder):
    (folder / "groups.csv").unlink()
    write_image(folder / "benign" / "images" / "copy.png", noise(0, 1))
    images, _ = find_images(study_of(folder), BUSI, no_sheet)
    assert images.patients is None and images.table["group"].nunique() == 6
    assert "unnamed patients" in introduction(images)


def test_what_the_network_sees_is_kept_by_content(folder, cache):
    images, _ = find_images(study_of(folder), BUSI, no_sheet)
    calls = []
    first, again = (np.load(images.file(lambda *call: calls.append(call))) for _ in range(2))
    assert first.shape == (6, 64, 64, 3) and np.array_equal(first, again) and len(calls) == 6
    write_image(folder / "benign" / "images" / "benign (1).png", noise(99))
    changed = find_images(study_of(folder), BUSI, no_sheet)[0].pixels
    assert not np.array_equal(first[0], changed[0]) and np.array_equal(first[1:], changed[1:])


def test_an_input_that_needs_masks_is_refused_without_them(folder, cache):
    shutil.rmtree(folder / "benign" / "masks")
    images, _ = find_images(study_of(folder, input="overlay"), BUSI, no_sheet)
    with pytest.raises(StudyError, match="input = overlay needs masks, but 3 images have none"):
        images.file()


def test_without_external_images_nothing_is_tested_and_the_page_says_how():
    images, manifest = find_images(study_of(), BUSI, no_sheet)
    assert images is None and manifest.empty and "sha256" in manifest
    assert "--set external.dataset=folder --set external.data_dir=FOLDER" in introduction(images)
    table = predictions_table(manifest, np.zeros((0, 3)), CLASSES)
    assert list(table) == [
        "id",
        "group",
        "label",
        "predicted",
        "probability",
        "p_benign",
        "p_malignant",
        "p_normal",
    ]


@pytest.fixture
def ordinary(tmp_path):
    """A folder of 24 pictures that are alike, without patients: four of each hold a band in another place."""
    rows, columns = np.mgrid[:70, :90]
    for number in range(24):
        band = 90 * (abs(rows - columns + 14 * (number % 6) - 40) < 8)
        own = np.random.default_rng(number).normal(0, 8, band.shape)
        pixels = np.clip(60 + band + own, 0, 255).astype(np.uint8)
        write_image(tmp_path / "ordinary" / CLASSES[number % 2] / f"{number}.png", pixels)
    return tmp_path / "ordinary"


def beside_others(folder, **settings):
    sources = {"elsewhere": {"dataset": "folder", "data_dir": str(folder), **settings}}
    return make_study({"name": "mine", "image_size": 64, "modalities": {"sources": sources}})


@pytest.mark.parametrize(
    "settings", [{}, {"look_alikes": "none"}, {"look_alikes": 0.999}, {"patients": r"(\d)\."}]
)
def test_groups_are_those_of_the_modalities(ordinary, cache, settings):
    from bcd_utils.experiments.modalities.sources import find_sources

    named = {"dataset": "folder", "data_dir": str(ordinary), **settings}
    here, manifest = find_images(study_of(external=named), BUSI, no_sheet)
    available, _ = find_sources(beside_others(ordinary, **settings), no_sheet, lambda what: lambda *_: None)
    there = available["elsewhere"]
    ours, theirs = (images.table.set_index("path")["group"].sort_index() for images in (here, there))
    assert ours.equals(theirs) and here.patients == there.patients
    expected = {"none": 24, 0.999: 24}.get(settings.get("look_alikes"), 10 if settings.get("patients") else 6)
    assert ours.nunique() == expected
    assert manifest.set_index("path")["group"].sort_index().equals(ours)


def test_far_too_many_look_alikes_elsewhere_stop_with_their_own_setting(ordinary):
    for path in ordinary.rglob("*.png"):
        shade = np.mgrid[:70, :90][1] + 40 + np.random.default_rng(int(path.stem)).normal(0, 1, (70, 90))
        write_image(path, shade.astype(np.uint8))
    sheets = []
    with pytest.raises(StudyError, match="24 of 24 images are one group") as caught:
        find_images(study_of(ordinary), BUSI, lambda called, pairs: sheets.append(called) or "there")
    assert sheets == ["external"] and "--set external.look_alikes=none" in caught.value.fix
    named = {"dataset": "folder", "data_dir": str(ordinary), "look_alikes": "none"}
    images, _ = find_images(study_of(external=named), BUSI, no_sheet)
    assert images.table["group"].nunique() == 24 and "exact copies as one" in introduction(images)


@pytest.fixture
def own_run(tmp_path):
    """A run on nine images of BUSI's layout, one of each class in each set."""
    data = write_busi(tmp_path / "own")
    study = study_of(folder=tmp_path / "elsewhere", data_dir=str(data), allow_partial=True)
    return run_of_busi(tmp_path / "run", study, data)


def test_external_images_that_are_the_studys_own_are_named_with_their_set(own_run, tmp_path):
    copied = {"one.png": noise(0, 1), "two.bmp": noise(0, 2), "other.png": noise(7, 7)}  # benign (1) and (2)
    for name, pixels in copied.items():
        write_image(tmp_path / "elsewhere" / "benign" / name, pixels)
    images, _ = find_images(own_run.study, BUSI, no_sheet)
    copies = find_copies(own_run, images)
    found = {row.external_id: (row.own_id, row.own_set, row.kind) for row in copies.itertuples()}
    assert found["two"] == ("benign (2)", "validation", "same pixels")
    assert found["one"] in [("benign (1)", "train", kind) for kind in ("same file", "same pixels")]
    assert set(found) == {"one", "two"} == learned(copies)
    record = {"images": 3, "copies": described(copies, 0.6), "intervals_without_copies": None}
    assert record["copies"]["of_set"] == {"train": 1, "validation": 1, "test": 0}
    assert said_of_copies(record).startswith("2 of the 3 external images are copies of the study's own")
    assert "nothing is left" in without_copies(record)
    assert json.loads(json.dumps(record, allow_nan=False)) == record


def test_only_what_the_model_has_learned_is_left_out_of_the_scores():
    table = predictions(LABELS, RIGHT)
    wrong = table[(table["split"] == "external") & (table["label"] != table["predicted"])]
    scores = scoring.score_sources(table, CLASSES, STUDY, set(wrong["id"]))
    assert scores["external without copies"]["accuracy"]["value"] == 1
    assert scores["external"] == scoring.score_sources(table, CLASSES, STUDY)["external"]
    shown = scoring.score_table(scores, CLASSES)
    figure = plots.scores(shown)
    figure.draw_without_rendering()
    columns = [*scoring.SOURCES, "external without copies"]
    texts = {text.get_text() for text in figure.axes[0].texts}
    assert texts == set(scoring.as_text(shown)[columns].to_numpy().ravel())
    rest = {"of_set": {"train": 36, "validation": 0, "test": 0}}
    ends = {"accuracy": {"value": 1.0, "low": 0.9, "high": 1.0}}
    said = without_copies({"copies": rest, "intervals_without_copies": ends})
    assert said.endswith("accuracy is 1.000 [0.900, 1.000].")
    assert "external without copies" not in scoring.score_sources(
        table, CLASSES, STUDY, set(table.loc[table["split"] == "external", "id"])
    )


@pytest.mark.parametrize(
    ("settings", "problem", "fix"),
    [
        ({"dataset": "folder", "data_dir": "{gone}"}, "gone does not exist", "--set external.data_dir="),
        ({"dataset": "folder"}, "folder", "--set external.data_dir=FOLDER"),
        ({"dataset": "folder", "data_dir": "{empty}"}, "holds no images", "external.classes={benign: [B]"),
        ({"dataset": "busi", "data_dir": "{part}"}, "holds 9 of 780", "--set external.allow_partial=true"),
        (
            {"dataset": "folder", "data_dir": "{masks}"},
            "files that are called masks",
            "--set external.masks=none",
        ),
    ],
)
def test_what_is_wrong_with_external_images_is_told_before_anything_runs(tmp_path, settings, problem, fix):
    (tmp_path / "empty").mkdir()
    write_busi(tmp_path / "part")
    write_image(tmp_path / "masks" / "benign" / "a_mask.png", noise(1))
    places = {name: tmp_path / name for name in ("gone", "empty", "part", "masks")}
    settings = {name: text.format(**places) for name, text in settings.items()}
    with pytest.raises(StudyError, match=problem) as caught:
        STAGE.outside(study_of(weights="random", external=settings))
    assert fix in caught.value.fix and "source." not in str(caught.value).replace("sources.", "")


# -- the results ------------------------------------------------------------------------------------


def predictions(labels: dict[str, list[int]], right: dict[str, float]) -> pd.DataFrame:
    """Predictions whose first images of each set are right, in groups of two images."""
    parts = []
    for split, of_set in labels.items():
        hits = np.arange(len(of_set)) < round(right[split] * len(of_set))
        predicted = np.where(hits, of_set, (np.array(of_set) + 1) % 3)
        probabilities = np.full((len(of_set), 3), 0.1)
        probabilities[np.arange(len(of_set)), predicted] = 0.8
        rows = pd.DataFrame({"id": range(len(of_set)), "label": np.array(CLASSES)[of_set]})
        rows["group"] = [f"{split} {number // 2}" for number in range(len(of_set))]
        parts.append(predictions_table(rows, probabilities, CLASSES).assign(split=split))
    return pd.concat(parts, ignore_index=True)


STUDY = study_of(bootstrap_samples=300)
RIGHT = {"validation": 0.9, "test": 0.9, "external": 0.4}
LABELS = {"validation": [0, 1, 2] * 10, "test": [0, 1, 2] * 20, "external": [0, 1, 2] * 20}


def test_scores_are_those_of_each_source_and_their_difference():
    scores = scoring.score_sources(predictions(LABELS, RIGHT), CLASSES, STUDY)
    assert list(scores) == ["internal test", "external", "difference"]
    assert scores["internal test"]["accuracy"]["value"] == pytest.approx(0.9)
    difference = scores["difference"]["accuracy"]
    assert difference["value"] == pytest.approx(0.4 - 0.9)
    assert difference["low"] < -0.5 < difference["high"] < 0
    # independent samples: variances add
    widths = {
        source: scores[source]["accuracy"]["high"] - scores[source]["accuracy"]["low"] for source in scores
    }
    assert widths["difference"] == pytest.approx(np.hypot(*[widths[s] for s in scoring.SOURCES]), rel=0.2)


def test_a_score_of_an_absent_class_is_a_dash():
    table = predictions(LABELS | {"external": [0, 1] * 10}, RIGHT)
    scores = scoring.score_sources(table, CLASSES, STUDY)
    assert scores["external"]["sensitivity_normal"] == {"value": None, "low": None, "high": None}
    assert scores["difference"]["f1_macro"]["value"] is None
    text = scoring.as_text(scoring.score_table(scores, CLASSES))
    assert text.loc["sensitivity_normal", "external"] == text.loc["f1_macro", "external"] == "–"
    assert text.loc["accuracy", "external"].startswith("0.400 [")


def test_the_calibration_error_at_home_is_that_of_the_evaluation():
    table = predictions(LABELS | {"external": [0, 1] * 10}, RIGHT)
    _, found = scoring.calibrate(table, CLASSES, STUDY)
    given = labels_and_probabilities(table, CLASSES, "test")
    expected = calibration_scores(*given, bins=5, samples=STUDY.bootstrap_samples, seed=STUDY.seed)["ece"]
    assert found.loc[("internal test", "before"), "ece"] == expected


def test_one_patient_gives_scores_without_intervals():
    table = predictions(LABELS, RIGHT)
    table.loc[table["split"] == "external", "group"] = "only one"
    scores = scoring.score_sources(table, CLASSES, STUDY)
    labels = LABELS["external"]
    columns = [f"p_{name}" for name in CLASSES]
    expected = score(labels, table.loc[table["split"] == "external", columns].to_numpy(), CLASSES)
    assert {name: ends["value"] for name, ends in scores["external"].items()} == expected
    assert scores["external"]["accuracy"]["low"] is None and scores["difference"]["accuracy"]["low"] is None


def test_the_temperature_does_not_look_at_external_images():
    before, _ = scoring.calibrate(predictions(LABELS, RIGHT), CLASSES, STUDY)
    after, table = scoring.calibrate(predictions(LABELS, RIGHT | {"external": 1.0}), CLASSES, STUDY)
    assert before == after
    assert table.loc[("external", "before"), "brier"] == pytest.approx(0.2**2 + 2 * 0.1**2)
    # validation is right in 0.9 where it says 0.8, so it is too timid and so is what is always right
    assert after < 1
    assert table.loc[("external", "after"), "brier"] < table.loc[("external", "before"), "brier"]


def test_a_source_without_images_is_left_out():
    table = predictions({name: LABELS[name] for name in ("validation", "test")}, RIGHT)
    assert list(scoring.score_sources(table, CLASSES, STUDY)) == ["internal test"]
    assert scoring.calibrate(table, CLASSES, STUDY)[1].index.tolist() == [
        ("internal test", "before"),
        ("internal test", "after"),
    ]


def test_the_surest_errors_come_first():
    table = pd.DataFrame(
        {
            "id": list("abcd"),
            "label": ["benign"] * 4,
            "predicted": ["normal", "benign", "normal", "malignant"],
            "probability": [0.6, 1.0, 0.9, 0.7],
        }
    )
    assert report.confident_errors(table, 2)["id"].tolist() == ["c", "d"]


@pytest.mark.parametrize(
    ("apart", "said"),
    [
        ((-0.2, -0.3, -0.1), "does worse elsewhere"),
        ((0.2, 0.1, 0.3), "does better elsewhere"),
        ((-0.2, -0.5, 0.1), "do not tell"),
        ((-0.2, None, None), "too few patients"),
    ],
)
def test_the_verdict_follows_the_interval_of_the_difference(apart, said):
    ends = dict(zip(("value", "low", "high"), apart, strict=True))
    some = {"value": 0.5, "low": 0.4, "high": 0.6}
    found = {
        "title": "Elsewhere",
        "internal_intervals": {"accuracy": some},
        "intervals": {"accuracy": some},
        "difference": {"accuracy": ends, "roc_auc": {"value": None}},
        "domain_auc": {"value": None},
        "classes": {"benign": 3, "normal": 0},
        "copies": {"threshold": 0.6, "images": 0, "of_set": {"train": 0, "validation": 0, "test": 0}},
        "untrained": False,
    }
    text = report.verdict(found)
    assert "The model has seen none of these images" in text
    assert said in text and "no image of class normal" in text and "never trained" not in text


@pytest.mark.parametrize(
    ("classes", "said"),
    [
        (("benign", "malignant"), "which does not depend on how common the two classes are"),
        (
            ("benign", "malignant", "normal"),
            "each class against the others, as common as each of them is there",
        ),
    ],
)
def test_what_an_area_depends_on_is_said_as_the_number_of_classes_has_it(classes, said):
    some = {"value": 0.1, "low": 0.0, "high": 0.2}
    found = {
        name: {"accuracy": some, "roc_auc": some}
        for name in ("internal_intervals", "intervals", "difference")
    }
    found |= {"title": "Elsewhere", "domain_auc": {"value": None}, "classes": dict.fromkeys(classes, 3)}
    copies = {"threshold": 0.6, "images": 0, "of_set": {"train": 0, "validation": 0, "test": 0}}
    assert said in report.verdict(found | {"copies": copies, "untrained": False})


def test_the_figure_of_scores_shows_every_number():
    scores = scoring.score_sources(predictions(LABELS | {"external": [0, 1] * 10}, RIGHT), CLASSES, STUDY)
    table = scoring.score_table(scores, CLASSES)
    figure = plots.scores(table)
    figure.draw_without_rendering()
    texts = {text.get_text() for text in figure.axes[0].texts}
    expected = scoring.as_text(table)[list(scoring.SOURCES)]
    assert texts == set(expected.to_numpy().ravel())


def test_the_figure_of_the_shift_counts_every_image_even_one_far_off():
    rng = np.random.default_rng(0)
    table = pd.DataFrame({"source": ["internal test"] * 30 + ["external"] * 30, "width": 300, "height": 200})
    table["feature_distance"] = [*rng.normal(1, 0.1, 59), 100.0]
    figure = plots.shift(table, {source: np.full(256, 1 / 256) for source in scoring.SOURCES})
    _, sizes, distances = figure.axes
    assert [len(dots.get_offsets()) for dots in sizes.collections] == [30, 30]
    steps = [line.get_ydata() for line in distances.lines]
    # each bin's share, and the last one's once more, where its step ends
    assert [round(sum(shares[:-1]), 6) for shares in steps] == [1, 1]
    assert steps[1][-2] == pytest.approx(1 / 30)
    assert distances.get_xlim()[1] < 5


# -- with a trained model ---------------------------------------------------------------------------


@pytest.mark.slow
def test_the_studys_own_images_called_external_are_predicted_as_before(finished, tiny, tmp_path, monkeypatch):
    monkeypatch.setenv("BCD_CACHE_DIR", str(tiny.cache))
    folder = shutil.copytree(finished, tmp_path / "run")
    settings = json.loads((folder / "study.json").read_text())
    settings["external"] = {"dataset": "phantom", "phantoms": settings["source"]["phantoms"]}
    (folder / "study.json").write_text(json.dumps(settings))
    run = Run.open(folder)
    images, _ = find_images(run.study, recorded_dataset(run), no_sheet)
    copies = find_copies(run, images)
    own_set = run.read_csv("splits.csv").set_index("id")["split"]
    assert copies["own_id"].tolist() == copies["external_id"].tolist() and len(copies) == 56
    assert set(copies["kind"]) == {"same file"}
    assert copies["own_set"].tolist() == own_set[copies["own_id"]].tolist()
    found, features = predict_images(run, images)
    own = run.read_csv("predictions.csv")
    columns = [f"p_{name}" for name in CLASSES]
    assert found["id"].tolist() == own["id"].tolist()
    assert found[columns].to_numpy() == pytest.approx(own[columns].to_numpy(), abs=1e-5)

    shift = report.shift_images(run, images, features)
    distance = shift.table.loc[shift.table["source"] == "external", "feature_distance"].to_numpy()
    assert distance[own["split"] == "train"] == pytest.approx(0, abs=1e-6)
    test = shift.table.loc[shift.table["source"] == "internal test", "feature_distance"]
    assert distance[own["split"] == "test"] == pytest.approx(test.to_numpy())

    predicted = scoring.beside_own(run, found)
    scores = scoring.score_sources(predicted, CLASSES, run.study, learned(copies))
    own_test = {name: ends["value"] for name, ends in scores["internal test"].items()}
    rest = {name: ends["value"] for name, ends in scores["external without copies"].items()}
    assert rest == pytest.approx(own_test, abs=1e-5), "copies of test images alone are left"
    temperature, calibration = scoring.calibrate(predicted, CLASSES, run.study)
    from bcd_utils.evaluation.domain_shift import measure_shift

    measures = measure_shift(shift.table, 100)
    copied = described(copies, 0.6)
    found = (scores, temperature, calibration, measures, shift.domain_auc, copied)
    record = report.record(images, *found, False, shift.distance_auc)
    sides = shift.table["feature_distance"], shift.table["source"] == "external"
    assert record["distance_auc"]["value"] == pytest.approx(roc_auc_score(sides[1], sides[0]))
    assert report.told_apart(shift)["AUC"].iloc[1].startswith(f"{record['distance_auc']['value']:.3f} [")
    assert record["copies"]["of_set"] == own_set.value_counts().to_dict()
    assert "56 of the 56 external images are copies" in report.verdict(record)
    assert json.loads(json.dumps(record, allow_nan=False))["classes"] == {
        "benign": 24,
        "malignant": 18,
        "normal": 14,
    }
    assert record["calibration_bins"] == 5  # as in evaluation.json
    assert record["synthetic"] and record["patients"] is None and record["groups"] == 56
    assert "do not tell" in report.verdict(record) or "consistent with" in report.verdict(record)


def test_no_images_need_no_model(tmp_path):
    run = make_run(tmp_path / "run", study_of())
    run.save_json({"classes": dict.fromkeys(CLASSES, 1), "positive": "malignant"}, "dataset.json")
    table, features = predict_images(run, None)
    assert table.empty and len(features) == 0 and list(table)[-3:] == [f"p_{label}" for label in CLASSES]
