"""Where the network looks."""

from bcd_utils.pipeline.outside import network_files
from bcd_utils.study.stage import Figure, Stage

STAGE = Stage(
    notebook="05_gradcam",
    question="Does the network look at the lesion, and would we notice if it did not?",
    reads=("dataset.json", "predictions.csv", "splits.csv", "images.npy", "head.keras"),
    also_reads=("backbone.keras",),
    writes=("cams.npz", "cam.json"),
    record="cam.json",
    outside=network_files,
    figures=(
        Figure(
            "gradcam_examples",
            "Where Grad-CAM says the network looks. Images of the internal test set with the lesion's outline, the"
            " heat map, and the map over the image; the cross marks its highest value.",
            "Rows of three pictures: the image, its heat map from black, 0, to yellow, 1, and the map over the image.",
            on_index=True,
        ),
        Figure(
            "localisation",
            "How well the maps find the lesion. Means over images of the internal test set with a lesion mask, with"
            " their intervals, beside a shuffled head and chance.",
            "Three panels, one a measure, with a dot on its interval for each map.",
        ),
    ),
    tables={
        "localisation": "How well each map finds the lesion, on internal test images with a lesion mask",
        "localisation_differences": "Grad-CAM minus each other map, on the same images",
    },
    protocol=True,
)
