"""One requirement: numbers, and parts that do not go together."""

from __future__ import annotations

import pytest

from agent.api.selectors import labels
from agent.api.selectors.error import SelectorError
from agent.model.meta import LabelSelector, LabelSelectorRequirement


def test_a_label_that_is_no_number_is_neither_greater_nor_less() -> None:
    assert not labels.parse("a>1").matches({"a": "x"})
    assert not labels.parse("a<1").matches({})


def test_values_where_none_may_be() -> None:
    expression = LabelSelectorRequirement(key="a", operator="Exists", values=("x",))
    with pytest.raises(SelectorError, match="values set must be empty"):
        labels.of(LabelSelector(match_expressions=(expression,)))
