"""BUSI: breast ultrasound images (Al-Dhabyani et al. 2020, Data in Brief 28:104863)."""

from __future__ import annotations

from bcd_utils.datasets.base import Dataset, fetcher, locator

URL = "https://scholar.cu.edu.eg/Dataset_BUSI.zip"
HOMEPAGE = "https://scholar.cu.edu.eg/?q=afahmy/pages/dataset"

DATASET = Dataset(
    name="busi",
    title="BUSI",
    modality="breast ultrasound",
    classes=("benign", "malignant", "normal"),
    counts={"benign": 437, "malignant": 210, "normal": 133},
    licence="CC BY 4.0 (article); see the homepage for the images",
    citation="Al-Dhabyani W, Gomaa M, Khaled H, Fahmy A. Dataset of breast ultrasound images. "
    "Data in Brief 28:104863 (2020). doi:10.1016/j.dib.2019.104863",
    homepage=HOMEPAGE,
    look_alikes=0.47,  # down to here every pair was looked at, and shows one lesion or sweep: studies/busi_pairs.csv
    locate=locator("busi/unpacked", "BUSI", "run 'bcd fetch busi', or pass --data-dir FOLDER_OR_ZIP"),
    fetch=fetcher(
        "busi", URL, "Dataset_BUSI.zip", f"get Dataset_BUSI.zip from {HOMEPAGE} or a mirror, put it"
    ),
    size="about 200 MB",
)
