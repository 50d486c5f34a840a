"""Confusion matrices out of rounded scores: against brute force with scikit-learn and published cases."""

from __future__ import annotations

import re
import sys
from itertools import product

import numpy as np
import pandas as pd
import pytest
import yaml
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from matplotlib.backends.backend_agg import FigureCanvasAgg
from sklearn import metrics as sklearn_metrics
from sklearn.model_selection import train_test_split

from bcd_utils import cli
from bcd_utils.evaluation.format import Rounded
from bcd_utils.evaluation.reported import load_reported
from bcd_utils.evaluation.set_sizes import stratified_counts
from bcd_utils.experiments.paper_forensics import matrices as forensics
from bcd_utils.experiments.paper_forensics import search
from bcd_utils.experiments.paper_forensics.allocations import fitting_counts
from bcd_utils.experiments.paper_forensics.matrices import Finding, examine
from bcd_utils.experiments.paper_forensics.search import count_matrices, fitting_matrices
from bcd_utils.reporting.plots import forensics as plots
from bcd_utils.utils.errors import StudyError
from bcd_utils.utils.paths import STUDIES

PAPER_FILE = STUDIES / "paper_reported.yaml"
PUBLISHED = STUDIES / "published" / "busi.yaml"
CLASSES = ["benign", "malignant", "normal"]
SMALL = {"two classes": {"ill": 5, "well": 7}, "three classes": {"a": 4, "b": 3, "c": 3}}

quick = settings(max_examples=40, deadline=None, database=None)


def as_set(matrices) -> set[tuple[int, ...]]:
    return {tuple(np.ravel(matrix).tolist()) for matrix in matrices}


def sklearn_scores(matrix: np.ndarray, classes) -> dict[str, float]:
    """The scores of a matrix, by scikit-learn from lists of labels."""
    count = len(matrix)
    truth, called = np.divmod(np.repeat(np.arange(matrix.size), matrix.ravel()), count)
    precision, recall, f1, support = sklearn_metrics.precision_recall_fscore_support(
        truth, called, labels=range(count), zero_division=0
    )
    named = {
        "accuracy": (truth == called).mean(),
        "kappa": sklearn_metrics.cohen_kappa_score(truth, called),
        "f1_macro": f1.mean(),
        "f1_weighted": np.average(f1, weights=support),
        "precision_macro": precision.mean(),
        "recall_macro": recall.mean(),
    }
    for name, values in {"precision": precision, "recall": recall, "f1": f1}.items():
        named |= {f"{name}_{label}": value for label, value in zip(classes, values, strict=True)}
    return named


def scores_by_hand(matrix: np.ndarray, classes) -> dict[str, float]:
    """The same by plain arithmetic, a hundred times as fast."""
    rows = matrix.tolist()
    true, called = [sum(row) for row in rows], [sum(column) for column in zip(*rows, strict=True)]
    hits, total = [rows[index][index] for index in range(len(rows))], sum(true)
    chance = sum(a * b for a, b in zip(true, called, strict=True)) / total**2
    accuracy = sum(hits) / total
    named = {"accuracy": accuracy, "kappa": (accuracy - chance) / (1 - chance)}
    each = list(zip(classes, hits, true, called, strict=True))
    precision = {label: hit / many if many else 0 for label, hit, _, many in each}
    recall = {label: hit / images for label, hit, images, _ in each}
    f1 = {label: 2 * hit / (images + many) for label, hit, images, many in each}
    named["f1_weighted"] = sum(f1[label] * images for label, _, images, _ in each) / total
    for name, values in {"precision": precision, "recall": recall, "f1": f1}.items():
        named[f"{name}_macro"] = sum(values.values()) / len(values)
        named |= {f"{name}_{label}": value for label, value in values.items()}
    return named


def every_matrix(counts: list[int]) -> list[np.ndarray]:
    """All confusion matrices with these class counts, by plain loops."""
    rows = [
        [row for row in product(range(images + 1), repeat=len(counts)) if sum(row) == images]
        for images in counts
    ]
    return [np.array(matrix) for matrix in product(*rows)]


