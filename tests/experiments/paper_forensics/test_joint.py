"""What all sets say together: totals, class counts that sum to the data set's, and the record of it."""

from __future__ import annotations

import json
from itertools import product
from math import comb

import pytest

from bcd_utils.evaluation.reported import Reported, load_reported, paper_reported
from bcd_utils.evaluation.set_sizes import cut_sizes
from bcd_utils.experiments.paper_forensics import allocations
from bcd_utils.experiments.paper_forensics.allocations import allocate
from bcd_utils.experiments.paper_forensics.joint import (
    fitting_totals,
    joint_record,
    said_of_sums,
    totals_by_rounding,
)
from bcd_utils.experiments.paper_forensics.matrices import examine
from bcd_utils.utils.errors import StudyError

SMALL = Reported(
    reported={
        "train": {"accuracy": "0.80", "recall_ill": "0.75"},
        "test": {"accuracy": "0.75", "f1_ill": "0.80"},
    },
    images={"ill": 7, "well": 7},
    split={"train": 10, "test": 4},
)


def test_only_780_images_allow_the_papers_accuracies_where_the_test_set_was_rounded_up():
    assert totals_by_rounding(paper_reported()) == {
        "up": [780],
        "down": [780, 781, 782, 783, 784, 1565, 1566],
        "nearest": [780, 781, 782, 783],
    }


