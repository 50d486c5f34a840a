"""Patients and sets of images in folders, from tables, lists, patterns and folder names."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd

from bcd_utils.datasets.class_names import SETS, lookup, plain
from bcd_utils.datasets.csv_rows import tables_below
from bcd_utils.datasets.labels_table import GROUPS, read_list, read_patients
from bcd_utils.datasets.picture import Picture
from bcd_utils.study.source import Layout, SetName
from bcd_utils.utils.errors import StudyError

Column = tuple[list[str], list[str]]


def patients_of(images: Sequence[Picture], rows: pd.DataFrame | None, layout: Layout, folder: Path) -> Column:
    """The patient of each image ("" where unknown), and remarks.

    They are told by the table's column, else by ``layout.patients``, else by the group ``patient`` of
    ``layout.images``, else by ``groups.csv``.

    Raises
    ------
    StudyError
        If a table is wrong, or a pattern fits no image.
    """
    paths = [image.path for image in images]
    if rows is not None and "patient" in rows:
        patients, where = rows["patient"].reindex(paths).fillna("").tolist(), "have no patient in the table"
    elif layout.patients and layout.patients.lower().endswith(".csv"):
        known = read_patients(folder / layout.patients, folder, set(paths))
        patients, where = [known.get(path, "") for path in paths], f"are not in {layout.patients}"
    elif layout.patients:
        matches = [re.search(layout.patients, path) for path in paths]
        patients = [_caught(match) for match in matches]
        where = "have no patient by source.patients"
        if not any(patients):
            problem = f"source.patients = {layout.patients!r} finds no patient, not in {paths[0]!r} either"
            raise StudyError(
                problem, "write a regular expression with a group: --set 'source.patients=^([^/]+)/'"
            )
    elif any("patient" in image.told for image in images):
        patients, where = (
            [image.told.get("patient") or "" for image in images],
            "have no patient by source.images",
        )
    elif tables := tables_below(folder, GROUPS):
        known = read_patients(tables[0], folder, set(paths))
        patients, where = [known.get(path, "") for path in paths], f"are not in {GROUPS}"
    else:
        return [""] * len(paths), []
    without = [path for path, patient in zip(paths, patients, strict=True) if not patient]
    if not without:
        return patients, []
    return patients, [f"{len(without)} images {where} (first: {without[0]}); each counts as a patient"]


def _caught(match: re.Match[str] | None) -> str:
    if match is None:
        return ""
    groups = match.groupdict()
    return (groups.get("patient") if "patient" in groups else match.group(match.re.groups and 1)) or ""


def sets_of(images: Sequence[Picture], rows: pd.DataFrame | None, layout: Layout, folder: Path) -> Column:
    """The published set of each image (train, validation, test, or "" where there is no such split), and remarks.

    They are told by the table's column, else by the lists of ``layout.sets``, else by the group ``split`` of
    ``layout.images``, else by folders called train, val and test. A study uses them with ``split: official``.

    Raises
    ------
    StudyError
        If a set has another name, or lists leave an image out or name one twice.
    """
    paths = [image.path for image in images]
    spelt = lookup(SETS)
    if rows is not None and "split" in rows:
        told, where = rows["split"].reindex(paths).fillna("").tolist(), "sets in the table"
        if layout.table and layout.table.sets:
            values = {str(value): name for name, own in layout.table.sets.items() for value in own}
            told = [values.get(value, value) for value in told]
    elif layout.sets:
        told, where = _listed(layout.sets, paths, folder), "the lists of source.sets"
    elif any("split" in image.told for image in images):
        told, where = [image.told.get("split") or "" for image in images], "source.images"
    else:
        told, where = [image.set_folder for image in images], "folders called as sets"
        if not any(told):
            return told, []
        if "" in told or not {"train", "test"} <= set(told):
            seen = ", ".join(f"{count} in {name or 'none'}" for name, count in Counter(told).items())
            why = "a split needs train and test, and each image in one of them"
            return [""] * len(paths), [f"Folders called as sets are not taken as a split ({seen}): {why}"]
    wrong = [(path, name) for path, name in zip(paths, told, strict=True) if plain(name) not in spelt]
    if wrong:
        path, name = wrong[0]
        given = (
            f"give {path} the set {name!r}" if name else f"give {len(wrong)} images no set (first: {path})"
        )
        fix = "name train, validation or test for each image"
        column = "; source.table.sets says what other values mean: {test: [1], train: [2, 3]}"
        by_table = rows is not None and "split" in rows
        raise StudyError(f"{where} {given}", fix + column * by_table)
    sets = [spelt[plain(name)] for name in told]
    counts = ", ".join(f"{count} {name}" for name, count in Counter(sets).items())
    remark = f"{where[0].upper() + where[1:]} give a split ({counts}), which split: official keeps"
    return sets, [remark]


def _listed(sets: Mapping[SetName, str], paths: Sequence[str], folder: Path) -> list[str]:
    """The set whose list names each path; "" where none does."""
    listed: dict[str, str] = {}
    for name, file in sets.items():
        for path in read_list(folder / file, paths):
            if listed.setdefault(path, name) != name:
                problem = f"{path} is listed as {listed[path]} and as {name}"
                raise StudyError(problem, f"take it out of one of the lists, {folder / file} say")
    return [listed.get(path, "") for path in paths]
