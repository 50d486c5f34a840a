"""Data sets side by side: found, inspected, or said to be not at hand."""

from __future__ import annotations

import numpy as np
import pytest
from builders import noise, write_busi, write_image
from miniatures import write_breakhis, write_cbis

from bcd_utils.experiments.modalities import sources, tables
from bcd_utils.pipeline.stages.modalities import files_of_sources
from bcd_utils.study.loading import load_study, make_study
from bcd_utils.utils.counting import silent
from bcd_utils.utils.errors import StudyError
from bcd_utils.utils.paths import STUDIES

ALONE = ["11_modalities"]


@pytest.fixture(autouse=True)
def nothing_fetched(tmp_path, monkeypatch, cache):
    """A machine on which no data set was ever fetched."""
    monkeypatch.setattr("bcd_utils.datasets.base.RAW_DATA", tmp_path / "raw")


def study_of(**settings):
    return make_study({"name": "mine", "notebooks": ALONE, "modalities": {"sources": settings}})


def find(study):
    return sources.find_sources(study, no_sheet, lambda what: lambda done, total: None)


def no_sheet(called, pairs):
    raise AssertionError("nothing to judge")


def test_the_default_sources_are_the_three_kinds_that_the_paper_names():
    for study in (make_study({"name": "mine"}), load_study(STUDIES / "modalities.yaml")):
        assert list(study.modalities.sources) == ["busi", "breakhis", "cbis_ddsm"]
        assert study.modalities.sources["cbis_ddsm"].cbis_ddsm.region == "lesion"
        assert hash(study) is not None, "candidates keep studies as keys"


def test_a_source_that_is_not_at_hand_has_a_command_and_stops_nothing(tmp_path):
    study = study_of(
        slides={"dataset": "breakhis", "data_dir": str(write_breakhis(tmp_path)), "allow_partial": True},
        busi={"dataset": "busi"},
        gone={"dataset": "mias", "data_dir": str(tmp_path / "nowhere")},
    )
    available, absent = find(study)
    assert list(available) == ["slides"] and list(absent) == ["busi", "gone"]
    assert absent["busi"].command == "bcd fetch busi" and absent["gone"].command == "bcd fetch mias"
    assert "nowhere" in absent["gone"].problem
    slides = available["slides"]
    assert (slides.patients, slides.classes, len(slides.table)) == (6, ("benign", "malignant"), 18)
    remarks = tables.remarks_table(available, absent)
    expected = [(slides.title, remark) for remark in slides.remarks]
    expected += [(absent[name].title, absent[name].problem) for name in ("busi", "gone")]
    assert list(remarks["remark"].items()) == expected
    assert tables.remarks_table({}, {}).empty


def test_tables_without_pixels_are_not_at_hand(tmp_path):
    write_cbis(tmp_path / "films")
    for path in (tmp_path / "films").rglob("*.dcm"):
        path.unlink()
    write_busi(tmp_path / "busi")
    films = {"dataset": "cbis_ddsm", "data_dir": str(tmp_path / "films")}
    ultrasound = {"dataset": "busi", "data_dir": str(tmp_path / "busi"), "allow_partial": True}
    available, absent = find(study_of(films=films, busi=ultrasound))
    assert list(absent) == ["films"] and absent["films"].command == "bcd fetch cbis_ddsm"


def test_with_no_source_at_hand_the_message_names_the_way_out(tmp_path):
    for look in (find, sources.locate_sources, files_of_sources):
        with pytest.raises(StudyError, match="None of the data sets is at hand: BUSI, BreakHis") as caught:
            look(make_study({"name": "mine", "notebooks": ALONE}))
        assert "bcd fetch busi" in caught.value.fix
        assert "--set modalities.sources.busi.data_dir=FOLDER" in caught.value.fix


def test_a_part_of_a_data_set_must_be_accepted_for_that_data_set(tmp_path):
    with pytest.raises(StudyError, match="18 of 7909") as caught:
        find(study_of(slides={"dataset": "breakhis", "data_dir": str(write_breakhis(tmp_path))}))
    assert "--set modalities.sources.slides.allow_partial=true" in caught.value.fix


def test_one_class_is_not_enough(tmp_path):
    for number in range(3):
        write_image(tmp_path / "benign" / f"{number}.png", noise(number))
    with pytest.raises(StudyError, match="one class only"):
        find(study_of(mine={"dataset": "folder", "data_dir": str(tmp_path)}))


def test_a_folder_of_two_of_three_classes_is_a_data_set_of_two(tmp_path):
    for label in ("benign", "malignant"):
        for number in range(3):
            write_image(tmp_path / label / f"{number}.png", noise(len(label), number))
    available, _ = find(study_of(mine={"dataset": "folder", "data_dir": str(tmp_path)}))
    assert available["mine"].classes == ("benign", "malignant")


def test_without_patients_what_looks_alike_is_one_group(tmp_path):
    for label in ("benign", "malignant"):
        for number in range(3):
            coarse = noise(len(label), number, shape=(7, 9))
            write_image(tmp_path / label / f"{number}.png", np.kron(coarse, np.ones((12, 12), np.uint8)))
    twin = np.kron(noise(6, 0, shape=(7, 9)), np.ones((12, 12), np.uint8))  # benign/0, brighter
    write_image(tmp_path / "benign" / "9.png", (20 + 0.9 * twin).astype(np.uint8))
    available, _ = find(study_of(mine={"dataset": "folder", "data_dir": str(tmp_path)}))
    images = available["mine"].table.set_index("path")["group"]
    assert available["mine"].patients is None
    assert images["benign/0.png"] == images["benign/9.png"] and images.nunique() == 6


