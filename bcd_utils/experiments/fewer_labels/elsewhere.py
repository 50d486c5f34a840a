"""Images of another source as unlabelled ones: found, freed of copies of the study's own, and encoded as these are."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from bcd_utils.audit.lesions import Sheet
from bcd_utils.datasets import recorded_dataset
from bcd_utils.datasets.image_set import ImageSet
from bcd_utils.experiments.external.copies import find_copies
from bcd_utils.experiments.external.images import find_images
from bcd_utils.models.candidates.base import Representation
from bcd_utils.models.candidates.representations import values_of
from bcd_utils.study.run import Run
from bcd_utils.utils.counting import OnProgress, silent
from bcd_utils.utils.errors import StudyError
from bcd_utils.utils.memmap import pooled


@dataclass(frozen=True, eq=False)
class Elsewhere:
    """Images of the source that the study names as ``external``, without a label.

    Attributes
    ----------
    images : ImageSet
        Those that are used, in an order that their pixels alone decide: what they are called, and so their class, has
        no part in any result.
    copies : int
        Images that were left out, for they are copies of one of the study's own.
    """

    images: ImageSet
    copies: int

    @property
    def described(self) -> dict[str, Any]:
        """What the record says of them; nothing that follows from a label."""
        origin = {
            name: getattr(self.images.dataset, name) for name in ("name", "synthetic", "licence", "citation")
        }
        return origin | {"title": self.images.title, "images": len(self.images.table), "copies": self.copies}

    def features(self, representation: Representation, on_progress: OnProgress = silent) -> np.ndarray:
        """Average-pooled features of a representation of vectors or feature maps, float32 (m, c)."""
        values = values_of(representation.prepare(self.images), len(self.images.table), on_progress)
        return pooled(values) if values.ndim == 4 else np.asarray(values)


def find_elsewhere(
    run: Run, sheet: Sheet, progress_of: Callable[[str], OnProgress] = lambda what: silent
) -> Elsewhere | None:
    """Images of another source, without those that are copies of one of the run's; None where the study names none.

    Parameters
    ----------
    run : Run
    sheet : callable
        Draws look-alikes that are too many; see `lesions.Sheet`.
    progress_of : callable
        ``progress_of(what)`` gives a callable ``(done, total)``.

    Raises
    ------
    StudyError
        As `images.find_images`, or if every image is a copy.
    """
    images, _ = find_images(run.study, recorded_dataset(run), sheet, progress_of)
    if images is None:
        return None
    copied = set(find_copies(run, images, progress_of)["external_id"])
    table = images.table[~images.table["id"].isin(copied)]
    if table.empty:
        problem = f"All {len(copied)} images of {images.title} are copies of the study's own"
        raise StudyError(problem, "name another source in external, or none: --set external=null")
    table = table.sort_values(["pixels_sha256", "id"], ignore_index=True)
    return Elsewhere(replace(images, table=table), len(copied))
