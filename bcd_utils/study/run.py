"""A run folder: which files it holds, which notebook makes each, and whether a stage is done."""

from __future__ import annotations

import json
import os
import shlex
from collections.abc import Mapping
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pandas as pd

from bcd_utils.study.differences import command_of
from bcd_utils.study.figures import PAGE_DPI, said_of, write_figure
from bcd_utils.study.loading import make_study
from bcd_utils.study.overrides import overridden
from bcd_utils.study.settings import Study
from bcd_utils.utils.cache import work_for
from bcd_utils.utils.errors import StudyError, nearest
from bcd_utils.utils.files import atomic_path, read_json, sha256_of_file, write_json, write_text
from bcd_utils.utils.paths import REPORTS, ROOT, readable, refuse_unstorable
from bcd_utils.utils.system_errors import disk_errors

#: Tells a notebook's kernel which stage it is; unset where a person has opened the notebook.
STAGE = "BCD_STAGE"
#: What each notebook may do: notebook -> {"reads": names, "writes": names, "figures", "tables": name -> what is said}.
Contract = Mapping[str, Mapping[str, Any]]


class Run:
    """One run of a study, in one folder.

    Parameters
    ----------
    folder : Path
        Holds ``study.json``, ``contract.json``, ``artifacts/``, ``figures/``, ``tables/``, ``notebooks/``, HTML pages.
    study : Study
    contract : mapping
        What each notebook may read, write and draw, as the stages declare it.
    target : Path, optional
        Folder that takes what is written, where the run is only looked at; by default its own.
    """

    def __init__(
        self,
        folder: Path,
        study: Study,
        contract: Contract = MappingProxyType({}),
        target: Path | None = None,
    ):
        refuse_unstorable(folder, "the run folder")
        work_for(study.name)
        self.folder = folder
        self.study = study
        self.contract = contract
        self.target = target or folder
        self._written: set[str] = set()

    @classmethod
    def create(cls, folder: Path | str, study: Study, contract: Contract) -> Run:
        """Make the run folder, or take it up again with these settings and this contract."""
        folder = Path(folder).absolute()
        run = cls(folder, study, contract)
        with disk_errors(folder):
            folder.mkdir(parents=True, exist_ok=True)
        for name, value in {"study.json": study.as_dict(), "contract.json": contract}.items():
            if read_json(folder / name) != value:
                write_json(folder / name, value)
        return run

    @classmethod
    def open(cls, folder: Path | str = "") -> Run:
        """Open a run from a notebook or the command line.

        Parameters
        ----------
        folder : path
            The run folder, absolute or relative to here or to the project. Empty: the run that
            ``bcd lab`` named, else the one under ``reports/`` that finished last.

        Raises
        ------
        StudyError
            If there is no run, with the command that makes one.
        """
        folder = str(folder) or os.environ.get("BCD_RUN_DIR", "") or cls._newest()
        for place in (Path(folder).absolute(), ROOT / folder, REPORTS / folder):
            settings = place / "study.json"
            if settings.is_file():
                values = read_json(settings)
                if not isinstance(values, dict):
                    fix = f"run the same 'bcd run' as before, with --run-dir {readable(place)}: it is written anew"
                    raise StudyError(f"{settings} is damaged", fix)
                study = make_study(values, readable(settings))
                return cls(place, study, read_json(place / "contract.json") or {})
        meant = nearest(readable(folder), (readable(path.parent) for path in REPORTS.glob("*/study.json")))
        fix = f"name {meant}" if meant else "make one with 'bcd run phantom'"
        raise StudyError(f"{folder} is not a run folder", fix)

    def _repr_markdown_(self) -> str:
        return f"**{self.study.title}**, run `{readable(self.folder)}`"

    def explored(self) -> Run:
        """This run, to be looked at: what is written goes into its folder ``exploration``."""
        return Run(self.folder, self.study, self.contract, self.folder / "exploration")

    def changed(self, settings: str) -> Run:
        """This run, to be looked at under other settings, such as "epochs=3 pooling=average".

        Raises
        ------
        StudyError
            If one is not known, or its value not allowed.
        """
        values = overridden(self.study.as_dict(), shlex.split(settings))
        return Run(self.folder, make_study(values, "settings"), self.contract).explored()

    @staticmethod
    def _newest() -> str:
        """The run that finished last; where none did, the one that began last."""
        for written_last in ("summary.json", "study.json"):
            if runs := sorted(REPORTS.glob(f"*/{written_last}"), key=lambda path: path.stat().st_mtime):
                return str(runs[-1].parent)
        return str(REPORTS / "phantom")

    def artifact(self, name: str) -> Path:
        """Path of an artifact that another stage has written.

        Raises
        ------
        StudyError
            If it is missing, with the command that makes it.
        """
        stage = self.contract.get(os.environ.get(STAGE, ""))
        if stage and name not in {*stage["reads"], *stage["writes"]}:
            raise StudyError(
                f"{os.environ[STAGE]} reads {name}, which its stage does not declare",
                f"add it to `reads` in the stage's file, else a changed {name} would not make the stage run again",
            )
        path = (self.target if name in self._written else self.folder) / "artifacts" / name
        if not path.exists():
            maker = self.maker(name)
            raise StudyError(f"{readable(path)} is missing; notebook {maker} makes it", self.command)
        return path

    def maker(self, name: str) -> str | None:
        """The notebook that writes an artifact; None where no stage declares it."""
        return next((notebook for notebook, stage in self.contract.items() if name in stage["writes"]), None)

    @property
    def command(self) -> str:
        """The command that makes this run, as advice."""
        return f'run "{command_of(self.folder, self.study)}"'

    @contextmanager
    def writing(self, name: str):
        """Temporary path that becomes the artifact ``name`` when the block succeeds.

        Raises
        ------
        StudyError
            If the stage that runs does not declare it; outside a chain, if no stage does.
        """
        maker = self.maker(name)
        if maker is None or maker != os.environ.get(STAGE, maker):
            problem = f"{os.environ.get(STAGE, 'A notebook')} writes {name}, which its stage does not declare"
            raise StudyError(problem, "add it to `writes` in the stage's file, and run the study again")
        with atomic_path(self.target / "artifacts" / name) as temporary:
            yield temporary
        self._written.add(name)

    def save_table(
        self, table: pd.DataFrame, name: str, index: bool = True, shown: pd.DataFrame | None = None
    ) -> pd.DataFrame:
        """Write ``tables/<name>.csv`` and return the table, or what is ``shown`` for it, with ``attrs["caption"]``."""
        write_text(self.target / "tables" / f"{name}.csv", table.to_csv(index=index, lineterminator="\n"))
        declared = [stage["tables"] for stage in self.contract.values() if name in stage.get("tables", ())]
        given = (table if shown is None else shown).copy(deep=False)
        given.attrs["caption"] = declared[0][name] if declared else name.replace("_", " ").capitalize()
        return given

    def save_figure(self, figure, name: str):
        """Write a figure, see `figures.write_figure`, and return it as an IPython image, for display.

        Raises
        ------
        StudyError
            If the stage that runs does not declare it.
        """
        from IPython.display import Image

        declared = said_of(name, self.contract, os.environ.get(STAGE, ""))
        record = write_figure(figure, self.target / "figures", name, declared)
        path, said = self.target / "figures" / f"{name}.png", {"caption": record.caption, "name": name}
        return Image(filename=str(path), width=round(record.width * PAGE_DPI), alt=record.alt, metadata=said)

    def save_csv(self, table: pd.DataFrame, name: str) -> None:
        """Write a table as the artifact ``name``."""
        with self.writing(name) as temporary:
            table.to_csv(temporary, index=False, lineterminator="\n")

    def save_json(self, value: Mapping[str, Any], name: str) -> None:
        """Write plain values as the artifact ``name``."""
        with self.writing(name) as temporary:
            temporary.write_text(json.dumps(value, indent=2, allow_nan=False) + "\n")

    def read_csv(self, name: str) -> pd.DataFrame:
        """Read an artifact table; empty text stays empty text."""
        types = dict.fromkeys(("id", "path", "label", "patient", "group", "masks", "box", "slide"), str)
        # Only an empty cell is missing: an image may be called "NA".
        table = pd.read_csv(self.artifact(name), dtype=types, keep_default_na=False, na_values=[""])
        text = [column for column in table if not pd.api.types.is_numeric_dtype(table[column])]
        return table.fillna(dict.fromkeys(text, ""))

    def read_json(self, name: str) -> dict[str, Any]:
        """Read an artifact of plain values."""
        return json.loads(self.artifact(name).read_text())

    def marker(self, stage: str) -> Path:
        """The file that says a stage is done; written last."""
        return self.folder / "markers" / f"{stage}.json"

    def artifact_hashes(self, stages: list[str]) -> dict[str, str]:
        """SHA-256 of every artifact that ``stages`` recorded in their markers."""
        markers = [self.marker_of(stage) for stage in stages]
        return {name: digest for marker in markers if marker for name, digest in marker["artifacts"].items()}

    def marker_of(self, notebook: str) -> dict[str, Any] | None:
        """What a stage left when it was done; None where it is not, or its marker cannot be read."""
        marker = read_json(self.marker(notebook))
        hashes = [marker.get(part) for part in ("artifacts", "files")] if isinstance(marker, dict) else [None]
        return marker if all(isinstance(part, dict) for part in hashes) else None

    def damage(self, marker: Mapping[str, Any]) -> str:
        """Which file of a stage is not as the stage left it, in words; empty where all are."""
        paths = {name: self.folder / "artifacts" / name for name in marker["artifacts"]}
        paths |= {name: self.folder / name for name in marker["files"]}
        for name, digest in (marker["artifacts"] | marker["files"]).items():
            if not paths[name].is_file():
                return f"{name} is missing"
            if sha256_of_file(paths[name]) != digest:
                return f"{name} was changed"
        return ""

    def shown(self) -> dict[str, tuple[int, ...]]:
        """The run's figures, tables and executed notebooks, and what tells that one was written anew."""
        kept = [self.folder / part for part in ("figures", "tables", "notebooks")]
        paths = [path for folder in kept for path in folder.glob("*")]
        states = {path: path.stat() for path in sorted(paths) if not path.name.startswith(".")}
        return {
            path.relative_to(self.folder).as_posix(): (state.st_ino, state.st_mtime_ns, state.st_size)
            for path, state in states.items()
        }

    def forget(self, stage: str) -> None:
        """Take back that a stage is done, and remove the figures and tables it left."""
        files = (self.marker_of(stage) or {"files": {}})["files"]
        self.marker(stage).unlink(missing_ok=True)
        for name in files:
            (self.folder / name).unlink(missing_ok=True)

    def mark_done(
        self,
        stage: str,
        parts: Mapping[str, Any],
        seconds: float,
        work: float,
        before: Mapping[str, tuple[int, ...]] = MappingProxyType({}),
    ) -> None:
        """Record that a stage is done.

        Parameters
        ----------
        stage : str
        parts : mapping
            What decided its result.
        seconds, work : float
            How long it took; how much of that it spent on data.
        before : mapping
            What was `shown` when it began; what has changed since is its own.
        """
        files = [name for name, state in self.shown().items() if before.get(name) != state]
        paths = [self.folder / "artifacts" / name for name in self.contract[stage]["writes"]]
        written = [path for path in paths if path.exists()]
        marker = {
            "parts": dict(parts),
            "seconds": round(seconds, 2),
            "work_seconds": round(work, 2),
            "bytes": sum(path.stat().st_size for path in (*(self.folder / name for name in files), *written)),
            "artifacts": {path.name: sha256_of_file(path) for path in written},
            "files": {name: sha256_of_file(self.folder / name) for name in files},
        }
        write_json(self.marker(stage), marker)

    def seconds(self, field: str = "seconds") -> dict[str, float]:
        """Seconds each finished stage took when it last ran; ``work_seconds``: on data alone."""
        return {stage: each[field] for stage in self.study.notebooks if (each := self.marker_of(stage))}
