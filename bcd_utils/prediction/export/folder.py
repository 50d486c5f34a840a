"""A run's files for other programs and devices, with what they were held against, as a table and a page."""

from __future__ import annotations

import importlib
import os
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import Any

import pandas as pd

from bcd_utils import __version__
from bcd_utils.evaluation.format import number, with_interval
from bcd_utils.prediction.export.agreement import TestSet, hold_against
from bcd_utils.prediction.export.graph import resizes_inside, whole_network
from bcd_utils.prediction.network import Network
from bcd_utils.prediction.table import NOT_CLINICAL
from bcd_utils.reporting.html import render_page
from bcd_utils.reporting.summary import announcements
from bcd_utils.utils.backend import keras
from bcd_utils.utils.counting import OnProgress, silent
from bcd_utils.utils.errors import StudyError, allowed_instead
from bcd_utils.utils.files import sha256_of_file, write_text
from bcd_utils.utils.redirect import stderr_into
from bcd_utils.utils.system_errors import disk_errors

WEIGHTS = ("float32", "int8")


@dataclass(frozen=True)
class Format:
    """A kind of file.

    Attributes
    ----------
    title : str
    ending : str
    packages : dict of str to str
        What must be installed: module -> how pip calls it.
    module : str
        With ``write`` and ``Reader``; it is imported when it is needed.
    """

    title: str
    ending: str
    packages: dict[str, str]
    module: str

    def ready(self) -> ModuleType:
        """The module, if what it needs is here.

        Raises
        ------
        StudyError
            With the command that installs it; if Keras runs on another backend than TensorFlow.
        """
        if missing := [package for name, package in self.packages.items() if find_spec(name) is None]:
            raise StudyError(
                f"{self.title} needs packages that are not installed: {', '.join(missing)}",
                f"pip install {' '.join(missing)}",
            )
        if keras.backend.backend() != "tensorflow":
            problem = f"{self.title} is written by TensorFlow, and Keras runs on {keras.backend.backend()}"
            raise StudyError(problem, "run 'export KERAS_BACKEND=tensorflow'")
        return importlib.import_module(f"bcd_utils.prediction.export.{self.module}")


FORMATS = {
    "onnx": Format(
        "ONNX",
        ".onnx",
        {"onnx": "onnx", "onnxruntime": "onnxruntime", "tf2onnx": "tf2onnx"},
        "onnx_file",
    ),
    "litert": Format("LiteRT", ".tflite", {"ai_edge_litert": "ai-edge-litert"}, "litert_file"),
}


def check_asked(formats: Sequence[str], weights: Sequence[str]) -> None:
    """Stop where something is asked for that there is not, or that needs what is not installed."""
    for kind, given, known in (("format", formats, [*FORMATS]), ("kind of weights", weights, [*WEIGHTS])):
        for name in given:
            if name not in known:
                raise StudyError(f"There is no {kind} {name!r}", allowed_instead(name, known))
    for name in formats:
        FORMATS[name].ready()


def export(
    network: Network,
    formats: Sequence[str],
    weights: Sequence[str] = WEIGHTS,
    out: Path | None = None,
    most_changed: float = 0.01,
    on_progress: Callable[[str], OnProgress] = lambda what: silent,
) -> pd.DataFrame:
    """Write a network as files, hold each against its run, and keep them if they decide as the run does.

    Parameters
    ----------
    network : Network
    formats : sequence of str
        Of `FORMATS`.
    weights : sequence of str
        Of `WEIGHTS`: how they are stored.
    out : Path, optional
        The folder, which also takes ``export.csv`` and ``export.html``; by default ``export`` in that of the run.
    most_changed : float
        Share of the internal test set of which a file may decide otherwise, 0 to 1.
    on_progress : callable
        ``on_progress(what)`` gives a callable ``(done, total)``.

    Returns
    -------
    pandas.DataFrame
        As ``export.csv`` has it: a row for each file and way in which images are given to it, files included that
        an earlier call has written of the same network; see `agreement.hold_against`.

    Raises
    ------
    StudyError
        If a file would decide otherwise of more images (nothing is kept then), a package is missing, or the disk is
        full.
    """
    check_asked(formats, weights)
    folder = out or network.run.folder / "export"
    tested, model, about = TestSet.of(network), whole_network(network), said_of(network)
    rows: list[dict[str, Any]] = []
    with disk_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder, prefix=".", suffix=".part") as scratch:
            for name in formats:
                module, ending = FORMATS[name].ready(), FORMATS[name].ending
                paths = {each: Path(scratch) / f"model_{each}{ending}" for each in weights}
                with tempfile.TemporaryFile() as messages, stderr_into(messages):
                    module.write(model, about, paths)
                for each, path in paths.items():
                    first = {"file": path.name, "weights": each}
                    last = {"megabytes": path.stat().st_size / 1e6, "sha256": sha256_of_file(path)}
                    with tempfile.TemporaryFile() as messages, stderr_into(messages):
                        apply = module.Reader(path)
                        found = hold_against(tested, apply, on_progress(f"images by {path.name}"))
                    _refuse_changed(path.name, found, most_changed)
                    rows += [first | row | last | {"network": network.identity} for row in found]
            for path in sorted(Path(scratch).iterdir()):
                os.replace(path, folder / path.name)
        table = pd.concat([_kept(folder, network, rows), pd.DataFrame(rows)], ignore_index=True)
        write_text(folder / "export.csv", table.to_csv(index=False, lineterminator="\n"))
        _write_page(tested, table, about, folder)
    return table


