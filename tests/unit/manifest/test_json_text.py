"""JSON is read with lines, repeated names and the text of numbers."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.manifest.document import Members, Number, TextError
from agent.manifest.json_text import read

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


@settings(max_examples=40)
@given(VALUES, st.sampled_from([None, 2]))
def test_what_the_standard_library_writes_is_read_back(value: object, indent: int | None) -> None:
    assert read(json.dumps(value, indent=indent)).value == value


@given(st.text() | st.text('{}[]",:0123456789.eE+-truefalsn \n\\u'))
def test_any_text_is_read_or_refused_as_by_the_standard_library(text: str) -> None:
    try:
        expected = json.loads(text, parse_constant=lambda name: 1 / 0)
    except (ValueError, ZeroDivisionError):
        with pytest.raises(TextError) as raised:
            read(text)
        assert raised.value.line >= 1
        return
    found = read(text).value
    assert found == expected or "\\u" in text


def test_numbers_that_are_not_integers_keep_their_text() -> None:
    found = read("[1.50, 1e1, -0, 12]").value

    assert isinstance(found, list)
    assert [n.text for n in found if isinstance(n, Number)] == ["1.50", "1e1", "-0"]
    assert found[3] == 12


def test_a_number_of_absurd_length_does_no_harm() -> None:
    found = read("9" * 5000).value

    assert isinstance(found, Number)


def test_repeated_names_are_kept_with_their_lines() -> None:
    found = read('{"a": 1,\n "a":\n 2}')

    (duplicate,) = found.duplicates
    assert isinstance(found.value, Members)
    assert found.value.pairs == (("a", 1), ("a", 2))
    assert (duplicate.first_line, duplicate.line, duplicate.value_line) == (1, 2, 3)


def test_what_is_no_unicode_is_replaced_as_in_go() -> None:
    assert read('"\\ud800"').value == "\ufffd"
    assert read(b'"\xff"'.decode(errors="surrogateescape")).value == "\ufffd"


def test_depth_is_bounded() -> None:
    with pytest.raises(TextError, match="nested more than 3 deep") as raised:
        read("[[[[]]]]", max_depth=3)

    assert raised.value.go_text == "exceeded max depth"
    assert read("[[[]]]", max_depth=3).value == [[[]]]


def test_the_column_is_told_to_people() -> None:
    with pytest.raises(TextError, match=r"\(column 3\)"):
        read('{\n  "a": 1,\n  }')
