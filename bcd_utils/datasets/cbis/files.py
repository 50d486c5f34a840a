"""CBIS-DDSM's pixel files: which belong to which row of its tables, and which are masks."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np

from bcd_utils.datasets.files import image_files
from bcd_utils.images.decoding import decode, image_size
from bcd_utils.images.dicom import dicom_header, is_dicom
from bcd_utils.images.masks import is_black_and_white, mask_levels
from bcd_utils.images.reading import read_mask
from bcd_utils.images.refusals import MOST_MEGAPIXELS, ImageError
from bcd_utils.utils.errors import StudyError

SUFFIXES = {".dcm", ".jpg", ".jpeg", ".png"}
#: A mammogram's folder, or with a number at its end an abnormality's; DICOM calls it the patient's ID.
CASE = re.compile(r"^(Mass|Calc)-(Training|Test)_P_\d+_(LEFT|RIGHT)_(CC|MLO)(_\d+)?$")
UID = re.compile(r"^\d+(\.\d+){5,}$")
LEAST_SIDE = 64  # pixels of a box

Index = Mapping[str, list[Path]]


def index_files(folder: Path) -> Index:
    """Pixel files under the UID of their series and under their case, as far as these are known.

    Both are in the folders' names, of the DICOM tree (case/study/series/000000.dcm, or with dates as the NBIA
    retriever names them) and of the JPEG mirror (series/1-001.jpg); where neither is, a DICOM file's header
    knows.

    Raises
    ------
    StudyError
        If there are DICOM files and others.
    """
    files = [path for path in image_files(folder) if path.suffix.lower() in SUFFIXES]
    first = {is_dicom(path): path.name for path in reversed(files)}
    if len(first) > 1:
        raise StudyError(
            f"{folder} holds DICOM files and others, such as {first[True]} and {first[False]}: the same images "
            "would count twice",
            "name a folder that holds either the DICOM download or the JPEG mirror",
        )
    index = defaultdict(list)
    for path in files:
        for key in _keys(path, folder):
            index[key].append(path)
    return dict(index)


def _keys(path: Path, folder: Path) -> set[str]:
    parts = path.relative_to(folder.parent).parts[:-1]
    keys = {*filter(CASE.match, parts), *filter(UID.match, parts[-1:])}
    if keys or not is_dicom(path):
        return keys
    try:
        header = dicom_header(path)
    except Exception:  # noqa: BLE001 - no DICOM file, so of no row
        return keys
    return {str(header[name].value) for name in ("SeriesInstanceUID", "PatientID") if name in header}


def files_of(index: Index, published: Iterable[str]) -> list[Path]:
    """The files that the tables mean by some paths such as "case/study/series/000000.dcm".

    The file's own name says nothing: retrievers number anew, and the tables confuse crops with masks.
    """
    files: dict[Path, None] = {}
    for path in published:
        case, _, series, _ = path.split("/")
        files |= dict.fromkeys(index.get(series) or index.get(case) or [])
    return list(files)


def masks_among(paths: list[Path]) -> list[Path]:
    """Those of an abnormality's files that are masks, not crops.

    The published masks have 8 bit and the crops 16; where the DICOM files' depth does not tell, a mask is what has
    black and white pixels only, at whatever depth. A file that cannot be read counts as a mask, so that the
    inspection of images names it.
    """
    depths = list(map(_depth, paths))
    if set(depths) == {8, 16}:
        return [path for path, depth in zip(paths, depths, strict=True) if depth == 8]
    return [path for path in paths if _is_mask(path)]


def _depth(path: Path) -> int | None:
    try:
        return dicom_header(path).BitsAllocated if is_dicom(path) else None
    except (ImageError, AttributeError):
        return None


def _is_mask(path: Path) -> bool:
    try:
        return is_black_and_white(mask_levels(decode(path, MOST_MEGAPIXELS, rough=True)))
    except StudyError:
        raise
    except Exception:  # noqa: BLE001 - decoders raise many kinds
        return True


def lesion_box(masks: list[Path], image: Path, margin: float) -> str:
    """A square around a lesion, in the frame of its image, as a manifest's ``box``.

    Parameters
    ----------
    masks : list of Path
    image : Path
    margin : float
        Left at each side, as a share of the lesion's longer side.

    Returns
    -------
    str
        "left,top,right,bottom"; empty where there is no mask, or none that can be read or is not black.
    """
    height, width = image_size(image)
    try:
        lesion = read_mask(masks, (height, width))
    except StudyError:
        raise
    except Exception:  # noqa: BLE001 - decoders raise many kinds
        return ""
    if not lesion.any():
        return ""
    rows, columns = np.nonzero(lesion)
    first, stop = np.array([columns.min(), rows.min()]), np.array([columns.max(), rows.max()]) + 1
    frame = np.array([width, height])
    side = max(LEAST_SIDE, round((1 + 2 * margin) * max(stop - first)))
    start = np.clip((first + stop - side) // 2, 0, np.maximum(0, frame - side))
    return ",".join(map(str, [*start, *np.minimum(start + side, frame)]))
