"""What the field printed on one data set, held against what is possible."""

from typing import Any

from bcd_utils.reporting.statements.results import published_results
from bcd_utils.study.data_settings import PublishedResults
from bcd_utils.study.loading import beside_studies
from bcd_utils.study.settings import Study
from bcd_utils.study.stage import Figure, Stage
from bcd_utils.utils.errors import StudyError
from bcd_utils.utils.files import sha256_of_file


def files_of_results(study: Study) -> dict[str, Any]:
    """Hashes of the files that the study names."""
    named = {"results": study.published_results.results, "arms": study.published_results.arms}
    for name, file in named.items():
        if file and not beside_studies(file).is_file():
            raise StudyError(f"There is no file {file}", f"name another as published_results.{name}")
    return {name: sha256_of_file(beside_studies(file)) for name, file in named.items() if file}


COLOURS = (
    "Colours and markers say what is stated, or done in an arm; hollow: the size of the test set, or the score, is not"
    " printed but follows from what is, and of several test sets the smallest that fits gives the interval."
)

STAGE = Stage(
    notebook="13_published_results",
    question="What did the field print on this data set, and what is possible?",
    writes=("published_rows.csv", "published_fits.csv", "published.json"),
    record="published.json",
    section=PublishedResults,
    outside=files_of_results,
    statement=published_results,
    figures=(
        Figure(
            "published_accuracy",
            "Published accuracies and our own arms. Above the line arms, if there are any, a dot a split; below it"
            f" published results with 95% intervals (Wilson), as if all test images were independent. {COLOURS}",
            "Dots above markers on their intervals, a row an arm or a published result; accuracy to the right.",
            on_index=True,
        ),
        Figure(
            "published_auc",
            "Published areas under the ROC curve of two classes and our own arms. Intervals after Hanley and McNeil"
            " where the test images of each class are stated; arms tell all classes apart, and their area is"
            f" that of the positive class against all others. {COLOURS}",
            "Dots above markers on their intervals, a row an arm or a published result, area to the right.",
        ),
    ),
    tables={
        "published_results": "Published results, by what was split and shown to the network, and what fits each",
        "published_further": "Other networks, and other tables, on the same test images",
        "published_within_arms": "Where each published accuracy lies among the splits of our own arms",
        "reporting_quality": "What the publications state, counted",
        "published_copies": "Copies in the data set, as others have counted them, beside our own count",
        "published_elsewhere": "Results on other data, and criticisms",
    },
)
