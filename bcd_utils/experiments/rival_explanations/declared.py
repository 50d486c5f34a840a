"""The rival explanations of a printed row, one entry each: declared before any of them is run."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import pandas as pd

from bcd_utils.evaluation.reported import Reported
from bcd_utils.experiments.paper_forensics.joint import fitting_totals
from bcd_utils.study.settings import Study
from bcd_utils.utils.errors import StudyError, allowed_instead

PLAIN = "image"
FEWEST = 20  # splits: with fewer than 19 no p-value can be below 0.05


@dataclass(frozen=True)
class Rival:
    """One explanation: the paper's protocol with one thing changed.

    Attributes
    ----------
    name, title : str
    kind : {"input", "protocol"}
        Whether the network is shown something else, or the same is done otherwise.
    does : str
        What is changed, for the table.
    input : str
        What the network is shown; see `transforms.network_input`.
    copies : int
        Augmented copies of each image, made before the split.
    mask_files : bool
        Whether each mask file counts as one more image of its class.
    validation : {"drawn", "cut off", "test"}
        Drawn as the study does; the end of the shuffled training images, as Keras' ``fit(validation_split=...)``
        takes it; or early stopping watches the test set.
    luckiest : bool
        Whether only the best of several splits of plain images is reported.
    tuned : bool
        Whether the whole network is tuned with its softmax layer, as the study's recipe says.
    """

    name: str
    title: str
    kind: Literal["input", "protocol"]
    does: str
    input: str = PLAIN
    copies: int = 0
    mask_files: bool = False
    validation: Literal["drawn", "cut off", "test"] = "drawn"
    luckiest: bool = False
    tuned: bool = False

    def rows(self, images: float, masks: float) -> float:
        """How many rows it splits, of so many images with so many mask files: its prediction of the data's size."""
        return images * (1 + self.copies) + masks * self.mask_files


RIVALS = (
    Rival(PLAIN, "plain images", "input", "the paper's protocol as it is described"),
    Rival("crop", "crop to the lesion", "input", "the lesion's box and a tenth of its sides around it; "
          "an image without a lesion stays whole", "crop"),
    Rival("outline", "outline drawn", "input", "the outline of the mask in green, "
          "as OpenCV draws it at thickness 3", "outline"),
    Rival("channel", "mask in a channel", "input", "the mask in place of the blue channel", "channel"),
    Rival("painted", "mask painted", "input", "the lesion painted white: the larger of image and mask", "painted"),
    *(
        Rival(f"overlay-{opacity}", f"overlay at {opacity}", "input",
              f"{1 - opacity:.1f} times the image and {opacity} times the mask", f"overlay-{opacity}")
        for opacity in (0.2, 0.4, 0.7)
    ),
    Rival("product", "image times mask", "input", "black but for the lesion", "product"),
    Rival("mask", "masks", "input", "the mask in place of the image", "mask"),
    Rival("mask_files", "masks as images", "protocol", "each mask file is one more image of its class, "
          "split like the others", mask_files=True),
    *(
        Rival(f"copies-{copies}", f"{copies} cop{'y' if copies == 1 else 'ies'}, then split", "protocol",
              f"{copies} augmented cop{'y' if copies == 1 else 'ies'} of each image, made before the split",
              copies=copies)
        for copies in (1, 3)
    ),
    Rival("stop_on_test", "stopping on test", "protocol", "early stopping watches the test set", validation="test"),
    Rival("cut_off", "validation cut off", "protocol", "test drawn with class shares kept, validation the end of the "
          "shuffled rest, as `model.fit` takes it", validation="cut off"),
    Rival("luckiest", "best split of several", "protocol", "of several splits that one is reported whose test "
          "accuracy is highest", luckiest=True),
    Rival("tuned", "network tuned", "protocol", "the whole network is tuned under one softmax layer, as the recipe of "
          "this study says", tuned=True),
)  # fmt: skip


def chosen_rivals(table: pd.DataFrame, study: Study) -> tuple[list[Rival], dict[str, str]]:
    """The rivals that can be run, plain images first; and of the others, by title, why not.

    Parameters
    ----------
    table : pandas.DataFrame
        Column masks: files joined by "|", empty where there are none.

    Raises
    ------
    StudyError
        If the study names a rival that is not declared.
    """
    asked = study.rival_explanations
    known = [rival.name for rival in RIVALS]
    for name in asked.names:
        if name not in known:
            raise StudyError(f"There is no rival explanation {name}", allowed_instead(name, known))
    without, splits = int((table["masks"] == "").sum()), study.repeated_splits.splits
    chosen, left_out = [], {}
    for rival in RIVALS:
        if rival.name != PLAIN and asked.names and rival.name not in asked.names:
            left_out[rival.title] = "this study's settings do not name it"
        elif without and (rival.input != PLAIN or rival.mask_files):
            left_out[rival.title] = f"{without} of {len(table)} images have no mask file"
        elif rival.luckiest and splits < asked.best_of:
            left_out[rival.title] = f"it needs {asked.best_of} splits, and there are {splits}"
        elif rival.tuned and not asked.tuned_splits:
            left_out[rival.title] = (
                "it takes long; rival_explanations.tuned_splits says on how many splits to try it"
            )
        else:
            chosen.append(rival)
    return chosen, left_out


def splits_of(rival: Rival, rows: int, images: int, study: Study) -> int:
    """How many splits a rival is trained on: fewer where each has more rows, though not fewer than 20."""
    if rival.name == PLAIN or rival.luckiest:
        return study.repeated_splits.splits
    if rival.tuned:
        return min(study.rival_explanations.tuned_splits, study.repeated_splits.splits)
    wanted = study.rival_explanations.splits
    few = max(min(wanted, FEWEST), round(wanted * images / rows))
    return min(few, study.repeated_splits.splits)


def mask_files(table: pd.DataFrame) -> int:
    """How many mask files the images have.

    Examples
    --------
    >>> mask_files(pd.DataFrame({"masks": ["a.png", "b.png|c.png", ""]}))
    3
    """
    return int(table["masks"].str.split("|").explode().ne("").sum())


def declared_table(
    chosen: list[Rival], table: pd.DataFrame, study: Study, reported: Reported | None = None
) -> pd.DataFrame:
    """What is going to be run, and what follows of each before it is: how many images a publication would have had.

    Returns
    -------
    pandas.DataFrame
        Index ``rival``, its name; columns ``title``, ``kind``, ``does``, ``splits`` and ``trainings``; where there is
        a publication also ``images``, those that its data set would give, and ``allowed``, whether its printed
        accuracies allow that many.
    """
    images, files = len(table), mask_files(table)
    rows: dict[str, dict[str, object]] = {}
    for rival in chosen:
        of_all = rival.rows(images, files)
        splits = splits_of(rival, int(of_all), images, study)
        best_of = study.rival_explanations.best_of
        row: dict[str, object] = {"title": rival.title, "kind": rival.kind, "does": rival.does}
        row["splits"] = splits // best_of if rival.luckiest else splits
        row["trainings"] = 0 if rival.luckiest else splits
        if reported:
            total = round(sum(reported.images.values()) * of_all / images)
            row |= {"images": total, "allowed": allows(total, reported)}
        rows[rival.name] = row
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("rival")


def allows(total: int, reported: Reported) -> bool:
    """Whether the printed accuracies can come of so many images, cut by the shares that are stated.

    Examples
    --------
    >>> from bcd_utils.evaluation.reported import paper_reported
    >>> [total for total in range(700, 800) if allows(total, paper_reported())]
    [780]
    """
    return bool(fitting_totals(replace(reported, totals=(total, total))))
