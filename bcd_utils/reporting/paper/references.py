"""What a paper cites: methods where its text first names them, data sets, and software with the recorded versions."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from bcd_utils.reporting.paper.escape import escape
from bcd_utils.utils.paths import TEMPLATES

#: A word of the text -> the work to cite behind it.
METHODS = {
    "the paper": "examined", "ResNet50V2": "he2016identity", "ResNet50": "he2016", "VGG16": "simonyan2014",
    "DenseNet121": "huang2017", "MobileNetV2": "sandler2018", "EfficientNetV2B0": "tan2021",
    "EfficientNetV2B3": "tan2021", "ConvNeXtTiny": "liu2022", "ImageNet": "deng2009", "Glorot": "glorot2010",
    "BatchNorm": "ioffe2015", "dropout": "srivastava2014", "Adam": "kingma2014", "fine-tuning": "howard2018",
    "Macenko": "macenko2009", "Reinhard": "reinhard2001", "Wilson": "wilson1927", "DeLong": "delong1988",
    "BCa bootstrap": "efron1987", "Cohen’s kappa": "cohen1960", "Matthews correlation": "matthews1975",
    "Holm-adjusted": "holm1979", "McNemar": "fagerland2013", "temperature": "guo2017", "Slope": "vancalster2019",
    "cross-validation": "nadeau2003", "HiResCAM": "draelos2020", "Grad-CAM": "selvaraju2017",
    "Pointing game": "zhang2018", "shuffled head": "adebayo2018", "CLAIM 2024": "tejani2024", "REFORMS": "kapoor2024",
    "STARD-AI 2025": "sounderajah2025", "TRIPOD+AI 2024": "collins2024",
}  # fmt: skip
_ENTRY = re.compile(r"^@\w+\{([^,]+),\n(?:.*\n)*?\}\n", re.MULTILINE)
_CITED = re.compile(r"\\cite\{([^}]*)\}")
#: "Surname AB, Other C. Title. Journal 1:2-3 (2020). doi:...", as data sets declare their citation.
_CITATION = re.compile(
    r"(?P<authors>[^.]+?)\.? (?<=\. )(?P<title>.+?)\. (?P<where>[^.]+?) \((?P<year>\d{4})\)\.?(?P<rest>.*)",
    re.DOTALL,
)
_DOI = re.compile(r"doi:(\S+?)[.;,]?(?:\s|$)")


def library() -> dict[str, str]:
    """The works of ``references.bib`` by key."""
    text = (TEMPLATES / "paper" / "references.bib").read_text(encoding="utf-8")
    return {match[1]: match[0] for match in _ENTRY.finditer(text)}


class Citations:
    """Cites each work once, where the text first names it.

    Parameters
    ----------
    data : mapping of str to str
        Name of a data set -> its title, as the text has it.
    versions : mapping of str to str
        Software -> version.

    Examples
    --------
    >>> cite = Citations({"busi": "BUSI"}, {"numpy": "2.4"})
    >>> print(cite("BUSI, Wilson’s interval, NumPy: numpy 2.4. BUSI again."))
    BUSI~\\cite{data-busi}, Wilson's interval~\\cite{wilson1927}, NumPy: numpy 2.4~\\cite{numpy}. BUSI again.
    """

    def __init__(self, data: Mapping[str, str], versions: Mapping[str, str]):
        known = {title: f"data-{name}" for name, title in data.items()}
        software = {f"{name} {version}": name for name, version in versions.items() if name in library()}
        self._keys = known | software | METHODS
        words = sorted(self._keys, key=len, reverse=True)
        self._words = re.compile(
            rf"(?<![\w-])({'|'.join(map(re.escape, words))})(?![\w-])(’s?|'s?)?( \w+(?<=interval))?"
        )
        self._done: set[str] = set()

    def __call__(self, text: str) -> str:
        """Text as TeX, with citations."""
        written, place = [], 0
        for match in self._words.finditer(text):
            key = self._keys[match[1]]
            if key not in self._done:
                self._done.add(key)
                written.append(f"{escape(text[place : match.end()])}~\\cite{{{key}}}")
                place = match.end()
        return "".join([*written, escape(text[place:])])


def cited(texts: Iterable[str]) -> list[str]:
    """The keys that texts cite, each once, in order."""
    found = (key.strip() for text in texts for keys in _CITED.findall(text) for key in keys.split(","))
    return list(dict.fromkeys(found))


def bibliography(
    keys: Iterable[str], data: Mapping[str, Mapping[str, Any]], versions: Mapping[str, str]
) -> str:
    """The entries of some works, as BibTeX.

    Parameters
    ----------
    keys : iterable of str
    data : mapping of str to mapping
        Records of data sets: ``title``, ``citation``, ``homepage``.
    versions : mapping of str to str
        Software -> version.

    Raises
    ------
    KeyError
        If there is no such work.
    """
    works = library()
    entries = []
    for key in keys:
        if key.startswith("data-"):
            entries.append(data_entry(key, data[key.removeprefix("data-")]))
        else:
            entries.append(works[key].replace("VERSION", escape(versions.get(key, ""))))
    return "\n".join(entries)


def data_entry(key: str, record: Mapping[str, Any]) -> str:
    """The entry of a data set, from the citation that it declares.

    Examples
    --------
    >>> record = {"title": "BUSI", "citation": "Al-Dhabyani W, Gomaa M. Dataset of images. Data in Brief 28:104863 "
    ...           "(2020). doi:10.1016/j.dib.2019.104863", "homepage": "https://example.org/a_b"}
    >>> print(data_entry("data-busi", record))
    @article{data-busi,
      author = {Al-Dhabyani, W. and Gomaa, M.},
      title = {{Dataset of images}},
      journal = {Data in Brief},
      volume = {28},
      pages = {104863},
      year = {2020},
      doi = {10.1016/j.dib.2019.104863},
      url = {https://example.org/a_b}
    }
    <BLANKLINE>
    """
    parsed = _CITATION.fullmatch(record.get("citation") or "")
    doi = _DOI.search(record.get("citation") or "")
    if parsed:
        kind = "article"
        values = {
            "author": " and ".join(map(_bibtex_name, parsed["authors"].split(", "))),
            "title": f"{{{escape(parsed['title'])}}}",
            **_place(parsed["where"]),
            "year": parsed["year"],
        }
    else:
        kind = "misc"
        values = {
            "title": f"{{{escape(record['title'])}}}",
            "howpublished": escape(record.get("citation") or ""),
            "year": "n.d.",
            "key": escape(record["title"]),
        }
    values |= {"doi": doi[1] if doi else "", "url": _address(record.get("homepage") or "")}
    lines = ",\n".join(f"  {name} = {{{value}}}" for name, value in values.items() if value)
    return f"@{kind}{{{key},\n{lines}\n}}\n"


def _place(where: str) -> dict[str, str]:
    """Journal, volume, number and pages, as far as they are told apart."""
    found = re.fullmatch(r"(?P<journal>.+?) (?P<volume>\d+)(\((?P<number>\d+)\))?(:(?P<pages>\S+))?", where)
    if not found:
        return {"journal": escape(where)}
    return {
        name: escape(value or "").replace("-", "--") if name == "pages" else escape(value or "")
        for name, value in found.groupdict().items()
    }


def _bibtex_name(name: str) -> str:
    """A name as publications print it, as BibTeX reads it.

    Examples
    --------
    >>> _bibtex_name("Coelho de Albuquerque Pereira W"), _bibtex_name("Acharya UR"), _bibtex_name("et al")
    ('Coelho de Albuquerque Pereira, W.', 'Acharya, U. R.', 'others')
    """
    if name == "et al":
        return "others"
    surname, _, initials = name.rpartition(" ")
    if not surname or not initials.isupper():
        return f"{{{escape(name)}}}"
    return f"{escape(surname)}, {' '.join(f'{escape(letter)}.' for letter in initials)}"


def _address(url: str) -> str:
    """An address that BibTeX and \\\\url take as it is; empty for others."""
    return url if re.fullmatch(r"https?://[!-~]+", url) and not set(url) & set("{}\\\\%#") else ""
