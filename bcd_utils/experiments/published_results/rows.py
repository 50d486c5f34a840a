"""Published results, read strictly from a YAML file that a person can write: one entry a result."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import field
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass

from bcd_utils.evaluation.reported import (
    ClassCounts,
    FoldAverage,
    Images,
    Reported,
    check_scores,
    one_line,
    read_texts,
)
from bcd_utils.utils.errors import StudyError, allowed_instead
from bcd_utils.utils.paths import readable

STRICT = ConfigDict(extra="forbid")
NOT_STATED = "not stated"
ABSTRACT = {"abstract", "second hand"}  # who has read no more may have missed what the rest states

Known = Literal["text", "abstract", "report", "code", "output", "second hand"]
Scores = dict[str, str]
Matrix = tuple[tuple[Annotated[int, Field(ge=0)], ...], ...]

#: Kinds of protocol, by what a row states, from the strictest.
GROUPED, REMOVED, BY_IMAGE, UNSAID, COPIES, USED, MASKS = KINDS = (
    "copies kept together",
    "copies removed",
    "split by image",
    "split not stated",
    "copies made before the split",
    "test images used before",
    "masks or regions shown",
)


@dataclass(frozen=True, config=STRICT)
class Row:
    """One published result; what is left out is not stated where the row was read.

    Attributes
    ----------
    name : str
        For figures and tables.
    source : str
        DOI or address.
    known : tuple of str
        What was read: the text, its abstract, a report (README, model card, PDF), code, output of code, or what others
        say of it.
    scores : dict of score to str
        As printed, under the names of `printed_scores.printed`; see `Reported`.
    data : str
        Another data set than the file's.
    year : int
    note : str
        What else a reader must know.
    read_again : {"agrees", "differs", "not yet"}
        Whether a second reading of the source, apart from the first, found the same.
    classes : tuple of str
        In the order of ``matrix``.
    images : dict of class to int
        Images that were split, where they are not the data set's.
    images_unknown : str
        Why these are not known, so that no matrix can be looked for.
    test : dict of class to int
        Test images of each class; of folds, all images.
    test_images : int
        Their number, where that of each class is not stated.
    share : float
        Part of the images that is the test set.
    folds, fold_average
        See `Reported`.
    models : int
        The scores are means over so many models on the same test images.
    further : dict of name to scores
        More scores on the same test images: of another network, or printed elsewhere.
    matrix : tuple of tuple of int
        The confusion matrix that is printed; rows are the true classes.
    split : {"image", "group", "copied image"}
        What was drawn: images, groups of copies, or rows after copies had been made.
    copies : {"removed", "kept together", "not handled"}
        What was done about images that show one lesion twice.
    augmented : {"none", "training images", "before the split"}
    shown : {"images", "masks", "regions", "predicted masks"}
        What the network is shown in the test: masks are the data set's, regions come from a segmentation that may be
        the data set's or predicted.
    test_use : {"trained on", "chose the model"}
        What test images were used for before the test.
    states, place : str
        What the source states that bears on the test, in our words, and where.
    seed : {"stated"}
    code : {"own", "others'"}

    Examples
    --------
    >>> Row("A network", "doi", ("abstract",), {"accuracy": "94%"}, split="image").kind
    'split by image'
    """

    name: Annotated[str, Field(min_length=1)]
    source: Annotated[str, Field(min_length=1)]
    known: Annotated[tuple[Known, ...], Field(min_length=1)]
    scores: Scores = field(default_factory=dict)
    data: str = ""
    year: int | None = None
    note: str = ""
    read_again: Literal["agrees", "differs", "not yet"] = "not yet"
    classes: tuple[str, ...] = ()
    images: ClassCounts = field(default_factory=dict)
    images_unknown: str = ""
    test: ClassCounts = field(default_factory=dict)
    test_images: Images | None = None
    share: Annotated[float, Field(gt=0, lt=1)] | None = None
    folds: Annotated[int, Field(ge=2, le=1000)] | None = None
    fold_average: FoldAverage | Literal["not stated"] = "not stated"
    models: Annotated[int, Field(ge=2, le=1000)] | None = None
    further: dict[str, Scores] = field(default_factory=dict)
    matrix: Matrix = ()
    split: Literal["image", "group", "copied image", "not stated"] = "not stated"
    copies: Literal["removed", "kept together", "not handled", "not stated"] = "not stated"
    augmented: Literal["none", "training images", "before the split", "not stated"] = "not stated"
    shown: Literal["images", "masks", "regions", "predicted masks", "not stated"] = "not stated"
    test_use: Literal["trained on", "chose the model", ""] = ""
    states: str = ""
    place: str = ""
    seed: Literal["stated", "not stated"] = "not stated"
    code: Literal["own", "others'", "not stated"] = "not stated"

    @property
    def kind(self) -> str:
        """Kind of protocol, one of `KINDS`, by what is stated."""
        if self.shown in ("masks", "regions"):
            return MASKS
        if self.test_use:
            return USED
        if self.augmented == "before the split" or self.split == "copied image":
            return COPIES
        handled = {"kept together": GROUPED, "removed": REMOVED}
        return handled.get(self.copies, BY_IMAGE if self.split == "image" else UNSAID)

    @property
    def beyond_abstract(self) -> bool:
        """Whether more than an abstract was read."""
        return not set(self.known) <= ABSTRACT


@dataclass(frozen=True, config=STRICT)
class Criticism:
    """What others found in the data set; fields as in `Row`.

    Attributes
    ----------
    rule : str
        By which two images were taken for copies.
    with_a_copy, groups : int
        Images that have a copy, and groups of two or more.
    says : str
        What else.
    """

    name: str
    source: str
    known: tuple[Known, ...]
    rule: str
    with_a_copy: int | None = None
    groups: int | None = None
    says: str = ""
    read_again: Literal["agrees", "differs", "not yet"] = "not yet"


@dataclass(frozen=True, config=STRICT)
class Published:
    """All that is known of what was published on a data set.

    Attributes
    ----------
    data : str
        Name of the data set.
    images : dict of class to int
    positive : str
        The class whose AUC, against all others, two classes have.
    watched : str
        The class of which tables show what the numbers imply, such as images without a lesion.
    tasks : tuple of tuple of str
        Classes that are told apart, where a row does not say which: all of them, or some.
    rows, other_data, criticisms : dict by key
    """

    data: str
    images: ClassCounts
    positive: str
    watched: str
    rows: Annotated[dict[str, Row], Field(min_length=1)]
    tasks: tuple[tuple[str, ...], ...] = ()
    other_data: dict[str, Row] = field(default_factory=dict)
    criticisms: dict[str, Criticism] = field(default_factory=dict)

    @cached_property
    def choices(self) -> tuple[tuple[str, ...], ...]:
        """Which classes may be told apart; all, where the file names none."""
        return self.tasks or (tuple(self.images),)

    def images_of(self, row: Row, classes: Iterable[str]) -> dict[str, int]:
        """Images of each class that a row has split."""
        known = row.images or self.images
        return {label: known[label] for label in classes}

    def tasks_of(self, row: Row) -> tuple[tuple[str, ...], ...]:
        """The classes of a row, or all choices where it does not state them."""
        return (row.classes,) if row.classes else self.choices


def load_published(path: Path | str) -> Published:
    """Read a file of published results; scores stay text, so that 0.8430 keeps its four digits.

    Raises
    ------
    StudyError
        If the file is missing, or says something that is unknown, impossible or not enough.
    """
    values, source = read_texts(path), readable(path)
    if not is_published(values):
        raise StudyError(
            f"{source} holds no published results", "write them under 'rows', see docs/published.md"
        )
    try:
        published = TypeAdapter(Published).validate_python(values)
    except ValidationError as error:
        raise one_line(error, source, Row) from None
    for key, row in published.rows.items():
        try:
            _check(row, published)
        except StudyError as error:
            raise StudyError(f"{source}: rows.{key}: {error.problem}", error.fix) from None
    return published


def is_published(values: Mapping[str, Any]) -> bool:
    """Whether the values of a file are published results, and not one publication's scores."""
    return "rows" in values


