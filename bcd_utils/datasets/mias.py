"""mini-MIAS: scanned screening mammograms (Suckling et al. 1994, Excerpta Medica 1069:375-378)."""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd

from bcd_utils.datasets.base import Dataset, Scan, located
from bcd_utils.datasets.busi import CLASSES
from bcd_utils.datasets.class_folders import IMAGE_SUFFIXES
from bcd_utils.datasets.download import download, unpack
from bcd_utils.study.data_settings import Source
from bcd_utils.utils.errors import StudyError
from bcd_utils.utils.files import natural_key
from bcd_utils.utils.paths import RAW_DATA

URL = "http://peipa.essex.ac.uk/pix/mias/all-mias.tar.gz"
HOMEPAGE = "http://peipa.essex.ac.uk/info/mias.html"
FOLDER = RAW_DATA / "mias"
ARCHIVE = "all-mias.tar.gz"
TABLES = {"info.txt", "info", "readme", "readme.txt", "00readme"}
LINE = re.compile(r"^(?P<film>mdb\d{3})\s+[FGD]\s+(?P<kind>[A-Z]{4})(\s+(?P<severity>[BM])\b)?", re.MULTILINE)
NAME = re.compile(r"^(?P<film>mdb(?P<number>\d{3}))([lr][lmsx])?([_-](?P<label>benign|malignant|normal))?$")


def fetch() -> Path:
    """Download and unpack mini-MIAS (about 100 MB) into ``data/raw/mias``; resumes half a download."""
    advice = (
        f"get {ARCHIVE} from {HOMEPAGE} or a mirror, put it at {FOLDER / ARCHIVE} and run the command again, or "
        "unpack it anywhere and pass --data-dir"
    )
    return unpack(download(URL, FOLDER, ARCHIVE, advice=advice), FOLDER / "unpacked")


def locate(source: Source) -> Path:
    """The folder with mini-MIAS: ``data_dir`` (a folder or archive), or what was fetched."""
    fix = "run 'bcd fetch mias', or pass --data-dir FOLDER_OR_ARCHIVE"
    return located(source, "mini-MIAS", FOLDER / "unpacked", fix)


def scan(folder: Path) -> Scan:
    """Find mini-MIAS' films and their labels.

    The label is that of the published list (``Info.txt``, or in the archive ``README``): normal, or the
    severity; of a film with several abnormalities, malignant where one of them is. Without the list, it is in the file
    names or folders of some mirrors (``mdb001_benign.pgm``, ``benign/mdb001.pgm``).

    Films are numbered in pairs of the left and the right breast of one patient, who is the group.

    Raises
    ------
    StudyError
        If there are no films, or nothing tells their labels.
    """
    published = read_list(folder)
    rows, remarks = {}, []
    twice = unlabelled = differing = 0
    paths = (path for path in folder.rglob("*") if path.suffix.lower() in IMAGE_SUFFIXES)
    for path in sorted(paths, key=lambda path: natural_key(path.relative_to(folder).as_posix())):
        found = NAME.match(path.stem.lower())
        if not found:
            continue
        named = found["label"] or next((part for part in path.parent.parts if part.lower() in CLASSES), None)
        label = published.get(found["film"], named and named.lower())
        twice += found["film"] in rows
        unlabelled += label is None
        differing += bool(named) and named.lower() != label
        if label is not None:
            patient = f"patient {(int(found['number']) + 1) // 2:03}"
            relative = path.relative_to(folder).as_posix()
            row = {"path": relative, "label": label, "masks": "", "group": patient}
            rows.setdefault(found["film"], row)
    if not rows:
        lacking = "nothing that tells the labels of its films" if unlabelled else "no films of mini-MIAS"
        raise StudyError(
            f"{folder} holds {lacking}", f"give the folder with mdb001.pgm and Info.txt ({HOMEPAGE})"
        )
    for count, what in ((twice, "are there twice"), (unlabelled, "are in no line of the list")):
        remarks += [f"{count} films {what}; left out"] if count else []
    if differing:
        remarks.append(f"{differing} films lie under another label than in the list; taken as in the list")
    return Scan(pd.DataFrame.from_dict(rows, orient="index").rename_axis("id").reset_index(), remarks)


def read_list(folder: Path) -> dict[str, str]:
    """Label of each film in the published list; empty where there is none."""
    labels: dict[str, str] = {}
    for path in sorted(folder.rglob("*")):
        if path.name.lower() not in TABLES or not path.is_file():
            continue
        for line in LINE.finditer(path.read_text(encoding="latin-1")):
            label = {"B": "benign", "M": "malignant", None: "normal"}[line["severity"]]
            if labels.get(line["film"]) != "malignant":
                labels[line["film"]] = label
    return labels


MIAS = Dataset(
    name="mias",
    title="mini-MIAS",
    modality="mammography",
    classes=CLASSES,
    counts={"benign": 63, "malignant": 52, "normal": 207},
    licence="for research, under the licence agreement in its archive",
    citation="Suckling J, Parker J, Dance DR, et al. The Mammographic Image Analysis Society digital mammogram "
    "database. Excerpta Medica, International Congress Series 1069:375-378 (1994)",
    homepage=HOMEPAGE,
    synthetic=False,
    locate=locate,
    scan=scan,
    fetch=fetch,
    size="about 100 MB",
)
