"""A finished run, or several, as a model that is applied to further images."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from bcd_utils.images.reading import read_image
from bcd_utils.images.refusals import reason_of
from bcd_utils.models.features import BATCH
from bcd_utils.prediction.checks import FOREIGN_COLOUR, check_image
from bcd_utils.prediction.columns import USE, decision, meanings
from bcd_utils.prediction.heat_maps import HeatMaps
from bcd_utils.prediction.inputs import Given, listed
from bcd_utils.prediction.network import Network, Said
from bcd_utils.prediction.seen import MOST
from bcd_utils.study.run import Run
from bcd_utils.utils.counting import OnProgress, silent
from bcd_utils.utils.errors import StudyError
from bcd_utils.utils.files import sha256_of_json
from bcd_utils.utils.paths import readable

FAR = "far from the training images"


@dataclass(frozen=True, eq=False)
class StudyModel:
    """One run's network, or several whose probabilities are averaged.

    Attributes
    ----------
    networks : tuple of Network
        All of the same classes.
    """

    networks: tuple[Network, ...]

    @classmethod
    def open(cls, run: Run | Path | str, *further: Run | Path | str) -> StudyModel:
        """The model of a finished run; of several, their average.

        Raises
        ------
        StudyError
            If one is no finished run, was shown masks, or has other classes than the first.
        """
        runs = [each if isinstance(each, Run) else Run.open(each) for each in (run, *further)]
        networks = tuple(map(Network.of_run, runs))
        first = networks[0].dataset
        for each in networks[1:]:
            if (each.dataset.classes, each.dataset.positive) != (first.classes, first.positive):
                spoken = (
                    f"{', '.join(one.classes)} (positive: {one.positive})" for one in (first, each.dataset)
                )
                raise StudyError(
                    f"{readable(runs[0].folder)} and {readable(each.run.folder)} have other classes: "
                    f"{' and '.join(spoken)}",
                    "average runs of the same classes, in the same order",
                )
        return cls(networks)

    @property
    def classes(self) -> tuple[str, ...]:
        """In the order of probabilities."""
        return self.networks[0].dataset.classes

    @property
    def positive(self) -> str:
        """The class of which decisions are made."""
        return self.networks[0].dataset.positive

    @property
    def identity(self) -> str:
        """Hash of all that decides what it says."""
        return sha256_of_json([each.identity for each in self.networks])

    @property
    def announcements(self) -> list[str]:
        """What must be said first: synthetic data, untrained weights."""
        return [*dict.fromkeys(text for each in self.networks for text in each.announcements)]

    @property
    def columns(self) -> dict[str, str]:
        """What each column of a prediction means; see `columns.meanings`."""
        wanted = [*dict.fromkeys(name for each in self.networks for name in each.thresholds)]
        return meanings(self.classes, self.positive, wanted, len(self.networks) > 1)

    def predict(
        self, images: Path | str | Sequence[Path | str], on_progress: OnProgress = silent
    ) -> pd.DataFrame:
        """What it says of images.

        Parameters
        ----------
        images : path or sequence of path
            Image files (DICOM among them), folders, zip files, and tables with a column ``path``.

        Returns
        -------
        pandas.DataFrame
            One row an image; `columns` says what the columns are. ``use`` says what it may be used for.

        Examples
        --------
        >>> StudyModel.open("reports/phantom").predict("images")  # doctest: +SKIP
        """
        given = listed([images] if isinstance(images, (str, Path)) else images)
        rows = [row for batch in self.batches(given, on_progress=on_progress) for row in batch]
        return pd.DataFrame(rows, columns=[name for name in self.columns if name != "heat_map"])

    def batches(
        self,
        given: Sequence[Given],
        start: int = 0,
        heat_maps: HeatMaps | None = None,
        on_progress: OnProgress = silent,
    ) -> Iterator[list[dict[str, Any]]]:
        """Rows of `features.BATCH` images after another, of which no more are in memory.

        Parameters
        ----------
        start : int
            The place of the first that is looked at, a multiple of `features.BATCH`: a row's last bits may depend on
            the batch that it was computed in.
        heat_maps : HeatMaps, optional
            Drawn too where given.
        """
        for first in range(start, len(given), BATCH):
            on_progress(first, len(given))
            batch = given[first : first + BATCH]
            rows, squares = zip(*(self.looked_at(each)[:2] for each in batch), strict=True)
            read = [place for place, shown in enumerate(squares) if shown]
            if read:
                said = [
                    network.say(np.stack([squares[place][number] for place in read]))
                    for number, network in enumerate(self.networks)
                ]
                checked = [rows[place] for place in read]
                for place, told in zip(read, self.told(said, checked), strict=True):
                    rows[place].update(told)
                if heat_maps:
                    drawn = heat_maps.draw(
                        self, [batch[place] for place in read], said, [first + each for each in read]
                    )
                    for place, name in zip(read, drawn, strict=True):
                        rows[place]["heat_map"] = name
            yield [*rows]
        on_progress(len(given), len(given))

    def looked_at(
        self, given: Given, most_megapixels: float = np.inf
    ) -> tuple[dict[str, Any], list[np.ndarray], np.ndarray | None]:
        """The row as far as the file tells it, what each network is shown, and the image; none where it is not read.

        An image is refused that is larger than these megapixels, or than the source's setting allows.
        """
        row: dict[str, Any] = {"path": given.name, "use": USE}
        if given.why_not:
            return row | {"status": given.why_not}, [], None
        dataset = self.networks[0].dataset
        path = given.file
        try:
            with given.at_hand() as path:
                image = read_image(path, min(most_megapixels, dataset.most_megapixels))
            shown = [network.shown(image) for network in self.networks]
            checked = self.checked(image)
        except Exception as error:  # noqa: BLE001 - decoders raise many kinds, and other images follow
            return row | {"status": reason_of(error, path)}, [], None
        return row | {"status": "ok"} | checked, shown, image

    def checked(self, image: np.ndarray) -> dict[str, Any]:
        """What `checks.check_image` finds in an image, uint8 (height, width, 3)."""
        return check_image(image, self.networks[0].run.study.image_size, self.grey_expected)

    @property
    def grey_expected(self) -> bool:
        """Whether colour is unusual in images of this kind."""
        return "histopathology" not in self.networks[0].dataset.modality

    def told(self, said: Sequence[Said], checked: Sequence[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
        """What the networks say together of each image, of which `checked` says what it is like."""
        probabilities = np.mean([each.probabilities for each in said], axis=0)
        calibrated = np.mean([each.calibrated for each in said], axis=0)
        belongs = np.mean([each.sets for each in said], axis=0) > 0.5
        distance, percentile = (
            np.max([getattr(each.distances, name) for each in said], axis=0)
            for name in ("distance", "percentile")
        )
        votes: dict[str, list[np.ndarray]] = {}
        for each in said:
            for name, positive in each.decisions.items():
                votes.setdefault(name, []).append(positive)
        reached = {decision(name): np.mean(given, axis=0) >= 0.5 for name, given in votes.items()}
        names, column = np.array(self.classes), self.classes.index(self.positive)
        for place, row in enumerate(probabilities):
            reasons = {
                FAR: percentile[place] > MOST,
                "more than one class": belongs[place].sum() > 1,
                "no class": not belongs[place].any(),
                "in colour": self.grey_expected and checked[place]["coloured_share"] > FOREIGN_COLOUR,
            }
            yield {
                **{f"p_{name}": float(value) for name, value in zip(names, row, strict=True)},
                **{
                    f"calibrated_{name}": float(each)
                    for name, each in zip(names, calibrated[place], strict=True)
                },
                "predicted": str(names[row.argmax()]),
                f"{self.positive}_score": float(row[column]),
                **{name: bool(each[place]) for name, each in reached.items()},
                "conformal_set": "|".join(names[belongs[place]]),
                "distance": float(distance[place]),
                "distance_percentile": float(percentile[place]),
                "abstain": any(reasons.values()),
                "abstain_because": "; ".join(words for words, applies in reasons.items() if applies),
                **{f"nearest_{n}": name for n, name in enumerate(said[0].distances.nearest[place], start=1)},
            }
