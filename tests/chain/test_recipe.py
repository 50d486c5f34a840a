"""The recipe through the chain, on the same grouped folds as the comparison."""

from __future__ import annotations

import json

import nbformat
import numpy as np
import pandas as pd
import pytest
from bs4 import BeautifulSoup
from figures import check_figures
from independent_recipe import MOST, compare

pytestmark = pytest.mark.slow
STAGE = "14_recipe"
ARMS = ["paper", "letterbox", "tuned", "flips", "ensemble", "equalize", "tuned_stretch"]


@pytest.fixture
def made(grouped_alone) -> dict:
    return json.loads((grouped_alone / "artifacts" / "recipe.json").read_text())


@pytest.fixture
def predictions(grouped_alone) -> pd.DataFrame:
    return pd.read_csv(
        grouped_alone / "artifacts" / "recipe_predictions.csv", dtype={"id": str, "group": str}
    )


def test_every_arm_predicts_every_image_once_on_the_folds_of_the_comparison(grouped_alone, predictions, made):
    assert sorted(made["titles"]) == sorted(ARMS)
    folds = pd.read_csv(grouped_alone / "artifacts" / "folds.csv", dtype=str).set_index("id")
    for name in ARMS:
        rows = predictions[predictions["arm"] == name].set_index("id")
        assert rows.index.is_unique and len(rows) == len(folds)
        for number in (1, 2, 3):
            tested = folds.index[folds[f"fold_{number}"] == "test"]
            assert set(rows.index[rows["fold"] == number]) == set(tested)
        groups = rows.groupby("group")["fold"].nunique()
        assert (groups == 1).all()


def test_what_is_made_of_others_is_their_mean(predictions):
    columns = [name for name in predictions if name.startswith("p_")]
    by_arm = {name: rows[columns].to_numpy() for name, rows in predictions.groupby("arm")}
    sums = by_arm["ensemble"].sum(axis=1)
    assert np.abs(sums - 1).max() < 1e-5
    # The ensemble averages both networks, each with its mirror; flips are the first of them with its own.
    mirrored_second = 2 * by_arm["ensemble"] - by_arm["flips"]
    assert (mirrored_second > -1e-6).all() and (mirrored_second < 1 + 1e-6).all()
    assert not np.allclose(by_arm["tuned"], by_arm["flips"], atol=1e-5)


def test_an_independent_script_gives_scores_gains_and_intervals(grouped_alone):
    found = compare(grouped_alone)
    assert len(found) >= 6 * len(ARMS) and (found["difference"] <= MOST).all(), found.to_string()


def test_steps_are_held_against_the_nearest_that_is_measured(made):
    assert made["stairs"] == ["paper", "letterbox", "tuned", "flips", "ensemble"]
    assert made["against"] == {
        "paper": "", "letterbox": "paper", "tuned": "letterbox", "flips": "tuned", "ensemble": "flips",
        "equalize": "letterbox", "tuned_stretch": "tuned",
    }  # fmt: skip


def test_the_page_shows_the_staircase_and_says_what_it_is_worth(grouped_alone, made):
    check_figures(grouped_alone)
    for page in (f"{STAGE}.html", "index.html"):
        text = " ".join(
            BeautifulSoup((grouped_alone / page).read_text(encoding="utf-8"), "html.parser")
            .get_text()
            .split()
        )
        assert "3 grouped folds of 77 images" in text and "a gain of" in text
    notebook = nbformat.read(grouped_alone / "notebooks" / f"{STAGE}.ipynb", as_version=4)
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", ())]
    assert [output for output in outputs if output.output_type in ("stream", "error")] == []
    assert made["claim"]["verdict"] == "not tested" and made["synthetic"]


def test_the_locked_set_shares_no_group_and_its_opening_is_written_down(grouped_alone, made):
    from bcd_utils.datasets.image_set import ImageSet
    from bcd_utils.experiments.recipe.locked import locked_split
    from bcd_utils.study.run import Run

    run = Run.open(grouped_alone)
    images = ImageSet.audited(run)
    locked = (locked_split(images, run.study) == "test").to_numpy()
    groups = images.table["group"]
    assert not set(groups[locked]) & set(groups[~locked]) and made["locked_test"]["images"] == locked.sum()
    [opening, *_] = json.loads((grouped_alone / "locked_test.json").read_text())
    assert (
        opening["scores"] == made["locked_test"]["scores"]
        and opening["commit"]
        and opening["opened"][:2] == "20"
    )
    accuracy = opening["scores"]["accuracy"]
    assert accuracy["low"] < accuracy["value"] < accuracy["high"]
    right = accuracy["value"] * locked.sum()
    assert abs(right - round(right)) < 1e-9
    text = BeautifulSoup(
        (grouped_alone / f"{STAGE}.html").read_text(encoding="utf-8"), "html.parser"
    ).get_text()
    assert f"{locked.sum()} images of {groups[locked].nunique()} groups are locked" in text


def test_occlusion_maps_are_held_against_lesions_beside_grad_cam(grouped_alone):
    table = pd.read_csv(grouped_alone / "tables" / "recipe_occlusion.csv", index_col=0)
    assert list(table.index) == ["occlusion", "Grad-CAM", "centre", "area"]
    assert (table["images"] > 20).all() and table["pointing_game"].between(0, 1).all()


def test_made_again_after_lost_work_it_is_the_same_to_the_last_bit(grouped_alone, grouped, made):
    """As after a kill: the stage is undone, of its jobs and tuned networks every second one is lost."""
    before = {
        name: (grouped_alone / "artifacts" / name).read_bytes()
        for name in ("recipe_predictions.csv", "recipe_history.csv")
    }
    tuned = sorted((grouped.cache / "tuned").glob("*.npz"))
    assert len(tuned) == 7  # two arms on three folds, and the one that is tested on the locked set
    for entry in tuned[::2]:
        entry.unlink()
    for job in (grouped.cache / "jobs").glob("*/job.json"):
        if "model='tuned" in job.read_text():
            (job.parent / "result.npz").unlink()
    (grouped_alone / "artifacts" / "recipe.json").unlink()
    grouped.run(grouped_alone)
    assert {name: (grouped_alone / "artifacts" / name).read_bytes() for name in before} == before
    assert len(json.loads((grouped_alone / "locked_test.json").read_text())) == 2
    again = json.loads((grouped_alone / "artifacts" / "recipe.json").read_text())
    assert {key: value for key, value in again.items() if key != "minutes"} == {
        key: value for key, value in made.items() if key != "minutes"
    }
