"""UDIAT Dataset B: 163 breast ultrasound images (Yap et al. 2018, IEEE JBHI 22:1218-1226).

No counts are declared: the article says 110 benign and 53 malignant, who counted the published table 109 and 54.
"""

from __future__ import annotations

from bcd_utils.datasets.base import Dataset, locator
from bcd_utils.study.source import Layout, Table
from bcd_utils.utils.paths import RAW_DATA, readable

HOMEPAGE = "http://www2.docm.mmu.ac.uk/STAFF/M.Yap/dataset.php"
STEPS = (
    f"ask for it at {HOMEPAGE}, unpack it (original, GT and DatasetB.xlsx) into {readable(RAW_DATA / 'udiat_b')}, "
    "or anywhere and pass --data-dir FOLDER_OR_ZIP"
)

DATASET = Dataset(
    name="udiat_b",
    title="UDIAT Dataset B (163 images)",
    modality="breast ultrasound",
    classes=("benign", "malignant"),
    licence="for research, on request",
    citation="Yap MH, Pons G, Martí J, Ganau S, Sentís M, Zwiggelaar R, Davison AK, Martí R. Automated breast "
    "ultrasound lesions detection using convolutional neural networks. IEEE Journal of Biomedical and Health "
    "Informatics 22(4):1218-1226 (2018). doi:10.1109/JBHI.2017.2731873",
    homepage=HOMEPAGE,
    locate=locator("udiat_b", "UDIAT Dataset B", STEPS),
    layout=Layout(
        images=r"(?:^|/)original/[^/]+\.png$",
        masks=r"(?:^|/)GT/[^/]+\.png$",
        table=Table(file="DatasetB.xlsx", path="Image", label="Type"),
    ),
    steps=STEPS,
)
