"""What a program can know of a run's results and their limits."""

from __future__ import annotations

from collections import Counter

from bcd_utils.evaluation.format import number, p_value, span, with_interval
from bcd_utils.evaluation.metric_registry import METRICS, capital, main_metrics
from bcd_utils.experiments.external.copies import said_of_copies, without_copies
from bcd_utils.experiments.published_results.words import said_of_published
from bcd_utils.experiments.repeated_splits.copies import said_of_worth
from bcd_utils.experiments.repeated_splits.variance import said_of_spread
from bcd_utils.experiments.rival_explanations.words import said_of_rivals
from bcd_utils.reporting.statements.base import (
    Summary,
    UnknownError,
    at,
    main_scores,
    notebook_of,
    runs,
    statement,
)
from bcd_utils.reporting.statements.data import patients_apart, shown
from bcd_utils.reporting.statements.model import uses_of_tuning
from bcd_utils.study.set_titles import SET_TITLES


@statement("artifacts/evaluation.json")
def metrics_named(summary: Summary) -> str:
    at(summary, "metrics", "test")
    whole = ", ".join(metric.title for metric in METRICS if not metric.per_class)
    single = ", ".join(metric.title for metric in METRICS if metric.per_class)
    lower = ", ".join(metric.title for metric in METRICS if not metric.higher_is_better)
    return f"{capital(whole)}; for each class against the rest {single}. Higher is better, but for {lower}."


@statement("artifacts/predictions.csv")
def decision(summary: Summary) -> str:
    at(summary, "metrics", "test")
    return "The class with the highest probability; no threshold was tuned."


@statement("settings bootstrap_samples, confidence, seed")
def uncertainty(summary: Summary) -> str:
    at(summary, "intervals")
    settings = at(summary, "settings")
    patients = at(summary, "dataset").get("patients")
    drawn = "patients of the test set" if patients else "test images within each class"
    kinds: dict[str, list[str]] = {}
    for metric in METRICS:
        kinds.setdefault(metric.interval, []).append(metric.title)
    methods = "; ".join(
        f"{method} for {', '.join(dict.fromkeys(titles))}" for method, titles in kinds.items()
    )
    return (
        f"Intervals at {settings['confidence']:.0%}: {methods} ({settings['bootstrap_samples']} resamples of the "
        f"{drawn}). A perfect score that is resampled has none. They do not cover another split or another training."
    )


@statement("artifacts/splits.csv; artifacts/evaluation.json")
def internal_test(summary: Summary) -> str:
    at(summary, "metrics", "test")
    return f"{at(summary, 'split', 'test')} images of the same data set, set apart before training and only scored."


@statement("artifacts/evaluation.json")
def performance(summary: Summary) -> str:
    sets = {name: at(summary, "metrics", name) for name in SET_TITLES} | {"test": at(summary, "intervals")}
    by_set = " ".join(
        f"{SET_TITLES[name].capitalize()} set: {main_scores(scores)}." for name, scores in sets.items()
    )
    if not summary.get("patient_scores"):
        return by_set
    rates = at(summary, "patient_scores", "all")
    return (
        f"{by_set} Test patients: {rates['patients']}; share of their images that is recognised "
        f"{with_interval(rates['image_rate'])}, mean of each patient’s share {with_interval(rates['patient_rate'])}."
    )


@statement("artifacts/evaluation.json")
def diagnostic_performance(summary: Summary) -> str:
    intervals, titles = at(summary, "intervals"), main_metrics(per_class=True)
    classes = {
        label: [
            f"{title} {with_interval(intervals.get(f'{name}_{label}'))}" for name, title in titles.items()
        ]
        for label in at(summary, "dataset", "classes")
    }
    return "; ".join(f"{label}: {', '.join(scores)}" for label, scores in classes.items()) + "."


@statement("artifacts/evaluation.json; tables/confident_errors.csv")
def failures(summary: Summary) -> str:
    images = at(summary, "split", "test")
    wrong = images - round(at(summary, "metrics", "test", "accuracy") * images)
    return f"{wrong} of {images} test images are misclassified; the most confident are in tables/confident_errors.csv."


