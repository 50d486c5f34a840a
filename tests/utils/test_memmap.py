"""What is read from a memory map part by part does not stay in memory, and is what is in the file."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from builders import noise, write_image

from bcd_utils.models.training import Batches, predict
from bcd_utils.utils.backend import keras
from bcd_utils.utils.memmap import in_batches, one_by_one, pooled, release, sha256_of_array
from bcd_utils.utils.paths import ROOT

SMAPS = Path("/proc/self/smaps")
only_on_linux = pytest.mark.skipif(not SMAPS.exists(), reason="only Linux tells what is resident")
SHAPE = (400, 4, 4, 256)  # 16 KB an image, 6.5 MB in all


def resident(file: Path) -> int:
    """Bytes of a mapped file that are in this process's memory."""
    found, inside = 0, False
    for line in SMAPS.read_text().splitlines():
        first = line.split()[0]
        if not first.endswith(":"):
            inside = line.endswith(str(file))
        elif inside and first == "Rss:":
            found += int(line.split()[1]) * 1024
    return found


@pytest.fixture
def file(tmp_path):
    values = np.random.default_rng(0).random(SHAPE, dtype=np.float32)
    np.save(tmp_path / "values.npy", values)
    return tmp_path / "values.npy"


@pytest.fixture(scope="module")
def head():
    layers = [keras.Input(SHAPE[1:]), keras.layers.Flatten(), keras.layers.Dense(2, activation="softmax")]
    return keras.Sequential(layers)


def of_epoch(values, head):
    batches = Batches(values, np.zeros(len(values), int), np.arange(len(values)), 2, 16, seed=1)
    return sum(len(batch) for batch, _ in batches.of_epoch(0))


READERS = {
    "in batches": lambda values, head: sum(batch.sum() for batch in in_batches(values, 32)),
    "one by one": lambda values, head: sum(row.sum() for row in one_by_one(values)),
    "average pooling": lambda values, head: pooled(values),
    "hash": lambda values, head: sha256_of_array(values),
    "an epoch of training": of_epoch,
    "prediction": lambda values, head: predict(head, values),
}


@only_on_linux
@pytest.mark.parametrize("read", READERS.values(), ids=READERS.keys())
def test_little_of_a_map_stays_resident(file, head, read):
    values = np.load(file, mmap_mode="r")
    read(values, head)
    assert resident(file) < 0.1 * values.nbytes
    values.sum()
    assert resident(file) > 0.9 * values.nbytes, "it would have stayed"


@only_on_linux
def test_little_of_a_map_is_resident_while_it_is_read(tmp_path):
    file = tmp_path / "large"  # 64 MB, for the kernel maps up to a few MB around what is asked for
    with open(file, "wb") as zeros:
        zeros.truncate(64 * 2**20)
    values = np.memmap(file, np.float32, "r", shape=(4096, 4096))
    peaks = [(batch.sum(), resident(file))[1] for batch in in_batches(values[8:], 128)]
    assert 0 < max(peaks) < 0.25 * values.nbytes


def test_the_values_are_those_of_the_file(file, head):
    mapped, values = np.load(file, mmap_mode="r"), np.load(file)
    np.testing.assert_array_equal(np.concatenate(list(in_batches(mapped, 33))), values)
    np.testing.assert_array_equal(list(one_by_one(mapped, [5, 2, 5])), values[[5, 2, 5]])
    np.testing.assert_allclose(pooled(mapped), values.mean(axis=(1, 2)), rtol=1e-5)
    np.testing.assert_allclose(predict(head, mapped), head(values), rtol=1e-4)
    assert sha256_of_array(mapped) == hashlib.sha256(values.tobytes()).hexdigest()


@pytest.mark.parametrize("freeze", [False, True])
def test_changes_of_a_private_map_are_not_lost(file, freeze):
    private = np.load(file, mmap_mode="c")
    private[3] = 7
    shown = private[2:5]
    shown.flags.writeable = not freeze
    release(shown)
    assert (private[3] == 7).all()


def test_features_are_averaged_over_the_image():
    features = np.arange(24, dtype=np.float32).reshape(2, 2, 2, 3)
    assert pooled(features).tolist() == [[4.5, 5.5, 6.5], [16.5, 17.5, 18.5]]
    assert pooled(features[:0]).shape == (0, 3)


MEASURE = """
import sys
from pathlib import Path
import numpy as np, pandas as pd
from bcd_utils.images.arrays import write_images
from bcd_utils.utils.memmap import pooled
folder, count = Path(sys.argv[1]), int(sys.argv[2])
rows = pd.DataFrame({"path": [f"{n}.png" for n in range(count)], "masks": "", "id": range(count)})
write_images(folder / "images.npy", folder, rows, "image", 128)
pooled(np.memmap(folder / "features", np.float32, "r", shape=(count, 7, 7, 256)))
status = Path("/proc/self/status").read_text()
print(next(line.split()[1] for line in status.splitlines() if line.startswith("VmHWM")))
"""


@only_on_linux
def test_four_times_the_images_take_no_more_memory(tmp_path):
    for number in range(1200):
        write_image(tmp_path / f"{number}.png", noise(number, shape=(32, 32)))
    with open(tmp_path / "features", "wb") as features:
        features.truncate(1200 * 7 * 7 * 256 * 4)
    peaks = []
    for count in (300, 1200):
        words = [sys.executable, "-c", MEASURE, str(tmp_path), str(count)]
        done = subprocess.run(
            words, check=True, capture_output=True, text=True, env=os.environ | {"PYTHONPATH": str(ROOT)}
        )
        peaks.append(int(done.stdout) / 1000)
    # 900 images are 44 MB of pixels and 45 MB of features.
    assert peaks[1] - peaks[0] < 12, peaks
