"""Where the evidence for a class lies, over the image in its own frame."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from bcd_utils.explain.gradcam import grad_cam, hires_cam
from bcd_utils.images.reading import read_image
from bcd_utils.prediction.inputs import Given
from bcd_utils.prediction.network import Said
from bcd_utils.reporting.plots.heat_maps import blended
from bcd_utils.utils.errors import StudyError, allowed_instead
from bcd_utils.utils.system_errors import disk_errors

if TYPE_CHECKING:
    from bcd_utils.prediction.model import StudyModel

METHODS = {"grad-cam": grad_cam, "hires-cam": hires_cam}
STRIP = 256  # rows that are blended at once: a large image takes no multiple of its size in memory


@dataclass(frozen=True)
class HeatMaps:
    """Which heat maps are drawn, and where.

    Attributes
    ----------
    folder : Path
        Takes for each image a PNG of the map over the image, and the map itself, float16 (height, width), 0..1.
    method : str
        One of `METHODS`.
    of_class : str
        The class whose evidence is shown; "" for the predicted one.

    Raises
    ------
    StudyError
        If there is no such method.
    """

    folder: Path
    method: str = "grad-cam"
    of_class: str = ""

    def __post_init__(self) -> None:
        if self.method not in METHODS:
            raise StudyError(
                f"There is no heat map {self.method!r}", allowed_instead(self.method, list(METHODS))
            )

    def check(self, classes: Sequence[str], images: Sequence[Path | str]) -> None:
        """Stop where the class is none of a model's, or the maps would lie among the images."""
        if self.of_class and self.of_class not in classes:
            raise StudyError(
                f"The model knows no class {self.of_class!r}", allowed_instead(self.of_class, classes)
            )
        among = [each for each in images if self.folder.resolve().is_relative_to(Path(each).resolve())]
        if among:
            raise StudyError(
                f"The heat maps' folder {self.folder} is in {among[0]}", "name a folder beside the images"
            )

    def draw(
        self, model: StudyModel, images: Sequence[Given], said: Sequence[Said], places: Sequence[int]
    ) -> Iterator[str]:
        """Draw the maps of some images; of several networks their mean.

        Parameters
        ----------
        images : sequence of Given
            Those that could be read.
        said : sequence of Said
            What each of the model's networks says of these images.
        places : sequence of int
            Of the images among all: part of their files' names.

        Yields
        ------
        str
            The name of an image's PNG; its array has the same with the ending ``.npy``.
        """
        predicted = np.mean([each.probabilities for each in said], axis=0).argmax(axis=1)
        wanted = np.full(len(images), model.classes.index(self.of_class)) if self.of_class else predicted
        method = METHODS[self.method]
        cams = [
            method(network.head, each.features, wanted)
            for network, each in zip(model.networks, said, strict=True)
        ]
        for number, (given, place, label) in enumerate(zip(images, places, wanted, strict=True)):
            with given.at_hand() as path:
                image = read_image(path)
            cam = mean_map(model, [each[number] for each in cams], image.shape[:2])
            stem = re.sub(r"[^\w.-]+", "_", PurePosixPath(given.name).stem)[:60]
            name = f"{place + 1:06d}_{stem}.png"
            note = PngInfo()
            note.add_text("Description", f"{self.method}, {model.classes[label]}. Not for clinical use.")
            with disk_errors(self.folder / name):
                self.folder.mkdir(parents=True, exist_ok=True)
                np.save(self.folder / f"{Path(name).stem}.npy", cam.astype(np.float16))
                Image.fromarray(over(image, cam)).save(self.folder / name, pnginfo=note)
            yield name


def mean_map(model: StudyModel, cams: Sequence[np.ndarray], shape: tuple[int, int]) -> np.ndarray:
    """Mean of one map of each network, float (h, w), in an image's frame: float (height, width), 0..1."""
    maps = [network.fitting.in_frame(cam, shape) for network, cam in zip(model.networks, cams, strict=True)]
    mean: np.ndarray = np.mean(maps, axis=0)
    return mean


def over(image: np.ndarray, cam: np.ndarray) -> np.ndarray:
    """`plots.heat_maps.blended` as uint8 (height, width, 3), strip by strip."""
    starts = range(0, len(image), STRIP)
    strips = (blended(image[at : at + STRIP], cam[at : at + STRIP]) for at in starts)
    return np.concatenate([np.rint(255 * strip).astype(np.uint8) for strip in strips])
