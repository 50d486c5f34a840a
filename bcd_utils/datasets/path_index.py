"""Images by all that a table may call them: paths, ends of paths, names and numbers."""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Sequence
from pathlib import PurePosixPath

from bcd_utils.datasets.picture import stem_of
from bcd_utils.utils.path_text import as_typed


class PathIndex:
    """Images by all that a table may call them.

    Parameters
    ----------
    images : sequence of str
        Paths below the data folder.
    """

    def __init__(self, images: Sequence[str]):
        self._paths = set(images)
        self._ends: dict[str, list[str]] = defaultdict(list)
        self._bare_ends: dict[str, list[str]] = defaultdict(list)
        self._numbers: dict[int, list[str]] = defaultdict(list)
        for image in images:
            *folders, last = _same(as_typed(image)).split("/")
            stem = stem_of(last)
            for start in range(len(folders) + 1):
                self._ends["/".join([*folders[start:], last])].append(image)
                self._bare_ends["/".join([*folders[start:], stem])].append(image)
            if stem.isdecimal():
                self._numbers[int(stem)].append(image)

    def meant(self, given: str, base: str = ".") -> list[str]:
        """Images that a cell may mean; see `labels_table.rows_of_images`.

        Examples
        --------
        >>> index = PathIndex(["benign/000001.png", "malignant/a.png"])
        >>> [index.meant(text) for text in ("A.PNG", r"C:\\old\\malignant\\a.png", "malignant/a", "1", "b.png")]
        [['malignant/a.png'], ['malignant/a.png'], ['malignant/a.png'], ['benign/000001.png'], []]
        """
        path = given.replace("\\", "/")
        for whole in (path.removeprefix("./"), PurePosixPath(base, path).as_posix()):
            if whole in self._paths:
                return [whole]
        sought = _same(path.removeprefix("./"))
        if re.match(r"[a-z]:/|/|\.\./|~/", sought):  # as seen from elsewhere: what lies below is asked for
            parts = sought.split("/")
            ends = ("/".join(parts[start:]) for start in range(1, len(parts)))
            sought = next((end for end in ends if end in self._ends), sought)
        found = self._ends.get(sought) or self._bare_ends.get(sought) or []
        if not found and sought.isdecimal():
            found = self._numbers.get(int(sought), [])
        exact = [image for image in found if image.endswith(path)]
        return exact if len(exact) == 1 else found


def _same(path: str) -> str:
    """A path without capital letters, and with letters composed in one way."""
    return unicodedata.normalize("NFC", path).casefold()
