"""What a program says of a run: each fact against a run whose numbers are known, and silence without artifacts."""

from __future__ import annotations

import copy
from dataclasses import asdict

import pytest
from summaries import FULL

from bcd_utils.reporting.statements import STATEMENTS, state
from bcd_utils.study.training_settings import Recipe

ALWAYS = {"readme", "intended_use"}


def text(name: str, summary=FULL) -> str:
    return state(name, summary).text


def changed(**changes):
    return copy.deepcopy(FULL) | changes


def test_every_fact_is_known_of_a_complete_run():
    assert [name for name in STATEMENTS if state(name, FULL) is None] == []


def test_no_fact_is_known_of_nothing():
    assert {name for name in STATEMENTS if state(name, {})} == ALWAYS
    assert {name for name in STATEMENTS if state(name, dict.fromkeys(FULL))} == ALWAYS


@pytest.mark.parametrize("key", FULL)
def test_a_missing_part_silences_facts_and_breaks_none(key):
    without = {name for name in STATEMENTS if state(name, changed(**{key: None}))}
    assert without <= set(STATEMENTS)
    if key in ("dataset", "settings", "provenance", "split", "metrics", "intervals", "lottery", "external"):
        assert without < set(STATEMENTS)


def test_each_fact_names_its_source():
    assert all(state(name, FULL).source for name in STATEMENTS)


def test_counts_are_those_of_the_run():
    assert text("counts") == "Classes of the images: 5 benign, 3 malignant."
    assert text("exclusions") == "Of 8 images found, 2 were set aside: 2 truncated file."
    assert text("set_sizes") == (
        "Images: training 3 (2 benign, 1 malignant); tuning 1 (1 benign, 0 malignant); "
        "internal test 2 (1 benign, 1 malignant)."
    )
    assert text("sample_size") == "Every usable image was used (6); 2 of them are the internal test set."
    assert "(2 of 8)" in text("missing_data")


def test_nothing_set_aside_is_said_so():
    dataset = FULL["dataset"] | {"set_aside": 0, "set_aside_images": []}
    assert text("exclusions", changed(dataset=dataset)) == "All 8 images found were used; none was set aside."


@pytest.mark.parametrize(
    ("copies", "said"), [(0, "No image has an exact copy"), (3, "3 images have an exact copy")]
)
def test_exact_copies_across_sets(copies, said):
    assert said in text("split_level", changed(copies_across_sets=copies))


@pytest.mark.parametrize(
    ("split", "patients", "crossing", "method", "level"),
    [
        (
            "image",
            None,
            None,
            "15% of the usable images drawn at random for test",
            "by image: the data set names no",
        ),
        (
            "group",
            None,
            None,
            "whole groups of exact copies",
            "by group of exact copies: the data set names no",
        ),
        ("group", 4, 0, "whole patients", "by patient: no patient has images in more than one set"),
        ("image", 4, 3, "keeping the shares", "by image: 3 patients have images in more than one set"),
        ("official", 4, 0, "The published test set; 10% of the rest", "by patient: no patient has images"),
        ("official", 4, 2, "whole patients", "by patient: 2 patients have images in more than one set"),
    ],
)
def test_the_level_of_the_split_follows_the_setting_and_the_images(split, patients, crossing, method, level):
    summary = changed(
        settings=FULL["settings"] | {"split": split},
        dataset=FULL["dataset"] | {"patients": patients},
        patients_across_sets=crossing,
    )
    assert method in text("split_method", summary)
    assert level in text("split_level", summary) and level in text("limits", summary)
    drawn = "test images within each class" if patients is None else "patients of the test set"
    assert drawn in text("uncertainty", summary)


def test_the_split_is_told_as_it_was_drawn():
    said = text("split_method")
    assert (
        said.startswith("15% of the usable images")
        and "10% of the rest" in said
        and said.endswith("seed 42.")
    )
    assert "keeping the shares" in said
    settings = FULL["settings"] | {"stratify": False}
    assert "keeping the shares" not in text("split_method", changed(settings=settings))


@pytest.mark.parametrize(("kind", "tells"), [("image", False), ("mask", True), ("overlay", True)])
def test_a_mask_in_the_input_is_a_known_limit(kind, tells):
    summary = changed(settings=FULL["settings"] | {"input": kind})
    assert ("tells the class" in text("input_shown", summary)) is tells
    assert ("mask" in text("limits", summary)) is tells


def test_scores_stand_with_their_intervals():
    assert "Internal test set: accuracy 0.500 [0.100, 0.900]" in text("performance")
    assert "Training set: accuracy 1.000, " in text("performance")
    assert text("diagnostic_performance").startswith(
        "benign: sensitivity 0.750 [0.500, 0.900], specificity –"
    )
    assert text("failures").startswith("1 of 2 test images")


