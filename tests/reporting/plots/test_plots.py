"""Figures: that they draw without a warning, cut nothing off, and show the numbers they were given."""

from __future__ import annotations

import re
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
import seaborn
from figures import CLASSES, SUBTYPES, drawn, strings, visible_texts
from matplotlib.colors import to_hex

from bcd_utils.evaluation.calibration import reliability_tables
from bcd_utils.evaluation.metric_registry import main_metrics
from bcd_utils.reporting.plots import (
    architecture,
    audit,
    calibration,
    comparison,
    data,
    diagrams,
    external,
    forensics,
    heat_maps,
    lettering,
    modalities,
    repeated_splits,
    results,
    style,
)

pytestmark = pytest.mark.filterwarnings("error")

SETS = ["train", "validation", "test"]
PAPER = {"test": {"accuracy": 0.94, "kappa": 0.9}, "train": {"accuracy": 0.99}}
LONG_ID = "SOB_M_DC-14-22549AB-40-001"


def frame(height=40, width=60, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


def lesion(height=40, width=60, present=True):
    mask = np.zeros((height, width), dtype=bool)
    mask[10:20, 15:30] = present
    return mask


def scores(classes=CLASSES):
    each = {"accuracy": 0.95, "f1_macro": 0.93, "kappa": 0.88, "mcc": 0.89, "roc_auc": 0.98}
    each |= {f"roc_auc_{name}": 0.9 + 0.01 * index for index, name in enumerate(classes)}
    return {name: dict(each) for name in SETS}


def intervals():
    return {name: {"value": 0.9, "low": 0.71, "high": 0.99} for name in main_metrics()}


def curves(classes=CLASSES):
    points = pd.DataFrame({"false_positive_rate": [0, 0.2, 1], "true_positive_rate": [0, 0.8, 1.0]})
    return {name: dict.fromkeys(classes, points) for name in SETS}


def matrices(classes=CLASSES, hits=90):
    count = len(classes)
    matrix = np.full((count, count), 3) + np.eye(count, dtype=int) * hits
    return dict.fromkeys(SETS, matrix)


def history(epochs=12, fine_tuned=True):
    epoch = np.arange(1, epochs + 1)
    columns = {name: epoch / (epoch + 2) for name in ("accuracy", "val_accuracy")}
    columns |= {name: 2 / epoch for name in ("loss", "val_loss")}
    table = pd.DataFrame({"epoch": epoch, **columns})
    return table.assign(stage=["head"] * 5 + ["fine-tuning"] * (epochs - 5)) if fine_tuned else table


def example(**changes):
    cam = np.zeros((40, 60))
    cam[12, 33] = 1
    whole = {"image": frame(), "mask": lesion(), "cam": cam, "id": "benign (1)", "label": "benign"}
    return whole | {"predicted": "benign", "probability": 0.934} | changes


def layers(count):
    shapes = ["224 x 224 x 3", "112 x 112 x 64", "14 x 14 x 1024", "7 x 7 x 2048", "2048", "3"]
    kinds = ["input"] + ["backbone"] * (count // 2) + ["head"] * (count - count // 2 - 2) + ["output"]
    return [
        {
            "name": ["global average pooling", "conv5: 3 bottlenecks", "batch normalisation"][index % 3],
            "shape": shapes[min(index * 6 // count, 5)],
            "parameters": [0, 23_587_712, 8192, 524_544][index % 4],
            "trainable": kind in ("head", "output"),
            "kind": kind,
        }
        for index, kind in enumerate(kinds)
    ]


def localisation_table(low=0.1):
    columns = {}
    for index, name in enumerate(heat_maps.MEASURES):
        value = np.array([0.02, 0.5 + index / 10, 0.99])
        columns |= {name: value, f"{name}_low": value - low, f"{name}_high": np.minimum(value + 0.1, 1)}
    return pd.DataFrame(columns, index=["Grad-CAM", "Grad-CAM++", "score_cam"])


def sizes(classes=CLASSES):
    label = np.repeat(classes, 5)
    return pd.DataFrame(
        {
            "label": label,
            "width": 500 + np.arange(len(label)) * 7,
            "height": 400 + np.arange(len(label)) * 3,
            "area_fraction": np.linspace(0, 0.6, len(label)),
        }
    )


def split(classes=CLASSES):
    table = pd.DataFrame({"train": 70, "validation": 15, "test": 15}, index=classes)
    table.loc["all"] = table.sum()
    return table.assign(all=table.sum(axis=1))


def histograms(classes=CLASSES):
    return {name: np.full(256, (index + 1) / 256) for index, name in enumerate(classes)}


def steps(count):
    detail = "duplicates and mislabelled images found by hashing are set aside"
    return [(f"Check and clean part {index}", detail[: 15 * index]) for index in range(1, count + 1)]


def of_classes(classes, columns=3, present=True):
    return {name: [(frame(), lesion(present=present), f"{name} (1)")] * columns for name in classes}


FIGURES = {
    "methodology, 1 step": lambda: diagrams.methodology(steps(1)),
    "methodology, 5 steps": lambda: diagrams.methodology(steps(5)),
    "methodology, 8 steps": lambda: diagrams.methodology(steps(8)),
    "architecture, 6": lambda: architecture.architecture(layers(6)),
    "architecture, 14": lambda: architecture.architecture(layers(14)),
    "samples": lambda: data.samples(of_classes(CLASSES)),
    "samples, no lesion": lambda: data.samples(of_classes(CLASSES, present=False)),
    "samples, portrait and landscape": lambda: data.samples(
        {"benign": [(frame(90, 40), lesion(90, 40), LONG_ID), (frame(20, 60), lesion(20, 60), "b")]}
    ),
    "image grid": lambda: data.image_grid([(LONG_ID, frame())] * 8, title="Augmented " * 12),
    "image grid, 1 image": lambda: data.image_grid([("one", frame()[..., 0])], title="A title of one image"),
    "class counts": lambda: data.class_counts(pd.Series({"benign": 437, "malignant": 210, "normal": 133})),
    "class counts, set aside": lambda: data.class_counts(
        pd.Series(3451, index=SUBTYPES), pd.Series({"adenosis": 1200})
    ),
    "image sizes": lambda: data.image_sizes(sizes(), CLASSES),
    "image sizes, subtypes": lambda: data.image_sizes(
        sizes(SUBTYPES).assign(width=700, height=460), SUBTYPES
    ),
    "lesion areas": lambda: data.lesion_areas(sizes(), CLASSES),
    "lesion areas, none": lambda: data.lesion_areas(sizes(["normal"]).assign(area_fraction=0.0), CLASSES),
    "split sizes": lambda: data.split_sizes(split()),
    "intensities": lambda: data.intensities(histograms()),
    "before and after": lambda: data.before_after([(LONG_ID, frame(), frame(32, 32))] * 6),
    "before and after, 1": lambda: data.before_after([("benign (1)", frame(), frame(32, 32))]),
    "metrics": lambda: results.metrics_beside_paper(scores(), intervals(), PAPER),
    "metrics, ours only": lambda: results.metrics_beside_paper(scores(), {}, {}),
    "confusion": lambda: results.confusion_matrices(matrices(), CLASSES),
    "confusion, 1 set": lambda: results.confusion_matrices({"test": matrices()["test"]}, CLASSES),
    "roc": lambda: results.roc(curves(), scores()),
    "roc, 1 set": lambda: results.roc({"test": curves()["test"]}, scores()),
    "learning curve": lambda: results.learning_curve(history(), "accuracy", 9),
    "learning curve, first epoch": lambda: results.learning_curve(history(100), "loss", 1),
    "learning curve, last epoch": lambda: results.learning_curve(history(100), "loss", 100),
    "learning curve, 1 epoch": lambda: results.learning_curve(history(1, fine_tuned=False), "loss", 1),
    "gallery, 2": lambda: heat_maps.gallery([example(), example(predicted="malignant")]),
    "gallery, 12": lambda: heat_maps.gallery([example(predicted="papillary_carcinoma", id=LONG_ID)] * 12),
    "gallery, no lesion": lambda: heat_maps.gallery([example(mask=lesion(present=False))] * 2),
    "localisation": lambda: heat_maps.localisation(localisation_table()),
    "localisation, no interval": lambda: heat_maps.localisation(localisation_table(low=np.nan)),
}


#: From two classes to eight, with names as people give them: short, long, with blanks, signs and letters of other
#: languages.
NAMED = {
    2: ["DC", "Übergang, gutartig"],
    5: ["fa", "Gutartig Übergang", "D$C_2 & $x^y", "доброкачественная_опухоль", "κακοήθης"],
    3: ["Gutartiger Tumor", "Krebs im Frühstadium", "n"],
    4: [name.replace("_", " ") for name in SUBTYPES[4:]],
    8: SUBTYPES,
}


def of_rivals(asked):
    """What `forensics.rivals` draws: two rivals, with a share for these classes."""
    columns = [f"{name}_accuracy" for name in ("train", "validation", "test")]
    table = pd.DataFrame(np.random.default_rng(0).uniform(0.2, 0.9, (6, 3)), columns=columns)
    known = pd.DataFrame(
        {"title": ["plain images", "masks"], "perfect_all": [0.0, 0.5]}, index=["image", "mask"]
    )
    return table.assign(rival=["image", "mask"] * 3), known, {}, asked


def reliability_of(classes):
    count = 40
    labels = np.arange(count) % len(classes)
    probabilities = np.random.default_rng(0).dirichlet(np.ones(len(classes)), count)
    return {"as predicted": reliability_tables(labels, probabilities, classes, positive=classes[0])}


OF_CLASSES = {
    "samples": lambda classes: data.samples(of_classes(classes, columns=2)),
    "class counts": lambda classes: data.class_counts(pd.Series(3451, classes), pd.Series(1, classes[:1])),
    "image sizes": lambda classes: data.image_sizes(sizes(classes), classes),
    "lesion areas": lambda classes: data.lesion_areas(sizes(classes), classes),
    "split sizes": lambda classes: data.split_sizes(split(classes)),
    "intensities": lambda classes: data.intensities(histograms(classes)),
    "confusion": lambda classes: results.confusion_matrices(matrices(classes, 3000), classes),
    "roc": lambda classes: results.roc(curves(classes), scores(classes), classes[0]),
    "rivals": lambda classes: forensics.rivals(*of_rivals(classes[-2:])),
    "reliability": lambda classes: calibration.reliability(reliability_of(classes)),
    "best matches": lambda classes: audit.best_matches(
        pd.DataFrame({"label": classes * 4, "detail": np.linspace(-0.2, 1, 4 * len(classes))}), None, classes
    ),
    "external scores": lambda classes: external.scores(external_scores(classes)),
    "side by side": lambda classes: comparison.side_by_side(
        [
            {"image": frame(), "mask": lesion(), "label": label, "cams": {"a": lesion() * 1.0},
             "predicted": {"a": classes[0]}} for label in classes
        ],
        {"a": "A candidate"},
    ),
}  # fmt: skip


def external_scores(classes):
    names = ["accuracy", *(f"sensitivity_{name}" for name in classes)]
    ends = {
        (source, end): 0.5 for source in ("internal test", "external") for end in ("value", "low", "high")
    }
    return pd.DataFrame(ends, index=names)


FIGURES |= {
    f"{name}, {count} classes": lambda draw=draw, classes=classes: draw(list(classes))
    for name, draw in OF_CLASSES.items()
    for count, classes in NAMED.items()
    if count not in (3, 4) or name == "confusion"
}


def heights(points):
    return [line.get_ydata()[0] for line in points]


@pytest.fixture(scope="module", params=FIGURES)
def figure(request):
    return drawn(FIGURES[request.param]())


def test_figure_is_drawn_and_has_room_on_a_page(figure):
    assert figure.get_figheight() < 9.6, "with its caption on a page"


def test_what_is_seen_is_said_in_a_sentence(figure):
    said = figure.get_label()
    assert said.endswith(".") and said[0] == said[0].upper() and not re.search(r"\bnan\b|\n", said)


def test_no_text_is_left_as_it_is_typeset(figure):
    # matplotlib's own numbers of a logarithmic axis need what is switched off for names with a $
    assert not [text for text in strings(figure) if "mathdefault" in text]


def test_figures_do_not_load_pyplot():
    code = (
        "import sys; from bcd_utils.reporting.plots import audit, heat_maps as cams, data, diagrams, external, results;"
        "sys.exit('matplotlib.pyplot' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_class_colours_are_fixed_and_told_apart():
    assert style.class_colours(CLASSES) == dict(zip(CLASSES, ["#0072B2", "#D55E00", "#009E73"], strict=True))
    assert style.class_colours(["cyst", *CLASSES])["benign"] == "#0072B2"
    assert list(style.class_colours(CLASSES[::-1])) == CLASSES[::-1]
    assert style.class_looks(SUBTYPES) == style.class_looks(SUBTYPES[::-1])
    for parts in zip(*style.class_looks([*CLASSES, *"abcde"]).values(), strict=True):
        assert len(set(parts)) == 8
    assert len(style.class_colours(map(str, range(20)))) == 20


@pytest.mark.parametrize("width", [0.05, 0.5, 1.0, 3.0])
@pytest.mark.parametrize("text", [LONG_ID, "two words", "x" * 40, "", "a  b"])
def test_wrap_keeps_the_text_within_the_width(text, width):
    wrapped = lettering.wrap(text, width, 9)
    assert "".join(wrapped.split()) == "".join(text.split())
    for line in wrapped.split("\n"):
        assert len(line) <= 1 or lettering.text_width(line, 9) <= width


def test_of_two_classes_one_curve_is_drawn_for_the_other_is_its_mirror_image():
    two = NAMED[2]
    one = results.roc(curves(two), scores(two), "DC")
    assert [line.get_label() for line in one.axes[0].lines[1:]] == ["DC: 0.900"]
    both = results.roc(curves(), scores(), "malignant")
    assert len(both.axes[0].lines[1:]) == 3
    assert list(reliability_of(two)["as predicted"]) == ["predicted class", "DC"]
    assert list(reliability_of(CLASSES)["as predicted"]) == ["predicted class", *CLASSES]


@pytest.mark.parametrize("classes", [["normal", "benign", "malignant"], ["DC", "fa", "Cyste"]])
def test_classes_stand_in_the_order_of_the_study(classes):
    shown = [str(name) for name in strings(drawn(data.lesion_areas(sizes(classes), classes)))]
    assert [name.split("\n")[0] for name in shown if "images" in name and "\n" in name] == classes
    legend = drawn(data.image_sizes(sizes(classes), classes)).legends[0].get_texts()
    assert [text.get_text() for text in legend][:3] == [f"{name} (5)" for name in classes]


def test_colours_are_equal_across_figures():
    bars = [
        to_hex(bar.get_facecolor()) for bar in data.class_counts(pd.Series(5, CLASSES)).axes[0].patches[:3]
    ]
    greys = data.intensities(histograms()).axes
    levels = [to_hex(panel.collections[0].get_facecolor()[0], keep_alpha=False) for panel in greys]
    rates = [line.get_color() for line in results.roc(curves(), scores()).axes[0].lines[1:]]
    dots = [
        to_hex(dots.get_facecolor()[0], keep_alpha=False)
        for dots in data.image_sizes(sizes(), CLASSES).axes[0].collections
    ]
    expected = [colour.lower() for colour in style.class_colours(CLASSES).values()]
    for found in (bars, levels, rates, dots):
        assert [colour.lower() for colour in found] == expected


def test_methodology_holds_every_step_in_a_box():
    figure = diagrams.methodology(steps(7))
    assert len(figure.axes[0].patches) == 7
    assert sum(text.get_text() == "" for text in figure.axes[0].texts) == 6, "arrows"
    assert "Check and clean" in strings(figure)[0]


def test_architecture_tells_frozen_from_trained():
    figure = architecture.architecture(layers(8))
    shown = strings(figure)
    assert {"7 × 7 × 2048", "23.6 M", "8,192", "525 k", "backbone", "weights frozen"} <= set(shown)
    assert {"batch normalisation", "conv5: 3 bottlenecks"} <= set(shown)
    assert {text.get_rotation() for text in visible_texts(figure)} == {0}
    hatches = [patch.get_hatch() for patch in figure.axes[0].patches[::2]]
    assert [bool(hatch) for hatch in hatches] == [
        bool(layer["parameters"]) and not layer["trainable"] for layer in layers(8)
    ]


@pytest.mark.parametrize(
    ("count", "text"), [(0, "0"), (9999, "9,999"), (10_000, "10 k"), (999_499, "999 k"), (999_500, "1.0 M")]
)
def test_counts_of_weights_are_short(count, text):
    assert architecture._short_count(count) == text


def test_samples_have_a_row_for_each_class_and_outlines():
    figure = data.samples(
        of_classes(CLASSES) | {"normal": of_classes(["normal"], 2, present=False)["normal"]}
    )
    assert len(figure.axes) == 9
    assert [panel.get_ylabel() for panel in figure.axes[::3]] == CLASSES
    assert [len(panel.lines) for panel in figure.axes] == [1] * 6 + [0] * 3
    assert figure.axes[0].get_xlabel() == "benign (1)"
    x, y = figure.axes[0].lines[0].get_data()
    assert (x.min(), x.max(), y.min(), y.max()) == (15, 29, 10, 19)
    assert (x[0], y[0]) == (x[-1], y[-1]), "closed"


def test_image_grid_captions_and_columns():
    figure = data.image_grid([(f"image {index}", frame(seed=index)) for index in range(8)], columns=5)
    shown = [panel for panel in figure.axes if panel.images]
    assert len(figure.axes) == 10 and len(shown) == 8
    assert [panel.get_xlabel() for panel in shown] == [f"image {index}" for index in range(8)]
    assert (shown[3].images[0].get_array() == frame(seed=3)).all()


def test_class_counts_show_the_images_set_aside():
    counts, aside = pd.Series({"benign": 420, "phyllodes_tumor": 1195}), pd.Series({"benign": 17})
    figure = data.class_counts(counts, aside)
    assert [bar.get_width() for bar in figure.axes[0].patches] == [420, 1195, 17, 0]
    assert {"420  +  17 set aside", "1,195", "phyllodes tumor"} <= set(strings(figure))


def test_lesion_areas_show_every_image():
    dots = data.lesion_areas(sizes(), CLASSES).axes[0].collections
    shown = np.concatenate([group.get_offsets()[:, 0] for group in dots])
    assert np.allclose(np.sort(shown), sizes()["area_fraction"])


def test_split_sizes_are_shares_and_counts():
    figure = data.split_sizes(split())
    widths = [bar.get_width() for bar in figure.axes[0].patches]
    assert np.allclose(widths, np.repeat([0.7, 0.15, 0.15], 4))
    assert strings(figure).count("45") == 2 and "300" in strings(figure)
    shown = {to_hex(bar.get_facecolor()).upper() for bar in figure.axes[0].patches}
    assert shown == set(style.SET_COLOURS.values())


def test_before_and_after_are_two_rows():
    figure = data.before_after([("a", frame(), frame(32, 32)), ("b", frame(), frame(32, 32))])
    assert [panel.images[0].get_array().shape[:2] for panel in figure.axes] == [(40, 60)] * 2 + [(32, 32)] * 2


def test_metrics_are_drawn_with_interval_and_paper():
    figure = drawn(results.metrics_beside_paper(scores(), intervals(), PAPER))
    lines = figure.axes[0].lines
    bars = [line for line in lines if line.get_marker() == "|"]
    assert [list(line.get_xdata()) for line in bars] == [[0.71, 0.99]] * len(main_metrics())
    assert heights(bars) == [3, 7, 11, 15, 19]
    published = [line for line in lines if line.get_marker() == "D"]
    assert [(line.get_xdata()[0], line.get_ydata()[0]) for line in published] == [
        (0.99, 1),
        (0.94, 3),
        (0.9, 11),
    ]
    ours = [line for line in lines if line.get_marker() in style.SET_MARKERS.values()]
    assert [line.get_xdata()[0] for line in ours] == [
        *[0.95] * 3,
        *[0.93] * 3,
        *[0.88] * 3,
        *[0.89] * 3,
        *[0.98] * 3,
    ]
    assert {"0.950 [0.710, 0.990]", "0.940", "macro F1", "paper"} <= set(strings(figure))


def test_undefined_metrics_are_named_and_not_drawn():
    metrics = scores()
    metrics["test"]["roc_auc"] = None
    ends = intervals() | {"accuracy": {"value": 0.95, "low": None, "high": None}}
    figure = drawn(results.metrics_beside_paper(metrics, ends, {}))
    lines = figure.axes[0].lines
    assert heights([line for line in lines if line.get_marker() == "^"]) == [3, 7, 11, 15]
    assert heights([line for line in lines if line.get_marker() == "|"]) == [7, 11, 15, 19]
    assert "–" in strings(figure) and "paper" not in strings(figure)


def test_confusion_cells_hold_counts_and_rates():
    matrix = np.array([[62, 4, 0], [3, 28, 0], [0, 0, 0]])
    figure = results.confusion_matrices({"test": matrix, "train": matrix}, CLASSES)
    panel = figure.axes[0]
    assert [text.get_text() for text in panel.texts[:5]] == ["62\n94%", "4\n6%", "0\n0%", "3\n10%", "28\n90%"]
    assert panel.texts[8].get_text() == "0\n–", "no image of this class"
    assert (panel.get_xlabel(), panel.get_ylabel()) == ("predicted class", "true class")
    assert panel.get_title() == "internal test\n(97 images)"
    assert panel.images[0].get_array()[0, 0] == pytest.approx(62 / 66)
    assert "ductal carcinoma" in strings(results.confusion_matrices(matrices(SUBTYPES), SUBTYPES))


def test_roc_legend_gives_the_areas_and_names_a_missing_class():
    of_sets, metrics = curves(), scores()
    del of_sets["test"]["normal"]
    metrics["test"]["roc_auc_normal"] = None
    figure = drawn(results.roc(of_sets, metrics))
    legends = [panel.get_legend() for panel in figure.axes if panel.get_legend()]
    keys = [[text.get_text() for text in legend.get_texts()] for legend in legends]
    assert keys[0] == ["benign: 0.900", "malignant: 0.910", "normal: 0.920"]
    assert keys[2] == ["benign: 0.900", "malignant: 0.910", "normal: –"]
    assert [panel.get_title() for panel in figure.axes[:3]] == ["training", "tuning", "internal test"]
    assert list(figure.axes[0].lines[1].get_ydata()) == [0, 0.8, 1]
    assert len(figure.axes[2].lines[3].get_ydata()) == 0


def test_learning_curve_marks_restored_epoch_and_fine_tuning():
    table = history()
    figure = drawn(results.learning_curve(table, "accuracy", 9))
    training, validation, restored = figure.axes[0].lines
    assert list(training.get_ydata()) == list(table["accuracy"])
    assert list(validation.get_ydata()) == list(table["val_accuracy"])
    assert restored.get_xdata()[0] == 9
    assert {"weights of epoch 9 kept", "fine-tuning (from epoch 6)"} <= set(strings(figure))
    assert figure.axes[0].patches[0].get_x() == 5.5
    ticks = figure.axes[0].get_xticks()
    assert (ticks == ticks.round()).all()


@pytest.mark.parametrize("metric", ["accuracy", "loss"])
def test_one_epoch_is_in_view(metric):
    panel = drawn(results.learning_curve(history(1, fine_tuned=False), metric, 1)).axes[0]
    value = panel.lines[0].get_ydata()[0]
    low, high = panel.get_ylim()
    assert low + 0.02 * (high - low) < value < high - 0.02 * (high - low)
    assert not panel.patches


def test_gallery_marks_peak_and_wrong_predictions():
    figure = drawn(heat_maps.gallery([example(), example(predicted="phyllodes_tumor")]))
    pictures = [panel for panel in figure.axes if panel.images]
    assert len(pictures) == 6
    assert (pictures[0].images[0].get_array() == frame()).all()
    assert (pictures[1].images[0].get_array() == example()["cam"]).all()
    [peak, _] = figure.artists
    assert (peak.get_xdata()[0], peak.get_ydata()[0]) == (33, 12)
    shown = strings(figure)
    assert shown.count("misclassified") == 1 and shown.count("activation") == 1
    assert "true benign,\npredicted benign (p=0.93)" in shown
    assert any("phyllodes tumor" in text.replace("\n", " ") for text in shown)


def test_gallery_without_lesion_promises_no_outline():
    bare, outlined = ({"mask": lesion(present=present)} for present in (False, True))
    assert "image" in strings(drawn(heat_maps.gallery([example(**bare)])))
    assert "image" not in strings(drawn(heat_maps.gallery([example(**bare), example(**outlined)])))


def test_gallery_without_lesion_has_no_outline():
    pictures = [
        panel for panel in heat_maps.gallery([example(mask=lesion(present=False))]).axes if panel.images
    ]
    assert [len(panel.lines) for panel in pictures] == [0, 0, 0]


def test_localisation_shows_values_and_intervals():
    table = localisation_table()
    figure = heat_maps.localisation(table)
    assert [panel.get_title() for panel in figure.axes] == list(heat_maps.MEASURES.values())
    for panel, name in zip(figure.axes, heat_maps.MEASURES, strict=True):
        bars, dots = panel.lines[::2], panel.lines[1::2]
        assert [list(bar.get_xdata()) for bar in bars] == table[
            [f"{name}_low", f"{name}_high"]
        ].values.tolist()
        assert [dot.get_xdata()[0] for dot in dots] == list(table[name])
    assert "0.500 [0.400, 0.600]" in strings(figure)


def test_what_copies_are_worth_has_a_panel_for_each_way_to_join_groups():
    row = {"count": 4, "by_image": 0.8, "by_image_low": 0.7, "by_image_high": 0.9, "by_group": 0.6}
    ways = (("look", "all"), ("look", "with a copy"), ("patients", "all"))
    figure = repeated_splits.copies(
        pd.DataFrame([row | {"joined": way, "images": part} for way, part in ways])
    )
    assert [panel.get_title() for panel in figure.axes] == ["look", "patients"]
    drawn_there = [[list(line.get_xdata()) for line in panel.lines] for panel in figure.axes]
    assert drawn_there == [2 * [[0.7, 0.9], [0.8], [0.6]], [[0.7, 0.9], [0.8], [0.6]]]
    assert {"all\n4", "with a copy\n4", "folds by image", "folds by group"} <= set(strings(drawn(figure)))


def spreads():
    """Small tables for each figure that draws a distribution, and the figure of it."""
    rng = np.random.default_rng(0)
    scored = ["accuracy", "f1_macro", "kappa", "roc_auc"]
    splits = pd.DataFrame(rng.uniform(0.7, 0.9, (20, 4)), columns=scored)
    ends = dict.fromkeys(scored, {"value": 0.8, "low": 0.7, "high": 0.9})
    paper = dict.fromkeys(scored, 0.94)
    images = pd.DataFrame({"label": ["benign"] * 10 + ["normal"] * 10, "detail": rng.uniform(0, 1, 20)})
    shifted = pd.DataFrame({"source": ["internal test", "external"] * 5, "width": 300, "height": 200})
    greys = dict.fromkeys(shifted["source"], np.full(256, 1 / 256))
    measured = pd.DataFrame({"noise": rng.lognormal(size=20)})
    both = pd.concat([splits.assign(scheme="plain"), splits.assign(scheme="grouped")])
    return {
        "stripplot": [
            lambda: data.lesion_areas(sizes(), CLASSES),
            lambda: repeated_splits.repeated_splits(both, ends, paper, 5),
            lambda: forensics.rivals(*of_rivals(["normal"])),
        ],
        "pointplot": [
            lambda: data.lesion_areas(sizes(), CLASSES),
            lambda: repeated_splits.repeated_splits(both, ends, paper, 5),
        ],
        "histplot": [
            lambda: audit.best_matches(images, 0.8, list(images["label"].unique())),
            lambda: external.shift(shifted.assign(feature_distance=rng.uniform(0, 1, 10)), greys),
        ],
        "violinplot": [lambda: modalities.character([("BUSI", "benign", measured)], {"noise": "noise"})],
    }


@pytest.mark.parametrize("kind", spreads())
def test_seaborn_draws_the_distributions(kind, monkeypatch):
    original, drawn_by_seaborn = getattr(seaborn, kind), []

    def watched(*arguments, ax, **options):
        drawn_by_seaborn.append(ax.figure)
        return original(*arguments, ax=ax, **options)

    monkeypatch.setattr(seaborn, kind, watched)
    for draw in spreads()[kind]:
        assert draw() in drawn_by_seaborn


def test_dots_lie_the_same_at_every_drawing_and_leave_the_random_numbers_alone():
    np.random.seed(7)
    expected = np.random.random()
    np.random.seed(7)
    first, second = (data.lesion_areas(sizes(), CLASSES).axes[0].collections for _ in range(2))
    assert np.random.random() == expected
    for one, other in zip(first, second, strict=True):
        assert (one.get_offsets() == other.get_offsets()).all()
        assert np.ptp(one.get_offsets()[:, 1]) > 0.05, "heaped up, not in one line"


def test_the_middle_of_a_distribution_is_where_its_quantiles_are():
    _, [[panel]] = style.panels(2)
    style.span(panel, np.arange(1, 102), 3, 50, "black")
    shown = [line for line in panel.lines if len(line.get_xdata())]
    places = np.concatenate([line.get_xdata() for line in shown]).astype(float)
    assert {26, 51, 76} == set(places[~np.isnan(places)]), "of 1 to 101: quartiles and median"


def test_a_score_that_is_undefined_is_not_drawn():
    _, [[panel]] = style.panels(2)
    style.score(panel, {"value": None, "low": 0.1, "high": 0.2}, 1, color="black", marker="o")
    style.score(panel, {"value": 0.5, "low": None, "high": np.nan}, 2, color="black", marker="o")
    assert [list(line.get_xdata()) for line in panel.lines] == [[0.1, 0.2], [0.5]]


def test_wrapping_keeps_the_lines_that_a_text_has():
    assert lettering.wrap("a\nb c", 5, 9) == "a\nb c"
