"""Selectors beyond the recorded cases: what they pin, and that no text breaks the parser."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.api.selectors import labels
from agent.api.selectors.error import SelectorError
from agent.model.meta import LabelSelector


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("", ""),
        ("a in (x,,y)", "a in (,x,y)"),
        ("a in (,)", "a in ()"),
        ("a in (,x)", "a in (,x)"),
        ("a notin (in,notin)", "a notin (in,notin)"),
        ("b=1,a!=2", "a!=2,b=1"),
    ],
)
def test_canonical_text_of_label_selectors(text: str, canonical: str) -> None:
    assert str(labels.parse(text)) == canonical


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("a in (x,", "unable to parse requirement: found '', expected: ',', or identifier"),
        ("a in (x,=)", "unable to parse requirement: found '=', expected: ',', or identifier"),
        ("a>99999999999999999999", "for 'Gt', 'Lt' operators, the value must be an integer"),
    ],
)
def test_what_is_no_label_selector(text: str, error: str) -> None:
    with pytest.raises(SelectorError) as caught:
        labels.parse(text)
    assert error in str(caught.value)


def test_everything_and_nothing() -> None:
    assert labels.parse("").is_empty
    assert labels.of(LabelSelector()).matches({"a": "1"})
    assert not labels.of(None).matches({})
    assert not labels.of(None).is_empty


@given(st.text(alphabet="ab(),=!<> in\\\té"))
def test_no_text_breaks_the_parser_and_canonical_text_means_the_same(text: str) -> None:
    try:
        selector = labels.parse(text)
    except SelectorError:
        return
    again = labels.parse(str(selector))
    for sample in ({}, {"a": ""}, {"a": "b"}, {"b": "1", "in": "a"}):
        assert again.matches(sample) == selector.matches(sample)