@pytest.fixture(scope="module", params=SMALL)
def universe(request):
    """Class counts, and all their matrices with their scores, checked against scikit-learn."""
    counts = SMALL[request.param]
    matrices = every_matrix(list(counts.values()))
    scores = pd.DataFrame([scores_by_hand(matrix, counts) for matrix in matrices])
    for index in range(0, len(matrices), 1 + len(matrices) // 60):
        assert sklearn_scores(matrices[index], counts) == pytest.approx(scores.loc[index].to_dict())
    return counts, matrices, scores


# -- enumeration ------------------------------------------------------------------------------------


def test_without_scores_every_matrix_fits_once(universe):
    counts, matrices, _ = universe
    found = fitting_matrices(counts, {})
    assert len(found) == len(matrices) == count_matrices(counts, {})
    assert as_set(found) == as_set(matrices)


@pytest.mark.parametrize(
    "names",
    [
        ["accuracy"],
        ["accuracy", "f1_macro", "kappa"],
        ["f1_weighted"],
        ["kappa", "precision_macro", "recall_macro"],
        ["first recall"],
        ["accuracy", "first recall", "first precision", "first f1"],
    ],
    ids=" ".join,
)
@pytest.mark.parametrize("decimals", [1, 3])
def test_exactly_the_matrices_that_brute_force_finds(universe, names, decimals):
    counts, matrices, scores = universe
    first = next(iter(counts))
    names = [f"{name.split()[1]}_{first}" if " " in name else name for name in names]
    for index in range(0, len(matrices), 1 + len(matrices) // 15):
        printed = {name: f"{scores.loc[index, name]:.{decimals}f}" for name in names}
        fits = np.ones(len(matrices), dtype=bool)
        for name, text in printed.items():
            fits &= (scores[name] - float(text)).abs() <= 0.5 * 10**-decimals + 1e-9
        found = fitting_matrices(counts, printed)
        assert len(found) == fits.sum() <= count_matrices(counts, printed)
        assert as_set(found) == as_set(matrices[place] for place in np.flatnonzero(fits))


def test_blocks_do_not_change_the_result(monkeypatch):
    counts, printed = {"a": 9, "b": 6, "c": 5}, {"accuracy": "0.75", "kappa": "0.62"}
    whole = fitting_matrices(counts, printed)
    monkeypatch.setattr(search, "BLOCK", 9 * 7)
    assert np.array_equal(fitting_matrices(counts, printed), whole) and len(whole) > 20


def test_liver_scans_of_altman_and_bland():
    # BMJ 308:1552 (1994): of 258 patients with abnormal pathology 231 scans were abnormal, of 86 normal
    # ones 54 were normal; sensitivity 231/258 = 0.90, specificity 54/86 = 0.63.
    counts = {"abnormal": 258, "normal": 86}
    rough = fitting_matrices(counts, {"recall_abnormal": "0.90", "specificity_abnormal": "0.63"})
    # by hand: 0.895*258 = 230.9 <= 231, 232, 233 <= 0.905*258 = 233.5; 53.75 <= 54 <= 54.61
    assert as_set(rough) == {(hits, 258 - hits, 32, 54) for hits in (231, 232, 233)}
    closer = {"recall_abnormal": "0.895", "specificity_abnormal": "0.628", "accuracy": "0.828"}
    assert fitting_matrices(counts, closer).tolist() == [[[231, 27], [32, 54]]]


@st.composite
def matrix_and_digits(draw):
    size = draw(st.integers(2, 4))
    cell = st.integers(0, {2: 30, 3: 3, 4: 1}[size])
    matrix = np.array([[draw(cell) for _ in range(size)] for _ in range(size)])
    matrix[:, 0] += matrix.sum(axis=1) == 0  # every class has an image
    return matrix, draw(st.integers(1, 4))


@settings(quick, max_examples=25)
@given(matrix_and_digits(), st.sampled_from(["nearest", "down", "up"]))
@example((np.array([[3, 0], [0, 5]]), 2), "down")
def test_a_matrix_is_found_again_from_its_rounded_scores(case, rounding):
    matrix, digits = case
    counts = {f"c{index}": int(images) for index, images in enumerate(matrix.sum(axis=1))}
    scores = scores_by_hand(matrix, counts)
    printed = {}
    for name in ("accuracy", "f1_macro", "kappa", "precision_c0", "recall_c1"):
        value = scores[name]
        if rounding != "nearest":
            whole = np.floor if (rounding == "down") == (value > 0) else np.ceil
            value = whole(np.round(value * 10**digits, 7)) / 10**digits
        printed[name] = f"{value:.{digits}f}"
    assert tuple(matrix.ravel().tolist()) in as_set(fitting_matrices(counts, printed, rounding))


def test_too_many_matrices_are_refused_before_they_are_tried():
    counts = {"a": 200, "b": 200, "c": 200}
    with pytest.raises(StudyError, match=r"about 8e\+12 .* more than 200,000,000.* To fix: report more"):
        fitting_matrices(counts, {"kappa": "0.90"})  # (202 choose 2) cubed = 20301**3
    with pytest.raises(StudyError, match="^48 confusion matrices .* more than 47. To fix"):
        fitting_matrices(SMALL["two classes"], {}, most_tried=47)
    assert count_matrices({f"c{index}": 900 for index in range(60)}, {}) == np.inf


def test_too_many_matches_are_refused(monkeypatch):
    monkeypatch.setattr(search, "MOST_KEPT", 4 * 47)
    with pytest.raises(StudyError, match="more than 47 matrices fit"):
        fitting_matrices(SMALL["two classes"], {})


@pytest.mark.parametrize("printed", [{"accuracy": "0.99"}, {"recall_ill": "0.5"}])
def test_impossible_scores_fit_nothing(printed):
    assert fitting_matrices(SMALL["two classes"], printed).shape == (0, 2, 2)
    assert count_matrices(SMALL["two classes"], printed) == 0


@pytest.mark.parametrize(
    ("text", "rounding", "inside", "outside"),
    [
        ("0.94", "nearest", [0.935, 0.94, 0.945], [0.9349, 0.9451]),
        ("0.940", "nearest", [0.9395, 0.9405], [0.9394, 0.9406]),
        ("94%", "nearest", [0.935, 0.945], [0.934, 0.946]),
        ("94.0 %", "nearest", [0.9395], [0.939]),
        ("0.94", "down", [0.94, 0.9499], [0.9399, 0.95]),
        ("-0.12", "down", [-0.12, -0.1299], [-0.1199, -0.13]),
        ("0.0", "down", [0, 0.099, -0.099], [0.1, -0.1]),
        ("0.94", "up", [0.94, 0.9301], [0.93, 0.9401]),
        ("-0.12", "up", [-0.12, -0.1101], [-0.11, -0.1201]),
        ("0.0", "up", [0], [0.001, -0.001]),
        ("0.123456789012", "down", [0.123456789012], [0.1234567]),
    ],
)
def test_what_a_printed_number_stands_for(text, rounding, inside, outside):
    low, high = Rounded.read(text).bounds(rounding)
    assert all(low <= value <= high for value in inside)
    assert not any(low <= value <= high for value in outside)


# -- the paper --------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def paper():
    return load_reported(PAPER_FILE)


@pytest.fixture(scope="module")
def findings(paper):
    return examine(paper)


@pytest.mark.parametrize(
    ("name", "matrix", "count"),
    [
        ("test", (62, 4, 0, 3, 28, 0, 0, 0, 20), 1),
        ("validation", (36, 2, 0, 4, 14, 0, 0, 0, 11), 1),
        ("train", (331, 2, 0, 5, 156, 0, 0, 0, 102), 3),
    ],
)
def test_the_papers_matrices(findings, name, matrix, count):
    (macro,) = [each for each in findings if each.set == name and each.f1 == "macro"]
    assert matrix in as_set(macro.matrices) and len(macro.matrices) == count
    assert any(sentence.startswith("normal: recall 1.00 in every") for sentence in forensics.shared(macro))
    table = forensics.ranges(macro)
    assert table.loc["normal"].iloc[1:].tolist() == [1.0] * 8
    low, high = table.loc["benign", ["sensitivity_low", "sensitivity_high"]]
    assert low <= matrix[0] / sum(matrix[:3]) <= high


def test_only_macro_f1_fits_the_paper(findings):
    weighted = [len(each.matrices) for each in findings if each.f1 == "weighted"]
    assert weighted == [0, 0, 0]
    assert forensics.fitting_readings(findings) == ["macro"]


def test_over_all_sets_the_paper_misses_no_normal_image(findings):
    table = forensics.pooled([each for each in findings if each.f1 == "macro"])
    assert table.loc["normal"].tolist() == [133, 133, 133, 0, 0]
    assert table["images"].to_dict() == {"benign": 437, "malignant": 210, "normal": 133}
    assert table.loc["malignant", ["found_low", "found_high"]].tolist() == [155 + 14 + 28, 157 + 14 + 28]


def test_the_tables_of_notebook_08(findings, paper):
    fits = forensics.fits_table(findings).set_index(["set", "F1 as"])["that fit"]
    assert fits.xs("macro", level=1).to_dict() == {"train": 3, "validation": 1, "test": 1}
    assert fits.xs("weighted", level=1).sum() == 0
    macro = [each for each in findings if each.f1 == "macro"]
    table = forensics.shared_table(macro)
    assert table.columns.tolist() == ["set", "in every matching matrix"]
    said = set(table.itertuples(index=False, name=None))
    assert ("test", "normal: recall 1.00 in every matching matrix (20 of 20 found)") in said
    assert len(said) == sum(len(forensics.shared(each)) for each in macro)


def test_the_papers_test_set_also_without_the_assumption_of_a_stratified_split(paper):
    macro = fitting_counts(paper.images, 117, paper.readings("test")["macro"], least_chance=1e-3)
    assert macro[CLASSES].values.tolist() == [[66, 31, 20], [65, 32, 20]]
    assert macro["perfect"].tolist() == ["normal", "normal"]
    # 66 of 437, 31 of 210 and 20 of 133 by binomial coefficients
    from math import comb

    chance = comb(437, 66) * comb(210, 31) * comb(133, 20) / comb(780, 117)
    assert macro.loc[0, "chance"] == pytest.approx(chance)
    weighted = fitting_counts(paper.images, 117, paper.readings("test")["weighted"], least_chance=1e-3)
    assert weighted.empty and weighted.attrs["tried"] == macro.attrs["tried"] > 100
    assert macro.attrs["least_chance"] == 1e-3


def test_too_many_class_counts_are_refused():
    with pytest.raises(StudyError, match="too many class counts .* raise least_chance"):
        fitting_counts({f"c{index}": 100 for index in range(8)}, 200, {"accuracy": "1.00"})


def test_every_matching_matrix_is_in_the_table(findings):
    table = forensics.matrix_table(findings)
    assert table["set"].value_counts().to_dict() == {"train": 3, "validation": 1, "test": 1}
    row = table.set_index("set").loc["test"]
    assert row[["matrix", "benign_as_malignant", "malignant_as_benign"]].tolist() == [1, 4, 3]
    assert round(row["f1_macro"], 4) == 0.9452 and round(row["f1_weighted"], 4) == 0.9404


def test_what_only_some_matrices_say_is_not_shared():
    stack = np.array([[[3, 0], [1, 3]], [[2, 1], [0, 4]], [[3, 0], [0, 4]]], np.int32)
    sentences = forensics.shared(Finding("test", "", {"a": 3, "b": 4}, 20, stack))
    assert sentences == ["0 of 4 cells are the same in every matching matrix"]


def test_nothing_is_shared_where_nothing_fits():
    nothing = Finding("test", "macro", {"a": 3, "b": 4}, 20, np.zeros((0, 2, 2), np.int32))
    assert forensics.shared(nothing) == []
    assert forensics.ranges(nothing).drop(columns="images").isna().all(axis=None)
    assert forensics.matrix_table([nothing]).empty


# -- files ------------------------------------------------------------------------------------------


@quick
@given(
    st.lists(st.integers(20, 400), min_size=2, max_size=4),
    st.floats(0.1, 0.4),
    st.floats(0.1, 0.4),
    st.integers(0, 100),
)
def test_stratified_counts_are_those_of_scikit_learn(images, first, second, seed):
    labels = np.repeat(np.arange(len(images)), images)
    rest, test = train_test_split(labels, test_size=first, stratify=labels, random_state=seed)
    train, validation = train_test_split(rest, test_size=second, stratify=rest, random_state=seed)
    named = {"train": train, "validation": validation, "test": test}
    sizes = {name: len(part) for name, part in named.items()}
    classes = {f"c{index}": count for index, count in enumerate(images)}
    try:
        counts = stratified_counts(classes, sizes, ("test", "validation"))
    except StudyError as error:
        assume("chance decided" not in str(error))
        raise
    for name, part in named.items():
        assert list(counts[name].values()) == np.bincount(part, minlength=len(images)).tolist()


def test_a_tie_that_chance_decides_is_not_guessed():
    with pytest.raises(StudyError, match="chance decided .* 'test'. To fix: write its class_counts"):
        stratified_counts({"a": 50, "b": 50}, {"train": 85, "test": 15}, ("test",))


SIMPLE = {
    "class_counts": {"test": {"ill": 5, "well": 7}},
    "reported": {"test": {"accuracy": "0.83", "f1": "0.75"}},
}


@pytest.fixture
def write(tmp_path):
    def write(values) -> str:
        path = tmp_path / "mine.yaml"
        path.write_text(values if isinstance(values, str) else yaml.safe_dump(values, sort_keys=False))
        return path

    return write


def test_an_f1_that_is_not_explained_is_read_in_every_way(write):
    reported = load_reported(write(SIMPLE))
    matrices = {finding.f1: finding.matrices.tolist() for finding in examine(reported)}
    assert list(matrices) == ["macro", "weighted", "ill", "well"]
    # accuracy 0.83 of 12 is two errors; F1 of ill = 2 * 3 / (5 + 3) = 0.75 if two ill are missed
    assert matrices["ill"] == [[[3, 2], [0, 7]]]
    assert matrices["macro"] == matrices["weighted"] == matrices["well"] == []


@pytest.mark.parametrize(
    ("scores", "extra", "readings"),
    [
        ({"f1_macro": "0.8"}, {}, ["macro"]),
        ({"f1_macro": "0.8", "f1_weighted": "0.9"}, {}, [""]),
        ({"f1_weighted": "0.8"}, {"f1_averaging": "not stated"}, ["macro", "weighted", "ill", "well"]),
        ({"kappa": "0.8", "loss": "0.9"}, {}, [""]),
    ],
)
def test_readings_of_f1(write, scores, extra, readings):
    reported = load_reported(write(SIMPLE | {"reported": {"test": scores}} | extra))
    assert list(reported.readings("test")) == readings
    assert all("loss" not in each for each in reported.readings("test").values())


def test_trailing_zeros_count(paper):
    assert paper.readings("validation")["macro"]["kappa"] == "0.8430"


def with_scores(**scores):
    return SIMPLE | {"reported": {"test": scores}}


BAD = {
    "unknown key": (SIMPLE | {"roundin": "nearest"}, r"unknown key 'roundin'.* did you mean 'rounding'\?"),
    "unknown score": (with_scores(acuracy="0.9"), r"test.acuracy is not a score.* did you mean 'accuracy'\?"),
    "unknown class": (with_scores(recall_dead="0.9"), "test.recall_dead is not a score"),
    "no number": (with_scores(accuracy="high"), "test.accuracy = high is not allowed.* from 0 to 1"),
    "not finite": (with_scores(kappa="nan"), "test.kappa = nan is not allowed.* from -1 to 1"),
    "percentage": (with_scores(accuracy="94.02"), r"test.accuracy = 94.02 is not allowed.* 94\.02%"),
    "negative count": (
        SIMPLE | {"class_counts": {"test": {"ill": -5, "well": 7}}},
        "class_counts.test.ill = '-5' is not allowed",
    ),
    "one class": (SIMPLE | {"class_counts": {"test": {"ill": 5}}}, "class_counts.test = .* is not allowed"),
    "no counts": ({"reported": SIMPLE["reported"]}, "the class counts of set 'test' are missing"),
    "nothing reported": ({"class_counts": SIMPLE["class_counts"]}, "key 'reported' is missing"),
    "no scores": (with_scores(), "reported.test = {} is not allowed"),
    "rounding": (SIMPLE | {"rounding": "cut"}, "rounding = 'cut' is not allowed.* 'nearest', 'down' or 'up'"),
    "folds": (SIMPLE | {"folds": 1}, "folds = '1' is not allowed"),
    "share": (SIMPLE | {"ratios": {"test": "15"}}, "ratios.test = '15' is not allowed"),
    "two rests": (
        {"class_counts": {name: {"a": 5, "b": 7} for name in "xyz"}, "ratios": {"x": 0.1}}
        | {"reported": {name: {"accuracy": "0.5"} for name in "xyz"}},
        "ratios name neither of y, z",
    ),
    "precision twice": (with_scores(precision="0.8", precision_macro="0.8"), "precision and precision_macro"),
    "two unexplained": (with_scores(f1="0.8", f1_macro="0.8"), "test reports f1 and f1_macro"),
    "class named macro": (
        SIMPLE | {"class_counts": {"test": {"macro": 5, "well": 7}}},
        "class 'macro' has the name of an average",
    ),
    "sums": (
        SIMPLE | {"images": {"a": 5, "b": 5}, "split": {"train": 5, "test": 6}, "stratified": ["test"]},
        "images sum to 10, but split to 11",
    ),
    "order": (
        SIMPLE | {"images": {"a": 5, "b": 5}, "split": {"train": 4, "test": 6}, "stratified": ["tset"]},
        r"stratified: \[tset\] must name all sets of split but one",
    ),
    "no YAML": ("a: [", "is not valid YAML"),
    "no mapping": ("- a", "holds no reported scores"),
    "empty": ("", "holds no reported scores"),
}


@pytest.mark.parametrize(("values", "message"), BAD.values(), ids=BAD)
def test_a_file_that_says_too_little_or_nonsense_is_refused(write, values, message):
    with pytest.raises(StudyError) as caught:
        load_reported(write(values))
    assert re.search(message, str(caught.value)) and "mine.yaml" in str(caught.value)
    assert caught.value.fix


# -- command ----------------------------------------------------------------------------------------


@pytest.fixture
def bcd(monkeypatch, capsys):
    """Runs ``bcd forensics``; gives its exit code, output and errors."""
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.setenv("TERM", "dumb")

    def run(*words) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["bcd", "forensics", *map(str, words)])
        try:
            cli.main()
            code = 0
        except SystemExit as end:
            code = end.code or 0
        out, err = capsys.readouterr()
        assert "Traceback" not in out + err
        return code, out, err

    return run


def test_the_command_reproduces_the_papers_matrices(bcd, tmp_path):
    code, out, err = bcd(PAPER_FILE, "--csv", tmp_path / "all.csv")
    assert code == 0 and err == ""
    for line in (
        "test: 117 images (66 benign, 31 malignant, 20 normal)",
        "[[62, 4, 0], [3, 28, 0], [0, 0, 20]]",
        "[[36, 2, 0], [4, 14, 0], [0, 0, 11]]",
        "[[331, 2, 0], [5, 156, 0], [0, 0, 102]]",
        "F1 read as macro: 3 of 792 matrices fit",
        "normal: recall 1.00 in every matching matrix (20 of 20 found)",
        "Averaging that fits every set: macro",
        "normal: 133 of 133 found, 0 other images called normal",
        "roc_auc constrains no confusion matrix",
        "the images of the sets sum to 780, as they must",
        "size of test rounded up (as stated): 780\n",
        "size of test rounded down: 780 to 784 and 1,565 to 1,566\n",
        "4 fit all sets at once; normal without an error in all sets with 100% of their chance",
        "weighted averages: 6 of 573 fit validation (those with a chance below 1e-06 not tried); 1 of 908 fit test",
        "none fit all sets at once",
        "Assumed: a stratified split",
    ):
        assert line in out
    assert len(re.findall("F1 read as weighted: none of", out)) == 3
    table = pd.read_csv(tmp_path / "all.csv")
    assert len(table) == 5 and set(table["f1"]) == {"macro"}


def test_many_matrices_are_counted_instead_of_shown(bcd, write):
    code, out, _ = bcd(write(with_scores(accuracy="1")))
    # no digit after the point: from 0.5 on; of 48 matrices, 6 + 5 + 4 + 3 + 2 + 1 have fewer than 6 hits
    assert code == 0 and "  27 of 27 matrices fit\n" in out
    assert out.count("[[") == 10 and "and 17 more" in out


def test_a_file_that_fits_nothing_says_none(bcd, write, tmp_path):
    code, out, _ = bcd(write(with_scores(accuracy="0.83", f1="0.99")), "--csv", tmp_path / "all.csv")
    assert code == 0 and "Averaging that fits every set: none" in out
    assert pd.read_csv(tmp_path / "all.csv").empty


@pytest.mark.parametrize(
    "words",
    [
        ("nosuch.yaml",),
        (STUDIES,),
        (STUDIES / "paper.yaml",),
        (PAPER_FILE, "--csv", STUDIES),
        (PUBLISHED,),
        (PUBLISHED, "--row", "R99"),
    ],
    ids=["missing", "folder", "a study", "csv is a folder", "no row named", "no such row"],
)
def test_bad_input_is_one_message(bcd, words):
    code, _, err = bcd(*words)
    assert code == 1 and err.startswith("Error: ") and "To fix: " in err


def test_where_too_many_would_have_to_be_tried_bounds_are_told_instead(bcd, write):
    big = {"class_counts": {"test": {"a": 200, "b": 200, "c": 200}}}
    code, out, _ = bcd(write(big | {"reported": {"test": {"kappa": "0.90", "mcc": "0.90"}}}))
    assert code == 0 and "about 8e+12 matrices are too many to try; not excluded" in out
    # kappa from 0.895 on, of equal classes: accuracy from 0.93 on, 42 errors, all of which may be one class's
    assert "a: 158 to 200 of 200 found, 0 to 42 other images called a" in out
    assert "used: kappa\n" in out and "left out, so that less may be possible: mcc" in out
    code, out, _ = bcd(write(big | {"reported": {"test": {"kappa": "0.90", "recall_macro": "0.80"}}}))
    assert code == 0 and "no matrix has these scores, linear constraints prove" in out


def test_class_counts_may_be_left_open(bcd, write, tmp_path):
    table = {"images": {"ill": 7, "well": 7}, "split": {"train": 10, "test": 4}}
    values = table | {"reported": {"test": {"accuracy": "0.75", "recall_ill": "0.67"}}}
    code, out, _ = bcd(write(values), "--csv", tmp_path / "all.csv")
    assert code == 0 and "test: 4 images (class counts open)" in out
    assert "1 of 3 fit test" in out and "  test 3 ill, 1 well\n" in out
    assert pd.read_csv(tmp_path / "all.csv").empty
    big = {"images": {label: 100 for label in "abcdefgh"}, "split": {"train": 600, "test": 200}}
    code, out, _ = bcd(write(big | {"reported": {"test": {"kappa": "0.90"}}}))
    assert code == 0 and "not searched: too many class counts" in out


def test_the_command_explains_itself_with_an_example(bcd):
    code, out, _ = bcd("--help")
    assert code == 0 and "Example: bcd forensics studies/" in out and "--csv" in out


# -- what publications print ------------------------------------------------------------------------

#: Under which reading which matrices fit, the one that the publication prints first where it prints one. Of R22 to R26
#: five networks are told apart on one test set.
FOUND = {
    "R22": ("macro", 1, [[63, 2, 0], [6, 25, 0], [1, 1, 17]]),
    "R23": ("macro", 1, [[60, 5, 0], [7, 24, 0], [3, 0, 16]]),
    "R24": ("macro", 1, [[63, 2, 0], [9, 22, 0], [1, 0, 18]]),
    "R25": ("macro", 2, [[62, 2, 1], [7, 24, 0], [1, 2, 16]]),
    "R26": ("macro", 3, [[58, 5, 2], [4, 27, 0], [0, 3, 16]]),
    "R01": ("macro", 1, [[57, 6, 3], [5, 26, 0], [0, 0, 20]]),
    "R09": ("malignant", 1, [[36, 3], [4, 87]]),  # its matrix is not printed, nor is that of R12
    "R12": ("macro", 1, [[64, 2, 0], [0, 31, 0], [0, 0, 20]]),
}


ASSUMED = {  # what these do not state
    "R09": {"class_counts": {"test": {"malignant": "39", "benign": "91"}}},
    "R12": {
        "class_counts": {"test": {"benign": "66", "malignant": "31", "normal": "20"}},
        "rounding": "down",
    },
}


def published(row: str) -> dict:
    """A published row as a file of reported scores, all values text."""
    values = yaml.load(PUBLISHED.read_text(encoding="utf-8"), yaml.BaseLoader)["rows"][row]
    given = {"reported": {"test": values["scores"]}, "class_counts": {"test": values.get("test")}}
    return given | ({"folds": values["folds"]} if "folds" in values else {}) | ASSUMED.get(row, {})


@pytest.mark.parametrize("row", FOUND)
def test_published_rows_leave_the_matrices_that_are_printed(bcd, write, tmp_path, row):
    reading, count, matrix = FOUND[row]
    code, out, _ = bcd(write(published(row)), "--csv", tmp_path / "all.csv")
    assert code == 0 and str(matrix) in out
    assert f"Averaging that fits every set: {reading}\n" in out
    table = pd.read_csv(tmp_path / "all.csv")
    assert table["f1"].tolist() == [reading] * count


def enumerated_apart(row: str) -> set[tuple[int, ...]]:
    """The matrices that fit a published row under the reading of `FOUND`: loops, and scikit-learn's metrics."""
    values = published(row)
    counts = {label: int(images) for label, images in values["class_counts"]["test"].items()}
    texts, digits_cut = values["reported"]["test"], values.get("rounding") == "down"
    averages = {"recall": "recall_macro", "precision": "precision_macro", "f1": "f1_macro"}
    if len(counts) == 2:
        averages = {name: f"{name}_malignant" for name in ("precision", "f1")}
        averages |= {"sensitivity": "recall_malignant", "specificity": "recall_benign"}

    def printed_so(value: float, text: str) -> bool:
        scale, shown = (100, text.rstrip("%")) if text.endswith("%") else (1, text)
        unit = 10.0 ** -len(shown.partition(".")[2])
        gap = value * scale - float(shown)
        return -1e-9 <= gap < unit - 1e-9 if digits_cut else abs(gap) <= unit / 2 + 1e-9

    scores = {averages.get(name, name): text for name, text in texts.items() if "auc" not in name}
    images, found = list(counts.values()), set()
    total = sum(images)
    for wrong in range(total + 1):
        if not printed_so((total - wrong) / total, scores["accuracy"]):
            continue
        for by_class in product(range(wrong + 1), repeat=len(images)):
            recalls = [(count - errors) / count for count, errors in zip(images, by_class, strict=True)]
            if sum(by_class) != wrong or min(recalls) < 0:
                continue
            if "recall_macro" in scores and not printed_so(
                sum(recalls) / len(recalls), scores["recall_macro"]
            ):
                continue
            if any(
                f"recall_{label}" in scores and not printed_so(recall, scores[f"recall_{label}"])
                for label, recall in zip(counts, recalls, strict=True)
            ):
                continue
            for taken in product(*(range(errors + 1) for errors in by_class)):
                matrix = np.zeros((len(images), len(images)), dtype=int)
                for row_, (count, errors, first) in enumerate(zip(images, by_class, taken, strict=True)):
                    others = [column for column in range(len(images)) if column != row_]
                    matrix[row_, row_] = count - errors
                    matrix[row_, others[0]] = first
                    matrix[row_, others[-1]] = errors - first if len(others) > 1 else errors
                got = sklearn_scores(matrix, counts)
                if all(printed_so(got[name], text) for name, text in scores.items()):
                    found.add(tuple(matrix.ravel().tolist()))
    return found


@pytest.mark.parametrize("row", ["R22", "R09", "R12"])
def test_an_enumerator_of_its_own_finds_the_same_matrices(write, row):
    reading, count, matrix = FOUND[row]
    (ours,) = [each for each in examine(load_reported(write(published(row)))) if each.f1 == reading]
    assert as_set(ours.matrices) == enumerated_apart(row) and len(ours.matrices) == count
    assert tuple(np.ravel(matrix)) in as_set(ours.matrices)


def changed(write, row: str, **values) -> str:
    return write(published(row) | values)


@pytest.mark.parametrize(("malignant", "benign"), [(42, 87), (42, 88), (63, 131)])
def test_other_sizes_of_a_two_class_test_set_are_refused(bcd, write, malignant, benign):
    counts = {"test": {"malignant": malignant, "benign": benign}}
    _, out, _ = bcd(changed(write, "R09", class_counts=counts))
    assert "Averaging that fits every set: none" in out


def test_digits_that_were_cut_off_do_not_fit_as_rounded_ones(bcd, write):
    _, out, _ = bcd(changed(write, "R12", rounding="nearest"))
    assert "Averaging that fits every set: none" in out


def test_a_published_row_is_examined_by_its_key(bcd, tmp_path):
    code, out, _ = bcd(PUBLISHED, "--row", "R09", "--csv", tmp_path / "all.csv")
    assert code == 0 and "fits only if the test set has 39 malignant and 91 benign\n" in out
    assert "states that an image of the tumour's shape is among the inputs" in out and "(abstract)" in out
    assert pd.read_csv(tmp_path / "all.csv")["malignant_as_malignant"].tolist() == [36]
    _, out, _ = bcd(PUBLISHED, "--row", "R04")
    assert "table in the README, on the same images: fits none of these test sets" in out
    _, out, _ = bcd(PUBLISHED, "--row", "R35")
    assert "prints too little to be checked: no score is printed as a number\n" in out


def test_fold_averages_fit_as_means_of_scores_and_not_as_pooled_counts(bcd, write):
    code, out, _ = bcd(write(published("R32")))
    assert code == 0 and "Averaging that fits every set: malignant" in out
    of_malignant = out.split("those of malignant: mean of scores: not excluded")[1]
    # 175 of 210 is the only sensitivity: 0.8325 * 210 = 174.8, 0.8335 * 210 = 175.04
    assert "malignant: 175 of 210 found" in of_malignant
    # of pooled counts F1 would be 350 / 425 = 0.8235, printed 0.824
    assert "those of malignant: pooled counts: none of 1 matrices fits" in of_malignant
    scores = {"accuracy": "0.890", "sensitivity": "0.833", "specificity": "0.908"}
    _, out, _ = bcd(changed(write, "R32", reported={"test": scores}))
    assert "Averaging that fits every set: none" in out


def test_the_auc_of_two_classes_excludes_matrices(write):
    def found(auc: str) -> list:
        reported = {"test": {"accuracy": "0.83", "roc_auc": auc}}
        return examine(load_reported(write(SIMPLE | {"reported": reported})))[0].matrices.tolist()

    # two errors of 12: TP TN / (P N) of 3 * 7, 4 * 6, 5 * 5 by 35; 1 - FN FP / 35 of 1, 1 - 1/35, 1
    assert found("0.59") == []
    assert found("0.62") == [[[3, 2], [0, 7]]]
    assert found("0.98") == [[[5, 0], [2, 5]], [[3, 2], [0, 7]]] and len(found("0.96")) == 3


# -- figures ----------------------------------------------------------------------------------------


def texts_of(figure) -> str:
    """Draw a figure, check that nothing leaves it, and give all its text."""
    FigureCanvasAgg(figure).draw()
    box, size = figure.get_tightbbox(), figure.get_size_inches()
    assert box.x0 > -0.02 and box.y0 > -0.02 and box.x1 < size[0] + 0.02 and box.y1 < size[1] + 0.02
    words = [
        text.get_text() for panel in figure.axes for text in [*panel.texts, panel.title, panel.xaxis.label]
    ]
    return "\n".join(words)


@pytest.mark.filterwarnings("error")
def test_reconstructed_matrices_show_ranges_where_they_differ(findings):
    stacks = {each.set: each.matrices for each in findings if each.f1 == "macro"}
    text = texts_of(plots.reconstructed(stacks, CLASSES))
    assert "330–332\n99–100%" in text and "62\n94%" in text and "20\n100%" in text
    assert "training (596 images)\n3 matrices fit" in text
    assert "internal test (117 images)\n1 matrix fits" in text


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(("splits", "beside"), [(1, True), (10, False), (100, True)])
def test_rivals_are_drawn_beside_the_paper(splits, beside):
    rng = np.random.default_rng(0)
    drawn = {
        f"{name}_accuracy": rng.uniform(0.7, 0.9, 2 * splits) for name in ("train", "validation", "test")
    }
    table = pd.DataFrame({"rival": np.repeat(["image", "copies-1"], splits)} | drawn)
    known = pd.DataFrame({"title": ["plain images", "1 copy, then split"]}, index=["image", "copies-1"])
    row, asked = {}, []
    if beside:
        row, asked = {f"{name}_accuracy": 0.9402 for name in ("train", "validation", "test")}, ["normal"]
        known = known.assign(
            p=[0.0198, np.nan], images=[780, 1560], allowed=[True, False], perfect_all=[0.25, 1.0]
        )
    figure = plots.rivals(table, known, row, asked)
    text = texts_of(figure)
    assert "accuracy,\ntuning" in text and ("paper: 0.940" in text) == beside
    assert ("780 fit\n1,560 do not fit" in text) == ("normal perfect" in text.replace("\n", " ")) == beside
    labels = [label.get_text() for label in figure.axes[0].get_yticklabels()]
    assert labels == ["plain images", "1 copy, then split"]
    dots = sum(len(drawn.get_offsets()) for drawn in figure.axes[0].collections)
    assert dots == 2 * splits
