"""The paper of a finished run: written, read back and compiled."""

from __future__ import annotations

import json
import re
from decimal import ROUND_HALF_EVEN, Decimal
from pathlib import Path

from tex_reading import read_table

from bcd_utils.pipeline.stages import all_stages
from bcd_utils.reporting.paper.compile import compile_paper
from bcd_utils.reporting.paper.folder import write_paper
from bcd_utils.reporting.paper.marked import leaves
from bcd_utils.study.run import Run

#: Tables with sums and differences, and those of words.
DERIVED = ("images", "scores", "checklist", "settings", "claims", "runs")


def rounded(value: float | None, digits: int) -> str:
    """As tables print a number, by other means than theirs."""
    if value is None:
        return "–"
    text = f"{Decimal(value).quantize(Decimal(1).scaleb(-digits), ROUND_HALF_EVEN):,}"
    return text.replace("-", "−") if float(text.replace(",", "")) else text.lstrip("-")


def paper_of(*folders: Path, out: Path) -> tuple[Path, dict]:
    written = write_paper([Run.open(folder) for folder in folders], all_stages(), out)
    return written.folder, json.loads((folders[0] / "summary.json").read_text(encoding="utf-8"))


def strange_numbers(folder: Path, summary: dict) -> list[tuple[str, list[str], str]]:
    """Numbers of the tables of a paper on one run that are in no place of its summary, at their decimals."""
    values = list(leaves(summary).values())
    printed = {digits: {rounded(value, digits).lstrip("−") for value in values} for digits in range(5)}
    lengths = {
        str(len(source["classes"]))
        for source in (summary.get("modalities") or {}).get("sources", {}).values()
    }
    found = []
    for path in sorted((folder / "tables").glob("*.tex")):
        for row in [] if path.name.startswith(DERIVED) else read_table(path):
            for cell in row[1:]:
                for text in re.findall(r"(?<![\w.])\d[\d,]*(?:\.\d+)?(?![\w.%])", cell):
                    if text not in printed[len(text.partition(".")[2])] | lengths:
                        found.append((path.name, row, text))
    return found


def compiled(folder: Path) -> None:
    """Compile twice, to the same bytes; no line may stick out, no reference lead nowhere."""
    pdf = compile_paper(folder, "2026-01-02T03:04:05+00:00")
    first = pdf.read_bytes()
    assert first.startswith(b"%PDF-")
    log = (folder / "main.log").read_text(encoding="utf-8", errors="replace")
    assert not re.search(r"undefined|multiply defined|Rerun to get", log)
    wide = [float(points) for points in re.findall(r"Overfull \\hbox \(([\d.]+)pt", log)]
    assert max(wide, default=0) < 2, log
    assert compile_paper(folder, "2026-01-02T03:04:05+00:00").read_bytes() == first
