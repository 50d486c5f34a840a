"""What is said of the rivals together: nothing of one that is not said of all that are like it."""

from __future__ import annotations

import pytest

from bcd_utils.experiments.rival_explanations.words import said_of_rivals


def rival(title, place="inside", allowed=True, perfect=0.0):
    return {"title": title, "place": place, "allowed": allowed, "perfect_all": perfect}


PLAIN = rival("plain images", "outside")
FILES = rival("masks as images", "inside", False)


def test_all_that_a_row_is_consistent_with_are_named_in_one_sentence():
    said = said_of_rivals(
        [PLAIN, rival("outline drawn", perfect=0.46), rival("crop"), FILES], ["normal"], 780
    )
    assert (
        "lies inside the splits of outline drawn, crop and masks as images; outside the splits of plain images."
        in said
    )
    assert "Its number of images (780) excludes masks as images." in said
    assert "in a share of the splits of outline drawn (46%)." in said
    assert said.endswith("each of these 2: outline drawn and crop. None of them can be named as the cause.")


@pytest.mark.parametrize(
    ("rivals", "said"),
    [
        (
            [PLAIN, rival("crop")],
            "only crop is neither excluded by the number of images nor outside; others were not",
        ),
        ([PLAIN, FILES], "None of the 2 explanations that were tried is left"),
        ([PLAIN, rival("crop", "too few splits")], "for or against crop."),
        (
            [rival("crop", "too few splits")],
            "lies among too few splits to tell of crop. Its number of images (780)",
        ),
        ([PLAIN], "printed row lies outside the splits of plain images."),
    ],
)
def test_what_is_left_follows_from_the_places(rivals, said):
    assert said in said_of_rivals(rivals, [], 780)


@pytest.mark.parametrize("count", [0, 1, 2, 3])
def test_consistent_is_never_said_of_one_alone(count):
    few = [rival(f"untold {each}", "too few splits") for each in range(3)]
    said = said_of_rivals([PLAIN, *few, *(rival(f"number {each}") for each in range(count))], [], 780)
    assert ("consistent with" in said) == (count > 1)