def test_totals_are_those_that_plain_counting_finds():
    reported = Reported(
        reported={"train": {"accuracy": "0.91"}, "test": {"accuracy": "0.857", "kappa": "0.5"}},
        ratios={"test": 0.2},
        totals=(20, 90),
    )
    expected = []
    for total in range(20, 91):
        test = -(-total // 5)
        if any(f"{right / test:.3f}" == "0.857" for right in range(test + 1)) and any(
            f"{right / (total - test):.2f}" == "0.91" for right in range(total - test + 1)
        ):
            expected.append(total)
    assert fitting_totals(reported) == expected != []


def test_without_shares_or_accuracies_nothing_is_said_of_totals():
    assert totals_by_rounding(SMALL) == {}
    no_accuracy = Reported(reported={"test": {"kappa": "0.5"}}, ratios={"test": 0.2})
    assert totals_by_rounding(no_accuracy) == {}


def test_sets_are_cut_off_one_after_the_other():
    assert cut_sizes(780, {"test": 0.15, "validation": 0.10}, {}) == {
        "test": 117,
        "validation": 67,
        "train": 596,
    }
    nearest = cut_sizes(783, {"test": 0.15, "validation": 0.10}, {"test": "nearest", "validation": "down"})
    assert nearest == {"test": 117, "validation": 66, "train": 600}


def by_hand() -> dict[tuple[int, int], tuple[float, bool]]:
    """Class counts of SMALL's test set that leave matrices in both sets: chance, and whether all have well perfect."""
    found = {}
    for ill in range(1, 4):
        sets = {"test": (ill, 4 - ill), "train": (7 - ill, 3 + ill)}
        fitting: dict[str, list] = {"test": [], "train": []}
        for name, (a, b) in sets.items():
            for hit, right in product(range(a + 1), range(b + 1)):
                shown = f"{(hit + right) / (a + b):.2f}"
                if name == "test" and shown == "0.75" and f"{2 * hit / (a + hit + b - right):.2f}" == "0.80":
                    fitting[name].append((hit == a) and (right == b))
                if name == "train" and shown == "0.80" and abs(hit / a - 0.75) <= 0.005:
                    fitting[name].append(False)
        if all(fitting.values()):
            found[sets["test"]] = comb(7, ill) * comb(7, 4 - ill) / comb(14, 4)
    return found


def test_class_counts_of_all_sets_sum_to_those_of_the_data_set():
    expected = by_hand()
    (allocation,) = allocate(SMALL)
    table = allocation.together
    assert set(allocation.alone) == {"test"}, "train is what test leaves"
    found = {(row["test: ill"], row["test: well"]): row["chance"] for row in table.to_dict("records")}
    assert found == pytest.approx(expected) and expected
    assert (table["test: ill"] + table["train: ill"]).unique().tolist() == [7]
    assert examine(SMALL) == [], "without class counts no set is searched alone"


def test_printed_class_counts_are_kept():
    for counts in ({"ill": 2, "well": 2}, {"ill": 3, "well": 1}):
        given = Reported(**{**vars_of(SMALL), "class_counts": {"test": counts}})
        (allocation,) = allocate(given)
        expected = [tuple(counts.values())] if tuple(counts.values()) in by_hand() else []
        found = allocation.together
        assert [(row["test: ill"], row["test: well"]) for row in found.to_dict("records")] == expected


def vars_of(reported: Reported) -> dict:
    return {name: getattr(reported, name) for name in ("reported", "images", "split")}


def test_the_record_holds_it_all_as_plain_values():
    known = {"train": {"ill": 5, "well": 5}, "test": {"ill": 2, "well": 2}}
    given = Reported(
        **{**vars_of(SMALL), "class_counts": known, "ratios": {"test": 0.25}, "totals": (10, 20)}
    )
    record = joint_record(given, examine(given), allocate(given))
    assert json.loads(json.dumps(record)) == record
    # 0.75 needs a test set of 4: of 13 to 16 images rounded up, of 16 to 19 down. That leaves 9 to 12, or 12 to 15,
    # and 0.80 is 8 of 10 and 12 of 15.
    assert record["totals"] == {
        "tried": [10, 20],
        "that fit": {"up": [14], "down": [19], "nearest": [14]},
    }
    assert record["sums"][:2] == [
        "the images of the sets sum to 14, as they must",
        "the images of ill in the sets sum to 7, as they must",
    ]
    assert record["not searched"] == []
    assert [row["set"] for row in record["class_counts"]] == ["test", "all together"]


def test_where_there_are_too_many_class_counts_the_rarest_are_left_out_and_then_all(monkeypatch):
    images, scores = {"ill": 300, "well": 500}, {"accuracy": "0.90", "recall_ill": "0.80"}
    all_of_them = allocations.counts_in_reach(images, 100, scores)
    assert all_of_them.attrs["least_chance"] == 1e-6
    monkeypatch.setattr(allocations, "MOST_SEARCHES", 30)
    fewer = allocations.counts_in_reach(images, 100, scores)
    assert fewer.attrs["least_chance"] > 1e-6 and 0 < fewer.attrs["tried"] <= 30
    monkeypatch.setattr(allocations, "MOST_SEARCHES", 3)
    (allocation,) = allocate(SMALL)
    assert allocation.problem == "" and len(allocation.together)
    monkeypatch.setattr(allocations, "MOST_SEARCHES", 2)
    (allocation,) = allocate(SMALL)
    assert "too many class counts" in allocation.problem and allocation.together.empty
    assert joint_record(SMALL, [], [allocation])["not searched"] == [allocation.problem]


def test_sums_that_do_not_agree_are_told():
    given = Reported(
        reported={"test": {"accuracy": "0.9"}},
        images={"a": 10, "b": 20},
        split={"train": 20, "test": 11},
        class_counts={"train": {"a": 7, "b": 13}, "test": {"a": 3, "b": 8}},
    )
    assert said_of_sums(given) == [
        "the images of the sets sum to 31, but 30 are stated",
        "the images of a in the sets sum to 10, as they must",
        "the images of b in the sets sum to 21, but 20 are stated",
        "the class counts of train sum to 20, as they must",
        "the class counts of test sum to 11, as they must",
    ]


def test_class_counts_may_be_left_open_only_where_the_data_sets_are_known(tmp_path):
    path = tmp_path / "open.yaml"
    path.write_text("images: {ill: 7, well: 7}\nreported: {test: {accuracy: 0.75}}\n")
    with pytest.raises(StudyError, match="class counts of set 'test' are missing"):
        load_reported(path)
