"""BUSI: breast ultrasound images (Al-Dhabyani et al. 2020, Data in Brief 28:104863)."""

from __future__ import annotations

from pathlib import Path

from bcd_utils.datasets.base import Dataset, Scan, located
from bcd_utils.datasets.class_folders import scan_class_folders
from bcd_utils.datasets.download import download, unpack
from bcd_utils.study.data_settings import Source
from bcd_utils.utils.paths import RAW_DATA

CLASSES = ("benign", "malignant", "normal")
URL = "https://scholar.cu.edu.eg/Dataset_BUSI.zip"
HOMEPAGE = "https://scholar.cu.edu.eg/?q=afahmy/pages/dataset"
FOLDER = RAW_DATA / "busi"


def fetch() -> Path:
    """Download and unpack BUSI (about 200 MB) into ``data/raw/busi``; resumes half a download."""
    advice = (
        f"get Dataset_BUSI.zip from {HOMEPAGE} or a mirror, put it at {FOLDER / 'Dataset_BUSI.zip'} and run "
        "the command again, or unpack it anywhere and pass --data-dir"
    )
    archive = download(URL, FOLDER, "Dataset_BUSI.zip", advice=advice)
    return unpack(archive, FOLDER / "unpacked")


def locate(source: Source) -> Path:
    """The folder with BUSI's images: ``data_dir`` (a folder or zip file), or what was fetched."""
    fix = "run 'bcd fetch busi', or pass --data-dir FOLDER_OR_ZIP"
    return located(source, "BUSI", FOLDER / "unpacked", fix)


def scan(folder: Path) -> Scan:
    """Find BUSI's images and masks in any of the layouts people have."""
    return scan_class_folders(folder, CLASSES)


BUSI = Dataset(
    name="busi",
    title="BUSI",
    modality="breast ultrasound",
    classes=CLASSES,
    counts={"benign": 437, "malignant": 210, "normal": 133},
    licence="CC BY 4.0 (article); see the homepage for the images",
    citation="Al-Dhabyani W, Gomaa M, Khaled H, Fahmy A. Dataset of breast ultrasound images. "
    "Data in Brief 28:104863 (2020). doi:10.1016/j.dib.2019.104863",
    homepage=HOMEPAGE,
    synthetic=False,
    locate=locate,
    scan=scan,
    fetch=fetch,
    size="about 200 MB",
)
