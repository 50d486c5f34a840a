"""How two results agree; expected verdicts are worked out by hand."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from bcd_utils.evaluation.agreement import DIFFERENT, IDENTICAL, WITHIN, agreement, compare_files, values_of


@pytest.mark.parametrize(
    ("then", "now", "verdict", "gap"),
    [
        ("0.5", "0.5", IDENTICAL, 0),
        ("0.5", "0.50", WITHIN, 0),
        ("0.744", "0.745", WITHIN, 0.001),
        ("0.744", "0.7461", DIFFERENT, 0.0021),
        ("5.0", "5.004", WITHIN, 0.004),  # relative above 1
        ("5.0", "5.006", DIFFERENT, 0.006),
        ("12", "13", DIFFERENT, 1),
        ("1000", "1001", DIFFERENT, 1),  # whole numbers must be equal, however large
        ("1e-05", "2e-05", WITHIN, 1e-5),
        ("0", "1e-9", WITHIN, 1e-9),
        ("−0.2", "-0.2", WITHIN, 0),
        ("0.7 [0.6, 0.8]", "0.7 [0.6, 0.8005]", WITHIN, 0.0005),
        ("0.7 [0.6, 0.8]", "0.7 (0.6, 0.8)", DIFFERENT, None),
        ("0.7 [0.6, 0.8]", "0.7", DIFFERENT, None),
        ("benign (1)", "benign (2)", DIFFERENT, 1),
        ("None", "0.3", DIFFERENT, None),
        ("nan", "nan", IDENTICAL, 0),
        ("1e5abc", "1e6abc", DIFFERENT, None),  # hashes are no numbers
        ("", "0.0", DIFFERENT, None),
    ],
)
def test_text_and_its_numbers(then, now, verdict, gap):
    found, difference = agreement(then, now)
    assert found == verdict
    assert difference == (None if gap is None else pytest.approx(gap))


def test_with_no_tolerance_every_difference_counts():
    assert agreement("0.5", "0.5000000001", 0.0)[0] == DIFFERENT


def two(folder, name, then, now):
    """The same file of two runs."""
    paths = [folder / part / name for part in ("then", "now")]
    for path, content in zip(paths, (then, now), strict=True):
        path.parent.mkdir(exist_ok=True)
        path.write_text(content)
    return paths


def test_tables_are_compared_image_by_image_whatever_the_order(tmp_path):
    then = "id,label,p\na,benign,0.5\nb,benign,0.25\nc,normal,0.1\n"
    now = "id,label,p\nb,benign,0.2501\na,malignant,0.5\nd,normal,0.1\n"
    found = compare_files(*two(tmp_path, "p.csv", then, now)).set_index("place")["verdict"]
    assert found["a, label"] == found["c, p"] == found["d, p"] == DIFFERENT
    assert found["b, p"] == WITHIN and found["a, p"] == IDENTICAL


def test_tables_without_a_key_are_compared_row_by_row(tmp_path):
    found = compare_files(*two(tmp_path, "p.csv", "set,n\ntrain,1\ntrain,2\n", "set,n\ntrain,1\ntrain,3\n"))
    assert dict(zip(found["place"], found["verdict"], strict=True))["2, n"] == DIFFERENT
    assert (found["verdict"] == DIFFERENT).sum() == 1


def test_times_and_machines_are_no_results(tmp_path):
    record = {
        "seconds": 3.2,
        "device": "CPU",
        "a": {"started": "now", "b": [1, 2.5]},
        "said": "it takes 12 s",
        "c": None,
    }
    (tmp_path / "r.json").write_text(json.dumps(record))
    assert values_of(tmp_path / "r.json") == {"a.b": "[1, 2.5]", "c": "None"}
    (tmp_path / "r.csv").write_text("name,time to train (s),training_seconds,accuracy\nx,3,4,0.5\n")
    assert values_of(tmp_path / "r.csv") == {"x, name": "x", "x, accuracy": "0.5"}


def test_a_missing_file_is_a_difference(tmp_path):
    (tmp_path / "a.csv").write_text("a\n1\n")
    found = compare_files(tmp_path / "a.csv", tmp_path / "none" / "a.csv")
    assert found[["now", "verdict"]].to_numpy().tolist() == [["is missing", DIFFERENT]]


@pytest.mark.parametrize(
    ("change", "verdict"), [(0.0, IDENTICAL), (1e-6, WITHIN), (9e-4, WITHIN), (1.2e-3, DIFFERENT)]
)
def test_features_are_compared_by_their_length(tmp_path, change, verdict):
    then = pd.DataFrame([["a", 300.0, 400.0]], columns=["id", "projection_1", "projection_2"])
    now = then.assign(projection_1=300 + 500 * change)  # the length is 500
    found = compare_files(*two(tmp_path, "features.csv", then.to_csv(index=False), now.to_csv(index=False)))
    assert found["verdict"].tolist() == [verdict]
    assert found["difference"].tolist() == [pytest.approx(change)]


def test_features_of_another_image_are_different(tmp_path):
    found = compare_files(*two(tmp_path, "features.csv", "id,p\na,1.0\n", "id,p\nb,1.0\n"))
    assert found["verdict"].tolist() == [DIFFERENT, DIFFERENT]


def test_arrays_are_one_number_each(tmp_path):
    for part, maps, names in (("then", [0.5, np.nan, 2.0], [1, 2]), ("now", [0.5002, np.nan, 2.0], [1, 3])):
        (tmp_path / part).mkdir()
        np.savez(tmp_path / part / "m.npz", maps=maps, names=names, same=[1.5], shape=np.zeros(len(part)))
    found = compare_files(tmp_path / "then" / "m.npz", tmp_path / "now" / "m.npz").set_index("place")
    assert found["verdict"].to_dict() == {
        "maps": WITHIN,
        "names": DIFFERENT,
        "same": IDENTICAL,
        "shape": DIFFERENT,
    }
    assert found.loc["maps", "difference"] == pytest.approx(2e-4)