@statement("artifacts/evaluation.json; artifacts/comparison.json")
def subgroups(summary: Summary) -> str:
    found, where = summary.get("subgroups"), "the internal test set"
    if not found:
        title, found = next(iter(at(summary, "comparison", "subgroups").items()))
        where = f"all images, out of fold ({title})"
    positive, small = found["positive"], found["small"]
    parts: dict[str, list[str]] = {}
    for row in found["rows"]:
        if row["column"] and row["positives"]:
            few = ", few" if row["positives"] < small else ""
            found_of = f"{row['found']} of {row['positives']}{few}"
            share = f"{row['subgroup']} {with_interval(row, name='sensitivity')} ({found_of})"
            parts.setdefault(row["column"], []).append(share)
    if not parts:
        return f"In {where} there are no subgroups of {positive} images to tell apart."
    shown = "; ".join(f"{column}: {', '.join(shares)}" for column, shares in parts.items())
    tested = {column: p_value(p) for column, p in found["holm_p"].items() if p is not None}
    tests = (
        ", ".join(map(" ".join, tested.items()))
        or f"none, since no column has two subgroups of {small} images"
    )
    return f"Sensitivity for {positive} in {where} by {shown}. One test a column, Holm-adjusted p: {tests}."


@statement("artifacts/evaluation.json")
def precision_plan(summary: Summary) -> str:
    plan = at(summary, "precision_plan")
    needed = [
        f"{each['title']} {number(each['value'])} takes {number(each['images'], 0)} images"
        + f" (at its interval's worst end {number(each['images_at_worst'], 0)})"
        for each in plan["scores"].values()
        if each["images"]
    ]
    if not needed:
        raise UnknownError("precision_plan")
    return (
        f"For an interval of {plan['confidence']:.0%} that reaches {plan['half_width']:g} to both sides, with "
        f"{plan['positives']:.0%} {plan['positive']}: {'; '.join(needed)}. Images count as independent."
    )


@statement("artifacts/cam.json")
def explanation(summary: Summary) -> str:
    cam = at(summary, "cam")
    chance = cam["methods"].get("Lesion area (chance)", {}).get("pointing_game")
    share = with_interval(at(cam, "methods", "Grad-CAM"), name="pointing_game")
    return (
        f"Grad-CAM, compared with the outlines of the lesions in {at(cam, 'images')} images: its peak lies inside "
        f"in a share of {share}, by chance {number(chance)}."
    )


@statement("artifacts/lottery.json")
def repetition(summary: Summary) -> str:
    if not runs(summary, "lottery"):
        notebook = notebook_of(summary, "lottery")
        return f"The protocol was not repeated over other splits: this study does not run {notebook}."
    repeated_splits = at(summary, "lottery")
    said = [f"Grouped cross-validation, repeated: {main_scores(at(repeated_splits, 'headline'))}."]
    if spread := (repeated_splits.get("plain") or {}).get("accuracy"):
        range_ = f"{at(repeated_splits, 'splits')} splits by image the same protocol gave a test accuracy of "
        place = ""
        if spread.get("paper") is not None:
            place = f"; the paper's {number(spread['paper'])} lies above {spread['percentile']:.0f}% of them"
        said.append(f"Over {range_}{span(spread['lowest'], spread['highest'])}{place}.")
    if variance := repeated_splits.get("variance"):
        said.append(said_of_spread(variance))
    if worth := repeated_splits.get("copies"):
        said.append(said_of_worth(worth))
    return " ".join(said)


@statement("artifacts/forensics.json")
def reported_table(summary: Summary) -> str:
    readings, forensics = at(summary, "forensics", "readings_of_f1"), at(summary, "forensics")
    text = f"Confusion matrices fit the printed scores where F1 is read as {' or '.join(readings)}."
    if not readings:
        text = "No confusion matrix fits the printed scores, whichever way F1 is read."
    if not (forensics.get("paper") and forensics.get("rivals")):
        return text
    return f"{text} {said_of_rivals(forensics['rivals'], forensics['asked'], forensics['images'])}"


@statement("artifacts/published.json")
def published_results(summary: Summary) -> str:
    return said_of_published(at(summary, "published"))


