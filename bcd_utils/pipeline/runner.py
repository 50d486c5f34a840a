"""Run a study's notebooks in order, skipping what is done, and write the reports."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bcd_utils.pipeline.notebook import Listener, run_notebook
from bcd_utils.pipeline.origin import take_folder
from bcd_utils.pipeline.stages import all_stages
from bcd_utils.pipeline.staleness import Parts, parts_of, why
from bcd_utils.study.run import Run
from bcd_utils.study.stage import Stage, contract_of, stages_of
from bcd_utils.utils.errors import StudyError
from bcd_utils.utils.files import clear_half_written
from bcd_utils.utils.lock import hold
from bcd_utils.utils.paths import NOTEBOOKS, readable
from bcd_utils.utils.system_errors import disk_errors

if TYPE_CHECKING:
    from filelock import AcquireReturnProxy, FileLock

#: What sums up a whole run, and says nothing true of a half one.
SUMS = ("summary.json", "index.html", "checklist.html", "checklist.csv", "model_card.html", "model_card.md")


@dataclass(frozen=True)
class Step:
    """One stage of a plan.

    Attributes
    ----------
    notebook : str
    why : str
        Why it would run; empty where it would be skipped.
    seconds, megabytes : float or None
        What it took when it last ran: time, and size of its files; None where it never did.
    """

    notebook: str
    why: str
    seconds: float | None
    megabytes: float | None


class Chain:
    """The stages of one run.

    Parameters
    ----------
    run : Run
        Its folder need not be there.
    declared : mapping of notebook to Stage, optional
        All stages there are; the study names some of them.
    notebooks : Path, optional
        Folder of the notebooks.

    Raises
    ------
    StudyError
        If the study names a notebook that is not there, or one that reads what none before it writes.
    """

    def __init__(self, run: Run, declared: Mapping[str, Stage] | None = None, notebooks: Path = NOTEBOOKS):
        self.declared = all_stages() if declared is None else declared
        self.stages = stages_of(run.study.notebooks, self.declared)
        self.notebooks = notebooks
        for stage in self.stages:
            if not self.source(stage).is_file():
                missing = readable(self.source(stage))
                raise StudyError(f"There is no notebook {missing}", "restore it from git")
        names = tuple(stage.notebook for stage in self.stages)
        self.run = Run(run.folder, replace(run.study, notebooks=names), contract_of(self.declared.values()))

    def source(self, stage: Stage) -> Path:
        """The notebook that a stage executes."""
        return self.notebooks / f"{stage.notebook}.ipynb"

    def outside(self) -> dict[str, Any]:
        """For each notebook of the study what its files from outside the run are.

        Raises
        ------
        StudyError
            If some are missing: better now than after the training.
        """
        study = self.run.study
        return {stage.notebook: stage.outside(study) if stage.outside else None for stage in self.stages}

    def first_asked(self, from_stage: str | None) -> int:
        """Index of the stage whose name begins with a text; past the last where nothing is asked for."""
        if not from_stage:
            return len(self.stages)
        names = [stage.notebook for stage in self.stages]
        matches = [index for index, name in enumerate(names) if name.startswith(from_stage)]
        if len(matches) != 1:
            fix = f"name one of {', '.join(names)}"
            raise StudyError(f"--from {from_stage} names no stage of this study", fix)
        return matches[0]

    def state(self, index: int, asked: int, outside: Mapping[str, Any]) -> tuple[Parts, str]:
        """What decides the result of a stage as things are, and why it must run; empty where it need not.

        Parameters
        ----------
        index : int
            Of the stage.
        asked : int
            Index of the first stage that was asked to run again.
        outside : mapping
            From `outside`.
        """
        stage = self.stages[index]
        before, source = self.stages[:index], self.source(stage)
        parts = parts_of(self.run, stage, before, outside[stage.notebook], source)
        return parts, why(self.run, stage, parts) or ("asked for" if index >= asked else "")

    def plan(self, from_stage: str | None = None) -> list[Step]:
        """What `execute` would run and why; writes nothing.

        A stage that reads what an earlier one would make anew is listed; where that comes out the same, it is
        skipped.
        """
        asked, outside = self.first_asked(from_stage), self.outside()
        steps: list[Step] = []
        renewed: dict[str, str] = {}
        for index, stage in enumerate(self.stages):
            _, reason = self.state(index, asked, outside)
            anew = [name for name in (*stage.reads, *stage.also_reads) if name in renewed]
            if not reason and anew:
                reason = f"reads {anew[0]}, which {renewed[anew[0]]} makes anew"
            marker = self.run.marker_of(stage.notebook) or {}
            megabytes = marker["bytes"] / 1e6 if marker.get("bytes") is not None else None
            steps.append(Step(stage.notebook, reason, marker.get("seconds"), megabytes))
            if reason:
                renewed |= dict.fromkeys(stage.writes, stage.notebook)
        return steps

    def execute(
        self,
        from_stage: str | None = None,
        listen: Listener = lambda *_: None,
        study_file: Path | None = None,
        overwrite: bool = False,
    ) -> Path:
        """Run every stage that is not done, then write summary and reports.

        Parameters
        ----------
        from_stage : str, optional
            Name (or number, such as "03") of a stage to run again with all after it.
        study_file : Path, optional
            Where the study's settings come from.
        overwrite : bool
            Whether a run of another study, or on other data, gives way.

        Returns
        -------
        Path
            ``index.html`` of the run.

        Raises
        ------
        StudyError
            If a stage fails; what is finished is kept, and the same command goes on from there. If the data are not
            there, or the folder holds the run of another study; nothing is changed then.
        """
        from bcd_utils.pipeline.publish import publish

        asked = self.first_asked(from_stage)
        outside = self.outside()
        with disk_errors(self.run.folder), locked(self.run.folder):
            take_folder(self.run, study_file, overwrite)
            run = self.run = Run.create(self.run.folder, self.run.study, self.run.contract)  # under the lock
            clear_half_written(run.folder)
            for index, stage in enumerate(self.stages):
                parts, reason = self.state(index, asked, outside)
                if not reason:
                    listen(stage.notebook, "unchanged", 0.0, "")
                    continue
                take_back_sums(run.folder)
                seconds = run_notebook(run, stage, self.source(stage), parts, listen)
                listen(stage.notebook, "done", seconds, reason)
            return publish(run, self.declared)

    def report(self) -> Path:
        """Write summary and reports of a run whose stages were made one by one.

        Raises
        ------
        StudyError
            If a stage is not done, or its notebook was written elsewhere; with the command that helps.
        """
        from bcd_utils.pipeline.publish import publish

        outside, folder = self.outside(), readable(self.run.folder)
        with disk_errors(self.run.folder), locked(self.run.folder):
            for index, stage in enumerate(self.stages):
                name = stage.notebook
                written = self.run.folder / "notebooks" / f"{name}.ipynb"
                make = f"papermill {readable(self.source(stage))} {readable(written)} -p run_dir {folder}"
                if reason := self.state(index, len(self.stages), outside)[1]:
                    raise StudyError(f"{name} of {folder} is not done: {reason}", f"run '{make}'")
                if not written.exists():
                    fix = f"copy it to {readable(written)}, or run '{make} -p overwrite True'"
                    raise StudyError(f"The executed notebook of {name} was written elsewhere", fix)
            return publish(self.run, self.declared)


def take_back_sums(folder: Path) -> None:
    """Remove what sums up a run, before one of its stages is made anew."""
    for outdated in SUMS:
        (folder / outdated).unlink(missing_ok=True)


def locked(folder: Path) -> AcquireReturnProxy[FileLock]:
    """A run folder's lock, held: one chain at a time works in it.

    Raises
    ------
    StudyError
        If another process holds it, or the folder cannot be made.
    """
    problem = f"Another run is writing {readable(folder)}"
    return hold(folder / ".lock", StudyError(problem, "wait for it, or choose another --run-dir"))
