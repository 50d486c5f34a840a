"""What a data set is, and the manifest that every one of them yields."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from bcd_utils.datasets.download import download, unpack
from bcd_utils.images.refusals import MOST_MEGAPIXELS
from bcd_utils.study.source import Layout, Record, Source
from bcd_utils.utils.cache import kept
from bcd_utils.utils.errors import StudyError, nearest
from bcd_utils.utils.path_text import path_of
from bcd_utils.utils.paths import RAW_DATA, cache_folder, readable

#: One row an image; a data set may add columns of its own after these. ``patient``: "" where it is not known.
#: ``group``: images that must stay together. ``masks``: mask files separated by "|". ``box``: "left,top,right,bottom"
#: in pixels where the image is a part of its file, else "". ``sha256``: of the file and the box; ``pixels_sha256``: of
#: what is seen; ``masks_sha256``: one hash over its mask files. ``status``: "ok", or why the image was set aside.
MANIFEST_COLUMNS = (
    "id", "path", "label", "patient", "group", "masks", "box", "width", "height", "sha256", "pixels_sha256",
    "masks_sha256", "perceptual_hash", "status",
)  # fmt: skip


#: From this detail correlation on two breast ultrasound images that nobody has looked at are taken as one lesion; see
#: `duplicates`.
SAME_LESION = 0.6


@dataclass(frozen=True)
class Scan:
    """What a reader found in a folder, before any image is opened.

    Attributes
    ----------
    images : pandas.DataFrame
        Columns id, path, label, masks; paths relative to the data set's folder. Further columns, where the
        data set knows them: ``patient`` ("" where unknown), ``official_split`` (train, validation or test),
        ``box`` (see `MANIFEST_COLUMNS`), and others of its own, which the manifest keeps.
    remarks : list of str
        Oddities worth a line in the report, such as a mask without an image.
    left_out : list of (path, why)
        Files that are neither images nor masks of the study.
    """

    images: pd.DataFrame
    remarks: list[str] = field(default_factory=list)
    left_out: list[tuple[str, str]] = field(default_factory=list)


@dataclass(frozen=True)
class Dataset:
    """One registered data set; code asserts what it declares.

    Attributes
    ----------
    classes : tuple of str
        Class order used everywhere: labels, probabilities, tables, figures. Empty: what the images have.
    locate : callable
        ``locate(source) -> Path``: the folder with the images, made or unpacked if need be.
    scan : callable or None
        ``scan(folder) -> Scan``, where files are read in a way of their own; None: by ``layout``.
    layout : Layout
    record : Record
        Which of the columns that come with the images are known before them, and which were read from them.
    draw_record : callable or None
        ``draw_record(images) -> pandas.DataFrame`` of text: the columns of drawn images, row by row.
    scan_tables : callable or None
        ``scan_tables(folder) -> Scan`` from the data set's tables alone, where these name all images; ``path`` is
        empty then.
    names : mapping of str to tuple of str
        Further names of the classes in folders and tables; see `class_names.with_usual` for those not given.
    positive_class : str
        The class whose sensitivity is reported; "" (or none of ``classes``) for malignant, or else the first.
    look_alikes : float or None
        Least correlation of images that are taken as one lesion; None: none are. The default was set on breast
        ultrasound; whole mammograms are far more alike than lesions.
    most_megapixels : float
        Larger images are set aside.
    counts : mapping of str to int, or None
        Published images per class; None where a source decides.
    fetch : callable or None
        ``fetch() -> Path``: downloads the images, or what is missing of them; None where nothing can be.
    size : str
        Of the download, roughly.
    steps : str
        How a person gets the images, where ``fetch`` is None.
    configure : callable or None
        ``configure(source) -> Dataset``: this data set with the classes, counts and reader that the
        source's settings ask for; None where no setting changes them.
    """

    name: str
    title: str
    modality: str
    classes: tuple[str, ...]
    licence: str
    citation: str
    locate: Callable[[Source], Path]
    scan: Callable[[Path], Scan] | None = None
    layout: Layout = Layout()
    record: Record = Record()
    draw_record: Callable[[pd.DataFrame], pd.DataFrame] | None = None
    scan_tables: Callable[[Path], Scan] | None = None
    names: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    positive_class: str = ""
    look_alikes: float | None = SAME_LESION
    most_megapixels: float = MOST_MEGAPIXELS
    counts: Mapping[str, int] | None = None
    homepage: str = ""
    synthetic: bool = False
    fetch: Callable[[], Path] | None = None
    size: str = ""
    steps: str = ""
    configure: Callable[[Source], Dataset] | None = None

    @property
    def positive(self) -> str:
        """The class whose sensitivity, thresholds and costs are reported."""
        usual = (self.positive_class, "malignant", self.classes[0])
        return next(label for label in usual if label in self.classes)

    def check_counts(self, images: pd.DataFrame, folder: Path) -> None:
        """Hold the number of images per class to the published one.

        Raises
        ------
        StudyError
            Naming the folder, what was found and what was expected.
        """
        if self.counts is None:
            return
        present = images["label"].value_counts()
        if all(present.get(label, 0) == count for label, count in self.counts.items()):
            return
        have = " / ".join(f"{present.get(label, 0)} {label}" for label in self.classes)
        want = " / ".join(f"{count} {label}" for label, count in self.counts.items())
        raise StudyError(
            f"{folder} holds {len(images)} of {sum(self.counts.values())} images of {self.title}: {have}, "
            f"not {want}",
            "unpack the whole download again, or accept the part with --set source.allow_partial=true",
        )


@dataclass(frozen=True)
class AtHand:
    """A data set whose files are on this machine, found but not opened.

    Attributes
    ----------
    dataset : Dataset
        With the classes that were found, where it declares none.
    folder : Path
        Where the paths of ``scan`` count from.
    scan : Scan
    """

    dataset: Dataset
    folder: Path
    scan: Scan


def fetcher(
    place: str, url: str, archive: str, how: str, otherwise: str = "pass --data-dir"
) -> Callable[[], Path]:
    """What downloads and unpacks an archive into ``data/raw/<place>``; half a download is resumed.

    Parameters
    ----------
    place, url, archive : str
        The folder's name, the address, and the file's name.
    how, otherwise : str
        How a person puts the archive into that folder, and what to do with one unpacked elsewhere.
    """

    def fetch() -> Path:
        folder = RAW_DATA / place
        advice = (
            f"{how} at {folder / archive} and run the command again, or unpack it anywhere and {otherwise}"
        )
        path = download(url, folder, archive, advice=advice)
        again = f"delete {path} and run the same command again to download it anew"
        return unpack(path, folder / "unpacked", again)

    return fetch


def locator(place: str, title: str, fix: str) -> Callable[[Source], Path]:
    """What finds a source's images: ``data_dir`` (see `given_folder`), else ``data/raw/<place>``.

    It raises a `StudyError` if they are not there; ``fix`` says how to get them.
    """

    def locate(source: Source) -> Path:
        if source.data_dir is not None:
            return given_folder(source.data_dir, title)
        if not (RAW_DATA / place).is_dir():
            raise StudyError(f"{title} is not in {readable(RAW_DATA / place)}", fix)
        return RAW_DATA / place

    return locate


def given_folder(data_dir: str, title: str) -> Path:
    """The folder that a user named, or what the named archive holds, unpacked into the cache.

    Raises
    ------
    StudyError
        If there is no such folder or file, or the file is no whole zip or tar file.
    """
    given = Path(data_dir)
    given = given if given.exists() else path_of(data_dir)
    if not given.exists():
        beside = [path.name for path in given.parent.iterdir()] if given.parent.is_dir() else []
        near = nearest(given.name, beside, 0.8)
        hint = f"did you mean {given.parent / near}? " if near else ""
        fix = f"{hint}name the folder or archive with {title}: source.data_dir in the study's file, or --data-dir"
        raise StudyError(f"The data folder {given} does not exist", fix)
    if given.is_dir():
        return given
    state = given.stat()
    name = f"{given.stem[:50]}-{state.st_size}-{state.st_mtime_ns}"
    again = "get it again, or unpack it with a program of your own and name the folder in its place"
    return kept(cache_folder() / "unpacked" / name, lambda folder: unpack(given, folder, again))
