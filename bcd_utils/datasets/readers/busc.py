"""BUSC: 250 small breast ultrasound images without masks (Rodrigues 2018, Mendeley Data)."""

from __future__ import annotations

from bcd_utils.datasets.base import Dataset, locator
from bcd_utils.study.source import Layout
from bcd_utils.utils.paths import RAW_DATA, readable

HOMEPAGE = "https://data.mendeley.com/datasets/wmy84gzngw/1"
STEPS = (
    f"open {HOMEPAGE}, press 'Download All', unpack it into {readable(RAW_DATA / 'busc')}, or anywhere and pass "
    "--data-dir FOLDER_OR_ZIP"
)

DATASET = Dataset(
    name="busc",
    title="BUSC",
    modality="breast ultrasound",
    classes=("benign", "malignant"),
    counts={"benign": 100, "malignant": 150},
    licence="CC BY 4.0",
    citation="Rodrigues PS. Breast Ultrasound Image. Mendeley Data, V1 (2018). doi:10.17632/wmy84gzngw.1",
    homepage=HOMEPAGE,
    locate=locator("busc", "BUSC", STEPS),
    layout=Layout(images=r"(?i)(?:^|originals/)(?P<class>benign|malignant)/[^/]+\.bmp$", masks="none"),
    steps=STEPS,
)
