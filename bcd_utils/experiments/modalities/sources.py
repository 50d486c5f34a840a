"""The data sets that are laid side by side: those at hand, each inspected, and those that are not."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd

from bcd_utils.audit.lesions import Rule, Sheet, grouped
from bcd_utils.datasets import Dataset, dataset_of, folder_scan, readers
from bcd_utils.datasets import manifest as quality
from bcd_utils.datasets.at_hand import read_folder
from bcd_utils.datasets.base import AtHand
from bcd_utils.datasets.examples import evenly_spaced
from bcd_utils.datasets.image_set import ImageSet
from bcd_utils.datasets.manifest import build_manifest, data_hash
from bcd_utils.datasets.splits import grouped_folds
from bcd_utils.images.arrays import refuse_missing_masks
from bcd_utils.images.fitting import Fitting
from bcd_utils.study.settings import Study
from bcd_utils.study.source import Source, spoken_of
from bcd_utils.utils.cache import entry_of, kept
from bcd_utils.utils.code_identity import code_identity
from bcd_utils.utils.counting import OnProgress
from bcd_utils.utils.errors import StudyError
from bcd_utils.utils.files import listing_identity, read_json, write_json

NOT_AT_HAND, NOT_USED = "not at hand", "not used"


@dataclass(frozen=True)
class Absent:
    """A data set without results: why, and what to do about it.

    Attributes
    ----------
    fix : str
        How to mend one that is at hand and cannot be used; "" where its images are not at hand.
    """

    title: str
    dataset: Dataset
    problem: str
    fix: str = ""

    @property
    def status(self) -> str:
        """Whether its images are not there, or cannot be used."""
        return NOT_USED if self.fix else NOT_AT_HAND

    @property
    def command(self) -> str:
        """Downloads the data set, or says how a person gets it or mends it."""
        return self.fix or f"bcd fetch {self.dataset.name}"


def titles_of(study: Study) -> dict[str, str]:
    """What tables call the sources: the data set's title, with the source's name where two have the same.

    Examples
    --------
    >>> from bcd_utils.study.loading import make_study
    >>> sources = {"here": {"dataset": "busi"}, "there": {"dataset": "busi"}, "mias": {"dataset": "mias"}}
    >>> titles_of(make_study({"name": "mine", "modalities": {"sources": sources}}))
    {'here': 'BUSI (here)', 'there': 'BUSI (there)', 'mias': 'mini-MIAS'}
    """
    titles = {
        name: dataset_of(source, called(name)).title for name, source in study.modalities.sources.items()
    }
    times = Counter(titles.values())
    return {name: f"{title} ({name})" if times[title] > 1 else title for name, title in titles.items()}


def called(name: str) -> str:
    """How settings lead to a source."""
    return f"modalities.sources.{name}"


def locate_sources(study: Study) -> dict[str, Path]:
    """Folders of the sources that are on this machine, by name.

    Raises
    ------
    StudyError
        If there is none, or a source's settings do not fit its data set.
    """
    folders = {}
    for name, source in study.modalities.sources.items():
        dataset = dataset_of(source, called(name))
        with suppress(StudyError):
            folders[name] = dataset.locate(source)
    if not folders:
        raise none_available(study)
    return folders


def none_available(study: Study) -> StudyError:
    """The error where no source has images."""
    name, source = next(iter(study.modalities.sources.items()))
    return StudyError(
        f"None of the data sets is at hand: {', '.join(titles_of(study).values())}",
        f"run 'bcd fetch {source.dataset}', or name a folder that holds one with "
        f"--set modalities.sources.{name}.data_dir=FOLDER",
    )


def find_sources(
    study: Study, sheet: Sheet, progress_of: Callable[[str], OnProgress]
) -> tuple[dict[str, ImageSet], dict[str, Absent]]:
    """Find and inspect every source.

    Parameters
    ----------
    study : Study
    sheet : callable
        Draws look-alikes that are too many; see `lesions.Sheet`.
    progress_of : callable
        ``progress_of(what)`` gives a callable ``(done, total)``.

    Returns
    -------
    available : dict of name to ImageSet
    absent : dict of name to Absent
        Sources that are nowhere, whose folder holds no images, or that cannot be used as they are.

    Raises
    ------
    StudyError
        If none is at hand that can be used.
    """
    available, absent, titles = {}, {}, titles_of(study)
    for name, source in study.modalities.sources.items():
        dataset = dataset_of(source, called(name))
        try:
            found = read_folder(dataset, dataset.locate(source))
        except StudyError as error:
            absent[name] = Absent(titles[name], dataset, error.problem)
            continue
        try:
            with spoken_of(called(name)):
                available[name] = inspect(study, name, titles[name], found, sheet, progress_of)
        except StudyError as error:
            absent[name] = Absent(titles[name], dataset, error.problem, error.fix)
    refuse_none(study, available, absent)
    return available, absent


def refuse_none(study: Study, available: Mapping[str, ImageSet], absent: Mapping[str, Absent]) -> None:
    """Stop where no source can be used, with what is to be mended of the first that is at hand."""
    if available:
        return
    for name, each in absent.items():
        if each.fix:
            raise StudyError(f"{name}: {each.problem}", each.fix)
    raise none_available(study)


def with_folds(
    study: Study, available: Mapping[str, ImageSet], absent: Mapping[str, Absent]
) -> tuple[dict[str, ImageSet], dict[str, Absent]]:
    """Both parts of `find_sources`, where those with too few images or groups for the folds are not used.

    Raises
    ------
    StudyError
        If none has enough.
    """
    enough, lacking = {}, dict(absent)
    for name, images in available.items():
        try:
            grouped_folds(images.table, study.modalities.folds, study.validation_fraction, study.seed)
        except StudyError as error:
            lacking[name] = Absent(images.title, images.dataset, error.problem, error.fix)
        else:
            enough[name] = images
    refuse_none(study, enough, lacking)
    return enough, lacking


def inspect(
    study: Study,
    name: str,
    title: str,
    found: AtHand,
    sheet: Sheet,
    progress_of: Callable[[str], OnProgress],
) -> ImageSet:
    """Look at every image of a data set, and join what must stay together (see `lesions.Rule`).

    Classes without images are left out.

    Raises
    ------
    StudyError
        If the class counts are not the published ones, fewer than two classes have images, masks that the study
        needs are missing, or far too many images look alike.
    """
    source = study.modalities.sources[name]
    manifest, remarks = cached_manifest(source, found, progress_of(f"{title}: inspected"))
    usable = thinned(manifest[manifest["status"] == "ok"], source.most_images).reset_index(drop=True)
    if usable["label"].nunique() < 2:
        raise StudyError(
            f"{found.folder} holds images of one class only", "name a folder with two classes or more"
        )
    refuse_missing_masks(usable, study.input)
    rule = Rule.of(found.dataset, manifest, called(name), title)
    joined = grouped(usable, rule, found.folder, sheet, progress_of(f"{title}: compared"))
    usable = usable.assign(group=joined)
    aside = manifest.loc[manifest["status"] != "ok", "label"].value_counts()
    present = set(usable["label"])
    classes = tuple(label for label in found.dataset.classes if label in present)
    patients = usable["group"].nunique() if rule.named else None
    shown = (study.input, study.image_size, title)
    images = ImageSet(source, usable, classes, data_hash(usable), *shown, aside, patients, remarks)
    return replace(images, fitting=Fitting.of(study))


def cached_manifest(source: Source, found: AtHand, on_progress: OnProgress) -> tuple[pd.DataFrame, list[str]]:
    """`manifest.build_manifest` of what was found; once for files, settings and code that are the same."""
    code = code_identity(quality.__name__, folder_scan.__name__, f"{readers.__name__}.{source.dataset}")
    recipe = [listing_identity([found.folder]), source.as_dict(), code]

    def write(path: Path) -> None:
        manifest, remarks = build_manifest(found, source.allow_partial, on_progress, False)
        write_json(path, {"manifest": manifest.to_dict("list"), "remarks": remarks})

    stored = read_json(kept(entry_of("manifests", recipe, ".json"), write))
    return pd.DataFrame(stored["manifest"]), stored["remarks"]


def thinned(images: pd.DataFrame, most: int | None) -> pd.DataFrame:
    """At most so many images, evenly spaced through each class, whose shares stay; one of a class at least.

    Examples
    --------
    >>> images = pd.DataFrame({"label": ["a"] * 8 + ["b"] * 4})
    >>> thinned(images, 6).index.tolist()
    [0, 2, 4, 7, 8, 11]
    """
    if most is None or len(images) <= most:
        return images
    kept = []
    for _, rows in images.groupby("label", sort=False):
        kept.append(evenly_spaced(rows, max(1, len(rows) * most // len(images))))
    return pd.concat(kept).sort_index()