def _refuse_changed(name: str, found: Sequence[dict[str, Any]], most_changed: float) -> None:
    for row in found:
        if row["changed_share"] > most_changed:
            raise StudyError(
                f"{name} decides otherwise than the run of {row['changed']} of {row['images']} images of the internal "
                f"test set ({row['changed_share']:.1%}; images {row['images_given']}), and "
                f"{most_changed:.1%} may change: nothing was kept",
                "leave that file out (--weights float32, say), or allow more with --max-changed",
            )


def _kept(folder: Path, network: Network, rows: Sequence[dict[str, Any]]) -> pd.DataFrame:
    """Rows of an earlier call whose files are there as they were, of the same network, and not written anew."""
    if not (folder / "export.csv").is_file():
        return pd.DataFrame()
    earlier, anew = pd.read_csv(folder / "export.csv"), {row["file"] for row in rows}
    same = [
        row.network == network.identity
        and row.file not in anew
        and (folder / row.file).is_file()
        and sha256_of_file(folder / row.file) == row.sha256
        for row in earlier.itertuples()
    ]
    return earlier[same]


def said_of(network: Network) -> dict[str, Any]:
    """What goes along with a file: how it is used, of which study it is, and what it is not for."""
    run, study = network.run, network.run.study
    trained, data = run.read_json("training.json"), run.read_json("dataset.json")
    fitted = f"resized ({study.resize}) to {study.image_size} x {study.image_size}"
    if resizes_inside(network):
        given = f"RGB, upright, any size; {fitted} inside the file, as OpenCV does"
    else:
        done = f"stain {study.source.stain} and contrast {study.contrast} done"
        given = f"RGB, upright, {done}, {fitted}: outside the file"
    return {
        "use": NOT_CLINICAL,
        "announcements": announcements(data, trained),
        "study": study.name,
        "title": study.title,
        "program": f"bcd-utils {__version__}",
        "input": f"pixels, uint8 (1, height, width, 3): {given}",
        "outputs": "probabilities, float32 (1, classes), as trained; calibrated, the same after temperature scaling",
        "classes": [*network.dataset.classes],
        "positive": network.dataset.positive,
        "thresholds": network.thresholds,
        "thresholds_on": f"the probability of {network.dataset.positive} as trained, reached where it is at least that",
        "temperature": network.evaluation["calibration"]["temperature"],
        "resize": study.resize,
        "backbone": trained["backbone"],
        "preparation": f"{trained['preparation']}, inside the file",
        "network": network.identity,
        "data_sha256": data["data_sha256"],
        "backbone_sha256": network.backbone.weights_sha256,
        "head_sha256": sha256_of_file(run.artifact("head.keras")),
    }


def _write_page(tested: TestSet, table: pd.DataFrame, about: dict[str, Any], folder: Path) -> None:
    names = {"weights": "weights", "images_given": "images given", "images": "images"}
    shown = table.set_index("file")[[*names]].rename(columns=names)
    for name, title in (
        ("largest_difference", "largest difference"),
        ("largest_calibrated_difference", "of calibrated ones"),
    ):
        shown[title] = [f"{value:.1e}".replace("e-0", "e-") for value in table[name]]
    shown["decisions changed"] = [f"{row.changed} ({row.changed_share:.1%})" for row in table.itertuples()]
    shown["accuracy"] = [with_interval(row, name="accuracy") for _, row in table.iterrows()]
    shown["size (MB)"] = [number(value, 2) for value in table["megabytes"]]
    shown["ms an image"] = [number(value, 1) for value in table["milliseconds"]]
    head = {"title": "Export", "study": about["title"], "announcements": about["announcements"]}
    own = with_interval(tested.accuracy(tested.said[1]), name="accuracy")
    render_page("export.html.j2", folder, "export.html", head, table=shown, own=own, about=about)
