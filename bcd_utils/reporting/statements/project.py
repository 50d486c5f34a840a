"""What a program can know of a run's code, machine and purpose."""

from __future__ import annotations

from bcd_utils.reporting.statements.base import Summary, at, statement


@statement("summary.json")
def version(summary: Summary) -> str:
    provenance = at(summary, "provenance")
    return (
        f"Study “{at(summary, 'title')}”, bcd_utils {at(provenance, 'versions', 'bcd_utils')}, "
        f"commit {at(provenance, 'commit')}, {at(provenance, 'when')[:10]}."
    )


@statement("summary.json")
def code(summary: Summary) -> str:
    provenance = at(summary, "provenance")
    return f"Code: commit {at(provenance, 'commit')}; SHA-256 of bcd_utils {at(provenance, 'code_sha256')}."


@statement("summary.json")
def software(summary: Summary) -> str:
    versions = at(summary, "provenance", "versions")
    return "; ".join(f"{name} {number}" for name, number in versions.items()) + "."


@statement("summary.json")
def hardware(summary: Summary) -> str:
    minutes, machine = sum(at(summary, "seconds").values()) / 60, at(summary, "provenance")
    return f"{at(machine, 'device')}; {at(machine, 'platform')}; {minutes:.1f} minutes for the whole run."


@statement("README.md")
def readme(summary: Summary) -> str:
    return "README.md of the project."


@statement("study.json")
def script(summary: Summary) -> str:
    notebooks = f"{len(at(summary, 'settings', 'notebooks'))} notebooks in order"
    return f"One command, bcd run, with the settings in study.json makes every number and page: it runs {notebooks}."


@statement("study.json")
def settings_file(summary: Summary) -> str:
    at(summary, "settings")
    return "Every setting of the run is in study.json; the notebooks tell the method step by step."


@statement("the project")
def intended_use(summary: Summary) -> str:
    return (
        "Research and teaching on a published method. Not for clinical use: no medical device, no diagnosis."
    )
