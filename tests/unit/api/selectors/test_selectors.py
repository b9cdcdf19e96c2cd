"""Selectors beyond the recorded cases: what they pin, and that no text breaks the parser."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.api.selectors import fields, labels
from agent.api.selectors.error import SelectorError
from agent.model.config_data import ConfigMap, Secret
from agent.model.meta import LabelSelector, LabelSelectorRequirement, ObjectMeta


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


def test_a_label_that_is_no_number_is_neither_greater_nor_less() -> None:
    assert not labels.parse("a>1").matches({"a": "x"})
    assert not labels.parse("a<1").matches({})


def test_values_where_none_may_be() -> None:
    expression = LabelSelectorRequirement(key="a", operator="Exists", values=("x",))
    with pytest.raises(SelectorError, match="values set must be empty"):
        labels.of(LabelSelector(match_expressions=(expression,)))


@given(st.text(alphabet="ab(),=!<> in\\\té"))
def test_no_text_breaks_the_parser_and_canonical_text_means_the_same(text: str) -> None:
    try:
        selector = labels.parse(text)
    except SelectorError:
        return
    again = labels.parse(str(selector))
    for sample in ({}, {"a": ""}, {"a": "b"}, {"b": "1", "in": "a"}):
        assert again.matches(sample) == selector.matches(sample)


@given(st.text(alphabet="metadata.name,=!\\x"))
def test_no_text_breaks_the_field_parser(text: str) -> None:
    try:
        terms = fields.parse_terms(text)
    except SelectorError:
        return
    assert fields.parse_terms(",".join(map(str, terms))) == terms


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("metadata.name=a", "a"),
        ("metadata.name==a,metadata.namespace=d", "a"),
        ("metadata.name!=a", None),
        ("metadata.namespace=d", None),
        ("", None),
    ],
)
def test_a_selector_may_pin_one_name(text: str, name: str | None) -> None:
    selector = fields.parse(text, "ConfigMap")
    assert selector.name == name
    assert selector.namespace == ("d" if "namespace=d" in text else None)


def test_fields_of_kinds() -> None:
    meta = ObjectMeta(name="a", namespace="d")
    assert fields.parse("type=Opaque", "Secret").matches(Secret(metadata=meta, type="Opaque"))
    assert not fields.parse("metadata.name=b", "ConfigMap").matches(ConfigMap(metadata=meta))
    with pytest.raises(SelectorError) as caught:
        fields.parse("type=x", "ConfigMap")
    assert str(caught.value) == (
        '"type" is not a known field selector: only "metadata.name", "metadata.namespace"'
    )


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("metadata.name=a\\x", "invalid escape sequence: \\x"),
        ("metadata.name=a\\", "invalid escape sequence: \\"),
    ],
)
def test_escapes_that_mean_nothing(text: str, error: str) -> None:
    with pytest.raises(SelectorError) as caught:
        fields.parse(text, "Pod")
    assert str(caught.value) == f"invalid field selector: {error}"