def test_one_source_of_look_alikes_is_listed_with_the_reason_and_stops_no_other(tmp_path):
    shade = np.mgrid[:70, :90][1] + 40
    for number in range(12):
        own = np.random.default_rng(number).normal(0, 1, shade.shape)
        label = ("benign", "malignant")[number % 2]
        write_image(tmp_path / "grey" / label / f"{number}.png", (shade + own).astype(np.uint8))
        write_image(tmp_path / "well" / label / f"{number}.png", noise(number))
    few = {"dataset": "folder", "data_dir": str(tmp_path / "well"), "most_images": 2}
    named = {name: {"dataset": "folder", "data_dir": str(tmp_path / name)} for name in ("grey", "well")}
    sheets = []
    study = study_of(**named, few=few)
    found = sources.find_sources(
        study, lambda called, pairs: sheets.append((called, len(pairs))) or "a/sheet.png", lambda what: silent
    )
    assert list(found[0]) == ["well", "few"] and list(found[1]) == ["grey"]
    available, absent = sources.with_folds(study, *found)
    assert list(available) == ["well"] and list(absent) == ["grey", "few"]
    assert sheets == [("modalities.sources.grey", 12)]
    grey = absent["grey"]
    assert "12 of 12 images are one group" in grey.problem and "a/sheet.png" in grey.problem
    assert "--set modalities.sources.grey.look_alikes=none" in grey.fix
    table = tables.sources_table(available, absent)
    assert table.loc[grey.title, "status"].startswith(f"not used: {grey.problem}")
    assert table.loc[absent["few"].title, "status"].startswith("not used: ")
    named["grey"]["look_alikes"] = "none"
    available, absent = find(study_of(**named))
    assert available["grey"].table["group"].nunique() == 12 and absent == {}
    assert "images, exact copies as one" in tables.sources_table(available, absent).iloc[0]["kept together"]


def test_where_no_source_can_be_used_the_first_is_named_with_its_fix(tmp_path):
    for number in range(4):
        write_image(tmp_path / "few" / ("benign", "malignant")[number % 2] / f"{number}.png", noise(number))
    study = study_of(few={"dataset": "folder", "data_dir": str(tmp_path / "few")}, gone={"dataset": "mias"})
    with pytest.raises(StudyError, match="^few: .*To fix: use more images or fewer folds"):
        sources.with_folds(study, *find(study))


def test_at_most_so_many_images_are_taken(tmp_path):
    slides = {"dataset": "breakhis", "data_dir": str(write_breakhis(tmp_path)), "allow_partial": True}
    available, _ = find(study_of(slides=slides | {"most_images": 9}))
    images = available["slides"].table
    assert images["label"].value_counts().to_dict() == {"benign": 5, "malignant": 4}
    assert images.index.tolist() == list(range(9))


def test_copies_that_are_left_out_do_not_make_patients_of_the_others(tmp_path):
    for number in range(24):
        write_image(tmp_path / ("benign" if number < 12 else "malignant") / f"{number}.png", noise(number))
    original, copy = tmp_path / "benign" / "1.png", tmp_path / "malignant" / "13.png"
    copy.write_bytes(original.read_bytes())
    for most in range(4, 24, 3):
        available, _ = find(
            study_of(mine={"dataset": "folder", "data_dir": str(tmp_path), "most_images": most})
        )
        assert available["mine"].patients is None


def test_a_second_look_reads_no_image_again(tmp_path, monkeypatch):
    study = study_of(
        slides={
            "dataset": "breakhis",
            "data_dir": str(write_breakhis(tmp_path / "data")),
            "allow_partial": True,
        }
    )
    first, _ = find(study)
    monkeypatch.setattr(sources, "build_manifest", None)
    again, _ = find(study)
    assert again["slides"].table.equals(first["slides"].table)
    assert again["slides"].data_sha256 == first["slides"].data_sha256


def test_settings_of_one_source_reach_its_data_set_alone(tmp_path):
    study = study_of(
        near={"dataset": "breakhis", "breakhis": {"magnification": 40}, "stain": "macenko"},
        far={"dataset": "breakhis", "breakhis": {"magnification": 400}},
        busi={"dataset": "busi"},
    )
    assert sources.titles_of(study) == {"near": "BreakHis at 40x", "far": "BreakHis at 400x", "busi": "BUSI"}


@pytest.mark.parametrize(
    ("setting", "message", "fix"),
    [
        ("modalities.sources.breakhis.data_dri=F", "unknown setting 'modalities.sources.breakhis.data_dri'",
         "did you mean 'data_dir'"),
        ("modalities.sources.x.data_dir=F", "'modalities.sources.x.dataset' is missing", "add"),
        ("modalities.sources={}", "modalities.sources = {} is not allowed", "at least one"),
    ],
)  # fmt: skip
def test_a_wrong_source_is_one_message(setting, message, fix):
    with pytest.raises(StudyError) as caught:
        load_study(STUDIES / "modalities.yaml", [setting])
    assert message in caught.value.problem and fix in caught.value.fix


def test_a_data_set_that_there_is_not_is_named_with_those_that_there_are():
    with pytest.raises(StudyError, match="modalities.sources.x.dataset = 'bussi'.*did you mean 'busi'"):
        find(study_of(x={"dataset": "bussi"}))


def test_stain_normalisation_of_ultrasound_is_a_wrong_setting_not_a_missing_data_set():
    with pytest.raises(StudyError, match="stain = macenko is for histopathology"):
        find(study_of(busi={"dataset": "busi", "stain": "macenko"}))


def test_a_data_dir_that_no_notebook_reads_is_told(tmp_path):
    study = make_study({"name": "mine", "notebooks": ALONE, "data_dir": str(tmp_path)})
    with pytest.raises(StudyError, match="--data-dir names one folder") as caught:
        files_of_sources(study)
    assert "modalities.sources.busi.data_dir" in caught.value.fix
