"""Images with a record whose worth is known, for tests of image and record."""

from __future__ import annotations

import numpy as np
import pandas as pd

from bcd_utils.datasets.records import Records
from bcd_utils.experiments.image_and_record.material import Material
from bcd_utils.study.source import Column


def made(
    effect: float = 0.0,
    images: int = 120,
    of_image: float | None = 1.0,
    seed: int = 0,
    classes=("benign", "malignant"),
) -> Material:
    """Two images a patient; age is higher, and of the image's two features one, by so many standard deviations.

    ``of_image`` None: there are no images.
    """
    rng = np.random.default_rng(seed)
    place = np.arange(images) // 2 % len(classes)
    last = place == len(classes) - 1
    values = pd.DataFrame({
        "age": 52 + 12 * (rng.normal(size=images) + effect * last),
        "side": np.where(rng.random(images) < 0.5, "left", "right").astype(object),
        "birads": np.clip(np.round(3 + rng.normal(size=images) + 2 * last), 1, 5).astype(int).astype(str),
    })  # fmt: skip
    values = values.astype({"birads": object})
    columns = {"age": Column("known", "number"), "side": Column("known"), "birads": Column("read")}
    table = pd.DataFrame(
        {"id": [f"i{number}" for number in range(images)], "label": np.array(classes)[place]}
    )
    table = table.assign(patient=[f"P{number // 2}" for number in range(images)], status="ok")
    table["group"] = table["patient"]
    features = None
    if of_image is not None:
        features = rng.normal(size=(images, 2))
        features[:, 0] += of_image * last
    return Material("Made", False, tuple(classes), classes[-1], table, Records(values, columns), features)
