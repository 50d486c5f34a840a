"""What the network is given, and which images it never sees before the test."""

from bcd_utils.study.stage import PaperFigure, Stage

STAGE = Stage(
    notebook="02_preprocessing",
    question="What exactly is the network given, and which images does it never see before the test?",
    reads=("dataset.json", "manifest.csv"),
    writes=("splits.csv", "images.npy"),
    paper_figures=(PaperFigure("Fig 1", "Methodology", "fig1_methodology"),),
    protocol=True,
)
