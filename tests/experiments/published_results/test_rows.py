"""The file of published results: what ours holds, and what another may not."""

from __future__ import annotations

import pytest
import yaml

from bcd_utils.experiments.published_results.rows import (
    BY_IMAGE,
    COPIES,
    GROUPED,
    MASKS,
    REMOVED,
    UNSAID,
    USED,
    Row,
    load_published,
    row_named,
)
from bcd_utils.utils.errors import StudyError
from bcd_utils.utils.paths import STUDIES

SMALL = {
    "data": "Scans", "images": {"ill": 20, "well": 30}, "positive": "ill", "watched": "well",
    "rows": {"A": {"name": "a", "source": "doi", "known": ["abstract"], "scores": {"accuracy": "0.90"}}},
}  # fmt: skip


@pytest.fixture
def write(tmp_path):
    def write(**changes):
        path = tmp_path / "mine.yaml"
        path.write_text(yaml.safe_dump(SMALL | {"rows": {"A": SMALL["rows"]["A"] | changes}}))
        return path

    return write


def test_our_file_holds_every_row_with_its_digits():
    published = load_published(STUDIES / "published" / "busi.yaml")
    assert list(published.rows) == [f"R{number:02}" for number in range(1, 49)]
    assert len(published.other_data) == len(published.criticisms) == 7
    assert (
        published.rows["R09"].scores["precision"] == "90%"
        and published.rows["R22"].scores["accuracy"] == "0.9130"
    )
    kinds = {key: row.kind for key, row in published.rows.items()}
    assert [kinds[key] for key in ("R31", "R47", "R27", "R10", "R05", "R06", "R04")] == [
        GROUPED, REMOVED, BY_IMAGE, UNSAID, COPIES, USED, MASKS
    ]  # fmt: skip
    assert not any("wrong" in f"{row.states} {row.note}" for row in published.rows.values())


def test_a_row_takes_five_lines(write):
    row = load_published(write()).rows["A"]
    assert row.kind == UNSAID and not row.beyond_abstract and row.scores == {"accuracy": "0.90"}


@pytest.mark.parametrize(
    ("changes", "kind"),
    [
        ({"split": "image"}, BY_IMAGE),
        ({"split": "group", "copies": "kept together"}, GROUPED),
        ({"split": "image", "copies": "removed"}, REMOVED),
        ({"split": "copied image", "copies": "removed"}, COPIES),
        ({"augmented": "before the split", "test_use": "trained on"}, USED),
        ({"shown": "regions", "test_use": "trained on"}, MASKS),
        ({"shown": "predicted masks"}, UNSAID),
    ],
)
def test_the_kind_is_what_bears_most_on_the_test(changes, kind):
    assert Row("a", "doi", ("text",), **changes).kind == kind


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"scors": {}}, "unknown key 'rows.A.scors'.*did you mean 'scores'"),
        ({"known": ["hearsay"]}, "rows.A.known.0 = 'hearsay' is not allowed"),
        ({"scores": {"accuracy": "1.2"}}, "rows.A: scores.accuracy = 1.2 is not allowed"),
        ({"scores": {"recall_sick": "0.5"}}, "rows.A: scores.recall_sick is not a score"),
        ({"classes": ["ill", "fine"]}, "class 'fine' has no images"),
        ({"test": {"ill": 2, "well": 3}}, "test counts other classes than 'classes'"),
        (
            {"classes": ["ill", "well"], "test": {"ill": 2, "well": 3}, "matrix": [[2, 1], [0, 3]]},
            "do not sum to test",
        ),
        ({"shown": "masks"}, "of the kind 'masks or regions shown'.*where under 'place'"),
    ],
)
def test_what_contradicts_itself_is_refused_by_name(write, changes, said):
    with pytest.raises(StudyError, match=said):
        load_published(write(**changes))


def test_a_needed_key_that_is_misspelt_is_named_as_it_is_written(write):
    file = write()
    file.write_text(file.read_text().replace("known:", "knwon:", 1))
    with pytest.raises(StudyError, match="unknown key 'rows.A.knwon'.*did you mean 'known'"):
        load_published(file)


def test_a_file_of_one_publications_scores_holds_no_rows():
    with pytest.raises(StudyError, match="holds no published results"):
        load_published(STUDIES / "paper_reported.yaml")


def test_a_row_is_named_or_the_nearest_proposed(write):
    published = load_published(write())
    assert row_named(published, "A").name == "a"
    with pytest.raises(StudyError, match="There is no row 'B'"):
        row_named(published, "B")
