"""What is kept of image and record: the record for programs, and the paper's hope, judged."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import pandas as pd

from bcd_utils.evaluation.format import plain_rows, with_interval
from bcd_utils.evaluation.score_differences import difference
from bcd_utils.evaluation.verdicts import NOT_TESTED, above, claim_record, one_holds
from bcd_utils.experiments.image_and_record.arms import IMAGE, KNOWN, WAYS
from bcd_utils.experiments.image_and_record.material import Material
from bcd_utils.experiments.image_and_record.missing import leaks, telling_columns
from bcd_utils.experiments.image_and_record.scores import Outcome, gains, metrics_of, scores_of
from bcd_utils.study.networks import is_the_papers
from bcd_utils.study.settings import Study

CLAIM = "Patients' records fused with images do better (its future work)"
CRITERION = (
    "with what is known before the image, joined early or late, the interval of the gain in AUC over the image alone "
    "lies above 0, for one of both ways (Bonferroni)"
)


def record(
    study: Study,
    material: Material,
    outcome: Outcome,
    published: Outcome | None,
    tables: Mapping[str, pd.DataFrame],
) -> dict[str, Any]:
    """What ``image_and_record.json`` holds; plain values, None where undefined.

    Parameters
    ----------
    tables : mapping of key to pandas.DataFrame
        ``missing``, ``paired``, ``calibration``, ``importance``.
    """
    confidence, records, metrics = study.confidence, material.records, metrics_of(material)
    area = f"roc_auc_{material.positive}"
    made = {
        "title": material.title,
        "synthetic": material.synthetic,
        "data_sha256": material.data_sha256,
        "images": len(material.table),
        "groups": int(material.table["group"].nunique()),
        "patients": int(material.table["patient"].replace("", None).nunique()),
        "classes": {label: int((material.table["label"] == label).sum()) for label in material.classes},
        "positive": material.positive,
        "folds": len(outcome.trained.tested),
        "confidence": confidence,
        "columns": {name: asdict(column) for name, column in records.columns.items()},
        "not_used": records.unused,
        "leaks": leaks(tables["missing"]),
        "telling": telling_columns(records, material.table["label"]),
        "arms": outcome.titles,
        "reference": outcome.reference,
        "scores": scores_of(outcome, metrics, confidence),
        "gains": plain_rows(gains(outcome, area, confidence)),
        **{key: _rows(table) for key, table in tables.items()},
        "published": None
        if published is None
        else {
            "images": len(published.trained.tested[0]),
            "crossing_patients": material.crossing,
            "scores": scores_of(published, metrics, confidence),
            "gains": plain_rows(gains(published, area, confidence)),
        },
        "network": _network(material),
    }
    return made | {"claim": judge(outcome, material, study)}


def _network(material: Material) -> dict[str, Any]:
    """Where the image's features are from; empty without images."""
    if not material.network:
        return {}
    from bcd_utils.utils.backend import device, keras

    return {**material.network, "device": device(), "backend": keras.backend.backend()}


def _rows(table: pd.DataFrame) -> list[dict[str, Any]]:
    return plain_rows(table.reset_index(names="arm" if table.index.names == [None] else None), "records")


def judge(outcome: Outcome, material: Material, study: Study) -> dict[str, str]:
    """The paper's hope that records fused with images do better.

    Returns
    -------
    dict of str
        ``claim``, ``verdict``, ``this run's network`` (the verdict, were the claim about it), ``supported if`` and
        ``evidence``.
    """
    verdict, evidence = NOT_TESTED, "no image takes part: the record stands alone"
    names = [f"{way}_{KNOWN}" for way in WAYS if f"{way}_{KNOWN}" in outcome.arms]
    if IMAGE in outcome.arms and not names:
        evidence = "nothing in the record is known before the image"
    if names:
        strict = 1 - (1 - study.confidence) / len(names)
        area = f"roc_auc_{material.positive}"
        found = {
            name: difference(outcome.scored[name], outcome.scored[IMAGE], area, strict) for name in names
        }
        verdict = one_holds(map(above, found.values()))
        shown = "; ".join(
            f"{outcome.titles[name]} {with_interval(gap, sign='+')}" for name, gap in found.items()
        )
        evidence = f"AUC of {material.positive} against the rest minus that of the image alone: {shown}"
    settles = is_the_papers(study) and not material.synthetic
    return claim_record(CLAIM, verdict, CRITERION, evidence, settles)