def test_stain_normalisation_is_told_where_it_was_done():
    assert text("preprocessing").startswith("Converted to RGB, and resized to 64 x 64 pixels")
    stained = FULL["settings"] | {"source": {"dataset": "breakhis", "stain": "macenko"}}
    said = text("preprocessing", changed(settings=stained))
    assert "RGB, stains normalised after Macenko to published references, and resized" in said


def test_scores_by_patient_stand_beside_those_by_image():
    rates = {"image_rate": {"value": 0.8, "low": 0.6, "high": 0.9}, "patient_rate": {"value": 0.75}}
    summary = changed(patient_scores={"all": {"images": 20, "patients": 5} | rates})
    assert text("performance", summary).endswith(
        "Test patients: 5; share of their images that is recognised 0.800 [0.600, 0.900], mean of each patient’s "
        "share 0.750."
    )
    assert "patient" not in text("performance")


def test_the_network_and_its_training_are_told_from_settings():
    assert "Head (1,234 weights): average pooling, BatchNorm, Dense 8, 4" in text("network")
    assert "Adam, learning rate 0.001" in text("training") and "7 were run" in text("training")
    assert "no augmentation" in text("training") and "fine-tuning" not in text("training")
    settings = FULL["settings"] | {
        "augmentation": {"rotation_degrees": 20.0, "horizontal_flip": True},
        "fine_tuning": {"trainable_from": "conv5", "learning_rate": 1e-5, "epochs": 3},
    }
    said = text("training", changed(settings=settings))
    assert "rotation degrees 20.0, horizontal flip True" in said
    assert said.endswith("Then fine-tuning from conv5 on, learning rate 1e-05.")
    assert "partly fine-tuned" in text("technology", changed(settings=settings))


def test_a_network_trained_by_the_recipe_is_told_from_its_settings_alone():
    recipe = asdict(Recipe(epochs=7, learning_rate=3e-4, dropout=0.25))
    summary = changed(settings=FULL["settings"] | {"training": "recipe", "recipe": recipe})
    assert "a tuned ResNet50 and a new softmax layer." in text("technology", summary)
    assert "average pooling, dropout 0.25, softmax" in text("network", summary)
    said = text("training", summary)
    assert "AdamW, learning rate 0.0003" in said and "rotation degrees 10.0" in said and "all layers" in said
    assert text("selection", summary) == "The weights of the last of 7 epochs: none was chosen."
    assert text("uses_of_tuning", summary).startswith(
        "The 1 tuning images serve the temperature, the thresholds and"
    )
    assert "the temperature and the thresholds alone" in text("separation", summary)
    recipe = recipe | {"keep": "best", "trainable_from": "conv5"}
    summary = changed(settings=FULL["settings"] | {"training": "recipe", "recipe": recipe})
    assert "layers from conv5 on" in text("training", summary)
    assert "partly fine-tuned" in text("technology", summary)
    assert "lowest loss" in text("selection", summary)
    assert "serve the choice of the epoch, the temperature" in text("uses_of_tuning", summary)


def test_who_it_works_for_and_what_more_images_would_tell_is_said():
    assert text("subgroups") == (
        "Sensitivity for malignant in the internal test set by view: left 0.500 [0.350, 0.650] (20 of 40), right "
        "0.800 [0.380, 0.960] (4 of 5, few). One test a column, Holm-adjusted p: view 0.0400."
    )
    untested = FULL["subgroups"] | {"holm_p": {"view": None}}
    assert "Holm-adjusted p: none, since" in text("subgroups", changed(subgroups=untested))
    compared = {"subgroups": {"ResNet50": FULL["subgroups"]}}
    assert "in all images, out of fold (ResNet50) by view" in text(
        "subgroups", changed(subgroups=None, comparison=compared)
    )
    assert text("precision_plan") == (
        "For an interval of 95% that reaches 0.05 to both sides, with 25% malignant: accuracy 0.800 takes 245 images "
        "(at its interval's worst end 366). Images count as independent."
    )
    assert state("subgroups", {}) is state("precision_plan", {}) is None


def test_what_the_tuning_images_serve_is_said():
    assert text("uses_of_tuning").startswith(
        "The 1 tuning images serve early stopping, the temperature, the thresholds and the heat maps' threshold at once"
    )
    assert "tuning images serve" in text("limits", changed(calibration={"temperature": 1.0}))
    assert "tuning images serve" not in text("limits")


