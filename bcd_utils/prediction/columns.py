"""The columns of a prediction, and what they mean."""

from __future__ import annotations

from collections.abc import Sequence

from bcd_utils.evaluation.conformal import COVERAGE
from bcd_utils.prediction.checks import FOREIGN_COLOUR
from bcd_utils.prediction.seen import MOST, NEAREST

USE = "research only, not for clinical use"
NOT_CLINICAL = "Not for clinical use: research on a published method, no medical device, no diagnosis."


def meanings(
    classes: Sequence[str], positive: str, wanted: Sequence[str], several: bool = False
) -> dict[str, str]:
    """What each column says, in words, in the order of a table's columns.

    Parameters
    ----------
    classes : sequence of str
    positive : str
    wanted : sequence of str
        Of the thresholds, such as "specificity 0.90".
    several : bool
        Whether runs are averaged.
    """
    mean, vote, largest, first = (
        (", mean of the runs", ", by majority of the runs", ", largest of the runs", ", of the first run")
        if several
        else ("", "", "", "")
    )
    tuned = "after temperature scaling, fitted on the tuning set"
    return {
        "path": "the image, as it was named",
        "status": "ok, or why the file could not be read; the other columns are empty then",
        **{f"p_{name}": f"probability of {name} as trained, 0 to 1{mean}" for name in classes},
        **{f"calibrated_{name}": f"probability of {name} {tuned}{mean}" for name in classes},
        "predicted": "the class of highest probability",
        f"{positive}_score": f"probability of {positive} as trained, on which decisions are made{mean}",
        **{
            decision(name): f"whether that reaches the threshold for {name} of the tuning set{vote}"
            for name in wanted
        },
        "conformal_set": "classes that cannot be excluded, separated by |; the tuning set decides from which "
        f"probability on, so that {COVERAGE:.0%} of sets hold the true class{vote}",
        "distance": "of the averaged features to the nearest training image: root mean square over features, in "
        f"standard deviations of the training images{largest}",
        "distance_percentile": "percent of the training images that are no farther from the nearest one outside "
        f"their own group{largest}",
        "abstain": f"True where distance_percentile is above {MOST:g}, conformal_set is not one class, or "
        f"coloured_share above {FOREIGN_COLOUR:g} where grey images are expected: the prediction should not be used",
        "abstain_because": "which of these it is",
        **{
            f"nearest_{place}": f"id of the training image whose features are nearest, place {place}{first}"
            for place in range(1, NEAREST + 1)
        },
        "width": "of the image, in pixels",
        "height": "of the image, in pixels",
        "contrast": "standard deviation of its grey levels, 0 to 127.5",
        "coloured_share": "share of its pixels with a colour, 0 to 1",
        "letters": "letters drawn into it, an estimate that misses some; empty of a very large image",
        "remarks": "what is unusual about it, in words",
        "heat_map": "file of the heat map, where one was asked for",
        "use": USE,
    }


def decision(wanted: str) -> str:
    """The column of decisions at a threshold.

    Examples
    --------
    >>> decision("specificity 0.90")
    'at_specificity_0.90'
    """
    return f"at_{wanted.replace(' ', '_')}"


def kind(column: str) -> str:
    """Of what type a column's values are, as pandas calls it; what could not be read is missing in each of them.

    Examples
    --------
    >>> kind("p_benign"), kind("at_specificity_0.90"), kind("width"), kind("remarks")
    ('float64', 'boolean', 'Int64', 'string')
    """
    if column in ("distance", "distance_percentile", "contrast", "coloured_share"):
        return "float64"
    if column.startswith(("p_", "calibrated_")) or column.endswith("_score"):
        return "float64"
    if column.startswith("at_") or column == "abstain":
        return "boolean"
    return "Int64" if column in ("width", "height", "letters") else "string"
