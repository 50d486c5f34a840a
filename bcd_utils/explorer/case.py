"""An image, of a run or of one's own, with all that a model says of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from bcd_utils.datasets.image_set import ImageSet
from bcd_utils.images.reading import read_with_mask
from bcd_utils.prediction.heat_maps import METHODS, mean_map
from bcd_utils.prediction.inputs import Given
from bcd_utils.prediction.model import StudyModel
from bcd_utils.prediction.network import Said
from bcd_utils.study.set_titles import SET_TITLES
from bcd_utils.utils.errors import StudyError
from bcd_utils.utils.path_text import path_of

MOST_PIXELS = 900  # on the longer side of what is shown; heat maps are coarser by far


@dataclass(frozen=True, eq=False)
class Case:
    """What there is to be seen and said of an image.

    Attributes
    ----------
    name : str
        The image's id, or the name of a person's file, which may hold anything.
    image : ndarray, uint8, shape (height, width, 3)
        In its own frame, at most `MOST_PIXELS` on a side.
    mask : ndarray, bool, shape (height, width)
        The lesion; empty where none is known.
    row : dict
        As of `StudyModel.predict`.
    said : sequence of Said
        Of each of the model's networks, for this image alone.
    label : str
        The class that it has; "" where it is not known.
    group : str
        Which set it is of; "" for a person's own image.
    """

    name: str
    image: np.ndarray
    mask: np.ndarray
    row: Mapping[str, Any]
    said: Sequence[Said]
    label: str = ""
    group: str = ""

    def heat(self, model: StudyModel, method: str, label: str) -> np.ndarray:
        """A heat map of one of `heat_maps.METHODS` for a class, float (height, width), 0..1."""
        place = np.array([model.classes.index(label)])
        cams = [
            METHODS[method](network.head, each.features, place)[0]
            for network, each in zip(model.networks, self.said, strict=True)
        ]
        return mean_map(model, cams, self.mask.shape)


def case_of_run(model: StudyModel, images: ImageSet, place: int) -> Case:
    """An image of a run's own, by its row; as the network saw it where the data set is not here.

    Raises
    ------
    StudyError, OSError, ValueError
        If the image's file is damaged.
    """
    row = images.table.iloc[place]
    square = np.asarray(images.pixels[place])
    image, mask = square, np.zeros(square.shape[:2], bool)
    if _is_here(images, row["path"]):
        image, mask = read_with_mask(images.folder, row)
    said = [network.say(square[None]) for network in model.networks]
    checked = model.checked(image)
    (told,) = model.told(said, [checked])
    facts = {"path": row["path"], "status": "ok", **told, **checked}
    image, mask = shrunk(image), shrunk(mask)
    return Case(row["id"], image, mask, facts, said, row["label"], SET_TITLES[row["split"]])


def case_of_file(model: StudyModel, given: Given, most_megapixels: float = np.inf) -> Case | str:
    """A person's own image; why it cannot be read, or is refused as too large, where it is."""
    facts, shown, image = model.looked_at(given, most_megapixels)
    if image is None:
        return str(facts["status"])
    said = [network.say(square[None]) for network, square in zip(model.networks, shown, strict=True)]
    (told,) = model.told(said, [facts])
    image = shrunk(image)
    return Case(given.name, image, np.zeros(image.shape[:2], bool), facts | told, said)


def shrunk(pixels: np.ndarray) -> np.ndarray:
    """An image or mask with at most `MOST_PIXELS` on a side, its aspect kept.

    Examples
    --------
    >>> shrunk(np.zeros((1800, 900, 3), np.uint8)).shape, shrunk(np.ones((20, 10), bool)).all()
    ((900, 450, 3), np.True_)
    """
    import cv2

    scale = MOST_PIXELS / max(pixels.shape[:2])
    if scale >= 1:
        return pixels
    height, width = (max(1, round(length * scale)) for length in pixels.shape[:2])
    smaller = cv2.resize(pixels.astype(np.uint8), (width, height), interpolation=cv2.INTER_AREA)
    return smaller.astype(pixels.dtype)


def _is_here(images: ImageSet, path: str) -> bool:
    try:
        return (images.folder / path_of(path)).is_file()
    except StudyError:
        return False
