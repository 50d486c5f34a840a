"""The RO-Crate of an archive, held to what the specification (1.1) asks of its JSON."""

from __future__ import annotations

import pytest
from crates import METADATA, hold_to_the_specification
from summaries import FULL

from bcd_utils.reporting.crate import write_crate
from bcd_utils.reporting.paper.author import Author, Authored


@pytest.fixture
def folder(tmp_path):
    for name in (
        "study.yaml",
        "summary.json",
        "index.html",
        "tables/by class (1).csv",
        "artifacts/cams.npz",
        "LICENSE",
    ):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(name)
    return tmp_path


def test_a_crate_is_what_the_specification_asks_for(folder):
    write_crate(folder, FULL, Authored())
    graph = hold_to_the_specification(folder)
    root, action = graph["./"], graph["#run"]
    assert root["datePublished"] == FULL["provenance"]["when"]
    assert action["@type"] == "CreateAction"
    assert action["instrument"] == {"@id": "#software"} and [each["@id"] for each in action["result"]] == [
        "summary.json",
        "index.html",
    ]
    assert [each["@id"] for each in action["object"]] == ["study.yaml", "#data", "#weights"]
    assert graph["#data"]["sha256"] == "ab" * 32 and graph["#weights"]["sha256"] == "ef" * 32
    assert graph["#software"]["sha256"] == "cd" * 32 and "1a2b3c" in graph["#software"]["description"]
    assert graph["tables/by%20class%20%281%29.csv"]["name"] == "Table: by class (1).csv"


def test_the_same_run_is_described_in_the_same_words(folder):
    write_crate(folder, FULL, Authored())
    first = (folder / METADATA).read_bytes()
    (folder / METADATA).unlink()
    write_crate(folder, FULL, Authored())
    assert (folder / METADATA).read_bytes() == first


def test_a_run_without_a_network_of_its_own_or_a_homepage_has_no_empty_words(folder):
    """Several data sets side by side: none is the study's."""
    provenance = FULL["provenance"] | {"weights_sha256": None, "device": None}
    changed = {"dataset": {}, "provenance": provenance, "announcements": ["Synthetic <data>."]}
    write_crate(folder, FULL | changed, Authored())
    graph = hold_to_the_specification(folder)
    assert "#data" not in graph and "#weights" not in graph
    assert "Synthetic <data>." in graph["./"]["description"]
    assert all(value not in ("", None) for entity in graph.values() for value in entity.values())


def test_title_and_authors_are_those_that_the_authors_name(folder):
    both = (Author("Ada Example", orcid="0000-0001-2345-6789"), Author("Bea Example"))
    write_crate(folder, FULL, Authored(title="Copies in BUSI", authors=both))
    graph = hold_to_the_specification(folder)
    assert graph["./"]["name"] == "Copies in BUSI"
    ada, bea = graph["./"]["author"]
    assert ada == {"@id": "https://orcid.org/0000-0001-2345-6789"}
    assert [graph[each["@id"]]["name"] for each in (ada, bea)] == ["Ada Example", "Bea Example"]
