"""Predictions as a file: written row after row, taken up again after an interruption, whole under its final name."""

from __future__ import annotations

import csv
import json
import shutil
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pandas as pd

from bcd_utils.models.features import BATCH
from bcd_utils.prediction.columns import NOT_CLINICAL, kind
from bcd_utils.prediction.heat_maps import HeatMaps
from bcd_utils.prediction.inputs import listed
from bcd_utils.prediction.model import StudyModel
from bcd_utils.utils.counting import OnProgress, silent
from bcd_utils.utils.errors import StudyError
from bcd_utils.utils.files import atomic_path, sha256_of_json, write_text
from bcd_utils.utils.lock import hold
from bcd_utils.utils.paths import readable
from bcd_utils.utils.system_errors import disk_errors

ENDINGS = (".csv", ".jsonl", ".parquet")


@dataclass
class Counts:
    """How many images a file holds: all, those of which the model does not decide, and why others were not read."""

    images: int = 0
    abstained: int = 0
    unread: Counter[str] = field(default_factory=Counter)

    @property
    def read(self) -> int:
        """How many could be."""
        return self.images - self.unread.total()


def check_ending(out: Path) -> None:
    """Stop where a file's ending names no format that can be written here.

    Raises
    ------
    StudyError
        With the endings that can.
    """
    if out.suffix.lower() not in ENDINGS:
        raise StudyError(f"{out} ends in no known format", f"let its name end in {', '.join(ENDINGS)}")
    if out.suffix.lower() == ".parquet" and not (find_spec("pyarrow") or find_spec("fastparquet")):
        raise StudyError(
            f"{out}: Parquet needs pyarrow, which is not installed",
            "pip install pyarrow, or let it end in .csv",
        )


def write_predictions(
    model: StudyModel,
    images: Sequence[Path | str],
    out: Path,
    heat_maps: HeatMaps | None = None,
    on_progress: OnProgress = silent,
) -> Counts:
    """Write what a model says of images, and what the columns mean beside it, as ``<out>.columns.csv``.

    Rows are appended to a hidden file beside ``out``, whose name holds the hash of model, images and heat maps: the
    same call goes on where it was interrupted.

    Parameters
    ----------
    images : sequence of path
        As for `StudyModel.predict`.
    out : Path
        CSV, JSON lines (``.jsonl``) or Parquet by its ending.

    Raises
    ------
    StudyError
        If the ending is another, nothing is found, a heat map cannot be drawn, the disk is full, or another call is
        writing this file.
    """
    check_ending(out)
    if heat_maps:
        heat_maps.check(model.classes, images)
    given = listed(images)
    asked = {name: str(value) for name, value in asdict(heat_maps).items()} if heat_maps else {}
    key = sha256_of_json([model.identity, [each.state for each in given], asked])[:16]
    part = out.with_name(f".{out.name}.{key}.part")
    columns = [name for name in model.columns if heat_maps or name != "heat_map"]
    with disk_errors(out), _alone(out):
        for other in out.parent.glob(f".{out.name}.*.part"):
            if other != part:
                other.unlink()
        done = _whole_batches(part)
        with open(part, "a", encoding="utf-8") as file:
            for rows in model.batches(given, done, heat_maps, on_progress):
                ordered = ({name: row[name] for name in columns if name in row} for row in rows)
                file.writelines(
                    json.dumps(row, ensure_ascii=False, allow_nan=False) + "\n" for row in ordered
                )
                file.flush()
        _write_columns(model, columns, out)
        _convert(part, columns, out)
        counts = Counts()
        for row in _rows(part):
            counts.images += 1
            counts.unread.update([row["status"]] if row["status"] != "ok" else [])
            counts.abstained += bool(row.get("abstain"))
        part.unlink()
    return counts


@contextmanager
def _alone(out: Path) -> Iterator[None]:
    """Keep other calls away from a file."""
    lock = out.with_name(f".{out.name}.lock")
    problem = f"Another prediction is writing {readable(out)}"
    with hold(lock, StudyError(problem, "wait for it, or name another file with --out")):
        try:
            yield
        finally:
            with suppress(OSError):  # Windows removes no file that is open
                lock.unlink()


def _rows(part: Path) -> Iterator[dict[str, Any]]:
    with open(part, encoding="utf-8") as file:
        yield from map(json.loads, file)


def _whole_batches(part: Path) -> int:
    """How many rows an interrupted call has left, without those of a batch that is not whole, which are cut off."""
    if not part.exists():
        return 0
    done = end = size = 0
    with open(part, "rb+") as file:
        for count, line in enumerate(file, start=1):
            size += len(line)
            if count % BATCH == 0 and line.endswith(b"\n"):
                done, end = count, size
        file.truncate(end)
    return done


def _convert(part: Path, columns: Sequence[str], out: Path) -> None:
    """The rows in the format of ``out``; only Parquet takes them into memory."""
    with atomic_path(out) as temporary:
        if out.suffix.lower() == ".jsonl":
            shutil.copyfile(part, temporary)
        elif out.suffix.lower() == ".parquet":
            # of one type whatever the images are, so that files of several calls can be read as one
            typed = pd.DataFrame(_rows(part), columns=list(columns)).astype(
                {name: kind(name) for name in columns}
            )
            typed.to_parquet(temporary, index=False)
        else:
            with open(temporary, "w", encoding="utf-8", newline="") as file:
                writer = csv.DictWriter(file, columns, lineterminator="\n")
                writer.writeheader()
                writer.writerows(_rows(part))


def _write_columns(model: StudyModel, columns: Sequence[str], out: Path) -> None:
    """What the file is, and what each of its columns means."""
    about = [("", text) for text in (NOT_CLINICAL, *model.announcements)]
    about += [
        ("", f"run: {each.run.study.title}, {readable(each.run.folder)}, {each.identity}")
        for each in model.networks
    ]
    meanings = pd.DataFrame(
        about + [(name, model.columns[name]) for name in columns], columns=["column", "meaning"]
    )
    write_text(out.with_name(f"{out.name}.columns.csv"), meanings.to_csv(index=False, lineterminator="\n"))
