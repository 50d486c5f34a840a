"""One picture below a data folder, and what its path tells."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

from bcd_utils.datasets.class_names import SETS, lookup, named_by
from bcd_utils.datasets.mask_names import frame_of

OWN_GROUPS = frozenset(["class", "patient", "split", "image"])
_SETS = lookup(SETS)


def stem_of(path: str) -> str:
    """A picture's name without suffix; ".ome" of ".ome.tif" is a part of the suffix.

    Examples
    --------
    >>> stem_of("benign/a.b.png"), stem_of("slide.ome.tif")
    ('a.b', 'slide')
    """
    name = path.rpartition("/")[2]
    stem, _, suffix = name.rpartition(".")
    if not stem:
        return name
    double = suffix.lower() in {"tif", "tiff"} and stem.lower().endswith(".ome")
    return stem[: -len(".ome")] if double else stem


@dataclass(eq=False)
class Picture:
    """A picture by its path.

    Attributes
    ----------
    path : str
        As seen from the data folder.
    key : str
        What image and mask share of their names.
    told : dict of str to str
        What the groups of ``layout.images`` caught in the path.
    label : str
        Its class; "" where none is known, for the reason in ``why_unlabelled``.
    masks : list of str
    """

    path: str
    key: str
    told: dict[str, str | None] = field(default_factory=dict)
    label: str = ""
    why_unlabelled: str = ""
    masks: list[str] = field(default_factory=list)

    @classmethod
    def at(cls, path: str) -> Picture:
        """The picture of a path."""
        return cls(path, stem_of(path))

    @cached_property
    def stem(self) -> str:
        """Its name without suffix."""
        return stem_of(self.path)

    @cached_property
    def parents(self) -> tuple[str, ...]:
        """Its folders, from the data folder on."""
        return tuple(self.path.split("/")[:-1])

    @cached_property
    def frame(self) -> tuple[str, ...]:
        """Its folders without what says only whether it is an image or a mask."""
        return frame_of(self.parents)

    @property
    def set_folder(self) -> str:
        """The set that the first such folder of it is called as; "" where none is."""
        return next(filter(None, map(set_named_by, self.parents)), "")


def set_named_by(folder: str) -> str:
    """The set (train, validation or test) that a folder is called as; "" for none."""
    return named_by(folder, _SETS)