def _check(row: Row, published: Published) -> None:
    """Refuse what contradicts itself."""
    known = row.images or published.images
    for task in published.tasks_of(row):
        if unknown := [label for label in task if label not in known]:
            raise StudyError(
                f"class {unknown[0]!r} has no images", f"name some of {', '.join(known)}, or add images"
            )
        further = {f"further.{name}": scores for name, scores in row.further.items()}
        for place, scores in ({"scores": row.scores} | further).items():
            if scores:
                check_scores(Reported({place: scores}, class_counts={place: dict.fromkeys(task, 1)}))
    if row.test and tuple(row.test) != row.classes:
        raise StudyError("test counts other classes than 'classes'", "name the same, in the same order")
    if row.matrix and [sum(counts) for counts in row.matrix] != list(row.test.values()):
        raise StudyError("the rows of matrix do not sum to test", "correct one of them")
    if row.kind in (COPIES, USED, MASKS) and not (row.states and row.place):
        fix = "say what is stated under 'states', and where under 'place'"
        raise StudyError(f"it is of the kind '{row.kind}'", fix)


def row_named(published: Published, key: str) -> Row:
    """A row by its key.

    Raises
    ------
    StudyError
        If there is none.
    """
    if key not in published.rows:
        raise StudyError(f"There is no row {key!r}", allowed_instead(key, list(published.rows)))
    return published.rows[key]
