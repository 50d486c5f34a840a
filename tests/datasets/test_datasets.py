"""Whatever the data set and the layout, the same manifest: one contract for every reader in the registry."""

from __future__ import annotations

import dataclasses
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from builders import LAYOUTS, manifest_of, write_busi, write_image
from miniatures import (
    CBIS_LAYOUTS,
    write_breakhis,
    write_breast_usg,
    write_buid,
    write_bus_bra,
    write_busc,
    write_cbis,
    write_inbreast,
    write_mias,
    write_udiat_b,
)

from bcd_utils.datasets import MANIFEST_COLUMNS, REGISTRY, Dataset, dataset_of
from bcd_utils.datasets.at_hand import read_folder, read_source
from bcd_utils.datasets.manifest import data_hash, known_patients
from bcd_utils.images.reading import read_with_mask
from bcd_utils.study.loading import make_study
from bcd_utils.study.settings import Study
from bcd_utils.utils.errors import StudyError


@dataclasses.dataclass(frozen=True)
class Case:
    """A miniature copy of a data set, and what is known of it.

    Attributes
    ----------
    write : callable
        Writes it into a folder.
    settings : dict
        Of the study that reads it.
    patients : int or None
        How many the data set names; None if it names none.
    """

    write: Callable[[Path], object]
    settings: dict
    patients: int | None = None


def write_bus_uclm(folder: Path) -> None:
    colours = {"ALWI_000": (0, 255, 0), "ALWI_001": (0, 0, 0), "ANAT_000": (255, 0, 0)}
    for number, (stem, colour) in enumerate(colours.items()):
        pixels = np.random.default_rng(number).integers(0, 256, (70, 90, 3), dtype=np.uint8)
        write_image(folder / "BUS-UCLM" / "images" / f"{stem}.png", pixels)
        mask = np.zeros((70, 90, 3), np.uint8)
        mask[20:40, 30:50] = colour
        write_image(folder / "BUS-UCLM" / "masks" / f"{stem}.png", mask)


def write_own_images(folder: Path) -> None:
    write_busi(folder)
    rows = ["benign/benign (1).png,eve", "malignant/malignant (1).png,eve"]
    (folder / "Dataset_BUSI_with_GT" / "groups.csv").write_text("\n".join(["path,group", *rows]))


CASES = {
    **{f"busi, {layout}": Case(lambda folder, layout=layout: write_busi(folder, layout), {"dataset": "busi"})
       for layout in LAYOUTS},
    "bus_uclm": Case(write_bus_uclm, {"dataset": "bus_uclm"}, 2),
    "breakhis": Case(write_breakhis, {"dataset": "breakhis"}, 6),
    "breakhis at 40x, subtypes": Case(
        write_breakhis, {"dataset": "breakhis", "breakhis": {"magnification": 40, "target": "subtype"}}, 6
    ),
    **{f"cbis_ddsm, {layout}, {region}": Case(
        lambda folder, layout=layout: write_cbis(folder, layout),
        {"dataset": "cbis_ddsm", "cbis_ddsm": {"region": region}}, 7)
       for layout in CBIS_LAYOUTS for region in ("mammogram", "lesion")},
    "mias": Case(write_mias, {"dataset": "mias"}, 4),
    "inbreast, csv": Case(write_inbreast, {"dataset": "inbreast"}, 5),
    "inbreast, xls": Case(lambda folder: write_inbreast(folder, "xls"), {"dataset": "inbreast"}, 5),
    "bus_bra": Case(write_bus_bra, {"dataset": "bus_bra"}, 4),
    "breast_usg": Case(write_breast_usg, {"dataset": "breast_usg"}, 4),
    "buid": Case(write_buid, {"dataset": "buid"}),
    "udiat_b": Case(write_udiat_b, {"dataset": "udiat_b"}),
    "busc": Case(write_busc, {"dataset": "busc"}),
    "folder": Case(write_own_images, {"dataset": "folder"}, 8),
    "phantom": Case(
        lambda folder: None, {"dataset": "phantom", "phantoms": {"benign": 2, "malignant": 2, "normal": 2}}
    ),
}  # fmt: skip
FROM_FILES = {name: case for name, case in CASES.items() if case.settings["dataset"] != "phantom"}


