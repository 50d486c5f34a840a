"""How good the predictions are, beside the paper's table."""

from bcd_utils.pipeline.figures import matrices, of_subgroups, reliability
from bcd_utils.pipeline.outside import paper_scores
from bcd_utils.study.stage import Figure, PaperFigure, Stage

STAGE = Stage(
    notebook="04_evaluation",
    question="How good are the predictions, how sure can we be, and does the paper's table look the same?",
    reads=("dataset.json", "manifest.csv", "predictions.csv", "splits.csv", "images.npy"),
    writes=("evaluation.json",),
    record="evaluation.json",
    outside=paper_scores,
    figures=(
        Figure(
            "fig5_evaluation",
            "Scores of the three sets. Lines: intervals of the internal test set; hollow diamonds: the paper's"
            " values, where they can be compared.",
            "Markers on an axis of the score, a row for each score and set, with the values beside them.",
            on_index=True,
        ),
        matrices("confusion_matrices", "of each set", on_index=True),
        Figure(
            "fig6_7_roc",
            "ROC curve of each class. One class against the others; areas of the internal test set with their"
            " intervals.",
            "Curves of the true over the false positive rate, a panel a set, a curve a class; the dotted diagonal is"
            " chance.",
            on_index=True,
        ),
        reliability("reliability", "of the internal test set"),
        Figure(
            "decision_curve",
            "Net benefit over the threshold probability. On the internal test set, beside acting on all images and on"
            " none; band: interval at each threshold.",
            "Curves of net benefit over the threshold probability, one with a band.",
        ),
        Figure(
            "risk_coverage",
            "Errors among the images that are kept. On the internal test set, when the images are left out first of"
            " which the model is least sure.",
            "A curve of the share of errors over the share of images that are kept, beside two lines: errors left out"
            " first, and images left out at random.",
        ),
        of_subgroups("subgroups", "of the internal test set"),
    ),
    paper_figures=(
        PaperFigure("Fig 5", "Evaluation", "fig5_evaluation"),
        PaperFigure("Fig 6/7", "ROC curve of each class", "fig6_7_roc"),
    ),
    tables={
        "metrics": "Scores of each set",
        "test_intervals": "Scores of the internal test set with their intervals, and how these are made",
        "by_patient": "Scores by patient, on the internal test set",
        "beside_paper": "The paper's scores beside this run's",
        "per_class": "Scores of each class against the rest, in each set",
        "by_class": "Scores of each class against the rest, on the internal test set, with intervals",
        "calibration": "Calibration on the internal test set, before and after temperature scaling",
        "calibration_line": "Slope and intercept of the calibration line, with intervals",
        "operating_points": "Thresholds chosen on tuning images, and what they give in each set",
        "decision_curve": "Net benefit at five thresholds",
        "risk_coverage": "Errors among the images of the internal test set of which the model is surest",
        "conformal_sets": "Sets of classes from the tuning set, and how often they hold the true one on the internal"
        " test set",
        "subgroups": "Sensitivity and specificity in subgroups of the internal test set",
        "precision_plan": "Test images that an interval of the wanted width would take",
        "confident_errors": "The wrong predictions of the internal test set that were surest of themselves",
    },
    protocol=True,
)
