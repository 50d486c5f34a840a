"""ResNet50 frozen and fine-tuned, in float32 and bfloat16: images per second and time to train, side by side.

    python benchmarks/precision.py                 on a GPU
    python benchmarks/precision.py --images 64     fewer, for a CPU

Random weights and images: their values do not change the time. Writes reports/bench/precision.csv and precision.md.
"""

from __future__ import annotations

import sys
import time

import numpy as np
import pandas as pd
from shared import parser_of, write_report

from bcd_utils.models.backbones import untrained_network
from bcd_utils.models.head import build_head
from bcd_utils.study.loading import make_study
from bcd_utils.study.networks import NETWORKS
from bcd_utils.utils.backend import device, keras, peak_device_bytes

SHAPE = (224, 224, 3)
POLICIES = {"float32": "float32", "bfloat16": "mixed_bfloat16"}
EPOCH = 596  # training images of the paper's protocol


def build(policy: str, frozen: bool) -> keras.Model:
    """ResNet50 with the paper's head (average pooling), ready to train; BatchNorm frozen either way."""
    keras.config.set_dtype_policy(POLICIES[policy])
    base = untrained_network(NETWORKS["resnet50"], SHAPE)
    base.trainable = not frozen
    for layer in base.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.trainable = False
    head = build_head(base.output_shape[1:], 3, make_study({"name": "bench", "pooling": "average"}))
    keras.config.set_dtype_policy("float32")
    inputs = keras.Input(SHAPE)
    outputs = keras.layers.Activation("linear", dtype="float32")(head(base(inputs)))
    model = keras.Model(inputs, outputs)
    model.compile("adam", "categorical_crossentropy")
    return model


def images_per_second(step, batches: list, warm_up: int = 2) -> float:
    """Images per second of ``step(batch)``, compilation left out."""
    for batch in batches[:warm_up]:
        step(batch)
    started = time.perf_counter()
    for batch in batches:
        step(batch)
    return len(batches) * len(batches[0][0]) / (time.perf_counter() - started)


def main() -> None:
    """Measure, print and write the table."""
    parser = parser_of(__doc__)
    parser.add_argument("--images", type=int, default=2048, help="for each measurement")
    parser.add_argument("--batch-size", type=int, default=32)
    options = parser.parse_args()
    generator = np.random.default_rng(0)
    pixels = generator.random((options.batch_size, *SHAPE), dtype=np.float32)
    batch = (pixels, np.eye(3, dtype=np.float32)[np.arange(options.batch_size) % 3])
    batches = [batch] * max(2, options.images // options.batch_size)
    rows = []
    for frozen, kind in ((True, "frozen"), (False, "fine-tuned, all layers")):
        for policy in POLICIES:
            model = build(policy, frozen)
            training = images_per_second(lambda pair, model=model: model.train_on_batch(*pair), batches)
            predicting = images_per_second(lambda pair, model=model: model.predict_on_batch(pair[0]), batches)
            peak = peak_device_bytes()
            rows.append(
                {
                    "ResNet50": kind,
                    "precision": policy,
                    "predicting, images/s": predicting,
                    "training, images/s": training,
                    f"one epoch of {EPOCH} images (s)": EPOCH / training,
                    "GPU memory so far (GB)": np.nan if peak is None else peak / 1e9,
                }
            )
    table = pd.DataFrame(rows).round(2)
    for name in ("predicting, images/s", "training, images/s"):
        whole = table.groupby("ResNet50")[name].transform("first")
        table[f"{name.split(',')[0]}, against float32"] = (table[name] / whole).round(2)
    sys.stdout.write(table.to_string(index=False) + "\n")
    machine = f"{device()}, Keras {keras.__version__} on {keras.backend.backend()}"
    write_report("precision", table, f"Measured on {machine}, batches of {options.batch_size}.")


if __name__ == "__main__":
    main()
