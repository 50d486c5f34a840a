"""What is kept of data sets side by side: the record for programs, and what its numbers allow to say."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

import pandas as pd

from bcd_utils.audit.lesions import Rule
from bcd_utils.datasets.image_set import ImageSet
from bcd_utils.evaluation.cross_validation import shown_metrics
from bcd_utils.evaluation.format import number, plain_rows, with_interval
from bcd_utils.evaluation.verdicts import NOT_TESTED, above, all_hold, claim_record
from bcd_utils.experiments.modalities.protocol import Outcome
from bcd_utils.experiments.modalities.sources import NOT_AT_HAND, NOT_USED, Absent
from bcd_utils.experiments.modalities.transfer import CHANCE, Transfer
from bcd_utils.images.statistics import MEASURES
from bcd_utils.study.networks import is_the_papers
from bcd_utils.study.settings import Study
from bcd_utils.utils.backend import device, keras

ABOVE = "above chance"
CLAIM = "It generalises over modalities"
CRITERION = (
    f"learned on one kind of image and tested on another, every AUC's interval lies above {CHANCE:g}; refuted if one "
    "lies below, each taken alone; else inconclusive"
)


def record(
    study: Study,
    available: Mapping[str, ImageSet],
    absent: Mapping[str, Absent],
    quartiles: pd.DataFrame,
    outcomes: Mapping[str, Outcome],
    transferred: Transfer,
    backbone,
) -> dict[str, Any]:
    """What ``modalities.json`` holds; plain values, None where undefined.

    Parameters
    ----------
    quartiles : pandas.DataFrame
        From `tables.character_quartiles`.
    backbone : backbones.Backbone
    """
    sources = {
        name: describe(images, quartiles.loc[name], outcomes[name], study.confidence)
        for name, images in available.items()
    }
    for name, missing in absent.items():
        sources[name] = {
            "title": missing.title,
            "modality": missing.dataset.modality,
            "status": missing.status,
        }
        sources[name] |= {"problem": missing.problem, "command": missing.command}
    pairs = plain_rows(transferred.table, "records")
    made = {
        "folds": study.modalities.folds,
        "seed": study.seed,
        "confidence": study.confidence,
        "sources": {name: sources[name] for name in study.modalities.sources},
        "transfer": {
            "classes": list(transferred.classes),
            "pairs": pairs,
            "left_out": transferred.left_out,
            "dropped": transferred.dropped,
        },
        "network": {**backbone.origin, "device": device(), "backend": keras.backend.backend()},
    }
    return made | {"claim": judge(made, is_the_papers(study))}


def describe(
    images: ImageSet, quartiles: pd.DataFrame, outcome: Outcome, confidence: float
) -> dict[str, Any]:
    """One data set that is at hand."""
    scores = {
        model: {
            metric: scored.interval(metric, confidence) for metric in shown_metrics(images.dataset.positive)
        }
        for model, scored in (("probe", outcome.probe), ("majority", outcome.majority))
    }
    return images.described | {
        "modality": images.dataset.modality,
        "status": "at hand",
        "kept_together": Rule.of_set(images).units,
        "data_sha256": images.data_sha256,
        "median_size": {side: float(images.table[side].median()) for side in ("width", "height")},
        "character": {
            label: {measure: row[measure].to_dict() for measure in MEASURES}
            for label, row in quartiles.iterrows()
        },
        "scores": scores,
        "patient_rates": outcome.rates,
        "choices": outcome.choices,
    }


def said_of_protocol(record: Mapping[str, Any]) -> str:
    """Whether the probe beats a model that looks at nothing, for each data set at hand."""
    lines = []
    for source in record["sources"].values():
        if source["status"] == NOT_AT_HAND:
            lines.append(f"- **{source['title']}** is {NOT_AT_HAND}: `{source['command']}`.")
            continue
        if source["status"] == NOT_USED:
            lines.append(f"- **{source['title']}** is {NOT_USED}: {source['problem']}.")
            continue
        probe, majority = source["scores"]["probe"], source["scores"]["majority"]
        lines.append(
            f"- **{source['title']}** ({source['modality']}, {len(source['classes'])} classes): accuracy "
            f"{with_interval(probe['accuracy'])}, where always saying the most common class gives "
            f"{number(majority['accuracy']['value'])}; ROC AUC {with_interval(probe['roc_auc'])}, "
            f"{beside_chance(probe['roc_auc']['low'], probe['roc_auc']['high'])}."
        )
    return "\n".join(lines)


def beside_chance(low: float | None, high: float | None) -> str:
    """Where an AUC's interval lies, in words.

    Examples
    --------
    >>> beside_chance(0.6, 0.8), beside_chance(0.45, 0.65)
    ('above chance', 'not told from chance')
    """
    if low is None or high is None:
        return "of which nothing can be said"
    if low > CHANCE:
        return ABOVE
    return "below chance: the order is reversed" if high < CHANCE else "not told from chance"


def said_of_transfer(record: Mapping[str, Any]) -> str:
    """What training on one data set and testing on another shows, from the numbers."""
    sources, pairs = record["sources"], record["transfer"]["pairs"]
    crossed = [pair for pair in pairs if pair["trained_on"] != pair["tested_on"]]
    if not crossed:
        return "**Nothing was crossed**: that takes two data sets at hand with the same two classes."
    counts, confidence = Counter(map(place_of, crossed)), record["confidence"]
    shown = ", ".join(f"{count} {'is' if count == 1 else 'are'} {place}" for place, count in counts.items())
    highest, lowest = (choose(crossed, key=lambda pair: pair["auc"]) for choose in (max, min))
    sentences = [
        f"Of {len(crossed)} crossings, {shown} (intervals at {confidence:.0%}, so about "
        f"{len(crossed) * (1 - confidence):.1f} would leave {CHANCE:g} by luck alone).",
        f"The AUC of {against(record)} goes from {named(lowest, sources)} to {named(highest, sources)}.",
    ]
    across = crossings(record)
    if across:
        sentences.append(different_kinds(across, sources))
    at_home = [pair for pair in pairs if pair not in crossed and place_of(pair) != ABOVE]
    if weak := " and ".join(sources[pair["trained_on"]]["title"] for pair in at_home):
        sentences.append(
            f"What was learned on {weak} is not told from chance even at home, so failing elsewhere says nothing."
        )
    if same := "; ".join(
        f"{named(pair, sources)}, {place_of(pair)}" for pair in crossed if pair not in across
    ):
        sentences.append(f"Within one kind of image, which is an external test: {same}.")
    return " ".join(sentences)


def crossings(record: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Pairs of data sets of different kinds, one to learn from and one to test on."""
    sources = record["sources"]
    return [
        pair
        for pair in record["transfer"]["pairs"]
        if kind_of(sources[pair["trained_on"]]) != kind_of(sources[pair["tested_on"]])
    ]


