"""Settings of the data sets: which images of each, and which stand side by side."""

from __future__ import annotations

from dataclasses import asdict, field
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field, TypeAdapter
from pydantic.dataclasses import dataclass

STRICT = ConfigDict(extra="forbid", strict=True)
Count = Annotated[int, Field(ge=0)]
Positive = Annotated[int, Field(ge=1)]
Stain = Literal["none", "reinhard", "macenko"]
DatasetName = Literal["busi", "bus_uclm", "breakhis", "cbis_ddsm", "mias", "inbreast", "folder", "phantom"]


@dataclass(frozen=True, config=STRICT)
class Phantoms:
    """How many synthetic images to draw of each class, and from which seed.

    Attributes
    ----------
    copies : int
        How many images are also there a second time under their own class, changed as data sets change
        them: byte for byte, stored anew, brighter, mirrored, cropped, with calipers drawn in.
    conflicts : int
        How many are there a second time under another class.
    scanner : {"a", "b"}
        Which simulated machine draws them; "b" differs in gain, resolution and frame.
    """

    benign: Count = 135
    malignant: Count = 65
    normal: Count = 40
    seed: Count = 2024
    copies: Count = 0
    conflicts: Count = 0
    scanner: Literal["a", "b"] = "a"


@dataclass(frozen=True, config=STRICT)
class BreakHis:
    """Which images of BreakHis, and what is to be told apart.

    Attributes
    ----------
    magnification : "all", 40, 100, 200 or 400
    target : {"class", "subtype"}
        Benign or malignant, or the eight subtypes.
    """

    magnification: Literal["all", 40, 100, 200, 400] = "all"
    target: Literal["class", "subtype"] = "class"


@dataclass(frozen=True, config=STRICT)
class CbisDdsm:
    """Which images of CBIS-DDSM.

    Attributes
    ----------
    abnormality : {"all", "mass", "calcification"}
    region : {"mammogram", "lesion"}
        Whole mammograms, or a square around each lesion.
    margin : float
        Left at each side of a lesion, as a share of its longer side.
    move_crossing_patients : bool
        Take the patients that are published in train for one kind of abnormality and in test for the other as
        train; otherwise they stay in both.
    """

    abnormality: Literal["all", "mass", "calcification"] = "all"
    region: Literal["mammogram", "lesion"] = "mammogram"
    margin: Annotated[float, Field(ge=0, le=10)] = 0.2
    move_crossing_patients: bool = True


@dataclass(frozen=True, config=STRICT, kw_only=True)
class Source:
    """Which images: a data set, where it lies, and what of it is read.

    Attributes
    ----------
    dataset : str
        A registered data set; ``bcd datasets`` lists them.
    data_dir : str or None
        Folder or archive with the images; None: where ``bcd fetch`` puts them.
    allow_partial : bool
        Accept class counts that are not the published ones.
    stain : {"none", "reinhard", "macenko"}
        Stain normalisation of histopathology towards published references; see `stain`.
    breakhis : BreakHis
    cbis_ddsm : CbisDdsm
    phantoms : Phantoms
        What to draw where the data set is ``phantom``.
    """

    dataset: DatasetName
    data_dir: str | None = None
    allow_partial: bool = False
    stain: Stain = "none"
    breakhis: BreakHis = BreakHis()
    cbis_ddsm: CbisDdsm = CbisDdsm()
    phantoms: Phantoms = Phantoms()

    def as_dict(self) -> dict[str, Any]:
        """Settings as plain, JSON-serialisable values."""
        return TypeAdapter(dict[str, Any]).dump_python(asdict(self), mode="json")


@dataclass(frozen=True, config=STRICT, kw_only=True)
class External(Source):
    """Images from another source that the trained model is tested on.

    Its data set has classes of the same names; its stain is that of the study, whose network is shown no other.
    """

    dataset: DatasetName = "bus_uclm"
    phantoms: Phantoms = Phantoms(seed=31, scanner="b")


@dataclass(frozen=True, config=STRICT, kw_only=True)
class ModalitySource(Source):
    """One of several data sets that are laid side by side.

    Attributes
    ----------
    most_images : int or None
        Take so many images at most, evenly spaced through each class; None: all.
    """

    most_images: Positive | None = None


def three_modalities() -> dict[str, ModalitySource]:
    """The image kinds that the paper names: ultrasound, histopathology and mammography."""
    return {
        "busi": ModalitySource(dataset="busi"),
        "breakhis": ModalitySource(dataset="breakhis"),
        "cbis_ddsm": ModalitySource(dataset="cbis_ddsm", cbis_ddsm=CbisDdsm(region="lesion")),
    }


@dataclass(frozen=True, config=STRICT)
class Modalities:
    """Data sets that are laid side by side, each under the same protocol.

    Attributes
    ----------
    sources : dict of name to ModalitySource
        In the order of the tables; names are free. One whose images are not at hand is said to be so.
    folds : int
        Of the grouped cross-validation.
    """

    # A study is a key in places, and a dict has no hash.
    sources: Annotated[dict[str, ModalitySource], Field(min_length=1)] = field(
        default_factory=three_modalities, hash=False
    )
    folds: Annotated[int, Field(ge=2)] = 5
