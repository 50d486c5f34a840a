"""Whether candidates look at the lesion: heat maps of every image by the model that was not shown its group."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from bcd_utils.datasets.image_set import ImageSet
from bcd_utils.evaluation.format import in_columns
from bcd_utils.evaluation.means import share_interval
from bcd_utils.experiments.comparison.run import FittedComparison
from bcd_utils.explain.localisation import centre_gaussian, pointing_game
from bcd_utils.images.fitting import enlarged
from bcd_utils.images.reading import read_row_mask
from bcd_utils.study.settings import Study
from bcd_utils.utils.parallel import Result

CENTRE, AREA = "centre", "area"
BASELINES = {CENTRE: "a bump at the centre of the frame", AREA: "chance (the lesion's area)"}


def maps_of(fitted: FittedComparison) -> dict[str, np.ndarray]:
    """Maps of every image by name, for those that have maps; untrained controls and variants are left out."""
    left_out, folds = ("control", "ablation", "ensemble"), fitted.setup.folds
    names = [name for name in fitted.scored if fitted.families[name] not in left_out]
    maps = {name: out_of_fold_maps(fitted.plain(name), folds) for name in names}
    return {name: values for name, values in maps.items() if values is not None}


def out_of_fold_maps(results: Sequence[Result], folds: Sequence[pd.Series]) -> np.ndarray | None:
    """Each image's map, float16 (n, h, w), values 0..1; None where the candidate has none."""
    if "heat_maps" not in results[0]:
        return None
    maps = np.zeros((len(folds[0]), *results[0]["heat_maps"].shape[1:]), np.float16)
    for result, split in zip(results, folds, strict=True):
        maps[(split == "test").to_numpy()] = result["heat_maps"]
    return maps


def pointing_hits(
    maps: Mapping[str, np.ndarray],
    images: ImageSet,
    on_progress: Callable[[int, int], None] = lambda done, total: None,
) -> pd.DataFrame:
    """Whether each map peaks inside the lesion, image by image, in the network's frame.

    The pointing game of Zhang et al. (2018, IJCV). A map that is zero everywhere hits nothing.

    Parameters
    ----------
    maps : mapping of name to ndarray, shape (n, h, w)

    Returns
    -------
    pandas.DataFrame
        One row an image with a lesion: id, group, and a column 0 or 1 for each name and for ``centre``;
        ``area`` holds the lesion's share of the frame.
    """
    side, rows = images.size, []
    with_masks = images.table[images.table["masks"] != ""]
    for done, (place, row) in enumerate(with_masks.iterrows(), start=1):
        mask = read_row_mask(images.folder, row)
        if mask.any():
            small = _in_the_networks_frame(mask, images)
            cams = {name: enlarged(values[place], (side, side)) for name, values in maps.items()}
            cams[CENTRE] = centre_gaussian((side, side))
            hits = {name: pointing_game(cam, small) for name, cam in cams.items()}
            rows.append({"id": row["id"], "group": row["group"], **hits, AREA: small.mean()})
        on_progress(done, len(with_masks))
    return pd.DataFrame(rows, columns=["id", "group", *maps, CENTRE, AREA])


def _in_the_networks_frame(mask: np.ndarray, images: ImageSet) -> np.ndarray:
    white = np.repeat(mask[..., None], 3, axis=2).astype(np.uint8) * 255
    return images.fitting.squared(white, images.size)[..., 0] > 127


def pointing_table(hits: pd.DataFrame, study: Study) -> pd.DataFrame:
    """Share of images whose map peaks inside the lesion, and how much that is above the bump at the centre.

    Returns
    -------
    pandas.DataFrame
        Index: names, then the two baselines. Columns images, and pointing_game and over_centre (NaN of the
        centre itself), each with ``_low`` and ``_high``; intervals over groups.
    """
    if not len(hits):
        return pd.DataFrame()
    names = [name for name in hits if name not in ("id", "group", *BASELINES)] + list(BASELINES)
    rows: dict[str, dict[str, float | None]] = {name: {"images": len(hits)} for name in names}
    for name, row in rows.items():
        found = {"pointing_game": share_interval(hits[name], hits["group"], study.confidence)}
        if name != CENTRE:
            gap = hits[name] - hits[CENTRE]
            found["over_centre"] = share_interval(gap, hits["group"], study.confidence, lowest=-1.0)
        row |= in_columns(found)
    return pd.DataFrame.from_dict(rows, orient="index").astype(float)


def examples_for_all(labels: np.ndarray, hits: pd.DataFrame, table: pd.DataFrame, each: int = 2) -> list[int]:
    """Rows of a few images with a lesion for the side by side: of each class, evenly spaced through the images.

    The choice looks at no prediction, so it flatters no candidate.
    """
    wanted = table["id"].isin(hits["id"]).to_numpy()
    chosen = []
    for label in np.unique(labels[wanted]):
        rows = np.flatnonzero(wanted & (labels == label))
        chosen += rows[np.linspace(0, len(rows) - 1, each + 2).astype(int)[1:-1]].tolist()
    return chosen


def map_examples(
    fitted: FittedComparison, maps: Mapping[str, np.ndarray], hits: pd.DataFrame
) -> list[dict[str, Any]]:
    """Images, outlines, maps and predictions for `plots.comparison.side_by_side`."""
    return shown_examples(
        fitted.setup.images, maps, {name: fitted.scored[name].probabilities for name in maps}, hits
    )


def shown_examples(
    images: ImageSet,
    maps: Mapping[str, np.ndarray],
    probabilities: Mapping[str, np.ndarray],
    hits: pd.DataFrame,
) -> list[dict[str, Any]]:
    """`map_examples` of any maps and the probabilities (n, classes) that belong to them."""
    side, examples = images.size, []
    for place in examples_for_all(images.labels, hits, images.table):
        row, image = images.table.iloc[place], np.asarray(images.pixels[place])
        mask = _in_the_networks_frame(read_row_mask(images.folder, row), images)
        predicted = {name: images.classes[probabilities[name][place].argmax()] for name in maps}
        cams = {name: enlarged(values[place], (side, side)) for name, values in maps.items()}
        shown = {"image": image, "mask": mask, "label": row["label"]}
        examples.append(shown | {"cams": cams, "predicted": predicted})
    return examples
