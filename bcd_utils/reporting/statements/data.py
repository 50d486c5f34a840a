"""What a program can know of a run's images and their split."""

from __future__ import annotations

from collections import Counter

from bcd_utils.reporting.statements.base import Summary, at, listed, notebook_of, runs, statement
from bcd_utils.reporting.statements.model import augmentation
from bcd_utils.study.set_titles import SET_TITLES

INPUTS = {
    "image": "The network sees the image as it is, its whole frame; no region was cropped.",
    "crop": "The network sees the image cropped to the lesion, and whole where there is none.",
    "outline": "The network sees the image with the outline of its lesion drawn.",
    "channel": "The network sees the image with its lesion mask in place of the blue channel.",
    "painted": "The network sees the image with its lesion painted white.",
    "overlay": "The network sees the image with its lesion mask blended in.",
    "product": "The network sees the image where there is a lesion, and black elsewhere.",
    "mask": "The network sees the lesion mask that came with the image, not the image.",
}


@statement("artifacts/dataset.json")
def data_source(summary: Summary) -> str:
    data = at(summary, "dataset")
    known = [
        f"{at(data, 'title')}: {data['citation']}." if data.get("citation") else f"{at(data, 'title')}.",
        f"Licence: {data['licence']}." if data.get("licence") else "",
        data.get("homepage") or "",
        f"SHA-256 over labels and files: {at(data, 'data_sha256')}.",
    ]
    return " ".join(filter(None, known))


@statement("artifacts/dataset.json")
def labels(summary: Summary) -> str:
    if at(summary, "dataset", "synthetic"):
        return "Each phantom was drawn as its class, so labels are known by construction."
    return "Labels are those that the images came with; none was changed."


@statement("artifacts/dataset.json")
def counts(summary: Summary) -> str:
    return f"Classes of the images: {listed(at(summary, 'dataset', 'classes'))}."


@statement("artifacts/dataset.json")
def exclusions(summary: Summary) -> str:
    data = at(summary, "dataset")
    aside, images = at(data, "set_aside"), at(data, "images")
    if not aside:
        return f"All {images} images found were used; none was set aside."
    reasons = Counter(image["status"] for image in at(data, "set_aside_images"))
    return f"Of {images} images found, {aside} were set aside: {listed(reasons)}."


@statement("artifacts/dataset.json; bcd_utils/datasets/manifest.py")
def corrupt_images(summary: Summary) -> str:
    return (
        "Every file was opened; an image that cannot be read, is empty, cut off, very small, too large or nearly "
        "uniform, has several frames, or whose mask cannot be read, is set aside "
        f"({at(summary, 'dataset', 'set_aside')} were)."
    )


RESIZE = {
    "stretch": "resized to {side} without keeping the aspect ratio",
    "letterbox": "resized to {side} with the aspect ratio kept between black bars",
    "crop": "cut to the middle square, resized to {side}",
}
CONTRAST = {
    "none": "",
    "equalize": "the luminance's histogram equalised, ",
    "clahe": "the luminance's histogram equalised in tiles (CLAHE), ",
}


@statement("artifacts/dataset.json")
def missing_data(summary: Summary) -> str:
    data = at(summary, "dataset")
    return (
        f"No value was imputed: an image that cannot be used is left out whole "
        f"({at(data, 'set_aside')} of {at(data, 'images')}); every image has a label."
    )


@statement("settings input, image_size, resize, contrast, stain, augmentation; artifacts/training.json")
def preprocessing(summary: Summary) -> str:
    settings = at(summary, "settings")
    side, method = settings["image_size"], settings["source"]["stain"].capitalize()
    stains = "" if method == "None" else f"stains normalised after {method} to published references, "
    return (
        f"Converted to RGB, {stains}{CONTRAST[settings.get('contrast', 'none')]}and "
        f"{RESIZE[settings.get('resize', 'stretch')].format(side=f'{side} x {side} pixels')}; "
        f"{at(summary, 'provenance', 'preparation')}; {augmentation(summary)}."
    )


