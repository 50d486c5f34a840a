"""A macro for every number."""

from __future__ import annotations

import json
import re

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from summaries import FULL
from tex_reading import read_macros, untex

from bcd_utils.reporting.paper.macros import Macros, written
from bcd_utils.reporting.paper.marked import leaves
from bcd_utils.reporting.statements.base import STATEMENTS, answer


def test_every_number_of_the_summary_has_one_macro_that_names_its_key_and_value(tmp_path):
    (tmp_path / "numbers.tex").write_text("\n".join(Macros(FULL).lines()))
    found = read_macros(tmp_path / "numbers.tex")
    assert len(found) == len(leaves(FULL)) == len({name for name, *_ in found})
    by_key = {key: (name, text, json.loads(value)) for name, text, key, value in found}
    assert by_key["metrics.test.accuracy"] == ("runMetricsTestAccuracy", "0.500", 0.5)
    assert by_key["parameters.backbone"] == ("runParametersBackbone", "23,587,712", 23_587_712)
    assert by_key["audit.leak[1].test_images"] == ("runAuditLeakTwoTestImages", "2", 2)
    assert by_key["subgroups.rows[1].sensitivity_low"][1] == "0.350"


keys = st.text(min_size=1, max_size=8)
values = st.recursive(
    st.integers(0, 9) | st.floats(-1, 1) | st.none() | st.booleans(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=4),
    max_leaves=12,
)


@settings(max_examples=40, deadline=None, database=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.dictionaries(keys, values, max_size=5))
def test_whatever_the_keys_are_names_are_letters_and_none_stands_twice(summary):
    macros = Macros(summary)
    names = list(macros.names.values())
    assert len(set(names)) == len(names) == len(leaves(summary))
    assert all(re.fullmatch("run[A-Za-z]*", name) for name in names)
    assert all(line.isascii() and "\n" not in line for line in macros.lines())


def test_keys_that_are_spelt_alike_have_macros_of_their_own():
    names = Macros({"a_b": 1, "a b": 2, "aB": 3, "A1": 4, "AOne": 5}).names
    assert list(names.values()) == ["runAB", "runABB", "runABBB", "runAOne", "runAOneB"]


@pytest.mark.parametrize("name", ["performance", "set_sizes", "training", "external_test", "split_method"])
def test_a_sentence_names_macros_that_show_its_numbers(name):
    macros = Macros(FULL)
    plain = answer(STATEMENTS[name][0], FULL)
    tex = macros.sentence(answer(STATEMENTS[name][0], macros.marked.values), plain)
    texts = dict(re.match(r"\\newcommand\{\\(\w+)\}\{(.*)\} %", line).groups() for line in macros.lines())
    used = re.findall(r"\\(run[A-Za-z]+)\{\}", tex)
    assert used and set(used) <= texts.keys()
    shown = re.sub(r"\\(run[A-Za-z]+)\{\}", lambda match: texts[match[1]], tex)
    assert untex(shown) == plain.replace("'", "’")


def test_a_number_in_another_way_has_a_macro_of_its_own():
    macros = Macros({"share": 0.1})
    share = macros.marked.values["share"]
    said = [
        macros.sentence(how.format(share), how.format(0.1))
        for how in ("{:.3f}", "{:.0%}", "{:+.3f}", "{:.0%}")
    ]
    assert said == [
        r"\runShare{}",
        r"\runSharePercent{}",
        r"\runShareSignedThreeDecimals{}",
        r"\runSharePercent{}",
    ]
    assert [line.split(" %")[0] for line in macros.lines()] == [
        r"\newcommand{\runShare}{0.100}",
        r"\newcommand{\runSharePercent}{10\%}",
        r"\newcommand{\runShareSignedThreeDecimals}{+0.100}",
    ]


@pytest.mark.parametrize(
    ("path", "value", "text"),
    [
        (("split", "test"), 1170, "1,170"),
        (("paired", "svm", "mcnemar_p"), 1e-9, "<0.0001"),
        (("rate",), 1e-5, "1e−5"),
        (("low",), 5e-17, "0.000"),
        (("mean",), -0.0005001, "−0.0005"),
    ],
)
def test_how_numbers_are_written(path, value, text):
    assert written(path, value) == text
