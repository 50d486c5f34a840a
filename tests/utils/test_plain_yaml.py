"""What is written is what is read; what could be read in two ways, or grows without bound, is refused in a line."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bcd_utils.utils.plain_yaml import parse_yaml, write_yaml

BOMB = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{new}: &{new} [{', '.join([f'*{old}'] * 9)}]\n" for old, new in zip("abcdefgh", "bcdefghi", strict=True)
)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1e-5", 1e-5), ("1.", 1.0), (".5", 0.5), ("-3", -3), ("+3", 3), ("0", 0), ("0.10", 0.1), ("", None),
        ("~", None), ("null", None), ("true", True), ("FALSE", False), ("yes", "yes"), ("No", "No"),
        ("on", "on"), ("y", "y"),
        ("1:30", "1:30"), ("2026-11-26", "2026-11-26"), ("1_000", "1_000"), ("0x1F", "0x1F"), ("0o17", "0o17"),
        ("=", "="), ("<<: 1", {"<<": 1}), ("'010'", "010"), ("nan", "nan"), (".inf", ".inf"), ("1e400", float("inf")),
        ("[a, 1, true]", ["a", 1, True]), ("{a: {b: [1]}}", {"a": {"b": [1]}}),
    ],
)  # fmt: skip
def test_values_are_those_of_the_core_schema(text, value):
    found = parse_yaml(text)
    assert found == value and type(found) is type(value)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (BOMB, r"line 2: \*a stands for a value that is written elsewhere"),
        ("a: &a [*a]", r"line 1: \*a stands for"),
        ("[" * 5000 + "]" * 5000, "more than 20 levels"),
        ("a: 1\nb: 2\na: 3", "line 3: 'a' is given twice"),
        ("x: {b: 1, b: 1}", "'b' is given twice"),
        ("seed: 010", "line 1: 010 begins with 0"),
        (f"seed: {'9' * 5000}", r"9999999999... has 5000 digits"),
        ("a: [1", "line 1: expected"),
        ("a: !!python/name:os.system", "could not determine a constructor"),
        ("a: \x00", "unacceptable character"),
    ],
)
def test_what_is_refused_is_one_line_with_its_place(text, problem):
    with pytest.raises(ValueError, match=problem) as caught:
        parse_yaml(text)
    assert "\n" not in str(caught.value)


def test_texts_stay_as_they_are_written():
    written = {"a": "0.840", "b": ["010", "yes", "1e3"], "c": "null"}
    assert parse_yaml("a: 0.840\nb: [010, yes, 1e3]\nc: null", texts_only=True) == written


PLAIN = st.recursive(
    st.one_of(
        st.none(), st.booleans(), st.integers(-(10**9), 10**9), st.floats(allow_nan=False, allow_infinity=False),
        st.text("abceyn0189 :-.~", max_size=8),
    ),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text("abe01", min_size=1), inner, max_size=3)
    ),
    max_leaves=8,
)  # fmt: skip


@given(PLAIN)
@example(["-.0", "1e3", "08", "010", "yes", "null"])
def test_what_is_written_is_read_as_it_was(value):
    assert parse_yaml(write_yaml(value)) == value


def test_what_stands_twice_is_written_twice():
    classes = ["benign", "malignant"]
    assert parse_yaml(write_yaml({"a": classes, "b": classes})) == {"a": classes, "b": classes}