@statement("setting input")
def input_shown(summary: Summary) -> str:
    kind = at(summary, "settings", "input")
    at(summary, "dataset", "name")  # of several data sets, some may be cut to the lesion
    warning = "" if kind == "image" else " Where there is no lesion the mask is empty, which tells the class."
    return shown(kind) + warning


def shown(kind: str) -> str:
    """What a network sees, in a sentence; ``kind`` as a study's ``input``."""
    return INPUTS[kind.partition("-")[0]]


@statement("settings split, test_fraction, validation_fraction, stratify, seed")
def split_method(summary: Summary) -> str:
    at(summary, "split")
    settings = at(summary, "settings")
    shares = "keeping the shares of the classes" if settings["stratify"] is True else "whatever their class"
    if settings["split"] != "image":
        shares = f"whole {units(summary)}, class shares as far as these allow"
    tuning = (
        f"{settings['validation_fraction']:.0%} of the rest for tuning, {shares}; seed {settings['seed']}."
    )
    if settings["split"] == "official":
        return f"The published test set; {tuning}"
    drawn = f"{settings['test_fraction']:.0%} of the usable images drawn at random for test"
    return f"{drawn}{', keeping the shares of the classes' * (settings['stratify'] == 'test')}, then {tuning}"


@statement("artifacts/splits.csv")
def set_sizes(summary: Summary) -> str:
    by_class, sizes = at(summary, "split_by_class"), at(summary, "split")
    sets = [f"{title} {sizes[name]} ({listed(by_class[name])})" for name, title in SET_TITLES.items()]
    patients = ""
    if at(summary, "dataset").get("patients"):
        of_class = at(summary, "groups_by_class")
        patients = f" Patients: {'; '.join(f'{title} {listed(of_class[name])}' for name, title in SET_TITLES.items())}."
    return f"Images: {'; '.join(sets)}.{patients}"


@statement("artifacts/splits.csv")
def split_level(summary: Summary) -> str:
    copies = at(summary, "copies_across_sets")
    exact = f"{copies} images have" if copies else "No image has"
    return f"{patients_apart(summary)} {exact} an exact copy in another set."


def units(summary: Summary) -> str:
    """What groups of images are: patients where the data set names them."""
    return "patients" if at(summary, "dataset").get("patients") else "groups of exact copies"


def patients_apart(summary: Summary) -> str:
    """Whether images of one patient can be in two sets, in a sentence."""
    crossing, split = summary.get("patients_across_sets"), at(summary, "settings")["split"]
    if crossing is not None:
        apart = f"{crossing} patients have" if crossing else "no patient has"
        return f"The split is by {'image' if split == 'image' else 'patient'}: {apart} images in more than one set."
    by = "image" if split == "image" else "group of exact copies"
    return f"The split is by {by}: the data set names no patients, and images of one may be in several sets."


@statement("artifacts/splits.csv")
def sample_size(summary: Summary) -> str:
    split = at(summary, "split")
    return f"Every usable image was used ({sum(split.values())}); {split['test']} of them are the internal test set."


@statement("artifacts/audit.json")
def duplicates(summary: Summary) -> str:
    notebook = notebook_of(summary, "audit")
    if not runs(summary, "audit"):
        if runs(summary, "modalities"):
            return (
                "Where a data set names no patients, images that look alike were kept on one side of each fold, unless "
                "its look_alikes is none; "
                f"they are listed by notebook {notebook}, which this study does not run."
            )
        return f"Near-duplicates were not searched for: this study does not run notebook {notebook}."
    audit = at(summary, "audit")
    leaks = [row for row in audit.get("leak") or [] if {"copies", "test_images"} <= set(row)]
    of_patients = audit.get("kept_together") == "patients"
    what = "patients with several images" if of_patients else "groups of copies"
    leaked = ", ".join(f"{row['test_images']} ({row['copies']})" for row in leaks)
    return (
        f"{at(audit, 'groups')} {what} hold {at(audit, 'images_in_groups')} images; "
        f"in {len(audit.get('contradictory') or [])} of these groups labels contradict one another."
        + (f" Test images with a copy in the training or tuning set: {leaked}." if leaked else "")
    )
