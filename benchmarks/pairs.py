"""Time the search for thumbnails that are alike, against multiplying all with all and against trees.

    python benchmarks/pairs.py                                  1,000 to 8,000 thumbnails
    python benchmarks/pairs.py --sizes 8000 32000 --most 8000   all with all only as far as 8,000
    OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 python benchmarks/pairs.py

The thumbnails have the spectra of a data set's own (phantoms, or --data-dir BUSI) and random phases; one in twenty is
a changed copy of another. All ways must find the same pairs, or it stops. Seconds are those of the processor, so that
work beside counts for less. Writes reports/bench/pairs.csv and pairs.md.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable, Iterator

import numpy as np
import pandas as pd
from shared import parser_of, write_report
from sklearn.neighbors import BallTree, KDTree, NearestNeighbors

from bcd_utils.audit.duplicates import SIDE, detail_rows, thumbnails, unit_rows
from bcd_utils.audit.neighbours import BLOCK, Pairs, nearest_others
from bcd_utils.audit.products import Rows
from bcd_utils.datasets.at_hand import read_source
from bcd_utils.datasets.manifest import build_manifest
from bcd_utils.study.loading import load_study
from bcd_utils.utils.paths import STUDIES

LOWEST = 0.45  # what the default threshold of 0.6 lists
RADIUS = (2 - 2 * LOWEST) ** 0.5  # the same as a distance of rows of length 1


def drawn(own: np.ndarray, images: int) -> np.ndarray:
    """Rows of length 1 with the spectra of ``own``, float32 (images, 4096); the last twentieth are changed copies."""
    generator = np.random.default_rng(images)
    rows = np.empty((images, SIDE * SIDE), np.float32)
    for start in range(0, images, BLOCK):
        size = min(BLOCK, images - start)
        spectra = np.abs(np.fft.rfft2(own[generator.integers(0, len(own), size)].reshape(-1, SIDE, SIDE)))
        noise = np.fft.rfft2(generator.standard_normal((size, SIDE, SIDE)))
        rows[start : start + size] = unit_rows(np.fft.irfft2(spectra * noise / np.abs(noise)))
    copies = images // 20
    rows[-copies:] = unit_rows(rows[:copies] + 0.6 * rows[copies : 2 * copies])
    return rows


def all_with_all(rows: np.ndarray) -> Iterator[Pairs]:
    """Every product, block by block."""
    for start in range(0, len(rows), BLOCK):
        yield np.argwhere(rows[start : start + BLOCK] @ rows.T >= LOWEST) + [start, 0]


def in_radius(
    search: Callable[[np.ndarray], Iterable[np.ndarray]],
) -> Callable[[np.ndarray], Iterator[Pairs]]:
    """A search that gives, of each row, the places of those near."""

    def pairs(rows: np.ndarray) -> Iterator[Pairs]:
        for place, near in enumerate(search(rows)):
            yield np.stack([np.full(len(near), place), near], axis=1)

    return pairs


def brute(rows: np.ndarray) -> np.ndarray:
    """scikit-learn's own blocks of all with all."""
    found = NearestNeighbors(radius=RADIUS, algorithm="brute").fit(rows)
    return found.radius_neighbors(rows, return_distance=False)


PAIRS = {
    "sketches": lambda rows: Rows(rows).alike(rows, LOWEST),
    "all with all": all_with_all,
    "scikit-learn, brute": in_radius(brute),
    "ball tree": in_radius(lambda rows: BallTree(rows).query_radius(rows, RADIUS)),
    "k-d tree": in_radius(lambda rows: KDTree(rows).query_radius(rows, RADIUS)),
}
BEST = {
    "sketches, best": lambda rows: Rows(rows).best(),
    "all with all, best": lambda rows: nearest_others(rows)[1],
}


def timed(search: Callable, rows: np.ndarray) -> tuple[np.ndarray, float]:
    """What a search gives, sorted where it is pairs, and its seconds of processor time."""
    started = time.process_time()
    found = search(rows)
    found = found if isinstance(found, np.ndarray) else np.concatenate([*found])
    seconds = time.process_time() - started
    return (np.unique(found, axis=0) if found.ndim == 2 else found), seconds


def exponent(rows: pd.DataFrame) -> float:
    """Power of the number of images that time grows with, by least squares over the upper half of sizes."""
    upper = rows.iloc[len(rows) // 2 - 1 :] if len(rows) > 2 else rows
    return np.polyfit(np.log(upper["images"]), np.log(upper["seconds"]), 1)[0] if len(upper) > 1 else np.nan


def main() -> None:
    """Measure, compare, print and write the table."""
    parser = parser_of(__doc__)
    parser.add_argument("--data-dir", help="BUSI's folder; phantoms if left out")
    parser.add_argument("--sizes", type=int, nargs="+", default=[1000, 2000, 4000, 8000])
    parser.add_argument("--most", type=int, default=8000, help="images up to which all are compared with all")
    parser.add_argument(
        "--trees", type=int, default=1000, help="images up to which the ways of scikit-learn are tried"
    )
    options = parser.parse_args()
    dataset = "busi" if options.data_dir else "phantom"
    study = load_study(
        STUDIES / "paper.yaml", [f"source.dataset={dataset}"], source={"data_dir": options.data_dir}
    )
    manifest, _ = build_manifest(found := read_source(study.source))
    own = detail_rows(thumbnails(found.folder, manifest[manifest["status"] == "ok"])[1.0])
    measured = []
    for images in options.sizes:
        rows = drawn(own, images)
        for ways in (PAIRS, BEST):
            expected = None
            for way, search in ways.items():
                limit = images if "sketches" in way else options.most if "all" in way else options.trees
                if images <= limit:
                    result, seconds = timed(search, rows)
                    expected = result if expected is None else expected
                    if not (result.shape == expected.shape and np.allclose(result, expected, atol=1e-5)):
                        raise AssertionError(f"{way} differs among {images} images")
                    measured.append({"way": way, "images": images, "seconds": seconds})
                    sys.stdout.write(f"{images} images, {way}: {seconds:.2f} s\n")
                    sys.stdout.flush()
    table = pd.DataFrame(measured)
    shown = table.round(2).pivot(index="way", columns="images", values="seconds")
    shown["exponent"] = table.groupby("way")[["images", "seconds"]].apply(exponent).round(2)
    write_report("pairs", table.round(3), shown=shown.loc[[*PAIRS, *BEST]].fillna("").reset_index())


if __name__ == "__main__":
    main()
