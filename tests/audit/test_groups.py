"""Groups are the connected components of what is the same; a person's word counts more than the program's."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bcd_utils.audit.groups import (
    NO_VERDICTS,
    audit_record,
    contradictory_groups,
    group_table,
    groups_with_pairs,
    read_verdicts,
    with_pixels,
    with_verdicts,
)
from bcd_utils.study.loading import load_study
from bcd_utils.utils.errors import StudyError
from bcd_utils.utils.paths import STUDIES

IDS = list("abcdef")


def manifest(groups="abcdef", labels="bbmmnn"):
    return pd.DataFrame({"id": IDS, "group": list(groups), "label": list(labels)})


def pairs(*rows):
    """Rows such as "ab yes"."""
    table = pd.DataFrame([(text[0], text[1], text[3:]) for text in rows], columns=["id_a", "id_b", "same"])
    return table.assign(verdict="", kind="near copy", contradictory=False)


def written(folder, text):
    path = folder / "mine.csv"
    path.write_text(text, encoding="utf-8")
    return path


# -- groups -----------------------------------------------------------------------------------------


def test_a_chain_is_one_group_named_by_its_first_image():
    joined = groups_with_pairs(manifest(), pairs("ce yes", "be yes", "af no"))
    assert joined.tolist() == ["a", "b", "b", "d", "b", "f"]


def test_known_groups_stay_and_are_linked_by_pairs():
    joined = groups_with_pairs(manifest(groups="ppqqrs"), pairs("bc yes"))
    assert joined.tolist() == ["a", "a", "a", "a", "e", "f"]


def test_the_index_of_the_manifest_is_kept():
    table = manifest().set_index(np.arange(10, 16))
    joined = groups_with_pairs(table, pairs("ab yes"))
    assert joined.loc[[10, 11]].tolist() == ["a", "a"] and joined.index.tolist() == table.index.tolist()


@given(
    st.sets(st.tuples(st.sampled_from(IDS), st.sampled_from(IDS)), max_size=8),
    st.text("pqr", min_size=6, max_size=6),
)
def test_groups_are_what_a_walk_from_image_to_image_reaches(links, groups):
    rows = [f"{one}{other} yes" for one, other in links]
    joined = groups_with_pairs(manifest(groups), pairs(*rows))
    neighbours = {
        name: {other for other in IDS if groups[IDS.index(other)] == groups[IDS.index(name)]} for name in IDS
    }
    for one, other in links:
        neighbours[one].add(other)
        neighbours[other].add(one)
    for start, group in zip(IDS, joined, strict=True):
        reached, frontier = {start}, [start]
        while frontier:
            new = neighbours[frontier.pop()] - reached
            reached |= new
            frontier += new
        assert group == min(reached)


def test_the_table_lists_groups_of_two_or_more_largest_first():
    table = group_table(manifest(groups="aabbbf", labels="bbmmnn"))
    assert table.to_dict("records") == [
        {"group": "b", "images": 3, "labels": "m, n", "ids": "c, d, e"},
        {"group": "a", "images": 2, "labels": "b", "ids": "a, b"},
    ]
    assert group_table(manifest(groups="aabbbf"), largest=1)["group"].tolist() == ["b"]
    assert len(group_table(manifest())) == 0


def test_groups_with_two_labels_are_contradictory():
    assert contradictory_groups(manifest(groups="aabbbf"))["group"].tolist() == ["b"]
    assert len(contradictory_groups(manifest(groups="aaccee"))) == 0


def test_the_record_counts_pairs_groups_and_conflicts():
    table = pairs("ab yes", "ce yes", "df no").assign(kind=["same file", "mirrored", "near copy"])
    table.loc[1, ["contradictory", "verdict"]] = [True, "yes"]
    joined = manifest().assign(group=groups_with_pairs(manifest(), table))
    record = audit_record(table, joined, 0.6)
    assert record["pairs"] == {
        "listed": 3,
        "same": 2,
        "kinds": {"same file": 1, "same pixels": 0, "near copy": 0, "mirrored": 1, "cropped": 0},
    }
    assert (record["groups"], record["images_in_groups"], record["largest_group"]) == (2, 4, 2)
    assert record["contradictory"] == [["c", "e"]] and record["contradictory_pairs"] == [["c", "e"]]
    assert record["reviewed"] == {"yes": 1, "no": 0} and record["threshold"] == 0.6


def test_the_record_of_a_set_without_copies():
    record = audit_record(pairs("df no"), manifest(), 0.6)
    assert (record["groups"], record["images_in_groups"], record["largest_group"]) == (0, 0, 1)
    assert record["contradictory"] == [] and record["pairs"]["same"] == 0


# -- verdicts ---------------------------------------------------------------------------------------


def test_a_persons_verdict_replaces_the_programs(tmp_path):
    path = written(tmp_path, "id_a,id_b,note,verdict\nb,a,x,no\nc,d,y, Yes \ne,f,z,\n")
    verdicts = read_verdicts(path, manifest()).pairs
    assert verdicts.to_numpy().tolist() == [["a", "b", "no"], ["c", "d", "yes"]]
    judged = with_verdicts(pairs("ab yes", "cd no", "ef yes"), verdicts)
    assert judged["same"].tolist() == ["no", "yes", "yes"]
    assert judged["verdict"].tolist() == ["no", "yes", ""]


def test_what_the_audit_writes_can_be_fed_back(tmp_path):
    table = pairs("ab yes", "cd no").assign(verdict=["no", ""])
    table.to_csv(tmp_path / "pairs.csv", index=False)
    assert read_verdicts(tmp_path / "pairs.csv", manifest()).pairs.to_numpy().tolist() == [["a", "b", "no"]]


def test_a_byte_order_mark_and_quotes_do_no_harm(tmp_path):
    path = written(tmp_path, '\ufeffid_a,id_b,verdict\n"a","b","yes"\n')
    assert len(read_verdicts(path, manifest()).pairs) == 1


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("id_a,id_b\na,b\n", "line 1: there is no column verdict"),
        ("id_a;id_b;verdict\na;b;yes\n", "line 1: there is no column id_a, id_b, verdict"),
        ("id_a,id_b,verdict\na,z,no\n", r"judges other images than this study's \(line 2: 'z'\)"),
        ("id_a,id_b,verdict\na,b,perhaps\n", "line 2: verdict 'perhaps'"),
        ("id_a,id_b,verdict\na,b,yes\nb,a,no\n", "line 3: b and a have another verdict"),
        ("", "is no table"),
    ],
)
def test_a_mistake_is_named_with_its_file_and_line(tmp_path, text, told):
    with pytest.raises(StudyError, match=told) as error:
        read_verdicts(written(tmp_path, text), manifest())
    assert "mine.csv" in str(error.value) and "To fix" in str(error.value)


HASHES = [letter * 64 for letter in IDS]


def test_a_verdict_on_images_that_the_study_lacks_is_left_out_and_said(tmp_path):
    path = written(tmp_path, "id_a,id_b,verdict\na,b,yes\na,z,no\nz,y,\n")
    verdicts = read_verdicts(path, manifest())
    assert verdicts.pairs.to_numpy().tolist() == [["a", "b", "yes"]] and verdicts.elsewhere == ["line 3: 'z'"]
    assert verdicts.said.startswith("A person has judged 1 pairs. **1 further verdicts are left out")
    assert NO_VERDICTS.said == "A person has judged 0 pairs."


def test_a_verdict_is_held_to_the_pixels_of_its_images(tmp_path):
    images = manifest().assign(pixels_sha256=HASHES)
    judged = with_pixels(pairs("ab yes", "cd no"), images).assign(verdict="yes")
    judged.to_csv(tmp_path / "mine.csv", index=False)
    assert len(read_verdicts(tmp_path / "mine.csv", images).pairs) == 2
    partly = read_verdicts(tmp_path / "mine.csv", images.assign(pixels_sha256=[*HASHES[:3], *"xyz"]))
    assert partly.elsewhere == ["line 3: 'd' has other pixels"] and len(partly.pairs) == 1
    with pytest.raises(StudyError, match="line 2: 'a' has other pixels.*reviewed_pairs=null"):
        read_verdicts(tmp_path / "mine.csv", images.assign(pixels_sha256="other"))


def test_the_table_that_comes_with_the_project_is_such_a_file():
    table = pd.read_csv(STUDIES / "busi_pairs.csv", dtype=str, keep_default_na=False)
    ends = [table[[f"id_{end}", f"pixels_{end}"]].set_axis(["id", "pixels_sha256"], axis=1) for end in "ab"]
    ids = pd.concat(ends).drop_duplicates()
    assert ids["id"].is_unique and set(ids["pixels_sha256"].str.len()) == {16}
    verdicts = read_verdicts(STUDIES / "busi_pairs.csv", ids)
    assert verdicts.elsewhere == [] and verdicts.pairs["verdict"].value_counts().to_dict() == {
        "yes": 41,
        "no": 23,
    }
    for name in ("trust", "comparison"):
        assert load_study(STUDIES / f"{name}.yaml").audit.reviewed_pairs == str(STUDIES / "busi_pairs.csv")


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(StudyError, match=r"There is no file .*gone\.csv"):
        read_verdicts(tmp_path / "gone.csv", manifest())
