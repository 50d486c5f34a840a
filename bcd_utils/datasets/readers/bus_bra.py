"""BUS-BRA: breast ultrasound of 1,064 patients with BI-RADS (Gómez-Flores et al. 2024, Medical Physics 51:3110).

The published fold 1 is the test set of ``split: official``; the column kFold has the fold of each image, and
``source.table.sets`` takes another: ``{test: [2], train: [1, 3, 4, 5]}``.
"""

from __future__ import annotations

from bcd_utils.datasets.base import Dataset, fetcher, locator
from bcd_utils.study.source import Column, Layout, Record, Table

URL = "https://zenodo.org/records/8231412/files/BUSBRA.zip"
HOMEPAGE = "https://zenodo.org/records/8231412"

DATASET = Dataset(
    name="bus_bra",
    title="BUS-BRA",
    modality="breast ultrasound",
    classes=("benign", "malignant"),
    counts={"benign": 1268, "malignant": 607},
    licence="CC BY 4.0",
    citation="Gómez-Flores W, Gregorio-Calas MJ, Coelho de Albuquerque Pereira W. BUS-BRA: A breast ultrasound "
    "dataset for assessing computer-aided diagnosis systems. Medical Physics 51:3110-3123 (2024). "
    "doi:10.1002/mp.16812",
    homepage=HOMEPAGE,
    locate=locator(
        "bus_bra/unpacked", "BUS-BRA", "run 'bcd fetch bus_bra', or pass --data-dir FOLDER_OR_ZIP"
    ),
    # Left and right views of a patient: bus_0001-l.png and bus_0001-r.png, with mask_0001-l.png in Masks.
    layout=Layout(
        images=r"(?:^|/)bus_(?P<image>[^/]+)\.png$",
        masks=r"(?:^|/)mask_(?P<image>[^/]+)\.png$",
        table=Table(
            file=("bus_data.csv", "5-fold-cv.csv"),
            path="ID",
            label="Pathology",
            patient="Case",
            split="kFold",
            sets={"test": (1,), "train": (2, 3, 4, 5)},
            keep=("BIRADS", "Histology", "Device", "Side"),
        ),
    ),
    record=Record({"Device": Column("known"), "Side": Column("known"), "BIRADS": Column("read")}),
    fetch=fetcher("bus_bra", URL, "BUSBRA.zip", f"get BUSBRA.zip from {HOMEPAGE}, put it"),
    size="134 MB",
)
