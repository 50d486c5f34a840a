"""Telling masks from images by their names, and giving each mask to its image."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence

from bcd_utils.datasets.files import one_format
from bcd_utils.datasets.mask_names import frame_of, mask_reading
from bcd_utils.datasets.picture import Picture
from bcd_utils.study.source import Layout
from bcd_utils.utils.errors import StudyError
from bcd_utils.utils.files import natural_key

LeftOut = list[tuple[str, str]]


def images_and_masks(
    paths: Sequence[str], layout: Layout, left_out: LeftOut
) -> tuple[list[Picture], list[Picture]]:
    """Tell masks from images; what is neither is added to ``left_out``.

    Raises
    ------
    StudyError
        If a pattern of ``layout`` finds nothing.
    """
    images, masks, doubtful = list[Picture](), list[Picture](), list[Picture]()
    for path in paths:
        picture = Picture.at(path)
        if layout.masks not in (None, "none"):
            match = re.search(layout.masks, path)
            if match:
                picture.key = (match.groupdict().get("image") or picture.stem).rpartition("/")[2]
                masks.append(picture)
                continue
        elif layout.masks is None and (reading := mask_reading(picture.parents, picture.stem)):
            picture.key = reading.image
            (masks if reading.sure else doubtful).append(picture)
            continue
        images.append(picture)
    if paths and not masks and layout.masks not in (None, "none"):
        problem = f"source.masks = {layout.masks!r} finds no mask, not in {paths[0]!r} either"
        raise StudyError(problem, "mend the regular expression, or use --set source.masks=none")
    owners = Owners(images)
    for picture in doubtful:
        is_mask = bool(owners.of(picture, picture.key == picture.stem))
        picture.key = picture.key if is_mask else picture.stem
        (masks if is_mask else images).append(picture)
    images, masks = _one_format(images, left_out), _one_format(masks, left_out)
    masks.sort(key=lambda mask: natural_key(mask.path))
    if layout.images is None:
        return images, masks
    chosen = []
    for picture in images:
        match = re.search(layout.images, picture.path)
        if match is None:
            left_out.append((picture.path, "not as source.images asks"))
            continue
        picture.told = match.groupdict()
        picture.key = (picture.told.get("image") or picture.stem).rpartition("/")[2]
        chosen.append(picture)
    if images and not chosen:
        problem = f"source.images = {layout.images!r} finds no image, not in {images[0].path!r} either"
        raise StudyError(problem, "mend the regular expression, or leave it out")
    return chosen, masks


def _one_format(found: Sequence[Picture], left_out: LeftOut) -> list[Picture]:
    """Of pictures that differ in their suffix only, the one in the format of most."""
    kept, others = one_format([picture.path for picture in found])
    left_out += [(path, "there in the format of most images too") for path in others]
    names = set(kept)
    return [picture for picture in found if picture.path in names]


class Owners:
    """Images by what they share with their masks.

    Parameters
    ----------
    images : sequence of Picture
    """

    def __init__(self, images: Sequence[Picture]):
        self._near: dict[tuple[tuple[str, ...], str], list[Picture]] = defaultdict(list)
        self._anywhere: dict[str, list[Picture]] = defaultdict(list)
        self._beside: dict[tuple[str, ...], list[Picture]] = defaultdict(list)
        for image in images:
            self._beside[image.frame].append(image)
            for name in {image.key, image.path.rpartition("/")[2]}:  # a.png_mask.png belongs to a.png
                self._near[image.frame, name].append(image)
                self._anywhere[name].append(image)

    def of(self, mask: Picture, only_near: bool = False) -> list[Picture]:
        """Images that a mask may belong to: in the folder beside, else (not with ``only_near``) in any folder."""
        if not mask.key:
            beside = self._beside.get(mask.frame, [])
            return beside if len(beside) == 1 else []
        frames = (mask.frame, frame_of(mask.parents, whole=True))
        near = next(filter(None, (self._near.get((frame, mask.key)) for frame in frames)), [])
        return near or ([] if only_near else self._anywhere.get(mask.key, []))


def attach(masks: Sequence[Picture], images: Sequence[Picture]) -> dict[Picture, str]:
    """Give each mask to the image that it belongs to; returns those without one, with the reason."""
    owners, lone = Owners(images), dict[Picture, str]()
    for mask in masks:
        found = owners.of(mask)
        if len(found) == 1:
            found[0].masks.append(mask.path)
        else:
            lone[mask] = "a mask of one of several images" if found else "a mask without an image"
    return lone