def test_the_notebooks_on_trust_are_told():
    assert text("duplicates") == (
        "4 groups of copies hold 9 images; in 1 of these groups labels contradict one another. "
        "Test images with a copy in the training or tuning set: 1 (exact), 2 (same group)."
    )
    assert text("repetition") == "Grouped cross-validation, repeated: accuracy 0.800 [0.700, 0.900]."
    assert text("external_test") == "Elsewhere: accuracy 0.600 [0.400, 0.800]."


@pytest.mark.parametrize(
    ("readings", "said"),
    [(["macro"], "where F1 is read as macro."), ([], "No confusion matrix fits the printed scores")],
)
def test_how_the_papers_f1_is_read(readings, said):
    assert said in text("reported_table", changed(forensics={"readings_of_f1": readings}))


def test_that_external_images_were_never_seen_is_said_only_where_no_copy_was_found():
    def external(**of_set):
        sets = {"train": 0, "validation": 0, "test": 0} | of_set
        copies = {"threshold": 0.6, "images": sum(of_set.values()), "of_set": sets}
        scores = {
            "given": True,
            "title": "Elsewhere",
            "images": 9,
            "scores": {"kappa": 0.25},
            "copies": copies,
        }
        rest = {"accuracy": {"value": 0.5, "low": 0.4, "high": 0.6}}
        return changed(external=scores | {"intervals_without_copies": rest})

    assert "The model has seen none of these images" in text("external_test", external())
    assert "copies" not in text("limits", external())
    for name in ("external_test", "limits"):
        said = text(name, external(train=2, test=1))
        assert (
            "3 of the 9 external images are copies of the study's own (training 2, tuning 0, internal test 1)"
            in said
        )
        assert "seen none" not in said
    assert "training and tuning images, accuracy is 0.500" in text("external_test", external(train=2))
    assert "Without the copies" not in text("external_test", external(test=1))


def test_an_external_test_without_intervals_still_has_its_scores():
    external = {"given": True, "title": "Elsewhere", "scores": {"kappa": 0.25}}
    assert text("external_test", changed(external=external)) == "Elsewhere: Cohen’s kappa 0.250."


def test_what_the_study_does_not_do_is_said_so():
    settings = FULL["settings"] | {"notebooks": ["01_data_exploration"]}
    summary = changed(settings=settings, audit=None, repeated_splits=None, external=None)
    assert "does not run notebook 06_data_audit" in text("duplicates", summary)
    assert "does not run 07_split_lottery" in text("repetition", summary)
    assert text("external_test", summary).startswith("None in this run: this study does not run")
    assert "no test on images from elsewhere" in text("limits", summary)
    none_given = changed(external={"given": False})
    assert text("external_test", none_given) == "None in this run: the study names no images from elsewhere."


def test_announcements_are_limits():
    assert "Synthetic data: phantoms" in text("limits", changed(announcements=["Synthetic data: phantoms."]))


def test_the_repeated_splits_says_where_the_papers_number_lies_among_the_splits():
    plain = {"accuracy": {"lowest": 0.7, "highest": 0.9, "paper": 0.9402, "percentile": 99.5}}
    repeated_splits = {
        "headline": {"accuracy": {"value": 0.8, "low": 0.7, "high": 0.9}},
        "splits": 100,
        "plain": plain,
    }
    said = text("repetition", changed(lottery=repeated_splits))
    assert "copy" not in said and "seeds" not in said
    worth = {
        "joined": "look",
        "images": "with a copy",
        "count": 3,
        "by_image": 0.9,
        "by_group": 0.7,
        "difference": 0.2,
    }
    variance = {"split": 0.03, "seed": 0.02, "split and seed": 0.036, "sampling": 0.037}
    further = {"copies": [worth], "variance": variance | {"splits": 20, "seeds": 5, "test_images": 117}}
    more = text("repetition", changed(lottery=repeated_splits | further))
    assert more.startswith(said) and "0.020 between seeds of a split" in more and "worth +0.200 there" in more
    assert "100 splits" in said and "0.700 to 0.900" in said and "0.940 lies above 100%" in said


def test_every_explanation_that_the_papers_row_is_consistent_with_is_named_together():
    rivals = [
        {"title": title, "place": "inside", "allowed": True, "perfect_all": 0.5}
        for title in ("crop", "masks")
    ]
    forensics = {"readings_of_f1": ["macro"], "paper": {"test_accuracy": 0.94}, "rivals": rivals}
    said = text("reported_table", changed(forensics=forensics | {"asked": [], "images": 780}))
    assert "read as macro. " in said and "The row is consistent with each of these 2: crop and masks." in said
    assert "There is no printed row" not in text(
        "reported_table", changed(forensics=forensics | {"paper": {}})
    )


