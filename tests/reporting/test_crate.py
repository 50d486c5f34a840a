"""The RO-Crate of an archive, held to what the specification (1.1) asks of its JSON."""

from __future__ import annotations

import hashlib
import json
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from summaries import FULL

from bcd_utils.reporting.crate import write_crate

METADATA = "ro-crate-metadata.json"


def graph_of(folder: Path) -> dict[str, dict[str, Any]]:
    """The crate's entities by their identifier."""
    content = json.loads((folder / METADATA).read_text(encoding="utf-8"))
    assert content["@context"][0] == "https://w3id.org/ro/crate/1.1/context"
    graph = {entity["@id"]: entity for entity in content["@graph"]}
    assert len(graph) == len(content["@graph"]), "an identifier stands for one entity"
    return graph


def references(value: Any) -> list[str]:
    """Every identifier that a property points to."""
    if isinstance(value, list):
        return [each for part in value for each in references(part)]
    return [value["@id"]] if isinstance(value, dict) else []


def hold_to_the_specification(folder: Path) -> dict[str, dict[str, Any]]:
    """What the specification says MUST be, in a crate that lies in a folder; returns its entities."""
    graph = graph_of(folder)
    descriptor, root = graph[METADATA], graph["./"]
    assert descriptor["@type"] == "CreativeWork" and descriptor["about"] == {"@id": "./"}
    assert descriptor["conformsTo"] == {"@id": "https://w3id.org/ro/crate/1.1"}
    assert root["@type"] == "Dataset" and root["name"] and root["description"]
    assert datetime.fromisoformat(root["datePublished"])
    assert graph[root["license"]["@id"]]["name"]
    files = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    described = {unquote(part["@id"]) for part in root["hasPart"]}
    assert described == files - {METADATA, "manifest-sha256.txt"}
    for part in root["hasPart"]:
        file = graph[part["@id"]]
        content = (folder / unquote(part["@id"])).read_bytes()
        assert file["@type"] == "File" and file["name"] and "/" in file["encodingFormat"]
        assert file["contentSize"] == str(len(content))
        assert file["sha256"] == hashlib.sha256(content).hexdigest()
    named = {name for entity in graph.values() for value in entity.values() for name in references(value)}
    assert named - graph.keys() <= {"https://w3id.org/ro/crate/1.1"}
    assert all(entity.get("@type") and (key in (METADATA,) or entity.get("name")) for key, entity in graph.items())
    return graph


@pytest.fixture
def folder(tmp_path):
    for name in ("study.yaml", "summary.json", "index.html", "tables/by class (1).csv", "artifacts/cams.npz", "LICENSE"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(name)
    return tmp_path


def test_a_crate_is_what_the_specification_asks_for(folder):
    write_crate(folder, FULL)
    graph = hold_to_the_specification(folder)
    root, action = graph["./"], graph["#run"]
    assert root["datePublished"] == FULL["provenance"]["when"]
    assert action["@type"] == "CreateAction"
    assert action["instrument"] == {"@id": "#software"} and action["result"] == {"@id": "summary.json"}
    assert [each["@id"] for each in action["object"]] == ["study.yaml", "#data", "#weights"]
    assert graph["#data"]["sha256"] == "ab" * 32 and graph["#weights"]["sha256"] == "ef" * 32
    assert graph["#software"]["sha256"] == "cd" * 32 and "1a2b3c" in graph["#software"]["description"]
    assert graph["tables/by%20class%20%281%29.csv"]["name"] == "Table: by class (1).csv"


def test_the_same_run_is_described_in_the_same_words(folder):
    write_crate(folder, FULL)
    first = (folder / METADATA).read_bytes()
    (folder / METADATA).unlink()
    write_crate(folder, FULL)
    assert (folder / METADATA).read_bytes() == first


def test_a_run_without_a_network_of_its_own_or_a_homepage_has_no_empty_words(folder):
    """Several data sets side by side: none is the study's."""
    provenance = FULL["provenance"] | {"weights_sha256": None, "device": None}
    write_crate(folder, FULL | {"dataset": {}, "provenance": provenance, "announcements": ["Synthetic <data>."]})
    graph = hold_to_the_specification(folder)
    assert "#data" not in graph and "#weights" not in graph
    assert "Synthetic <data>." in graph["./"]["description"]
    assert all(value not in ("", None) for entity in graph.values() for value in entity.values())
