"""Where images come from: a data set, where it lies, and how its files are to be read."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, field, fields
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, ConfigDict, Field, TypeAdapter
from pydantic.dataclasses import dataclass

from bcd_utils.utils.errors import StudyError

STRICT = ConfigDict(extra="forbid", strict=True)
Count = Annotated[int, Field(ge=0, le=100_000)]
Correlation = Annotated[float, Field(gt=0, le=1)]
Stain = Literal["none", "reinhard", "macenko"]
Name = Annotated[str, Field(min_length=1)]
SetName = Literal["train", "validation", "test"]


def _compiles(pattern: str) -> str:
    try:
        re.compile(pattern)
    except re.error as error:
        raise ValueError(f"a regular expression ({error})") from None
    return pattern


Pattern = Annotated[str, Field(min_length=1), AfterValidator(_compiles)]


class Settings:
    """A dataclass of settings."""

    def as_dict(self) -> dict[str, Any]:
        """Settings as plain, JSON-serialisable values."""
        return TypeAdapter(dict[str, Any]).dump_python(asdict(self), mode="json")  # type: ignore[call-overload]


@dataclass(frozen=True, config=STRICT)
class Phantoms:
    """How many synthetic images to draw of each class, and from which seed.

    Attributes
    ----------
    benign, malignant, normal : int
        A class without images is none of the study's.
    copies : int
        How many images are also there a second time under their own class, changed as data sets change
        them: byte for byte, stored anew, brighter, mirrored, cropped, with calipers drawn in.
    conflicts : int
        How many are there a second time under another class.
    scanner : {"a", "b"}
        Which simulated machine draws them; "b" differs in gain, resolution and frame.
    record_effect : float
        How far the record that is drawn with them tells malignant ones apart, in standard deviations; 0: not at all.
        See `phantoms.records`.
    """

    benign: Count = 135
    malignant: Count = 65
    normal: Count = 40
    seed: Count = 2024
    copies: Count = 0
    conflicts: Count = 0
    scanner: Literal["a", "b"] = "a"
    record_effect: Annotated[float, Field(ge=0, le=10)] = 0.0


@dataclass(frozen=True, config=STRICT)
class BreakHis:
    """Which images of BreakHis, and what is to be told apart.

    Attributes
    ----------
    magnification : "all", 40, 100, 200 or 400
    target : {"class", "subtype"}
        Benign or malignant, or the eight subtypes.
    """

    magnification: Literal["all", 40, 100, 200, 400] = "all"
    target: Literal["class", "subtype"] = "class"


@dataclass(frozen=True, config=STRICT)
class CbisDdsm:
    """Which images of CBIS-DDSM.

    Attributes
    ----------
    abnormality : {"all", "mass", "calcification"}
    region : {"mammogram", "lesion"}
        Whole mammograms, or a square around each lesion.
    margin : float
        Left at each side of a lesion, as a share of its longer side.
    move_crossing_patients : bool
        Take the patients that are published in train for one kind of abnormality and in test for the other as
        train; otherwise they stay in both.
    """

    abnormality: Literal["all", "mass", "calcification"] = "all"
    region: Literal["mammogram", "lesion"] = "mammogram"
    margin: Annotated[float, Field(ge=0, le=10)] = 0.2
    move_crossing_patients: bool = True


@dataclass(frozen=True, config=STRICT)
class Table:
    """A table with a line for each image: CSV (commas, semicolons or tabs; UTF-8) or an Excel sheet.

    Attributes
    ----------
    file : str, or tuple of str
        As seen from the data folder, or a name found anywhere below it ("*" stands for any letters), or a whole
        path. Of several tables each has the column ``path``; together they have the others.
    path : str
        The column with the image's path, as much of it as is needed to tell it: a path below the data folder, a
        name with or without suffix, a number (1 is 000001.png too). None: path.
    label, patient, split : str
        Names of columns. None: label, patient and split, where the table has them.
    sets : dict or None
        What the column ``split`` says for each set: {test: ["1"], train: ["2", "3"]}, where it holds numbers of
        folds. None: the usual names of sets.
    keep : tuple of str or None
        Further columns that go into the manifest; None: all.
    """

    file: Name | Annotated[tuple[Name, ...], Field(min_length=1)] | None = None
    path: Name | None = None
    label: Name | None = None
    patient: Name | None = None
    split: Name | None = None
    sets: dict[SetName, tuple[str | int, ...]] | None = field(default=None, hash=False)
    keep: tuple[Name, ...] | None = None


@dataclass(frozen=True, config=STRICT)
class Column:
    """What a column of a record is.

    Attributes
    ----------
    kind : {"known", "read"}
        Known before the image (age, density, side, view, scanner, family history), or read from it (BI-RADS, shape,
        margins): that is another reader's opinion, and is never mixed with the first.
    values : {"category", "number"}
    group : str
        Columns of one group are told of together; "": the column alone.
    """

    kind: Literal["known", "read"]
    values: Literal["category", "number"] = "category"
    group: str = ""


@dataclass(frozen=True, config=STRICT)
class Record:
    """What is known of images and patients besides pixels; see `records`.

    Attributes
    ----------
    columns : dict of name to Column
        Those that are used. What is known only after the outcome (pathology, biopsy) is refused.
    file : str or None
        A table that has them, CSV or an Excel sheet, found as `Table.file` is. None: the columns that come with the
        images.
    key : str or None
        The file's column that names patients or images; None: patient, or path.
    rows : {"patient", "image"}
        What a line of the file is about.
    """

    columns: dict[Name, Column] = field(default_factory=dict, hash=False)
    file: Name | None = None
    key: Name | None = None
    rows: Literal["patient", "image"] = "patient"


@dataclass(frozen=True, config=STRICT, kw_only=True)
class Layout:
    """How files below a data folder are to be read. Paths are as seen from there, with "/".

    Attributes
    ----------
    images : str or None
        Regular expression that an image's path holds; others are left out. Its named groups say what the path
        tells: ``class``, ``patient``, ``split``, ``image`` (what image and mask share), and any further is a
        column. None: every picture that is no mask.
    masks : str or None
        Regular expression that a mask's path holds; its group ``image`` is the name of the image, without suffix.
        "none": there are no masks. None: told by usual names, such as ``_mask`` or a folder ``masks``.
    patients : str or None
        Regular expression whose group ``patient`` (or first) is the patient, or a CSV table with the columns
        ``path`` and ``group``. None: ``groups.csv``, where there is one.
    sets : dict or None
        Files that list the paths of each set: {train: train.txt, test: test.txt}. None: folders that are called
        train, val and test, where there are any.
    table : Table or None
        Of a registered data set, what is given here takes the place of its own: {split: kFold}.
    """

    images: Pattern | None = None
    masks: Pattern | None = None
    patients: Pattern | None = None
    sets: dict[SetName, Name] | None = field(default=None, hash=False)
    table: Table | None = None


@dataclass(frozen=True, config=STRICT, kw_only=True)
class Source(Layout, Settings):
    """Which images: a data set, where it lies, and what of it is read.

    A setting that is None is as the data set has it; those of `Layout` are for ``dataset: folder``, and for data
    sets that are described by a layout.

    Attributes
    ----------
    dataset : str
        A registered data set; ``bcd datasets`` lists them.
    data_dir : str or None
        Folder or archive with the images; None: where ``bcd fetch`` puts them.
    allow_partial : bool
        Accept class counts that are not the published ones.
    title, modality : str or None
        As pages call the images, and their kind ("breast ultrasound").
    classes : tuple of str, dict, or None
        Which classes, in the order used everywhere; a dict gives each the further names that folders and tables
        use for it ({benign: [B], malignant: [M, malign]}). Capital letters do not matter. None: of ``folder``
        benign, malignant and normal, as far as they are there, or else the folders' own names.
    positive : str or None
        The class whose sensitivity, thresholds and costs are reported. None: malignant, or else the first.
    look_alikes : float, "none" or None
        Images that look alike at least this much (0..1, see `duplicates`) are taken as one lesion.
    most_megapixels : float
        Larger images are set aside.
    stain : {"none", "reinhard", "macenko"}
        Stain normalisation of histopathology towards published references; see `stain`.
    record : Record or None
        What is known besides pixels, further to what the data set declares.
    breakhis : BreakHis
    cbis_ddsm : CbisDdsm
    phantoms : Phantoms
        What to draw where the data set is ``phantom``.
    """

    dataset: Name
    data_dir: str | None = None
    allow_partial: bool = False
    title: Name | None = None
    modality: Name | None = None
    classes: tuple[Name, ...] | dict[Name, tuple[Name, ...]] | None = field(default=None, hash=False)
    positive: Name | None = None
    look_alikes: Correlation | Literal["none"] | None = None
    most_megapixels: Annotated[float, Field(gt=0, le=10_000)] = 500.0
    stain: Stain = "none"
    record: Record | None = None
    breakhis: BreakHis = BreakHis()
    cbis_ddsm: CbisDdsm = CbisDdsm()
    phantoms: Phantoms = Phantoms()


@dataclass(frozen=True, config=STRICT, kw_only=True)
class StudySource(Source):
    """A study's own images; BUSI, the paper's, where nothing else is said."""

    dataset: Name = "busi"


@contextmanager
def spoken_of(called: str) -> Iterator[None]:
    """Have messages of the block name the settings of another source than the study's own.

    Examples
    --------
    >>> with spoken_of("external"):
    ...     raise StudyError("There is no mask", "use --set source.masks=none")
    Traceback (most recent call last):
    bcd_utils.utils.errors.StudyError: There is no mask. To fix: use --set external.masks=none
    """
    try:
        yield
    except StudyError as error:
        if called == "source":
            raise
        setting = rf"(?<![\w./\\-])source\.(?=({'|'.join(field.name for field in fields(Source))})\b)"
        problem, fix = (re.sub(setting, f"{called}.", text) for text in (error.problem, error.fix))
        fix = re.sub(
            r"--data-dir\b(?: ([A-Z_]+)\b)?", lambda m: f"--set {called}.data_dir={m[1] or 'FOLDER'}", fix
        )
        raise StudyError(problem, fix) from None
