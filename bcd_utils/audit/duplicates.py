"""Pairs of images that show the same thing: the same file, pixels or frame, also mirrored, cropped or marked.

Two correlations of 64 x 64 grey thumbnails tell how alike two images are:

- ``correlation``: of the grey levels, the usual measure. All breast ultrasound is bright above and dark below,
  so unrelated images reach 0.9 of it, while the same frame with a black corner or other gain may stay below.
- ``detail``: of the same thumbnails after local normalisation, which takes away slow shading, gain and
  contrast and leaves strands, borders and lesions where they are. It decides.

Looked at on BUSI, pairs with a detail correlation above 0.47 all showed the same lesion or the same sweep, and
no mirrored pair passes 0.56; synthetic phantoms that were drawn apart stay below 0.56 too, while their
copies (stored anew, brighter, mirrored, cropped, with calipers) keep 0.99. Thus 0.47 for BUSI, whose pairs have
been looked at, and 0.6 where nobody has looked.

Perceptual hashes and features of a network only nominate pairs for a person to look at: images of one machine
and one kind of tissue are close in both without showing the same lesion.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from bcd_utils.audit.neighbours import (
    BLOCK,
    Pairs,
    closest_unlisted,
    feature_directions,
    nearest_to_each_other,
)
from bcd_utils.audit.products import Rows, products
from bcd_utils.utils.counting import OnProgress, each_row, silent

SIDE = 64
CROPS = (0.9, 0.8, 0.7)
NEAR, MIRRORED, CROPPED = "near copy", "mirrored", "cropped"
EXACT = ("same file", "same pixels")
KINDS = (*EXACT, NEAR, MIRRORED, CROPPED)
PAIR_COLUMNS = (
    "id_a", "id_b", "label_a", "label_b", "kind", "correlation", "detail", "cosine", "hash_distance",
    "contradictory", "same", "verdict",
)  # fmt: skip

#: How far below the threshold a pair may be to be listed for a person, and where that ends: from there down strangers
#: crowd in (of BUSI 17 pairs lie from 0.42 to 0.47, 509 from 0.32 to 0.37).
BORDER, STRANGERS = 0.15, 0.4  # of detail
NOMINATING_CORRELATION = 0.95
NOMINATING_HASH_DISTANCE = 4
CLEARLY = 0.05  # of detail by which a mirrored or cropped view must fit better than the plain one


def thumbnails(
    folder: Path, manifest: pd.DataFrame, on_progress: OnProgress = silent
) -> dict[float, np.ndarray]:
    """Grey thumbnails of the whole images and of their centres.

    Pillow's antialiased bilinear filter; with it BUSI has 84 pairs that correlate above 0.99 and 209 above
    0.95, the counts that are quoted for it. Other filters give other counts (area averaging 51 and 182).

    Parameters
    ----------
    folder : Path
    manifest : pandas.DataFrame
        Columns ``path``, relative to ``folder``, and, where images are parts of a file, ``box``.

    Returns
    -------
    dict of float to ndarray, uint8, shape (n, 64, 64)
        For the whole image (1.0) and each of `CROPS`, the share of width and height that is kept.
    """
    from PIL import Image

    from bcd_utils.images.reading import read_row

    shares = (1.0, *CROPS)

    def seen(row: pd.Series) -> np.ndarray:
        grey = Image.fromarray(read_row(folder, row)).convert("L")
        edges = [(grey.width * (1 - share) / 2, grey.height * (1 - share) / 2) for share in shares]
        boxes = [(left, top, grey.width - left, grey.height - top) for left, top in edges]
        small = [grey.resize((SIDE, SIDE), Image.Resampling.BILINEAR, box=box) for box in boxes]
        return np.stack([np.asarray(view) for view in small])

    views: list[np.ndarray] = []
    each_row(seen, manifest, views.append, on_progress)
    stacks = np.stack(views, axis=1) if views else np.empty((len(shares), 0, SIDE, SIDE), np.uint8)
    return dict(zip(shares, stacks, strict=True))


def normalise_locally(images: np.ndarray) -> np.ndarray:
    """Grey levels relative to the mean and the contrast of their neighbourhood.

    The image is smoothed (1 pixel), so that half a pixel of shift does not matter, its mean over
    4 pixels around is taken away, and what is left is divided by its own root mean square over 4 pixels;
    4 grey levels added there keep black areas quiet.

    Parameters
    ----------
    images : ndarray, shape (n, height, width), grey levels 0..255

    Returns
    -------
    ndarray of float32, the same shape

    Examples
    --------
    >>> images = np.random.default_rng(0).uniform(80, 160, (1, 64, 64)).astype(np.float32)
    >>> darker = images * 0.7 + np.linspace(0, 60, 64)[:, None]
    >>> bool(np.corrcoef(normalise_locally(images).ravel(), normalise_locally(darker).ravel())[0, 1] > 0.95)
    True
    """
    from scipy.ndimage import gaussian_filter

    smooth = gaussian_filter(np.asarray(images, np.float32), (0, 1, 1))
    high = smooth - gaussian_filter(smooth, (0, 4, 4))
    return high / (np.sqrt(gaussian_filter(np.square(high), (0, 4, 4))) + 4)


def unit_rows(values: np.ndarray) -> np.ndarray:
    """Each image as one row without mean and of length 1 (0 where it is even): products are correlations."""
    rows = np.asarray(values, np.float32).reshape(len(values), -1)
    rows = rows - rows.mean(axis=1, keepdims=True)
    return rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-6)


def find_pairs(
    manifest: pd.DataFrame,
    views: Mapping[float, np.ndarray],
    threshold: float | None,
    folder: Path,
    features: np.ndarray | None = None,
    also: pd.DataFrame | None = None,
    neighbours: int = 0,
) -> pd.DataFrame:
    """Table of the pairs that show the same thing, and of those near enough to be looked at.

    Parameters
    ----------
    manifest : pandas.DataFrame
        The images used, one row each: id, path, label, width, height, sha256, perceptual_hash.
    views : mapping
        From `thumbnails`, rows as in ``manifest``.
    threshold : float or None
        Pairs with at least this ``detail`` are called the same; down to 0.15 below, or to `STRANGERS`, they are listed.
        None: only what is equal pixel by pixel is the same.
    folder : Path
        Where the images are; read again to compare all pixels of what looks equal.
    features : ndarray, shape (n, c) or (n, h, w, c), optional
        A network's features, rows as in ``manifest``.
    also : pandas.DataFrame, optional
        Columns id_a, id_b: pairs to list whatever they are like, such as those a person has judged.
    neighbours : int
        How many further pairs to list because their features are the closest; of different ``group`` in ``manifest``.

    Returns
    -------
    pandas.DataFrame
        Columns `PAIR_COLUMNS`, the most alike first. ``kind``: one of `KINDS`. ``correlation`` and
        ``detail`` (-1..1): of grey and of locally normalised thumbnails, in the view that fits best.
        ``cosine`` (-1..1): of features minus their mean over all images; NaN without features.
        ``hash_distance``: differing bits of 64. ``contradictory``: the labels differ. ``same``: "yes" or "no",
        what the program says. ``verdict``: empty, for a person.
    """
    directions = None if features is None else feature_directions(features)
    joined = threshold or 1
    lowest = min(joined, max(joined - BORDER, STRANGERS))
    nominated = [*nominations(manifest, views, lowest, directions)]
    if also is not None and len(also):
        place = pd.Series(np.arange(len(manifest)), index=manifest["id"])
        nominated.append(np.stack([place[also["id_a"]], place[also["id_b"]]], axis=1))
    pairs = np.unique(np.sort(np.concatenate(nominated), axis=1), axis=0)
    if directions is not None and neighbours:
        groups = pd.factorize(manifest["group"])[0]
        pairs = np.concatenate([pairs, closest_unlisted(directions, pairs, groups, neighbours)])
    first, second = pairs.T
    table = best_views(views, pairs)
    for column in ("id", "label"):
        table[f"{column}_a"], table[f"{column}_b"] = manifest[column].to_numpy()[pairs.T]
    for row in np.flatnonzero(table["correlation"] > 0.999):
        table.loc[row, "kind"] = exact_kind(manifest.iloc[pairs[row]], folder) or table.loc[row, "kind"]
    table["cosine"] = np.nan if directions is None else products(directions[first], directions[second])
    signs = hash_signs(manifest)
    table["hash_distance"] = ((64 - products(signs[first], signs[second])) / 2).astype(int)
    table = table.round({"correlation": 4, "detail": 4, "cosine": 4})
    table["contradictory"] = table["label_a"] != table["label_b"]
    table["same"] = np.where(
        (table["detail"] >= (threshold or np.inf)) | table["kind"].isin(EXACT), "yes", "no"
    )
    table["verdict"] = ""
    return table[list(PAIR_COLUMNS)].sort_values("detail", ascending=False, kind="stable", ignore_index=True)


def best_details(views: Mapping[float, np.ndarray]) -> np.ndarray:
    """Detail correlation (-1..1) of each image with the other image that it is most like, float (n,)."""
    return Rows(detail_rows(views[1.0])).best()


def nominations(
    manifest: pd.DataFrame, views: Mapping[float, np.ndarray], lowest: float, directions: np.ndarray | None
) -> Iterator[Pairs]:
    """Pairs worth measuring, block by block: memory grows with the images, not with their pairs."""
    whole, grey, signs = Rows(detail_rows(views[1.0])), Rows(unit_rows(views[1.0])), hash_signs(manifest)
    for start in range(0, len(manifest), BLOCK):
        block = slice(start, start + BLOCK)
        own = whole.rows[block]
        for rows in (own, mirrored(own), *(detail_rows(views[share][block]) for share in CROPS)):
            yield from two_images(whole.alike(rows, lowest), start)
        yield from two_images(grey.alike(grey.rows[block], NOMINATING_CORRELATION), start)
        near = np.argwhere(signs[block] @ signs.T >= 64 - 2 * NOMINATING_HASH_DISTANCE)
        yield from two_images([near], start)
    if directions is not None:
        yield nearest_to_each_other(directions)


def two_images(found: Iterable[Pairs], start: int) -> Iterator[Pairs]:
    """Pairs (row + ``start``, column) of two different images."""
    for pairs in found:
        moved = pairs + [start, 0]
        yield moved[moved[:, 0] != moved[:, 1]]


def mirrored(rows: np.ndarray) -> np.ndarray:
    """Rows of thumbnails, each mirrored left to right."""
    return rows.reshape(-1, SIDE, SIDE)[:, :, ::-1].reshape(len(rows), -1)


def best_views(views: Mapping[float, np.ndarray], pairs: Pairs) -> pd.DataFrame:
    """Kind, correlation and detail of each pair in the view, of whole, mirrored and crops, that fits best."""
    whole = views[1.0]
    measured = [
        pd.DataFrame({"kind": np.empty(0, object), "correlation": np.empty(0), "detail": np.empty(0)})
    ]
    for start in range(0, len(pairs), BLOCK):
        first, second = pairs[start : start + BLOCK].T
        compared = [(NEAR, whole[first], whole[second]), (MIRRORED, whole[first][:, :, ::-1], whole[second])]
        for share in CROPS:
            compared.append((CROPPED, views[share][first], whole[second]))
            compared.append((CROPPED, whole[first], views[share][second]))
        details = np.array([products(detail_rows(a), detail_rows(b)) for _, a, b in compared], float)
        greys = np.array([products(unit_rows(a), unit_rows(b)) for _, a, b in compared], float)
        handicap = np.where(np.arange(len(compared)) > 0, CLEARLY, 0)[:, None]
        best, rows = np.argmax(details - handicap, axis=0), np.arange(len(first))
        kinds = np.array([kind for kind, _, _ in compared], dtype=object)[best]
        measures = {"correlation": greys[best, rows], "detail": details[best, rows]}
        measured.append(pd.DataFrame({"kind": kinds, **measures}))
    return pd.concat(measured, ignore_index=True)


def detail_rows(images: np.ndarray) -> np.ndarray:
    """`unit_rows` of locally normalised thumbnails, in blocks that keep scratch memory small."""
    blocks = [images[start : start + BLOCK] for start in range(0, len(images), BLOCK)]
    return np.concatenate([unit_rows(normalise_locally(block)) for block in blocks])


def hash_signs(manifest: pd.DataFrame) -> np.ndarray:
    """Bits of the 64-bit perceptual hashes as 1 and -1, float32 (n, 64): products are 64 - 2 * distance."""
    words = np.array([int(text, 16) for text in manifest["perceptual_hash"]], dtype=">u8")
    return np.unpackbits(words.view(np.uint8).reshape(-1, 8), axis=1) * np.float32(2) - 1


def exact_kind(two: pd.DataFrame, folder: Path) -> str:
    """Whether two manifest rows are the same file, or the same pixels in two files; empty if neither."""
    from bcd_utils.images.reading import read_row

    if two["sha256"].nunique() == 1:
        return "same file"
    if two["width"].nunique() > 1 or two["height"].nunique() > 1:
        return ""
    one, other = (read_row(folder, row) for _, row in two.iterrows())
    return "same pixels" if np.array_equal(one, other) else ""


def read_pairs(
    folder: Path, manifest: pd.DataFrame, pairs: pd.DataFrame
) -> list[tuple[np.ndarray, np.ndarray, pd.Series]]:
    """The images of some pairs, uint8 (height, width, 3), with their row of the table."""
    from bcd_utils.images.reading import read_row

    images = manifest.set_index("id")
    return [
        (read_row(folder, images.loc[row["id_a"]]), read_row(folder, images.loc[row["id_b"]]), row)
        for _, row in pairs.iterrows()
    ]
