"""BrEaST (Breast-Lesions-USG): one breast ultrasound of each of 256 patients (Pawłowska et al. 2024, Scientific Data).

Only masks of tumours are lesion masks here; those called ``_other1`` show further findings and are left out.
"""

from __future__ import annotations

from bcd_utils.datasets.base import Dataset, locator
from bcd_utils.study.source import Column, Layout, Record, Table
from bcd_utils.utils.paths import RAW_DATA, readable

HOMEPAGE = "https://www.cancerimagingarchive.net/collection/breast-lesions-usg/"
STEPS = (
    f"open {HOMEPAGE}, download images and masks (ZIP) and clinical data (XLSX), unpack both into "
    f"{readable(RAW_DATA / 'breast_usg')}, or anywhere and pass --data-dir FOLDER"
)

DATASET = Dataset(
    name="breast_usg",
    title="BrEaST-Lesions-USG",
    modality="breast ultrasound",
    classes=("benign", "malignant", "normal"),
    counts={"benign": 154, "malignant": 98, "normal": 4},
    licence="CC BY 4.0",
    citation="Pawłowska A, Ćwierz-Pieńkowska A, Domalik A, Jaguś D, Kasprzak P, Matkowski R, Fura Ł, Nowicki A, "
    "Żołek N. Curated benchmark dataset for ultrasound based breast lesion analysis. Scientific Data 11:148 (2024). "
    "doi:10.1038/s41597-024-02984-z; images: doi:10.7937/9WKK-Q141",
    homepage=HOMEPAGE,
    locate=locator("breast_usg", "BrEaST-Lesions-USG", STEPS),
    layout=Layout(
        images=r"(?:^|/)(?P<image>case\d+)\.png$",
        masks=r"(?:^|/)(?P<image>case\d+)_tumor\d*\.png$",
        table=Table(
            file="BrEaST-Lesions-USG-clinical-data*.xlsx",
            path="Image_filename",
            label="Classification",
            patient="CaseID",
            keep=("BIRADS", "Age", "Verification", "Diagnosis"),
        ),
    ),
    record=Record({"Age": Column("known", "number"), "BIRADS": Column("read")}),
    steps=STEPS,
)
