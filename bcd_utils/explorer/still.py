"""What a report shows of the cases: a picture of three, and what is said of them."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
from matplotlib.figure import Figure

from bcd_utils.explorer.case import Case, case_of_run
from bcd_utils.explorer.collection import Collection, three_of
from bcd_utils.prediction.columns import decision
from bcd_utils.reporting.plots.heat_maps import gallery
from bcd_utils.study.run import Run
from bcd_utils.utils.path_text import in_shell
from bcd_utils.utils.paths import readable


def three_cases(collection: Collection) -> list[Case]:
    """The surest right, the surest wrong and the least sure case of the internal test set."""
    return [case_of_run(collection.model, collection.images, place) for place in three_of(collection.table)]


def picture_of(collection: Collection, cases: Sequence[Case]) -> Figure:
    """The cases with their outlines and the heat map of Grad-CAM for the predicted class."""
    model = collection.model
    return gallery(
        [
            {
                "image": case.image,
                "mask": case.mask,
                "cam": case.heat(model, "grad-cam", case.row["predicted"]),
                "id": case.name,
                "label": case.label,
                "predicted": case.row["predicted"],
                "probability": case.row[f"p_{case.row['predicted']}"],
            }
            for case in cases
        ]
    )


def table_of(collection: Collection, cases: Sequence[Case]) -> pd.DataFrame:
    """What is said of the cases, a column a case."""
    model = collection.model
    answers = {True: "reached", False: "not reached"}
    return pd.DataFrame(
        {
            case.name: {
                "class": case.label,
                "predicted": case.row["predicted"],
                **{f"calibrated {name}": f"{case.row[f'calibrated_{name}']:.3f}" for name in model.classes},
                f"{model.positive} as trained": f"{case.row[f'{model.positive}_score']:.3f}",
                **{
                    f"threshold for {wanted} ({threshold:.3f})": answers[case.row[decision(wanted)]]
                    for wanted, threshold in model.networks[0].thresholds.items()
                },
                "not excluded": case.row["conformal_set"].replace("|", ", "),
                "distance percentile": f"{case.row['distance_percentile']:.0f}",
                "nearest training image": f"{case.row['nearest_1']} ({collection.nearest(case)[0]['label']})",
                "odd about it": case.row["remarks"] or "nothing",
                "not to be used": case.row["abstain_because"] or "no reason found",
            }
            for case in cases
        }
    )


def how_to_open(run: Run) -> str:
    """How a person looks at all cases, in Markdown."""
    folder = in_shell(run.folder) if readable(run.folder) == str(run.folder) else readable(run.folder)
    return (
        f"`bcd app {folder}` serves this notebook as a page with controls (it needs `pip install 'voila>=0.5'`); "
        f"`bcd lab {folder}` opens it in JupyterLab, where its cells are run (Run, Run All Cells). There any case of "
        "the run can be chosen, or an image of one's own. Not for clinical use."
    )
