"""One rule says which images stay together; look alone joins no tenth of a set, and patients always stay."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pytest
from builders import write_image

from bcd_utils.audit.duplicates import find_pairs, thumbnails
from bcd_utils.audit.groups import with_verdicts
from bcd_utils.audit.lesions import Rule, grouped
from bcd_utils.datasets import REGISTRY
from bcd_utils.datasets.inspection import inspect_image
from bcd_utils.utils.errors import StudyError

COUNT = 24


@pytest.fixture(scope="module")
def alike(tmp_path_factory):
    """Pictures of one smooth gradient with a bright band, and a little noise of their own, as mammograms are alike."""
    folder = tmp_path_factory.mktemp("alike")
    rows, columns = np.mgrid[:80, :100]
    shared = 40 + 1.2 * columns + 60 * (abs(rows - columns) < 12)
    for number in range(COUNT):
        own = np.random.default_rng(number).normal(0, 12, shared.shape)
        write_image(folder / f"{number}.png", np.clip(shared + own, 0, 255).astype(np.uint8))
    names = [f"{number}.png" for number in range(COUNT)]
    table = pd.DataFrame([inspect_image(folder / name) for name in names])
    return folder, table.assign(id=names, path=names, label="benign", masks="", patient="", group=names)


@pytest.fixture(scope="module")
def pairs(alike):
    folder, images = alike
    return find_pairs(images, thumbnails(folder, images), 0.6, folder)


def rule(threshold=0.6, named=False):
    return Rule("Our clinic", "source", threshold, named)


def no_sheet(called, shown):
    raise AssertionError("nothing to judge")


def refused(alike, pairs, called="source"):
    sheets = []

    def sheet(called, shown):
        sheets.append((called, shown))
        return "figures/sheet.png"

    folder, images = alike
    with pytest.raises(StudyError) as caught:
        Rule("Our clinic", called, 0.6, False).joined(images, pairs, folder, sheet)
    return caught.value, sheets


def test_a_group_by_look_that_swallows_the_set_stops_with_its_size_the_setting_and_its_weakest_pairs(
    alike, pairs
):
    error, [(called, shown)] = refused(alike, pairs)
    assert error.problem.startswith(
        f"Our clinic: {COUNT} of {COUNT} images are one group by their look alone"
    )
    assert "source.look_alikes = 0.6" in error.problem and "figures/sheet.png" in error.problem
    assert called == "source" and len(shown) == 12
    weakest = sorted(pairs.loc[pairs["same"] == "yes", "detail"])[:12]
    assert [row["detail"] for _, _, row in shown] == weakest
    assert all(one.shape == other.shape == (80, 100, 3) for one, other, _ in shown)


def test_the_settings_that_the_message_names_help(alike, pairs):
    folder, images = alike
    for called in ("source", "modalities.sources.clinic"):
        error, _ = refused(alike, pairs, called)
        assert f"--set {called}.look_alikes=none" in error.fix
    assert "audit.reviewed_pairs" not in error.fix, "which is of the study's own images"
    assert grouped(images, rule(None), folder, no_sheet).tolist() == images["group"].tolist()
    higher = float(re.search(r"source\.look_alikes=(0\.\d+)", refused(alike, pairs)[0].fix)[1])
    views = thumbnails(folder, images)
    helped, lower = (find_pairs(images, views, at, folder) for at in (higher, round(higher - 0.05, 2)))
    assert rule(higher).joined(images, helped, folder, no_sheet).value_counts().max() < 10
    with pytest.raises(StudyError):
        rule(higher - 0.05).joined(images, lower, folder, lambda *_: "there")


def test_where_no_threshold_helps_none_is_named(alike, pairs):
    error, _ = refused(alike, pairs.assign(detail=0.99))
    assert error.fix.startswith("use --set source.look_alikes=none")


@pytest.mark.parametrize("verdict", ["yes", "no"])
def test_a_person_who_has_judged_the_pairs_is_believed(alike, pairs, verdict):
    folder, images = alike
    verdicts = pairs[["id_a", "id_b"]].assign(verdict=verdict)
    groups = rule().joined(images, with_verdicts(pairs, verdicts), folder, no_sheet)
    assert groups.nunique() == (1 if verdict == "yes" else COUNT)


@pytest.mark.parametrize("patients", [1, 3, COUNT])
def test_named_patients_never_stop_and_looks_join_none_of_them(alike, pairs, patients):
    folder, images = alike
    named = [f"patient {number % patients}" for number in range(COUNT)]
    images = images.assign(patient=named, group=named)
    assert grouped(images, rule(named=True), folder, no_sheet).tolist() == named
    groups = rule(named=True).joined(images, pairs, folder, no_sheet)
    assert groups.groupby(named).nunique().tolist() == [1] * patients and groups.nunique() == patients


def test_equal_pixels_may_be_many(alike, pairs):
    folder, images = alike
    images = images.assign(group="one")
    assert rule().joined(images, pairs, folder, no_sheet).nunique() == 1
    assert rule(None).joined(images, pairs, folder, no_sheet).nunique() == 1


def test_a_few_that_look_alike_are_one_lesion(alike, pairs):
    folder, images = alike
    few = images["id"].head(9)
    kept = pairs[pairs["id_a"].isin(few) & pairs["id_b"].isin(few)]
    groups = rule().joined(images, kept, folder, no_sheet)
    assert groups.nunique() == COUNT - 8
    ten = images["id"].head(10)
    with pytest.raises(StudyError, match=f"10 of {COUNT} images"):
        kept = pairs[pairs["id_a"].isin(ten) & pairs["id_b"].isin(ten)]
        rule().joined(images, kept, folder, lambda *_: "there")


@pytest.mark.parametrize(
    ("threshold", "named", "units", "said"),
    [
        (
            0.6,
            False,
            "lesions, as far as pictures tell",
            "correlation of 0.6 or more are taken as one lesion",
        ),
        (None, False, "images, exact copies as one", "look_alikes is none here"),
        (0.6, True, "patients", "Patients are named"),
        (None, True, "patients", "Patients are named"),
    ],
)
def test_the_rule_in_words(threshold, named, units, said):
    found = rule(threshold, named)
    assert found.units == units and said in found.said()


def test_strict_groups_take_no_look_below_the_default_and_no_persons_yes():
    images = pd.DataFrame({"id": list("abcdefgh"), "group": list("abcdeffh")})
    listed = [
        ("a", "b", 0.62, "near copy", "yes"),
        ("b", "c", 0.5, "near copy", "yes"),
        ("d", "e", 0.2, "same file", "yes"),
        ("a", "h", 0.9, "near copy", "no"),
    ]
    pairs = pd.DataFrame(listed, columns=["id_a", "id_b", "detail", "kind", "same"])
    assert "".join(rule(0.47).strictly_joined(images, pairs)) == "aacddffh"
    assert "".join(rule(None).strictly_joined(images, pairs)) == "abcddffh"
    assert "".join(rule(0.47, named=True).strictly_joined(images, pairs)) == "abcddffh"


def test_busi_is_joined_from_where_its_pairs_were_looked_at():
    assert (REGISTRY["busi"].look_alikes, REGISTRY["phantom"].look_alikes) == (0.47, 0.6)