def judge(record: Mapping[str, Any], papers: bool) -> dict[str, str]:
    """The paper's claim that its method generalises over modalities.

    Parameters
    ----------
    record : mapping
        As `record` makes it.
    papers : bool
        Whether the network is the paper's; of another, the claim itself is not tested, nor is it on drawn images.

    Returns
    -------
    dict of str
        ``claim``, ``verdict``, ``this run's network`` (the verdict, were the claim about it), ``supported if`` and
        ``evidence``.
    """
    crossed, verdict, evidence = crossings(record), NOT_TESTED, "no two kinds of images are at hand"
    if crossed:
        shown = "; ".join(named(pair, record["sources"]) for pair in crossed)
        evidence = f"AUC of {against(record)}, learned on one kind and tested on another: {shown}"
        verdict = all_hold(
            above({"low": pair["auc_low"], "high": pair["auc_high"]}, CHANCE) for pair in crossed
        )
    return claim_record(CLAIM, verdict, CRITERION, evidence, papers and not crosses_synthetic(record))


def against(record: Mapping[str, Any]) -> str:
    """The two classes that are told apart over data sets, in words."""
    first, second = record["transfer"]["classes"]
    return f"{second} against {first}"


def crosses_synthetic(record: Mapping[str, Any]) -> bool:
    """Whether a data set of `crossings` was drawn, not taken."""
    ends = {pair[end] for pair in crossings(record) for end in ("trained_on", "tested_on")}
    return any(record["sources"][name]["synthetic"] for name in ends)


def different_kinds(across: list[Mapping[str, Any]], sources: Mapping[str, Any]) -> str:
    """What crossings between kinds of images show."""
    above = [pair for pair in across if place_of(pair) == ABOVE]
    if not above:
        return (
            "Between kinds of images none is above chance, which is what one should expect: what makes a mass "
            "suspicious in one kind of image is not there to be seen in another. A model that does well on one "
            "kind says nothing about another, and no such result shows that it generalises over modalities."
        )
    shown = "; ".join(named(pair, sources) for pair in above)
    return (
        f"Between kinds of images {len(above)} of {len(across)} {'is' if len(above) == 1 else 'are'} above chance "
        f"({shown}). Before calling that knowledge of disease, look for what else goes with the label in both: "
        "brightness, contrast, size or sharpness differ between classes too, and are enough for an AUC above "
        f"{CHANCE:g}."
    )


def place_of(pair: Mapping[str, Any]) -> str:
    """Where a pair's AUC lies; see `beside_chance`."""
    return beside_chance(pair["auc_low"], pair["auc_high"])


def named(pair: Mapping[str, Any], sources: Mapping[str, Any]) -> str:
    """A pair and its AUC, in words."""
    titles = (sources[pair[end]]["title"] for end in ("trained_on", "tested_on"))
    return f"{with_interval(pair, name='auc')} ({' to '.join(titles)})"


def kind_of(source: Mapping[str, Any]) -> str:
    """Ultrasound, histopathology and the like: the last word of a modality.

    Examples
    --------
    >>> kind_of({"modality": "breast ultrasound"}), kind_of({"modality": "synthetic breast ultrasound"})
    ('ultrasound', 'ultrasound')
    """
    return source["modality"].split()[-1]
