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
_PDFLATEX = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "-file-line-error"]
_DRAFT = [*_PDFLATEX, "-draftmode", f"{MAIN}.tex"]
_RERUN = "Rerun to get"
MOST_RERUNS = 4


def compile_paper(folder: Path, when: str) -> Path:
    """Compile ``main.tex``; of what TeX writes, the PDF and the log come into the folder.

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
    with tempfile.TemporaryDirectory() as scratch:
        work = Path(scratch) / "paper"
        shutil.copytree(folder, work)
        for command in (_DRAFT, ["bibtex", MAIN], _DRAFT, *[[*_PDFLATEX, f"{MAIN}.tex"]] * MOST_RERUNS):
            log = _run(command, work, folder, when)
            if command is not _DRAFT and command[0] == "pdflatex" and _RERUN not in log:
                break
        for name in (f"{MAIN}.log", f"{MAIN}.pdf"):
            shutil.copyfile(work / name, folder / name)
    return folder / f"{MAIN}.pdf"


def _run(command: list[str], work: Path, folder: Path, when: str) -> str:
    """Run a program of TeX's and give its log, which is left in the paper's folder where it stops."""
    seconds = str(int(datetime.fromisoformat(when).timestamp()))
    times = {"SOURCE_DATE_EPOCH": seconds, "FORCE_SOURCE_DATE": "1", "max_print_line": "1000"}
    try:
        done = subprocess.run(command, cwd=work, env=os.environ | times, capture_output=True, timeout=LONGEST)
    except subprocess.TimeoutExpired:
        problem = f"{command[0]} did not end within {LONGEST} seconds"
        raise StudyError(problem, "upload the zip to Overleaf") from None
    log = work / f"{MAIN}.{'blg' if command[0] == 'bibtex' else 'log'}"
    text = log.read_text(encoding="utf-8", errors="replace") if log.is_file() else ""
    if done.returncode:
        (folder / log.name).write_text(text, encoding="utf-8")
        raise StudyError(f"{command[0]} stopped at {first_error(text)}", f"see {readable(folder / log.name)}")
    return text


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
