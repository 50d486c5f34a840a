"""What the rival explanations say together, in sentences that follow from their numbers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pandas as pd

from bcd_utils.evaluation.format import plain_rows
from bcd_utils.evaluation.metric_registry import main_metrics, paper_metrics
from bcd_utils.utils.words import counted, enumerated

Row = Mapping[str, Any]


def rivals_record(declared: pd.DataFrame, table: pd.DataFrame, places: pd.DataFrame) -> list[dict[str, Any]]:
    """Everything that is known of each rival, plain values, None where undefined.

    Parameters
    ----------
    declared, table, places : pandas.DataFrame
        Of `declared.declared_table`, `scores.rivals_table` and `scores.places_table`; the last may be empty.
    """
    known = declared.drop(columns=["splits", "trainings"]).join(table.drop(columns="title")).join(places)
    return plain_rows(known.reset_index(), "records")


def said_of_left_out(left_out: Mapping[str, str]) -> str:
    """Which rivals are not run and why.

    Examples
    --------
    >>> said_of_left_out({"masks": "9 of 9 images have no mask file", "outline": "9 of 9 images have no mask file"})
    'Not run: masks and outline (9 of 9 images have no mask file).'
    >>> said_of_left_out({})
    'All that are declared are run.'
    """
    if not left_out:
        return "All that are declared are run."
    reasons = dict.fromkeys(left_out.values())
    said = [f"{enumerated(each for each in left_out if left_out[each] == why)} ({why})" for why in reasons]
    return f"Not run: {'; '.join(said)}."


def said_of_rivals(rivals: Sequence[Row], asked: Sequence[str], images: int) -> str:
    """Which rivals a printed row lies inside and which its number of images allows, never one without the others.

    Parameters
    ----------
    rivals : sequence of mapping
        As `rivals_record` gives them.
    asked : sequence of str
        Classes without an error in the printed row; may be empty.
    images : int
        Of the publication's data set.

    Examples
    --------
    >>> said_of_rivals([{"title": "plain images"}], [], 780)
    'There is no printed row to hold 1 explanation against.'
    """
    if not any(row.get("place") for row in rivals):
        return f"There is no printed row to hold {counted(len(rivals), 'explanation')} against."

    places = {"inside": "inside the splits of", "outside": "outside the splits of"}
    places["too few splits"] = "among too few splits to tell of"
    said = [f"{words} {named}" for place, words in places.items() if (named := _titles(rivals, place=place))]
    excluded = _titles(rivals, allowed=False) or "none of them"
    sentences = [
        f"Over all three sets at once the printed row lies {'; '.join(said)}.",
        f"Its number of images ({images}) excludes {excluded}.",
    ]
    if asked and any(row.get("perfect_all") is not None for row in rivals):
        often = [f"{row['title']} ({row['perfect_all']:.0%})" for row in rivals if row["perfect_all"]]
        sentences.append(
            f"In all three sets every image of {enumerated(asked)} found and no other called so, as in the printed "
            f"row: in a share of the splits of {enumerated(often) if often else 'none of them'}."
        )
    return " ".join([*sentences, *_what_is_left(rivals)])


def _titles(rivals: Sequence[Row], **known: Any) -> str:
    """The rivals of which these values are known, as a sentence names them; empty where there are none."""
    found = [row["title"] for row in rivals if all(row[key] == value for key, value in known.items())]
    return enumerated(found) if found else ""


def _what_is_left(rivals: Sequence[Row]) -> Iterator[str]:
    left = [row for row in rivals if row["allowed"] and row["place"] == "inside"]
    undecided = _titles(rivals, allowed=True, place="too few splits")
    if len(left) > 1:
        named = f"The row is consistent with each of these {len(left)}: {_titles(left)}"
        yield f"{named}. None of them can be named as the cause."
    elif left:
        yield (
            f"Of {counted(len(rivals), 'explanation')} that were tried, only {_titles(left)} is neither excluded by "
            "the number of images nor outside; others were not tried, and it is not shown to be the cause."
        )
    elif not undecided:
        yield (
            f"None of the {counted(len(rivals), 'explanation')} that were tried is left: the row came of something "
            "else, or of another network than this run's."
        )
    if undecided:
        yield f"Nothing is shown for or against {undecided}."


def headings(asked: Sequence[str]) -> dict[str, str]:
    """Columns of `scores.rivals_table` that are shown, and their headings.

    Examples
    --------
    >>> list(headings(["normal"]).values())[-3:]
    ['false normal', 'perfect, test', 'perfect, all three']
    """
    shown = {"splits": "splits"} | {name: main_metrics()[name] for name in paper_metrics()}
    for label in asked:
        shown |= {f"recall_{label}": f"recall of {label}", f"false_{label}": f"false {label}"}
    return shown | ({"perfect_test": "perfect, test", "perfect_all": "perfect, all three"} if asked else {})