@statement("artifacts/external.json")
def external_test(summary: Summary) -> str:
    if not runs(summary, "external"):
        return f"None in this run: this study does not run notebook {notebook_of(summary, 'external')}."
    if not at(summary, "external", "given"):
        return "None in this run: the study names no images from elsewhere."
    external = at(summary, "external")
    text = f"{at(external, 'title')}: {main_scores(external.get('intervals') or at(external, 'scores'))}."
    if "copies" not in external:
        return text
    return " ".join(filter(None, [text, said_of_copies(external), without_copies(external)]))


@statement("artifacts/comparison.json")
def comparison(summary: Summary) -> str:
    if not runs(summary, "comparison"):
        return f"No other models were trained: this study does not run {notebook_of(summary, 'comparison')}."
    record = at(summary, "comparison")
    candidates, paired = record["contenders"], record["paired"].values()
    ours = candidates[record["reference"]]
    others = sum(row.get("status") == "compared" for row in candidates.values()) - 1
    ahead = sum((row["accuracy_difference_low"] or 0) > 0 for row in paired)
    behind = sum((row["accuracy_difference_high"] or 0) < 0 for row in paired)
    verdicts = [claim["this run's network"] for claim in record["claims"]]
    return (
        f"{ours['title']} in grouped {record['folds']}-fold cross-validation: accuracy "
        f"{with_interval(ours['scores']['accuracy'])}. Of {others} others {ahead} are more accurate and "
        f"{behind} less, each interval of a difference taken alone. Of the paper's {len(verdicts)} claims, for this "
        f"run's network: {', '.join(f'{count} {verdict}' for verdict, count in Counter(verdicts).most_common())}."
    )


@statement("artifacts/modalities.json")
def modalities(summary: Summary) -> str:
    if not runs(summary, "modalities"):
        return f"Other kinds of images were not tried: this study does not run {notebook_of(summary, 'modalities')}."
    sources = at(summary, "modalities", "sources").values()
    pairs = at(summary, "modalities", "transfer", "pairs")
    classes = at(summary, "modalities", "transfer", "classes")
    missing = {source["title"]: source["status"] for source in sources if "scores" not in source}
    shown = [
        f"{source['title']} ({len(source['classes'])} classes) {with_interval(source['scores']['probe']['roc_auc'])}"
        for source in sources
        if "scores" in source
    ]
    text = f"ROC AUC of one frozen network with a linear probe, cross-validated by group: {'; '.join(shown)}."
    for status in dict.fromkeys(missing.values()):
        text += f" {capital(status)}: {', '.join(title for title in missing if missing[title] == status)}."
    if claim := at(summary, "modalities").get("claim"):
        verdict = claim["this run's network"]
        text += f" The paper's claim, “{claim['claim']}”, for this run's network: {verdict}."
    crossed = [pair for pair in pairs if pair["trained_on"] != pair["tested_on"]]
    areas = [pair["auc"] for pair in crossed if pair["auc"] is not None]
    if not areas:
        return text
    above = sum((pair["auc_low"] or 0) > 0.5 for pair in crossed)
    return (
        f"{text} Learned on one and tested on another, {' against '.join(reversed(classes))}: AUC "
        f"{span(min(areas), max(areas))}, of {len(areas)} pairs {above} with an interval above 0.5."
    )


@statement("settings; artifacts/dataset.json, training.json, splits.csv")
def limits(summary: Summary) -> str:
    kind = at(summary, "settings", "input")
    external = summary.get("external") or {}
    copies = summary.get("copies_across_sets")
    known = [
        *at(summary, "announcements"),
        patients_apart(summary),
        f"{copies} images have an exact copy in another set." if copies else "",
        f"The internal test set has {at(summary, 'split', 'test')} images of the same source as the training set.",
        uses_of_tuning(summary) if summary.get("calibration") else "",
        said_of_copies(external) if (external.get("copies") or {}).get("images") else "",
        "" if external.get("given") else "There is no test on images from elsewhere.",
        "" if kind == "image" else shown(kind),
    ]
    return " ".join(filter(None, known))
