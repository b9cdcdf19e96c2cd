"""Scalars: the rest is in tests/conformance/tables/yaml_scalars.yaml."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.manifest.document import Number
from agent.manifest.yaml_scalars import ScalarError, float_text, key_text, resolve


@given(st.text())
def test_any_plain_text_means_something_or_is_refused(text: str) -> None:
    try:
        value = resolve("", text)
    except ScalarError:
        return  # only NaN and infinity, which the table has
    assert value is None or isinstance(value, (bool, int, Number, str))


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_the_text_of_a_float_means_that_float(value: float) -> None:
    assert float(json.loads(float_text(value))) == value


def test_a_fraction_keeps_the_text_of_go() -> None:
    value = resolve("", "1.50")

    assert isinstance(value, Number)
    assert value.text == "1.5"


@pytest.mark.parametrize(
    ("value", "text"), [("a", "a"), (True, "true"), (False, "false"), (7, "7"), (-1, "-1")]
)
def test_a_key_has_a_text(value: object, text: str) -> None:
    assert key_text(value) == text


@pytest.mark.parametrize("value", [None, 2**63, []])
def test_some_values_are_no_keys(value: object) -> None:
    with pytest.raises(ScalarError):
        key_text(value)
