"""What an archived run says of itself to programs: an RO-Crate (Soiland-Reyes et al. 2022, Data Science 5).

The run is described as an action (Process Run Crate): which software made which files of which data.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from bcd_utils.reporting.paper.author import Authored
from bcd_utils.study.figures import figures_of
from bcd_utils.utils.files import sha256_of_file, write_json
from bcd_utils.utils.paths import PROJECT
from bcd_utils.utils.sealed import files_below

CRATE = "ro-crate-metadata.json"
#: Read by most programs; what came later is not needed.
VERSION = "1.1"
PROFILE = "https://w3id.org/ro/wfrun/process/0.5"
MEDIA_TYPES = {
    ".cff": "application/yaml", ".csv": "text/csv", ".html": "text/html", ".ipynb": "application/x-ipynb+json",
    ".json": "application/json", ".md": "text/markdown", ".pdf": "application/pdf", ".png": "image/png",
    ".yaml": "application/yaml", ".npz": "application/zip",
}  # fmt: skip
#: What single files are.
TITLES = {
    "CITATION.cff": "How to cite the software",
    "LICENSE": "Licence of the software, and of this archive but for images",
    "README.md": "What this archive holds, and how to check it",
    "checklist.csv": "Reporting checklists",
    "checklist.html": "Reporting checklists",
    "contract.json": "Which notebook reads and writes which file",
    "environment.txt": "Packages that were installed where the run was made",
    "index.html": "Overview of the run",
    "model_card.html": "Model card",
    "model_card.md": "Model card",
    "requirements.lock": "Packages that the software is locked to",
    "study.json": "Settings of the study, complete",
    "study.yaml": "Settings of the study, complete, as 'bcd run' reads them",
    "summary.json": "Every reported number",
}
#: What the files of a folder are.
KINDS = {
    "artifacts": "Result of a notebook", "figures": "Figure", "markers": "What a notebook's result depended on",
    "notebooks": "Executed notebook", "tables": "Table",
}  # fmt: skip


def write_crate(folder: Path, summary: Mapping[str, Any], authored: Authored) -> None:
    """Write ``ro-crate-metadata.json``, which describes every file that is in a folder.

    Parameters
    ----------
    folder : Path
        The archive, complete but for the list of its hashes.
    summary : mapping
        What ``summary.json`` holds. The crate's date is when that was written, so that a run has one description.
    authored : Authored
        Title and authors, as far as ``author.yaml`` names them.
    """
    from rocrate.model import ContextEntity
    from rocrate.rocrate import ROCrate

    def entity(identifier: str, kind: str, **properties: Any) -> Any:
        there = {key: value for key, value in properties.items() if value}
        return crate.add(ContextEntity(crate, identifier, {"@type": kind, **there}))

    crate, made = ROCrate(version=VERSION), summary["provenance"]
    cited = yaml.safe_load((PROJECT / "CITATION.cff").read_text(encoding="utf-8"))
    licence, data = cited["license"], summary["dataset"] or {}
    crate.metadata.extra_terms = {"sha256": "https://schema.org/sha256"}
    crate.name = authored.title or f"{summary['title']} (run of the study {summary['study']})"
    crate.description = " ".join([
        "One run of a study of breast images: settings, executed notebooks, pages, tables and scores, with the hashes "
        "of its data, weights and code. Not for clinical use.", *summary["announcements"],
    ])  # fmt: skip
    crate.datePublished = made["when"]
    title = f"{licence} licence"
    crate.license = entity(
        f"https://spdx.org/licenses/{licence}", "CreativeWork", name=title, description=title
    )
    authors = [
        entity(
            f"https://orcid.org/{author.orcid}" if author.orcid else f"#author-{place}",
            "Person",
            name=author.name,
        )
        for place, author in enumerate(authored.authors, 1)
    ]
    if authors:
        crate.root_dataset["author"] = authors
    makers = [
        entity(f"#maker-{place}", "Organization" if "name" in maker else "Person", name=_name(maker))
        for place, maker in enumerate(cited["authors"], 1)
    ]
    crate.root_dataset["conformsTo"] = entity(
        PROFILE, "CreativeWork", name="Process Run Crate", version=PROFILE.rpartition("/")[2]
    )

    records = figures_of(folder)
    for name in files_below(folder):
        file = folder / name
        said = {
            "name": TITLES.get(name) or _title(name),
            "encodingFormat": MEDIA_TYPES.get(file.suffix, "text/plain"),
            "contentSize": str(file.stat().st_size),
            "sha256": sha256_of_file(file),
        }
        if name.startswith("figures/") and file.stem in records:
            said |= {"name": records[file.stem].title, "description": records[file.stem].alt}
        crate.add_file(dest_path=name, properties=said)

    software = entity(
        "#software", "SoftwareApplication", name="bcd_utils", version=made["versions"]["bcd_utils"],
        description=f"{cited['title']}; commit {made['commit']}", sha256=made["code_sha256"],
        author=makers[0] if len(makers) == 1 else makers,
    )  # fmt: skip
    used = [crate.dereference("study.yaml")]
    if data:
        used.append(entity(
            "#data", "CreativeWork", name=data["title"], description=f"Images; their licence: {data['licence']}",
            citation=data["citation"], url=data["homepage"], sha256=data["data_sha256"],
        ))  # fmt: skip
    if made.get("weights_sha256"):
        used.append(entity(
            "#weights", "CreativeWork", name=f"Weights of {made['backbone']}: {made['weights']}",
            sha256=made["weights_sha256"],
        ))  # fmt: skip
    crate.root_dataset["mentions"] = entity(
        "#run", "CreateAction", name=f"Run of the study {summary['study']}", instrument=software, object=used,
        result=[crate.dereference("summary.json"), crate.dereference("index.html")], endTime=made["when"],
        description="On " + ", ".join(filter(None, [made["platform"], made["device"]])),
    )  # fmt: skip
    write_json(folder / CRATE, crate.metadata.generate())


def _name(maker: Mapping[str, str]) -> str:
    return maker.get("name") or f"{maker['given-names']} {maker['family-names']}"


def _title(name: str) -> str:
    """What a file is, from its folder and name."""
    folder, _, file = name.rpartition("/")
    return f"{KINDS.get(folder, 'Page' if file.endswith('.html') else 'File')}: {file}"
