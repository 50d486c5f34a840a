"""A study's settings: one frozen dataclass."""

from __future__ import annotations

from dataclasses import field
from typing import Annotated, Any, Literal

from pydantic import Field
from pydantic.dataclasses import dataclass

from bcd_utils.study.data_settings import (
    External,
    FewerLabels,
    Folds,
    ImageAndRecord,
    Modalities,
    Positive,
    PublishedResults,
)
from bcd_utils.study.networks import NETWORKS
from bcd_utils.study.source import STRICT, Settings, StudySource
from bcd_utils.study.training_settings import Augmentation, FineTuning, LockedTest, Rate, Recipe

INPUTS = ("image", "crop", "outline", "channel", "painted", "overlay", "product", "mask")
Fraction = Annotated[float, Field(gt=0, lt=1)]
Units = Annotated[int, Field(ge=1, le=16_384)]


@dataclass(frozen=True, config=STRICT)
class Audit:
    """What a person has said of images that show the same lesion twice, and what a person is shown.

    Attributes
    ----------
    reviewed_pairs : str or None
        A ``duplicate_pairs.csv`` that a person has corrected; its verdicts replace the program's. A name that is no
        file here is sought beside the study's file, then among the project's studies.
    neighbours : int
        How many pairs are proposed for a look because the backbone's features are alike, thumbnails not.
    """

    reviewed_pairs: str | None = None
    neighbours: Annotated[int, Field(ge=0, le=1000)] = 20


@dataclass(frozen=True, config=STRICT)
class RepeatedSplits:
    """How often the protocol is repeated over other splits and seeds.

    Attributes
    ----------
    splits : int
        Random splits, plain and grouped, each with its own seed.
    folds, repeats : int
        Cross-validation by group and by image, repeated, each training with its own seed.
    crossed_splits, crossed_seeds : int
        So many splits by image, each trained with so many seeds: what the split changes, and what the seed.
    pooling : {"flatten", "average"}
        How features enter the head in these repetitions; Flatten takes many times as long.
    """

    splits: Positive = 100
    folds: Folds = 5
    repeats: Positive = 5
    crossed_splits: Folds = 20
    crossed_seeds: Folds = 5
    pooling: Literal["flatten", "average"] = "average"


@dataclass(frozen=True, config=STRICT)
class RivalExplanations:
    """Which explanations of a printed row are tried beside plain images, and how often.

    Attributes
    ----------
    names : tuple of str
        Names of `rival_explanations.declared.RIVALS`; empty: all that the images allow.
    splits : int
        Splits of each, the first of `RepeatedSplits`; plain images are trained on all of these. One that makes several
        rows of an image has fewer.
    best_of : int
        Splits of which the luckiest is reported, where several are said to have been tried.
    tuned_splits : int
        Splits on which the whole network is tuned as `Recipe` says; 0: that is not tried. Each takes ten minutes of a
        processor with a small network.
    """

    names: tuple[str, ...] = ()
    splits: Positive = 20
    best_of: Annotated[int, Field(ge=2, le=1000)] = 5
    tuned_splits: Annotated[int, Field(ge=0, le=1000)] = 0


