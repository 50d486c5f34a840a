"""Records of images: which kind a column is of, what is refused, and one clear line for each table that is wrong."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from builders import noise, write_image
from miniatures import write_bus_bra, write_cbis
from scipy.stats import norm
from sklearn.metrics import roc_auc_score

from bcd_utils.datasets import REGISTRY, dataset_of
from bcd_utils.datasets.at_hand import read_source
from bcd_utils.datasets.phantoms.records import draw_record
from bcd_utils.datasets.records import (
    MOST_CATEGORIES,
    after_the_outcome,
    columns_table,
    declared,
    read_cases,
    records_of,
)
from bcd_utils.study.loading import make_study
from bcd_utils.study.source import Column, Record
from bcd_utils.utils.errors import StudyError

IMAGES = pd.DataFrame({
    "id": ["a", "b", "c", "d"], "path": ["x/a.png", "x/b.png", "x/c.png", "x/d.png"],
    "label": ["benign", "malignant", "benign", "malignant"], "patient": ["P1", "P1", "P2", "P3"],
})  # fmt: skip
COLUMNS = {"age": Column("known", "number"), "birads": Column("read")}
CLINIC = replace(REGISTRY["folder"], title="Our clinic")


def read(tmp_path, text: str, images: pd.DataFrame = IMAGES, **settings):
    (tmp_path / "clinical.csv").write_text(text)
    return records_of(
        CLINIC, Record(**{"columns": COLUMNS, "file": "clinical.csv"} | settings), tmp_path, images
    )


def refusal(tmp_path, text: str, **settings) -> StudyError:
    with pytest.raises(StudyError) as caught:
        read(tmp_path, text, **settings)
    assert "\n" not in str(caught.value)
    return caught.value


# -- sound tables -----------------------------------------------------------------------------------


def test_a_patients_line_is_that_of_each_of_its_images_and_nothing_is_lost(tmp_path):
    found = read(tmp_path, "patient,age,birads,biopsy,note\nP1,51,4a,yes,x\nP2,n/a,,no,y\nP9,70,2,no,z\n")
    assert found.values["age"].fillna(-1).tolist() == [51, 51, -1, -1]
    assert found.values["birads"].tolist() == ["4a", "4a", "", ""]
    assert found.remarks == [
        "1 line of clinical.csv without an image (first: line 4, 'P9')",
        "1 image without a line in clinical.csv: its columns are missing there",
    ]
    assert found.unused == {"biopsy": "known only after the outcome", "note": "not declared"}
    assert (found.of_kind("known"), found.of_kind("read")) == (["age"], ["birads"])
    shown = columns_table(found)
    assert shown.loc["birads", "kind"] == "read from the image by another reader"
    assert shown.loc["biopsy", "kind"] == "not used: known only after the outcome"
    assert found.missing().sum().to_dict() == {"age": 2, "birads": 2}


def test_a_table_may_be_about_images(tmp_path):
    found = read(tmp_path, "Image;age;birads\na;40;2\nB.PNG;50;3\n", rows="image", key="Image")
    assert found.values["age"].fillna(-1).tolist() == [40, 50, -1, -1]


def test_a_line_that_stands_twice_with_the_same_values_is_one(tmp_path):
    found = read(tmp_path, "patient,age,birads,visit\nP1,51,4a,1\nP1,51,4a,2\nP2,60,2,1\n")
    assert found.values["age"].fillna(-1).tolist() == [51, 51, 60, -1]


def test_columns_that_come_with_the_images_need_no_file(tmp_path):
    images = IMAGES.assign(age=["40", "41", "", "43"], birads=["2", "3", "4", "?"], label_again="x")
    found = records_of(CLINIC, Record(COLUMNS), tmp_path, images)
    assert found.values["age"].fillna(-1).tolist() == [40, 41, -1, 43]
    assert found.values["birads"].tolist() == ["2", "3", "4", ""]


# -- wrong tables: one line each --------------------------------------------------------------------


def test_a_wrong_key_is_named(tmp_path):
    error = refusal(tmp_path, "patient,age,birads\nX1,51,4\nX2,52,3\n")
    assert "clinical.csv, line 2: 'X1' is no patient of the images, nor is any other line" in error.problem
    assert error.fix == "set source.record.key to a column with names such as P1"
    error = refusal(tmp_path, "case,age,birads\nP1,51,4\n")
    assert "line 1: there is no column 'patient'" in error.problem and "one of case, age, birads" in error.fix


def test_a_patient_twice_with_other_values_is_named_with_both(tmp_path):
    error = refusal(tmp_path, "patient,age,birads\nP1,51,4\nP2,60,2\nP1,51,5\n")
    assert error.problem.endswith("clinical.csv, line 4: birads of 'P1' is '5' here, and '4' in line 2")
    assert "keep one of the lines" in error.fix


def test_text_in_a_numbers_column_is_named_with_its_line(tmp_path):
    error = refusal(tmp_path, "patient,age,birads\nP1,51,4\nP2,fifty,2\nP3,inf,2\n")
    assert error.problem.endswith("clinical.csv, line 3: age is 'fifty', which is no number")
    assert error.fix == "mend it (2 values in all), or set source.record.columns.age.values to category"
    with pytest.raises(StudyError, match="Our clinic, image c: age is '4o', which is no number"):
        records_of(CLINIC, Record(COLUMNS), tmp_path, IMAGES.assign(age=["1", "2", "4o", "3"], birads="2"))


def test_a_million_categories_are_no_categories(tmp_path):
    names = pd.Series(range(10**6)).astype(str)
    images = pd.DataFrame({"id": names, "path": names, "label": "benign", "patient": "", "birads": names})
    with pytest.raises(StudyError) as caught:
        records_of(CLINIC, Record({"birads": Column("read")}), tmp_path, images)
    assert (
        caught.value.problem == "Our clinic: birads has 1,000,000 different values, too many for categories"
    )
    assert "source.record.columns.birads.values to number" in caught.value.fix
    allowed = images.head(MOST_CATEGORIES)
    assert (
        len(records_of(CLINIC, Record({"birads": Column("read")}), tmp_path, allowed).values)
        == MOST_CATEGORIES
    )


def test_a_misspelt_column_is_named_with_the_nearest(tmp_path):
    error = refusal(tmp_path, "patient,agee,birads\nP1,51,4\n")
    assert "no column 'age' in the record" in error.problem and "did you mean 'agee'" in error.fix


def test_a_table_about_patients_needs_patients(tmp_path):
    error = refusal(tmp_path, "patient,age,birads\nP1,51,4\n", images=IMAGES.assign(patient=""))
    assert "no patient of the images is named" in error.problem and "source.record.rows to image" in error.fix


# -- what cannot foretell ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    ["pathology", "Histology", "biopsy", "BiopsyResult", "final_diagnosis", "outcome", "Verification", "HER2",
     "ki67 index", "tumour grade", "follow-up", "label", "survival months"],
)  # fmt: skip
def test_what_is_known_after_the_outcome_is_refused_by_name(name):
    with pytest.raises(StudyError, match=f"'{name}' is known only after the outcome"):
        declared(CLINIC, Record({name: Column("known")}))


@pytest.mark.parametrize(
    "name", ["age", "BIRADS", "density", "previous_biopsy", "family_history_of_malignancy", "Device", "mass_margins",
             "assessment", "calc_distribution", "menopause", "parity", "skin thickening", "side"]
)  # fmt: skip
def test_what_was_known_before_is_not(name):
    assert not after_the_outcome(name)


def test_no_data_set_declares_what_is_known_after_the_outcome():
    with_record = [dataset for dataset in REGISTRY.values() if dataset.record.columns]
    assert {"cbis_ddsm", "bus_bra", "bus_uclm", "phantom"} <= {dataset.name for dataset in with_record}
    for dataset in with_record:
        assert declared(dataset, None) == dict(dataset.record.columns)


def test_a_data_set_without_a_record_says_how_to_declare_one():
    with pytest.raises(StudyError, match="BUSI has no column that is declared .* source.record.columns"):
        declared(REGISTRY["busi"], None)


def test_settings_of_columns_are_strict():
    for columns, said in (
        ("{age: {kind: after}}", "source.record.columns.age.kind = 'after' is not allowed"),
        ("{age: {kind: known, value: number}}", "did you mean 'values'"),
    ):
        with pytest.raises(StudyError, match=said):
            from bcd_utils.study.loading import load_study
            from bcd_utils.utils.paths import STUDIES

            load_study(STUDIES / "phantom.yaml", [f"source.record.columns={columns}"])


# -- data sets --------------------------------------------------------------------------------------


def write_bus_uclm(folder):
    write_image(folder / "images" / "A_0.png", noise(1))
    (folder / "INFO.csv").write_text(
        "Image;Resolution;Doppler;Marks;Combined;Label\nA_0.png;90x70;No;Yes;No;Benign\n"
    )
    return folder


@pytest.mark.parametrize(
    ("write", "name", "kinds"),
    [
        (write_bus_bra, "bus_bra", {"Device": "known", "Side": "known", "BIRADS": "read"}),
        (
            write_bus_uclm,
            "bus_uclm",
            {"Resolution": "known", "Doppler": "read", "Marks": "read", "Combined": "read"},
        ),
    ],
)
def test_columns_of_ultrasound_tables(tmp_path, write, name, kinds):
    source = make_study({"name": "x", "source": {"dataset": name, "data_dir": str(write(tmp_path))}}).source
    found = read_source(source)
    records = records_of(found.dataset, None, found.folder, found.scan.images)
    assert {column: each.kind for column, each in records.columns.items()} == kinds
    assert records.unused.get("Histology", "known only after the outcome") == "known only after the outcome"


def cbis(folder, **settings):
    given = {"dataset": "cbis_ddsm", "data_dir": str(folder), "allow_partial": True, "cbis_ddsm": settings}
    return make_study({"name": "x", "source": given}).source


@pytest.mark.parametrize("region", ["lesion", "mammogram"])
def test_cbis_ddsm_is_read_from_its_tables_alone(tmp_path, region):
    write_cbis(tmp_path / "whole")
    source = cbis(tmp_path / "whole", region=region)
    with_pixels = read_source(source).scan.images
    (tmp_path / "tables").mkdir()
    for table in (tmp_path / "whole").rglob("*.csv"):
        table.rename(tmp_path / "tables" / table.name)
    alone = read_cases(cbis(tmp_path / "tables", region=region)).scan.images
    columns = [name for name in with_pixels if name not in ("path", "masks", "box")]
    pd.testing.assert_frame_equal(alone[columns], with_pixels[columns])
    told = alone.set_index("id")
    assert len(told) == {"lesion": 12, "mammogram": 9}[region]
    assert set(told["density"]) == {"3"} and set(told["mass_shape"]) <= {"X", "not a mass", "X / not a mass"}


def test_crossing_patients_are_taken_as_the_study_says(tmp_path):
    for moved, sets in ((True, {"train"}), (False, {"train", "test"})):
        write_cbis(tmp_path)
        images = read_cases(cbis(tmp_path, region="lesion", move_crossing_patients=moved)).scan.images
        assert set(images.loc[images["patient"] == "P_00010", "official_split"]) == sets


def test_the_effect_of_a_drawn_record_is_the_one_that_was_asked_for():
    names = [f"image {number}" for number in range(12_000)]
    images = pd.DataFrame({"id": names, "label": ["benign", "malignant"] * 6000})
    malignant = images["label"] == "malignant"
    for effect in (0.0, 1.0):
        record = draw_record(images, effect, seed=3)
        age = pd.to_numeric(record["age"].where(record["age"] != "", None)).astype(float)
        known = age.notna()
        assert roc_auc_score(malignant[known], age[known]) == pytest.approx(
            norm.cdf(effect / np.sqrt(2)), abs=0.02
        )
        assert known[malignant].mean() == pytest.approx(known[~malignant].mean(), abs=0.03)
    settings = {"dataset": "phantom", "phantoms": {"record_effect": 1.0, "seed": 3}}
    dataset = dataset_of(make_study({"name": "x", "source": settings}).source)
    assert dataset.draw_record(images).equals(record), "as the setting says"
