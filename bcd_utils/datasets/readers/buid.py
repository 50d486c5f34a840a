"""BUID (QAMEBI): breast ultrasound of 232 lesions (Abbasian Ardakani et al. 2023, Comput Biol Med 152:106438).

Each lesion has an image, a mask, and a picture of both (``Lesion.bmp``), which is neither and is left out.
"""

from __future__ import annotations

from bcd_utils.datasets.base import Dataset, locator
from bcd_utils.study.source import Layout
from bcd_utils.utils.paths import RAW_DATA, readable

HOMEPAGE = "https://qamebi.com/breast-ultrasound-images-database/"
STEPS = (
    f"open {HOMEPAGE}, download both archives, unpack them into {readable(RAW_DATA / 'buid')}, or anywhere and "
    "pass --data-dir FOLDER"
)

DATASET = Dataset(
    name="buid",
    title="BUID",
    modality="breast ultrasound",
    classes=("benign", "malignant"),
    counts={"benign": 109, "malignant": 123},
    licence="not stated; see the homepage",
    citation="Abbasian Ardakani A, Mohammadi A, Mirza-Aghazadeh-Attari M, Acharya UR. An open-access breast lesion "
    "ultrasound image database: Applicable in artificial intelligence studies. Computers in Biology and Medicine "
    "152:106438 (2023). doi:10.1016/j.compbiomed.2022.106438",
    homepage=HOMEPAGE,
    locate=locator("buid", "BUID", STEPS),
    # "1 Benign Image.bmp", "1 Benign Mask.tif", "1 Benign Lesion.bmp"
    layout=Layout(
        images=r"(?i)(?:^|/)(?P<image>\d+ (?P<class>benign|malignant)) image\.bmp$",
        masks=r"(?i)(?:^|/)(?P<image>\d+ (?:benign|malignant)) mask ?\d*\.tiff?$",
    ),
    steps=STEPS,
)