@dataclass(frozen=True, config=STRICT)
class Comparison:
    """Who is compared, and how.

    Attributes
    ----------
    candidates : tuple of str
        Families, names, or patterns of names such as ``resnet50*``; see `candidates`.
    extractors : tuple of str
        Further frozen backbones: ``.keras`` feature extractors, or ``.h5`` weights of ResNet50 (no top) such
        as RadImageNet's.
    folds : int
        Of the grouped cross-validation.
    members : tuple of two str
        Candidates that are joined to an ensemble, besides the two best on validation images.
    scratch_epochs, scratch_patience : int
        For the network that is trained from scratch.
    augmented_copies : int
        Changed copies of each image for the augmented variant of the head.
    curve_candidates : tuple of str
        Who is also trained on fewer images.
    curve_fractions : tuple of float
        Shares of each fold's training groups.
    imbalance_candidates : tuple of str
        Who is also trained with class weights and with oversampling.
    """

    candidates: Annotated[tuple[str, ...], Field(min_length=1)] = (
        "paper", "frozen", "attention", "plain_cnn", "classical", "ensemble", "control", "ablation", "outline",
    )  # fmt: skip
    extractors: tuple[Annotated[str, Field(pattern=r"\.keras$|\.h5$")], ...] = ()
    folds: Folds = 5
    members: tuple[str, str] = ("resnet50-head", "densenet121-head")
    scratch_epochs: Positive = 40
    scratch_patience: Positive = 8
    augmented_copies: Positive = 3
    curve_candidates: tuple[str, ...] = ("paper", "paper-linear", "svm", "plain_cnn")
    curve_fractions: tuple[Fraction, ...] = (0.1, 0.25, 0.5)
    imbalance_candidates: tuple[str, ...] = ("paper", "paper-linear", "svm")


