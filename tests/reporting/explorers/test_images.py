"""Every image can be looked at; one that cannot be read says why."""

from __future__ import annotations

import numpy as np
import pandas as pd
from builders import make_run, manifest_of, noise, square, write_image

from bcd_utils.datasets import REGISTRY
from bcd_utils.reporting.explorers.images import explore_images
from bcd_utils.study.loading import make_study


def folder_of(tmp_path):
    for label in ("benign", "malignant"):
        for number in (1, 2):
            write_image(tmp_path / label / f"{label} ({number}).png", noise(number, len(label)))
        write_image(tmp_path / label / f"{label} (1)_mask.png", square(20, 30))
    (tmp_path / "benign" / "benign (2).png").write_bytes(b"no picture")
    return tmp_path


def test_images_are_shown_with_their_lesion_and_what_is_remarked(tmp_path):
    folder = folder_of(tmp_path / "data")
    manifest, remarks = manifest_of(REGISTRY["folder"], folder)
    run = make_run(tmp_path / "run", make_study({"name": "mine"})).explored()
    live = explore_images(run, folder, manifest, [*remarks, "benign (1) is odd", "nothing else is"])
    seen = {}
    for _ in range(live.place.max):
        seen[live.view.facts["image"]] = live.view
        live.step(1)
    assert len(seen) == len(manifest) == 4
    good, bad = (
        next(view for name, view in seen.items() if part in name) for part in ("benign (1)", "benign (2)")
    )
    assert (
        good.facts["size"] == "90 x 70 pixels" and good.facts["lesion"] == f"{400 / 6300:.1%} of the picture"
    )
    assert "is odd" in good.facts["remarked"] and "nothing else" not in good.facts["remarked"]
    assert good.figure is not None
    assert bad.figure is None and bad.facts["cannot be shown"] and bad.facts["state"] != "ok"
    live.filters["status"].value = bad.facts["state"]
    assert live.view.facts["image"] == bad.facts["image"]


def test_an_image_without_a_lesion_says_so(tmp_path):
    write_image(tmp_path / "a" / "a1.png", noise(1))
    row = {"id": "a1", "path": "a/a1.png", "label": "a", "masks": "", "status": "ok"}
    run = make_run(tmp_path / "run", make_study({"name": "mine"}))
    still = explore_images(run, tmp_path, pd.DataFrame([row]), [])
    assert still.facts["lesion"].startswith("no mask") and still.figure is not None
    assert np.isclose(still.figure.get_size_inches()[0], 3.9)
