"""One picture below a data folder, and what its path tells."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from pathlib import PurePosixPath

from bcd_utils.datasets.class_names import SETS, lookup, plain
from bcd_utils.datasets.mask_names import frame_of

OWN_GROUPS = frozenset(["class", "patient", "split", "image"])
_SETS = lookup(SETS)


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
        return cls(path, PurePosixPath(path).stem)

    @cached_property
    def stem(self) -> str:
        """Its name without suffix."""
        return PurePosixPath(self.path).stem

    @cached_property
    def parents(self) -> tuple[str, ...]:
        """Its folders, from the data folder on."""
        return PurePosixPath(self.path).parts[:-1]

    @cached_property
    def frame(self) -> tuple[str, ...]:
        """Its folders without those that say only whether it is an image or a mask."""
        return frame_of(self.parents)

    @staticmethod
    def is_set(part: str) -> bool:
        """Whether a folder's name is that of a set, such as train."""
        return plain(part) in _SETS

    @property
    def set_folder(self) -> str:
        """The set that a folder of it is called as; "" where none is."""
        return next((_SETS[plain(part)] for part in self.parents if self.is_set(part)), "")