@dataclass(frozen=True, config=STRICT, kw_only=True)
class Study(Settings):
    """Every value of the protocol. Defaults are the paper's, or the likeliest where it is silent.

    Attributes
    ----------
    name : str
        Short name; also the run folder's name under ``reports/``.
    title : str
        Heading of the reports; the name, where there is none.
    notebooks : tuple of str
        Stages, in order; names of files in ``notebooks/``. Empty: those of the paper's protocol.
    source : StudySource
        The images.
    histopathology_dir : str or None
        Folder with BreakHis images; only illustrates the paper's Fig 2, never trained on.
    seed : int
        Seeds the split, the weights, dropout, the order of batches and the bootstrap.
    input : {"image", "crop", "outline", "channel", "painted", "overlay", "product", "mask"}
        What the network sees: the image; its part around the lesion; the image with the lesion's outline drawn, its
        mask in the blue channel, painted white, or blended in at opacity 0.4 (``overlay-0.7``: at another); the image
        times the mask; the lesion mask alone.
    image_size : int
        Side in pixels that images are resized to.
    resize : {"stretch", "letterbox", "crop"}
        To a square as the paper does, whatever their aspect; with their aspect kept, between black bars; or their
        middle square alone.
    contrast : {"none", "equalize", "clahe"}
        Histogram equalisation that the paper speaks of: none, over the whole image, or over tiles with a limit.
    test_fraction, validation_fraction : float
        Share of all images kept for test; share of the rest kept for validation.
    split : {"image", "group", "official"}
        What is drawn: images, as in the paper; whole groups (patients where the data set names them, else images
        with the same pixels); or validation alone, by group, where a test set is published. By image, images of
        one patient stand on both sides: where patients are known, that only serves to show the leak.
    stratify : bool or "test"
        Keep class shares equal in all three sets; whole groups keep them as far as they can. "test": only where the
        test set is drawn; validation is the end of the rest, as Keras' ``fit(validation_split=...)`` takes it.
    backbone : str
        A network of `networks.NETWORKS`, or the path of a ``.keras`` feature extractor that takes
        (n, s, s, 3) in 0..255.
    weights : str
        ``imagenet``, ``random``, or the path of a weights file of that network (no top). An extractor file
        brings its own, unless they are to be ``random``.
    scaling : {"unit", "imagenet"}
        Pixels / 255 as the paper says, or the network's own preprocessing; without effect on a network that
        prepares pixels itself.
    pooling : {"flatten", "average"}
        How the feature map enters the head.
    hidden_units : tuple of int
        Widths of the head's ReLU layers.
    dropout : float
        Dropout rate after each hidden layer.
    augmentation : Augmentation or None
    batch_size, epochs, patience : int
    learning_rate : float
        Adam's rate.
    class_weights : {"none", "balanced"}
        Weights of the loss per class; balanced: n / (classes * class count).
    training : {"paper", "recipe"}
        The paper's: its head on a frozen backbone. The recipe's: the whole network as `Recipe` says; pooling, head,
        augmentation, batches, rates and epochs are that one's then.
    fine_tuning : FineTuning or None
        A second stage of the paper's training.
    precision : {"float32", "mixed_bfloat16"}
        In which the backbone computes features; its weights stay float32. What `Recipe` tunes has its own.
    feature_dtype : {"float32", "bfloat16"}
        Precision of cached features on disk.
    bootstrap_samples : int
    confidence : float
        Level of the intervals.
    audit : Audit
    repeated_splits : RepeatedSplits
    rival_explanations : RivalExplanations
    comparison : Comparison
    modalities : Modalities
    image_and_record : ImageAndRecord
    recipe : Recipe
    locked_test : LockedTest
    fewer_labels : FewerLabels
    external : External or None
    published_results : PublishedResults
    sections : dict
        Settings of further stages, by the name of their section; see `stage.Stage`.
    """

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._=,-]*$", max_length=100)]
    title: Annotated[str, Field(max_length=300)] = ""
    notebooks: tuple[str, ...] = ()
    source: StudySource = StudySource()
    histopathology_dir: str | None = None
    seed: Annotated[int, Field(ge=0, lt=2**32)] = 42
    input: Annotated[str, Field(pattern=rf"^({'|'.join(INPUTS)})$|^overlay-0\.[0-9]+$")] = "image"
    image_size: Annotated[int, Field(ge=32, le=1024)] = 224
    resize: Literal["stretch", "letterbox", "crop"] = "stretch"
    contrast: Literal["none", "equalize", "clahe"] = "none"
    test_fraction: Fraction = 0.15
    validation_fraction: Fraction = 0.10
    split: Literal["image", "group", "official"] = "image"
    stratify: bool | Literal["test"] = True
    backbone: Annotated[str, Field(pattern=rf"^({'|'.join(NETWORKS)})$|\.keras$")] = "resnet50"
    weights: Annotated[str, Field(pattern=r"^imagenet$|^random$|\.h5$|\.keras$")] = "imagenet"
    scaling: Literal["unit", "imagenet"] = "unit"
    pooling: Literal["flatten", "average"] = "flatten"
    hidden_units: Annotated[tuple[Units, ...], Field(min_length=1, max_length=20)] = (256, 128, 64)
    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.5
    augmentation: Augmentation | None = None
    batch_size: Annotated[int, Field(ge=2, le=65_536)] = 16
    epochs: Positive = 30
    patience: Positive = 4
    learning_rate: Rate = 0.001
    class_weights: Literal["none", "balanced"] = "none"
    training: Literal["paper", "recipe"] = "paper"
    fine_tuning: FineTuning | None = None
    precision: Literal["float32", "mixed_bfloat16"] = "float32"
    feature_dtype: Literal["float32", "bfloat16"] = "float32"
    bootstrap_samples: Annotated[int, Field(ge=100, le=1_000_000)] = 2000
    confidence: Annotated[float, Field(gt=0.5, lt=1)] = 0.95
    audit: Audit = Audit()
    repeated_splits: RepeatedSplits = RepeatedSplits()
    rival_explanations: RivalExplanations = RivalExplanations()
    comparison: Comparison = Comparison()
    modalities: Modalities = Modalities()
    image_and_record: ImageAndRecord = ImageAndRecord()
    recipe: Recipe = Recipe()
    locked_test: LockedTest = LockedTest()
    fewer_labels: FewerLabels = FewerLabels()
    external: External | None = None
    published_results: PublishedResults = PublishedResults()
    sections: dict[str, dict[str, Any]] = field(default_factory=dict, hash=False)

    @property
    def tunes_backbone(self) -> bool:
        """Whether the backbone's weights are trained too."""
        return self.training == "recipe" or self.fine_tuning is not None
