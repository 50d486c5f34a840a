"""A paper's folder as a PDF, where TeX is found."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from datetime import datetime
from pathlib import Path

from bcd_utils.utils.errors import StudyError
from bcd_utils.utils.paths import readable

PACKAGES = "texlive-latex-recommended texlive-latex-extra texlive-fonts-recommended lmodern"
MAIN = "main"
LONGEST = 600  # seconds
_ERROR = re.compile(r"^(?:\./)?(?P<file>[^:\n]+\.\w+):(?P<line>\d+): (?P<what>.+)$", re.MULTILINE)
_PDFLATEX = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "-file-line-error", f"{MAIN}.tex"]


def compile_paper(folder: Path, when: str) -> Path:
    """Compile ``main.tex``; what TeX writes on the way stays out of the folder, but for its log where it stops.

    Parameters
    ----------
    folder : Path
    when : str
        ISO 8601; the time that TeX takes for now, so that the same folder gives the same PDF.

    Returns
    -------
    Path
        ``main.pdf`` in the folder.

    Raises
    ------
    StudyError
        If there is no TeX, or it stops: one line with its first error, and the log's place.
    """
    if not shutil.which("pdflatex") or not shutil.which("bibtex"):
        fix = f"on Debian: apt install {PACKAGES}; or upload the zip to Overleaf"
        raise StudyError("pdflatex and bibtex were not found", fix)
    seconds = str(int(datetime.fromisoformat(when).timestamp()))
    environment = os.environ | {
        "SOURCE_DATE_EPOCH": seconds,
        "FORCE_SOURCE_DATE": "1",
        "max_print_line": "1000",
    }
    target, log = folder / f"{MAIN}.pdf", folder / f"{MAIN}.log"
    with tempfile.TemporaryDirectory() as scratch:
        work = Path(scratch) / "paper"
        shutil.copytree(folder, work, ignore=shutil.ignore_patterns("*.pdf.part"))
        for command in (_PDFLATEX, ["bibtex", MAIN], _PDFLATEX, _PDFLATEX, _PDFLATEX):
            try:
                done = subprocess.run(
                    command, cwd=work, env=environment, capture_output=True, timeout=LONGEST
                )
            except subprocess.TimeoutExpired:
                raise StudyError(
                    f"{command[0]} did not end within {LONGEST} seconds", "upload the zip to Overleaf"
                ) from None
            if done.returncode:
                said = work / f"{MAIN}.{'blg' if command[0] == 'bibtex' else 'log'}"
                kept = folder / said.name
                shutil.copyfile(said, kept)
                text = kept.read_text(encoding="utf-8", errors="replace")
                raise StudyError(f"{command[0]} stopped at {first_error(text)}", f"see {readable(kept)}")
        shutil.copyfile(work / target.name, target)
        log.unlink(missing_ok=True)
    return target


def first_error(log: str) -> str:
    """The first error of a log of TeX or BibTeX, in a line.

    Examples
    --------
    >>> first_error("This is pdfTeX\\n./main.tex:12: Undefined control sequence.\\nl.12 \\\\nonsense\\n")
    'line 12 of main.tex: Undefined control sequence (\\\\nonsense)'
    >>> first_error("I couldn't open database file author/own.bib\\n---line 3 of file main.aux\\n")
    "I couldn't open database file author/own.bib"
    """
    found = _ERROR.search(log)
    if not found:
        return next(
            (line for line in log.splitlines() if "couldn't" in line or line.startswith("!")),
            "an unknown place",
        )
    read = re.search(r"^l\.\d+ .*?(\S+)$", log[found.end() :], re.MULTILINE)
    where = f" ({read[1]})" if read and "Undefined" in found["what"] else ""
    return f"line {found['line']} of {found['file']}: {found['what'].rstrip('.')}{where}"
