"""What the RO-Crate specification (1.1) says MUST be, asked of a folder."""

from __future__ import annotations

import hashlib
import json
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import unquote

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
    assert all(
        entity.get("@type") and (key in (METADATA,) or entity.get("name")) for key, entity in graph.items()
    )
    return graph
