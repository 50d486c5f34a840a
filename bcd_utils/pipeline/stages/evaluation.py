"""How good the predictions are, beside the paper's table."""

from bcd_utils.pipeline.outside import paper_scores
from bcd_utils.study.stage import Card, PaperFigure, Stage

STAGE = Stage(
    notebook="04_evaluation",
    question="How good are the predictions, how sure can we be, and does the paper's table look the same?",
    reads=("dataset.json", "manifest.csv", "predictions.csv", "splits.csv", "images.npy"),
    writes=("evaluation.json",),
    record="evaluation.json",
    outside=paper_scores,
    figures=(
        Card("fig5_evaluation", "Scores of the three sets"),
        Card("confusion_matrices", "True class against predicted class"),
        Card("fig6_7_roc", "ROC curve of each class"),
    ),
    paper_figures=(
        PaperFigure("Fig 5", "Evaluation", "fig5_evaluation"),
        PaperFigure("Fig 6/7", "ROC curve of each class", "fig6_7_roc"),
    ),
    protocol=True,
)