@dataclasses.dataclass(frozen=True)
class Made:
    """A miniature on disk, its study, and the manifest that is made of it."""

    study: Study
    folder: Path
    manifest: pd.DataFrame
    remarks: list[str]

    @property
    def dataset(self) -> Dataset:
        return dataset_of(self.study.source)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Makes each miniature once."""
    known: dict[str, Made] = {}

    def make(name: str) -> Made:
        if name not in known:
            folder = tmp_path_factory.mktemp("data")
            CASES[name].write(folder)
            study = make_study({"name": "mine", "data_dir": str(folder), **CASES[name].settings})
            located = dataset_of(study.source).locate(study.source)
            manifest, remarks = manifest_of(dataset_of(study.source), located, allow_partial=True)
            known[name] = Made(study, located, manifest, remarks)
        return known[name]

    return make


every_case = pytest.mark.parametrize("name", CASES)


def test_every_data_set_of_the_registry_is_held_to_the_contract():
    assert {case.settings["dataset"] for case in CASES.values()} == set(REGISTRY)


@every_case
def test_the_manifest_has_the_same_columns_and_no_empty_cell_where_none_may_be(made, name):
    manifest = made(name).manifest
    assert tuple(manifest.columns[: len(MANIFEST_COLUMNS)]) == MANIFEST_COLUMNS
    assert len(manifest) > 2 and manifest["id"].is_unique
    assert (manifest["status"] == "ok").all(), manifest["status"].unique()
    for column in set(manifest) - {"masks", "box", "patient"}:
        assert (manifest[column].astype(str) != "").all(), column
    assert not manifest.isna().any(axis=None)


@every_case
def test_labels_are_classes_and_paths_lead_to_images_and_masks(made, name):
    case = made(name)
    assert set(case.manifest["label"]) <= set(read_folder(case.dataset, case.folder).dataset.classes)
    for _, row in case.manifest.iterrows():
        assert not Path(row["path"]).is_absolute()
        image, mask = read_with_mask(case.folder, row)
        assert image.shape == (row["height"], row["width"], 3) and image.dtype == np.uint8
        assert mask.shape == image.shape[:2] and mask.dtype == bool
        assert bool(row["masks"]) or not mask.any()


@every_case
def test_patients_are_known_where_the_data_set_names_them(made, name):
    assert known_patients(made(name).manifest) == CASES[name].patients


@every_case
def test_two_readings_are_equal(made, name):
    case = made(name)
    manifest, remarks = manifest_of(case.dataset, case.dataset.locate(case.study.source), allow_partial=True)
    pd.testing.assert_frame_equal(manifest, case.manifest)
    assert remarks == case.remarks and data_hash(manifest) == data_hash(case.manifest)


@pytest.mark.parametrize("name", FROM_FILES)
def test_an_archive_is_as_good_as_its_folder(made, name, tmp_path, cache):
    case = made(name)
    kind = "gztar" if len(name) % 2 else "zip"
    archive = shutil.make_archive(str(tmp_path / "download"), kind, case.folder)
    found = read_source(dataclasses.replace(case.study.source, data_dir=archive))
    columns = ["id", "path", "label", "masks"]
    assert found.scan.images[columns].values.tolist() == case.manifest[columns].values.tolist()


@pytest.mark.parametrize("name", FROM_FILES)
def test_a_folder_of_links_is_as_good_as_what_they_lead_to(made, name, tmp_path):
    case = made(name)
    for entry in case.folder.iterdir():
        (tmp_path / entry.name).symlink_to(entry)
    columns = ["id", "path", "label", "masks"]
    found = read_folder(case.dataset, tmp_path).scan.images
    assert found[columns].values.tolist() == case.manifest[columns].values.tolist()


@pytest.mark.parametrize("name", FROM_FILES)
def test_a_folder_without_images_is_one_message_with_a_way_out(made, name, tmp_path):
    (tmp_path / "notes.txt").write_text("nothing here")
    with pytest.raises(StudyError) as caught:
        manifest_of(made(name).dataset, tmp_path, allow_partial=True)
    assert str(tmp_path) in caught.value.problem and caught.value.fix


@pytest.mark.parametrize("dataset", REGISTRY.values(), ids=lambda dataset: dataset.name)
def test_what_is_declared_is_declared_of_every_data_set(dataset):
    assert dataset.title and dataset.modality and dataset.licence and dataset.citation
    assert (dataset.fetch is None) == bool(dataset.steps)
    assert dataset.counts is None or set(dataset.counts) == set(dataset.classes)
    study = make_study({"name": "mine", "dataset": dataset.name})
    assert (
        dataset_of(study.source).classes == dataset.classes
        and dataset_of(study.source).counts == dataset.counts
    )


@pytest.mark.parametrize("name", REGISTRY)
def test_only_histopathology_is_stained(name):
    study = make_study({"name": "mine", "dataset": name, "stain": "macenko"})
    if name == "breakhis":
        assert dataset_of(study.source).name == name
    else:
        with pytest.raises(StudyError, match="stain = macenko is for histopathology"):
            dataset_of(study.source)
