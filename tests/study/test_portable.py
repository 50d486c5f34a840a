"""Settings as another machine can read them."""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from typing import get_args, get_type_hints

import yaml

from bcd_utils.study.loading import load_study, make_study
from bcd_utils.study.portable import NAMED, files_beside, places_in, portable
from bcd_utils.study.settings import Study
from bcd_utils.utils.paths import STUDIES

GIVEN = {
    "name": "mine", "backbone": "/w/a.keras", "weights": "/w/b.h5", "histopathology_dir": "/h/breakhis",
    "source": {"dataset": "folder", "data_dir": "/data/eve", "images": "/benign/", "table": {"file": "/t/labels.csv"}},
    "external": {"dataset": "folder", "data_dir": "/data/other"}, "audit": {"reviewed_pairs": "/p/pairs.csv"},
    "comparison": {"extractors": ["/w/c.keras", "/w/d.keras"]},
    "modalities": {"sources": {"a": {"dataset": "busi", "data_dir": "/data/busi"}}},
}  # fmt: skip


def names(owner: type) -> set[str]:
    """Names of all settings, those of sections too."""
    found = {field.name for field in fields(owner)}
    for hint in get_type_hints(owner).values():
        for kind in (hint, *get_args(hint)):
            if isinstance(kind, type) and is_dataclass(kind):
                found |= names(kind)
    return found


def test_every_setting_that_can_be_a_path_is_reduced_to_a_name():
    settings = make_study(GIVEN).as_dict()
    assert sorted(places_in(settings)) == sorted([
        "/w/a.keras", "/w/b.h5", "/h/breakhis", "/data/eve", "/t/labels.csv", "/data/other", "/p/pairs.csv",
        "/w/c.keras", "/w/d.keras", "/data/busi",
    ])  # fmt: skip
    left = portable(settings)
    assert list(places_in(left)) == []
    assert left["source"]["images"] == "/benign/"  # a regular expression
    assert (left["backbone"], left["external"]["data_dir"]) == ("a.keras", "other")
    assert left["comparison"]["extractors"] == ["c.keras", "d.keras"]


def test_no_other_setting_sounds_like_a_path():
    sound = {name for name in names(Study) if any(word in name for word in ("dir", "file", "path", "pairs"))}
    assert sound - NAMED <= {"path"}  # a column of a table


def test_portable_settings_make_a_study_again(tmp_path):
    study = make_study({"name": "mine", "epochs": 3, "source": {"dataset": "busi", "data_dir": "/data/busi"}})
    settings = {key: value for key, value in portable(study.as_dict()).items() if key != "sections"}
    (tmp_path / "study.yaml").write_text(yaml.safe_dump(settings))
    again = load_study(tmp_path / "study.yaml", source={"data_dir": "/elsewhere/busi"})
    assert portable(again.as_dict()) == portable(study.as_dict())
    assert again.source.data_dir == "/elsewhere/busi"


def test_files_that_may_lie_beside_a_study_are_found_there_and_among_ours(tmp_path):
    own = tmp_path / "pairs.csv"
    own.write_text("")
    settings = {
        "audit": {"reviewed_pairs": str(own)},
        "published_results": {"results": "published/busi.yaml"},
    }
    assert list(files_beside(settings)) == [own, STUDIES / "published" / "busi.yaml"]
    assert list(files_beside({"audit": {"reviewed_pairs": None}, "arms": "none.json"})) == []
