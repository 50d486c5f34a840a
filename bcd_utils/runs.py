"""A run folder: which files it holds, which notebook makes each, and whether a stage is done."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from bcd_utils.errors import StudyError
from bcd_utils.files import atomic_path, disk_errors, sha256_of_file, write_json, write_text
from bcd_utils.paths import REPORTS, ROOT, STUDIES, readable
from bcd_utils.study import Study
from bcd_utils.study_file import make_study

#: The contract between notebooks: file under ``artifacts/`` -> the notebook that writes it.
ARTIFACTS = {
    "dataset.json": "01_data_exploration",
    "manifest.csv": "01_data_exploration",
    "splits.csv": "02_preprocessing",
    "images.npy": "02_preprocessing",
    "training.json": "03_train_resnet50",
    "history.csv": "03_train_resnet50",
    "head.keras": "03_train_resnet50",
    "backbone.keras": "03_train_resnet50",
    "predictions.csv": "03_train_resnet50",
    "evaluation.json": "04_evaluation",
    "cam.json": "05_gradcam",
    "cams.npz": "05_gradcam",
    "duplicate_pairs.csv": "06_data_audit",
    "audited_manifest.csv": "06_data_audit",
    "audit.json": "06_data_audit",
    "lottery.csv": "07_split_lottery",
    "lottery.json": "07_split_lottery",
    "arms.csv": "08_paper_forensics",
    "forensics.json": "08_paper_forensics",
    "external_manifest.csv": "09_external_test",
    "external_predictions.csv": "09_external_test",
    "external.json": "09_external_test",
    "folds.csv": "10_model_comparison",
    "contender_features.npz": "10_model_comparison",
    "contender_predictions.csv": "10_model_comparison",
    "comparison.json": "10_model_comparison",
    "modality_images.csv": "11_modalities",
    "modality_predictions.csv": "11_modalities",
    "transfer_predictions.csv": "11_modalities",
    "modalities.json": "11_modalities",
}


class Run:
    """One run of a study, in one folder.

    Parameters
    ----------
    folder : Path
        Holds ``study.json``, ``artifacts/``, ``figures/``, ``tables/``, ``notebooks/``, HTML pages.
    study : Study
    """

    def __init__(self, folder: Path, study: Study):
        self.folder = folder
        self.study = study

    @classmethod
    def create(cls, folder: Path | str, study: Study) -> Run:
        """Make the run folder, or take it up again with these settings."""
        folder = Path(folder).absolute()
        with disk_errors(folder):
            folder.mkdir(parents=True, exist_ok=True)
        run = cls(folder, study)
        if not run._holds(study):
            write_json(folder / "study.json", study.as_dict())
        return run

    def _holds(self, study: Study) -> bool:
        try:
            return json.loads((self.folder / "study.json").read_text(encoding="utf-8")) == study.as_dict()
        except (FileNotFoundError, ValueError):
            return False

    @classmethod
    def open(cls, folder: Path | str = "") -> Run:
        """Open a run from a notebook or the command line.

        Parameters
        ----------
        folder : path
            The run folder, absolute or relative to here or to the project. Empty: the run that
            ``bcd lab`` named, else the newest under ``reports/``.

        Raises
        ------
        StudyError
            If there is no run, with the command that makes one.
        """
        folder = str(folder) or os.environ.get("BCD_RUN_DIR", "") or cls._newest()
        candidates = [Path(folder).absolute(), ROOT / folder, REPORTS / folder]
        for candidate in candidates:
            settings = candidate / "study.json"
            if settings.is_file():
                try:
                    values = json.loads(settings.read_text(encoding="utf-8"))
                except ValueError:
                    raise StudyError(
                        f"{settings} is damaged", "delete the run folder and run again"
                    ) from None
                return cls(candidate, make_study(values, readable(settings)))
        raise StudyError(f"{folder} is not a run folder", "make one with 'bcd run studies/phantom.yaml'")

    @staticmethod
    def _newest() -> str:
        runs = sorted(REPORTS.glob("*/study.json"), key=lambda path: path.stat().st_mtime)
        return str(runs[-1].parent) if runs else str(REPORTS / "phantom")

    # -- files that carry results from one notebook to the next ---------------------------------

    def artifact(self, name: str) -> Path:
        """Path of an artifact that another stage has written.

        Raises
        ------
        StudyError
            If it is missing, with the command that makes it.
        """
        path = self.folder / "artifacts" / name
        if not path.exists():
            raise StudyError(
                f"{readable(path)} is missing; notebook {ARTIFACTS[name]} makes it", self.command
            )
        return path

    def read_earlier(self, name: str, before: str) -> dict[str, Any] | None:
        """Plain values of an artifact, if this study writes it before the artifact ``before``; else None.

        What a later stage left in an earlier run takes no part, so that a second run gives what the first did.
        """
        stages = [stage for stage in self.study.notebooks if stage in (ARTIFACTS[name], ARTIFACTS[before])]
        return self.read_json(name) if stages[:-1] == [ARTIFACTS[name]] else None

    @property
    def command(self) -> str:
        """The command that makes this run, as advice."""
        study_file = STUDIES / f"{self.study.name}.yaml"
        settings = readable(study_file) if study_file.exists() else "STUDY.yaml"
        return f"run 'bcd run {settings} --run-dir {readable(self.folder)}'"

    @contextmanager
    def writing(self, name: str):
        """Temporary path that becomes the artifact ``name`` when the block succeeds."""
        if name not in ARTIFACTS:
            raise KeyError(f"{name} is not in the artifact contract")
        with atomic_path(self.folder / "artifacts" / name) as temporary:
            yield temporary

    def save_table(self, table: pd.DataFrame, name: str, index: bool = True) -> pd.DataFrame:
        """Write ``tables/<name>.csv`` and return the table, for display without NaN."""
        write_text(self.folder / "tables" / f"{name}.csv", table.to_csv(index=index, lineterminator="\n"))
        return table.astype(object).where(table.notna(), "")

    def save_figure(self, figure, name: str):
        """Write ``figures/<name>.png`` and return it as an IPython image, for display."""
        from IPython.display import Image

        path = self.folder / "figures" / f"{name}.png"
        with atomic_path(path) as temporary:
            figure.savefig(temporary, dpi=150, bbox_inches="tight", facecolor="white")
        width = figure.get_size_inches()[0] * 100
        return Image(filename=str(path), width=int(width), alt=name.replace("_", " "))

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
        # Only an empty cell is missing: an image may be called "NA".
        table = pd.read_csv(
            self.artifact(name),
            dtype=dict.fromkeys(("id", "group", "masks", "box", "slide"), str),
            keep_default_na=False,
            na_values=[""],
        )
        text = [column for column in table if not pd.api.types.is_numeric_dtype(table[column])]
        return table.fillna(dict.fromkeys(text, ""))

    def read_json(self, name: str) -> dict[str, Any]:
        """Read an artifact of plain values."""
        return json.loads(self.artifact(name).read_text())

    def images(self) -> np.ndarray:
        """The network's input images, memory-mapped: uint8 (n, size, size, 3), rows of splits.csv."""
        return np.load(self.artifact("images.npy"), mmap_mode="r")

    # -- stages ---------------------------------------------------------------------------------

    def marker(self, stage: str) -> Path:
        """The file that says a stage is done; written last."""
        return self.folder / "markers" / f"{stage}.json"

    def artifact_hashes(self, stages: list[str]) -> dict[str, str]:
        """SHA-256 of every artifact that ``stages`` recorded in their markers."""
        hashes: dict[str, str] = {}
        for stage in stages:
            hashes |= json.loads(self.marker(stage).read_text())["artifacts"]
        return hashes

    def is_done(self, stage: str, key: str) -> bool:
        """Whether a stage finished with this key and its files are still as it left them."""
        try:
            marker = json.loads(self.marker(stage).read_text())
        except (FileNotFoundError, ValueError):
            return False
        if marker.get("key") != key:
            return False
        for name, digest in marker["artifacts"].items():
            path = self.folder / "artifacts" / name
            if not path.exists() or sha256_of_file(path) != digest:
                return False
        return all((self.folder / name).exists() for name in marker["files"])

    def forget(self, stage: str) -> None:
        """Take back that a stage is done, and remove the figures and tables it left."""
        try:
            files = json.loads(self.marker(stage).read_text())["files"]
        except (FileNotFoundError, ValueError):
            files = []
        self.marker(stage).unlink(missing_ok=True)
        for name in files:
            (self.folder / name).unlink(missing_ok=True)

    def mark_done(self, stage: str, key: str, seconds: float, work: float, started: float) -> None:
        """Record that a stage is done: its key, its seconds (``work``: on data), its files since ``started``."""
        files = [
            path.relative_to(self.folder).as_posix()
            for part in ("figures", "tables", "notebooks")
            for path in sorted((self.folder / part).glob("*"))
            if path.stat().st_mtime >= started and not path.name.startswith(".")
        ]
        artifacts = {
            name: sha256_of_file(self.folder / "artifacts" / name)
            for name, maker in ARTIFACTS.items()
            if maker == stage and (self.folder / "artifacts" / name).exists()
        }
        write_json(
            self.marker(stage),
            {
                "key": key,
                "seconds": round(seconds, 2),
                "work_seconds": round(work, 2),
                "artifacts": artifacts,
                "files": files,
            },
        )

    def seconds(self, field: str = "seconds") -> dict[str, float]:
        """Seconds each finished stage took when it last ran; ``work_seconds``: on data alone."""
        markers = (self.marker(stage) for stage in self.study.notebooks)
        return {path.stem: json.loads(path.read_text())[field] for path in markers if path.exists()}
