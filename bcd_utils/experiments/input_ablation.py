"""The three things a network may have been shown: the image, its lesion mask, or both; as arms of one experiment."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from bcd_utils.datasets.image_set import ImageSet
from bcd_utils.evaluation.metric_registry import paper_metrics
from bcd_utils.experiments.study_model import frozen_backbone
from bcd_utils.models.features import image_features
from bcd_utils.study.run import Run

INPUTS = ("image", "mask", "overlay")


def possible_inputs(images: pd.DataFrame) -> tuple[str, ...]:
    """The arms that these images allow: without a mask for each image, the plain image alone."""
    return INPUTS if (images["masks"] != "").all() else INPUTS[:1]


def input_features(
    run: Run, images: ImageSet, kind: str, on_progress: Callable[[int, int], None] = lambda done, total: None
) -> np.ndarray:
    """Features of all images of the run, had the study's ``input`` been ``kind``; all else is as in the study.

    Returns
    -------
    ndarray, shape (n, h, w, c)
        Rows as in splits.csv.

    Raises
    ------
    StudyError
        If an image has no mask, or the disk is full.
    """
    shown = images if kind == images.kind else replace(images, kind=kind, stored=None)
    shown.file(on_progress)
    return image_features(frozen_backbone(run, shown), shown, run.study.feature_dtype, on_progress)


def ablation_table(tables: Mapping[str, pd.DataFrame], recalls_of: Sequence[str] = ()) -> pd.DataFrame:
    """Test scores of each arm and plain split, under the names that the paper's row has.

    Parameters
    ----------
    tables : mapping of arm to pandas.DataFrame
        As `repeated_splits.scores.scores_by_split` gives them.
    recalls_of : sequence of str
        Classes whose recall may tell what the network was shown, such as those whose masks are empty.

    Returns
    -------
    pandas.DataFrame
        Columns arm, split, the metrics that the paper prints, and ``recall_<class>`` each.
    """
    parts = []
    for kind, table in tables.items():
        plain = table[table["scheme"] == "plain"]
        recalls = {f"recall_{label}": plain[f"sensitivity_{label}"] for label in recalls_of}
        part = plain[paper_metrics()].assign(**recalls).astype(float)
        part.insert(0, "arm", kind)
        part.insert(1, "split", plain["number"])
        parts.append(part)
    return pd.concat(parts, ignore_index=True)
