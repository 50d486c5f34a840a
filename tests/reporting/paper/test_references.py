"""What a paper cites."""

from __future__ import annotations

import re

import pytest

from bcd_utils.datasets import REGISTRY
from bcd_utils.reporting.checklist import load_checklists
from bcd_utils.reporting.paper.references import METHODS, Citations, bibliography, cited, data_entry, library
from bcd_utils.study.networks import NETWORKS
from bcd_utils.study.provenance import PACKAGES


def fields(entry: str) -> dict[str, str]:
    return dict(re.findall(r"^  (\w+) = \{(.*)\},?$", entry, re.MULTILINE))


def test_every_method_network_package_and_checklist_has_an_entry():
    works = library()
    assert set(METHODS.values()) | {*PACKAGES, "python", "bcd_utils"} == set(works)
    assert {network.title for network in NETWORKS.values()} <= METHODS.keys()
    assert {checklist["name"] for checklist in load_checklists()} <= METHODS.keys()


@pytest.mark.parametrize("key", list(library()))
def test_entries_are_whole_and_of_ascii(key):
    entry = library()[key]
    found = fields(entry)
    assert entry.isascii() and entry.count("{") == entry.count("}")
    assert {"author", "title", "year"} <= found.keys()
    assert ("VERSION" in entry) == (key in {*PACKAGES, "python", "bcd_utils"})
    needed = {"article": {"journal"}, "inproceedings": {"booktitle"}, "misc": set()}[
        re.match(r"@(\w+)", entry)[1]
    ]
    assert needed <= found.keys()
    assert re.fullmatch(r"10\.\d{4,}/\S+", found.get("doi", "10.1000/1"))


def test_checklists_have_the_dois_that_their_files_name():
    for checklist in load_checklists():
        doi = re.search(r"doi:(\S+)", checklist["source"])[1]
        assert fields(library()[METHODS[checklist["name"]]])["doi"] == doi


@pytest.mark.parametrize("name", list(REGISTRY))
def test_a_data_set_is_cited_as_it_declares(name):
    dataset = REGISTRY[name]
    entry = data_entry(
        f"data-{name}", {"title": dataset.title, "citation": dataset.citation, "homepage": dataset.homepage}
    )
    found = fields(entry)
    assert entry.isascii() and entry.count("{") == entry.count("}")
    if year := re.search(r"\((\d{4})\)", dataset.citation):
        assert entry.startswith("@article") and found["year"] == year[1]
        assert found["author"].split(",")[0] in entry
        assert found["author"].count(" and ") == dataset.citation.split(". ")[0].count(", ")
    if doi := re.search(r"doi:(\S+?)[.;]?(?:\s|$)", dataset.citation):
        assert found["doi"] == doi[1]


def test_each_work_is_cited_once_where_it_is_first_named():
    cite = Citations({"busi": "BUSI", "odd": "50%_a"}, {"numpy": "2.4", "unheard": "1"})
    assert cite("ResNet50 on BUSI") == r"ResNet50~\cite{he2016} on BUSI~\cite{data-busi}"
    assert cite("ResNet50, ResNet50V2, MyResNet50, 50%_a") == (
        r"ResNet50, ResNet50V2~\cite{he2016identity}, MyResNet50, 50\%\_a~\cite{data-odd}"
    )
    assert cite("numpy 2.4; unheard 1") == r"numpy 2.4~\cite{numpy}; unheard 1"


def test_the_bibliography_has_what_is_cited_with_the_recorded_versions():
    text = bibliography(cited([r"\cite{numpy, he2016}", r"\cite{numpy}"]), {}, {"numpy": "2.4_1"})
    assert re.findall(r"^@\w+\{([^,]+),", text, re.MULTILINE) == ["numpy", "he2016"]
    assert r"Version 2.4\_1" in text
    with pytest.raises(KeyError):
        bibliography(["unheard"], {}, {})
