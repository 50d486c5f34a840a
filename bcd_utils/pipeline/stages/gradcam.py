"""Where the network looks."""

from bcd_utils.pipeline.outside import network_files
from bcd_utils.study.stage import Card, Stage

STAGE = Stage(
    notebook="05_gradcam",
    question="Does the network look at the lesion, and would we notice if it did not?",
    reads=("dataset.json", "predictions.csv", "splits.csv", "images.npy", "head.keras"),
    also_reads=("backbone.keras",),
    writes=("cams.npz", "cam.json"),
    record="cam.json",
    outside=network_files,
    figures=(Card("gradcam_examples", "Where Grad-CAM says the network looks"),),
    protocol=True,
)
