"""Field selectors: what they pin, and that no text breaks the parser."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.api.selectors import fields
from agent.api.selectors.error import SelectorError
from agent.model.config_data import ConfigMap, Secret
from agent.model.meta import ObjectMeta


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
