"""What is kept of fewer labels: the record for programs, every prediction, and the paper's hope, judged."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from bcd_utils.datasets.splits import SETS
from bcd_utils.evaluation.format import plain_rows, with_interval
from bcd_utils.evaluation.verdicts import above, claim_record, one_holds
from bcd_utils.experiments.fewer_labels.declared import (
    CLAIM,
    CRITERION,
    ENOUGH,
    RIVALS,
    TITLES,
    WAYS,
    rivals_of,
)
from bcd_utils.experiments.fewer_labels.material import Material
from bcd_utils.experiments.fewer_labels.scores import Curves, curve_table, gain_table, needed_table
from bcd_utils.experiments.fewer_labels.training import train
from bcd_utils.study.networks import is_the_papers
from bcd_utils.study.settings import Study
from bcd_utils.utils.backend import device, keras
from bcd_utils.utils.counting import OnProgress, silent


def measure(material: Material, study: Study, on_progress: OnProgress = silent) -> Curves:
    """Train every way on every draw, and lay the predictions out to be scored."""
    settings, images = study.fewer_labels, material.images
    lesions = tuple(sorted(set(settings.lesions)))
    trained = train(material.shared, material.tested, lesions, settings.draws, study.seed, on_progress)
    positive = images.dataset.positive
    return Curves(
        trained, material.full, lesions, material.tested, (images.table["label"] == positive).to_numpy(),
        images.classes.index(positive), material.shared.groups, study.confidence,
    )  # fmt: skip


def save_predictions(path: Path, material: Material, curves: Curves) -> None:
    """Features, folds, what was labelled in each draw, and all predictions: enough to do everything again."""
    sets = np.array([pd.Categorical(split, SETS).codes for split in material.folds])
    parts = {"features": material.features, "sets": sets, "full": material.full}
    if material.features_elsewhere is not None:
        parts["features_elsewhere"] = material.features_elsewhere
    parts |= {f"bought_{way}": rows for way, rows in curves.trained.bought.items()}
    parts |= {f"probabilities_{way}": said for way, said in curves.trained.probabilities.items()}
    np.savez_compressed(path, **parts)  # type: ignore[arg-type]


def record(study: Study, material: Material, curves: Curves) -> dict[str, Any]:
    """What ``fewer_labels.json`` holds; plain values, None where undefined."""
    images, gains = material.images, gain_table(curves)
    made = {
        "title": images.title,
        "synthetic": images.dataset.synthetic,
        "images": len(images.table),
        "groups": int(images.table["group"].nunique()),
        "positive": images.dataset.positive,
        "classes": list(images.classes),
        "folds": len(curves.tested),
        "draws": study.fewer_labels.draws,
        "points": list(curves.lesions),
        "pool": curves.pool,
        "confidence": study.confidence,
        "enough": ENOUGH,
        "ways": {way: title for way, title in TITLES.items() if way in curves.areas},
        "against": {way: rival for way, rival in RIVALS.items() if way in curves.areas},
        "curve": plain_rows(curve_table(curves), "records"),
        "gains": plain_rows(gains, "records"),
        "needed": plain_rows(needed_table(curves)),
        "choices": curves.trained.choices,
        "network": {**material.network, "device": device(), "backend": keras.backend.backend()},
    }
    if material.elsewhere:
        made["elsewhere"] = material.elsewhere.described
    return made | {"claim": judge(gains, is_the_papers(study) and not images.dataset.synthetic)}


def judge(gains: pd.DataFrame, settles: bool) -> dict[str, str]:
    """The paper's hope that semi-supervised learning lessens the need for labels.

    Parameters
    ----------
    gains : pandas.DataFrame
        As `scores.gain_table` gives it.
    settles : bool
        Whether it is about the paper's network and real images.

    Returns
    -------
    dict of str
        ``claim``, ``verdict``, ``this run's network`` (the verdict, were the claim about it), ``supported if`` and
        ``evidence``.
    """
    tried = gains[gains["way"].isin(rivals_of(WAYS))]
    verdicts = [above({"low": row["strict_low"], "high": row["strict_high"]}) for _, row in tried.iterrows()]
    verdict = one_holds(verdicts)
    best = tried.loc[tried["gain"].idxmax()]
    worst = tried.loc[tried["gain"].idxmin()]
    shown = "; ".join(
        f"{word} {with_interval(row, sign='+', name='gain')} ({TITLES[row['way']]}, {row['point']} lesions a class)"
        for word, row in (("largest", best), ("smallest", worst))
    )
    evidence = f"gains in AUC over the same labels without unlabelled images: {shown}"
    return claim_record(CLAIM, verdict, CRITERION, evidence, settles)
