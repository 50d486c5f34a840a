"""Tuning end to end against a bare training step on ready arrays: images per second, in float32 and mixed precision.

    python benchmarks/tuning.py                                            ResNet50, random weights
    python benchmarks/tuning.py --backbone extractor.keras --images 128    another network, fewer images

Phantoms, drawn for it. Writes reports/bench/tuning.csv and tuning.md.
"""

from __future__ import annotations

import time
from dataclasses import replace

import numpy as np
import pandas as pd
from shared import parser_of, write_report

from bcd_utils.datasets.phantoms.calibration import calibration_images
from bcd_utils.images.augmentation import augment
from bcd_utils.models.backbones import compute_in, load_backbone
from bcd_utils.models.fine_tuning import unfreeze_from
from bcd_utils.models.trainer import Trainer
from bcd_utils.models.training import Batches
from bcd_utils.models.tuning import one_ahead, softmax_head
from bcd_utils.study.loading import make_study
from bcd_utils.utils.backend import device, keras

CLASSES = 3


def measure(study, images: np.ndarray, precision: str, rounds: int) -> dict[str, float]:
    """Images per second of a bare step and of epochs with augmentation, in turns on one compiled network."""
    recipe = replace(study.recipe, precision=precision)
    backbone = load_backbone(study, images[:8])
    head = softmax_head(backbone.model.output_shape[1:], CLASSES, recipe.dropout, 0)
    unfreeze_from(backbone.model, "all")
    compute_in(backbone.model, precision)
    inputs = keras.Input(images.shape[1:])
    trainer = Trainer(
        keras.Model(inputs, head(backbone.model(inputs))), 1e-5, "auto", None, recipe.weight_decay
    )

    def vary(pixels, epoch, rows):
        return backbone.prepare(augment(pixels, recipe.augmentation, 0, epoch, rows))

    rows = np.arange(len(images) // recipe.batch_size * recipe.batch_size)
    batches = Batches(images, rows % CLASSES, rows, CLASSES, recipe.batch_size, 0, vary)
    ready = next(batches.of_epoch(0))
    trainer.fit_epoch([ready, ready])
    bare: list[float] = []
    tuned: list[float] = []
    for epoch in range(rounds):
        for rates, epoch_of in ((bare, [ready] * (len(rows) // recipe.batch_size)), (tuned, None)):
            started = time.perf_counter()
            trainer.fit_epoch(one_ahead(batches.of_epoch(epoch)) if epoch_of is None else epoch_of)
            rates.append(len(rows) / (time.perf_counter() - started))
    return {"bare step, images/s": np.median(bare), "tuning, images/s": np.median(tuned)}


def main() -> None:
    """Measure, print and write the table."""
    parser = parser_of(__doc__)
    parser.add_argument("--backbone", default="resnet50")
    parser.add_argument("--images", type=int, default=512)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--batch-size", type=int, default=16)
    options = parser.parse_args()
    settings = {"name": "bench", "backbone": options.backbone, "recipe": {"batch_size": options.batch_size}}
    random = {} if options.backbone.endswith(".keras") else {"weights": "random", "scaling": "imagenet"}
    study = make_study(settings | random)
    drawn = calibration_images("image", study.image_size, 32)
    images = np.tile(drawn, (-(-options.images // len(drawn)), 1, 1, 1))[: options.images]
    rows = []
    for precision in ("float32", "mixed_bfloat16"):
        found = measure(study, images, precision, options.rounds)
        ratio = found["tuning, images/s"] / found["bare step, images/s"]
        rows.append({"network": options.backbone, "precision": precision, **found, "ratio": ratio})
        print(rows[-1], flush=True)
    note = f"{device()}, Keras on {keras.backend.backend()}; {options.images} images, batches of {options.batch_size}."
    write_report("tuning", pd.DataFrame(rows).round(3), note)


if __name__ == "__main__":
    main()
