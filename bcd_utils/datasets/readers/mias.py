"""mini-MIAS: scanned screening mammograms (Suckling et al. 1994, Excerpta Medica 1069:375-378)."""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd

from bcd_utils.datasets.base import Dataset, Scan, fetcher, locator
from bcd_utils.datasets.files import image_files, one_format, place
from bcd_utils.utils.errors import StudyError
from bcd_utils.utils.files import walk

URL = "http://peipa.essex.ac.uk/pix/mias/all-mias.tar.gz"
HOMEPAGE = "http://peipa.essex.ac.uk/info/mias.html"
ARCHIVE = "all-mias.tar.gz"
CLASSES = ("benign", "malignant", "normal")
TABLES = {"info.txt", "info", "readme", "readme.txt", "00readme"}
LINE = re.compile(r"^(?P<film>mdb\d{3})\s+[FGD]\s+(?P<kind>[A-Z]{4})(\s+(?P<severity>[BM])\b)?", re.MULTILINE)
NAME = re.compile(r"^(?P<film>mdb(?P<number>\d{3}))([lr][lmsx])?([_-](?P<label>benign|malignant|normal))?$")


def scan(folder: Path) -> Scan:
    """Find mini-MIAS' films and their labels.

    The label is that of the published list (``Info.txt``, or in the archive ``README``): normal, or the
    severity; of a film with several abnormalities, malignant where one of them is. Without the list, it is in the file
    names or folders of some mirrors (``mdb001_benign.pgm``, ``benign/mdb001.pgm``).

    Films are numbered in pairs of the left and the right breast of one patient.

    Raises
    ------
    StudyError
        If there are no films, or nothing tells their labels.
    """
    published = read_list(folder)
    rows: dict[str, tuple[str, ...]] = {}
    twice = unlabelled = differing = 0
    films, others = one_format([place(path, folder) for path in image_files(folder)])
    for path in (folder / film for film in films):
        name = NAME.match(path.stem.lower())
        if not name:
            continue
        parents = map(str.lower, path.relative_to(folder).parent.parts)
        named = name["label"] or next((part for part in reversed([*parents]) if part in CLASSES), None)
        label = published.get(name["film"], named)
        twice += name["film"] in rows
        unlabelled += label is None
        differing += named not in (None, label)
        if label is not None:
            patient = f"patient {(int(name['number']) + 1) // 2:03}"
            rows.setdefault(name["film"], (place(path, folder), label, "", patient))
    if not rows:
        lacking = "nothing that tells the labels of its films" if unlabelled else "no films of mini-MIAS"
        fix = f"give the folder with mdb001.pgm and Info.txt ({HOMEPAGE})"
        raise StudyError(f"{folder} holds {lacking}", fix)
    oddities = {
        "are there twice; left out": twice,
        "are in no line of the list; left out": unlabelled,
        "lie under another label than in the list; taken as in the list": differing,
    }
    images = pd.DataFrame.from_dict(rows, orient="index", columns=["path", "label", "masks", "patient"])
    remarks = [f"{count} films {what}" for what, count in oddities.items() if count]
    left_out = [(path, "there in the format of most films too") for path in others]
    return Scan(images.rename_axis("id").reset_index(), remarks, left_out)


def read_list(folder: Path) -> dict[str, str]:
    """Label of each film in the published list; empty where there is none."""
    labels: dict[str, str] = {}
    for path in sorted(path for path, _ in walk(folder)):
        if path.name.lower() not in TABLES or not path.is_file():
            continue
        for line in LINE.finditer(path.read_text(encoding="latin-1")):
            label = {"B": "benign", "M": "malignant", None: "normal"}[line["severity"]]
            if labels.get(line["film"]) != "malignant":
                labels[line["film"]] = label
    return labels


DATASET = Dataset(
    name="mias",
    title="mini-MIAS",
    modality="mammography",
    look_alikes=None,
    classes=CLASSES,
    counts={"benign": 63, "malignant": 52, "normal": 207},
    licence="for research, under the licence agreement in its archive",
    citation="Suckling J, Parker J, Dance DR, et al. The Mammographic Image Analysis Society digital mammogram "
    "database. Excerpta Medica, International Congress Series 1069:375-378 (1994)",
    homepage=HOMEPAGE,
    locate=locator(
        "mias/unpacked", "mini-MIAS", "run 'bcd fetch mias', or pass --data-dir FOLDER_OR_ARCHIVE"
    ),
    scan=scan,
    fetch=fetcher("mias", URL, ARCHIVE, f"get {ARCHIVE} from {HOMEPAGE} or a mirror, put it"),
    size="about 100 MB",
)