@pytest.mark.parametrize(
    ("stratify", "said"),
    [
        (True, "at random for test, then 10% of the rest for tuning, keeping the shares of the classes;"),
        (
            "test",
            "test, keeping the shares of the classes, then 10% of the rest for tuning, whatever their class;",
        ),
    ],
)
def test_which_cut_keeps_the_shares_of_the_classes(stratify, said):
    assert said in text("split_method", changed(settings=FULL["settings"] | {"stratify": stratify}))


def test_no_input_is_said_to_explain_the_papers_row():
    arms = [{"arm": arm, "metric": "jointly", "place": "inside"} for arm in ("image", "mask", "overlay")]
    said = text("reported_table", changed(forensics={"readings_of_f1": ["macro"], "arms": arms}))
    assert said == "Confusion matrices fit the printed scores where F1 is read as macro."


MODALITIES = {
    "sources": {
        "busi": {"title": "BUSI", "classes": {"benign": 2, "malignant": 1, "normal": 1},
                 "scores": {"probe": {"roc_auc": {"value": 0.9, "low": 0.8, "high": 0.95}}}},
        "breakhis": {"title": "BreakHis", "classes": {"benign": 2, "malignant": 1},
                     "scores": {"probe": {"roc_auc": {"value": 0.6, "low": 0.4, "high": 0.8}}}},
        "cbis_ddsm": {"title": "CBIS-DDSM", "status": "not at hand"},
    },
    "transfer": {"classes": ["benign", "malignant"], "pairs": [
        {"trained_on": "busi", "tested_on": "busi", "auc": 0.99, "auc_low": 0.9, "auc_high": 1.0},
        {"trained_on": "busi", "tested_on": "breakhis", "auc": 0.45, "auc_low": 0.3, "auc_high": 0.6},
        {"trained_on": "breakhis", "tested_on": "busi", "auc": 0.7, "auc_low": 0.6, "auc_high": 0.8},
    ]},
}  # fmt: skip


def of_modalities(**changes):
    settings = FULL["settings"] | {"notebooks": ["11_modalities"]}
    return changed(settings=settings, modalities=MODALITIES, **changes)


def test_data_sets_side_by_side_are_told_with_those_that_are_not_at_hand():
    assert text("modalities", of_modalities()) == (
        "ROC AUC of one frozen network with a linear probe, cross-validated by group: BUSI (3 classes) 0.900 [0.800, "
        "0.950]; BreakHis (2 classes) 0.600 [0.400, 0.800]. Not at hand: CBIS-DDSM. Learned on one and tested on "
        "another, malignant against benign: AUC 0.450 to 0.700, of 2 pairs 1 with an interval above 0.5."
    )
    assert "does not run 11_modalities" in text("modalities")


FEWER = {
    "positive": "malignant", "draws": 10, "folds": 5, "enough": 0.95, "ways": {"probe": "labelled images alone"},
    "curve": [{"way": "probe", "lesions": 15.0}, {"way": "full", "lesions": 462.0, "auc": 0.85}],
    "needed": {"probe": {"lesions": 106.0, "lesions_low": 50.0, "lesions_high": 267.0}},
    "claim": {"this run's network": "supported", "evidence": "a gain of +0.100"},
}  # fmt: skip


def test_how_many_labels_are_enough_is_told():
    settings = FULL["settings"] | {"notebooks": ["15_fewer_labels"]}
    stages = FULL["stages"] | {"fewer_labels": "15_fewer_labels"}
    alone = changed(settings=settings, stages=stages, fewer_labels=FEWER, parameters=None)
    assert text("fewer_labels", alone) == (
        "AUC of malignant against the rest, 10 draws in each of 5 grouped folds. Labelled images alone: 95% of the AUC "
        "of all labels (0.850 with 462 lesions) takes 106 [50, 267] labelled lesions. Unlabelled images are shown to "
        "replace labels: a gain of +0.100."
    )
    assert "a logistic regression on its features" in text("technology", alone)
    assert "15_fewer_labels chose theirs by cross-validation within the few labels" in text(
        "hyperparameters", alone
    )
    assert "does not run 15_fewer_labels" in text("fewer_labels", changed(stages=stages))


def test_a_run_of_probes_alone_claims_no_head_and_no_epochs():
    alone = of_modalities(parameters=None, dataset=None)
    assert "a logistic regression on its features" in text("technology", alone)
    assert "Glorot" not in text("initialisation", alone) and "epoch" not in text("separation", alone)
    assert "11_modalities chose their penalty" in text("hyperparameters", alone)
    assert state("input_shown", alone) is None, "some data sets may be cut to the lesion"
    assert "look alike were kept on one side" in text("duplicates", alone)
