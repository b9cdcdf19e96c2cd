"""Spans of time as options."""

from __future__ import annotations

import pytest

from agent.cli.client.spans import seconds


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0", 0),
        ("30s", 30),
        ("1m30s", 90),
        ("2h", 7200),
        ("1.5s", 1.5),
        ("300ms", 0.3),
        ("-1s", -1),
    ],
)
def test_spans(text: str, value: float) -> None:
    assert seconds(text) == pytest.approx(value)


@pytest.mark.parametrize("text", ["", "5", "s", "1d", "1s x", "1ss"])
def test_what_is_none(text: str) -> None:
    with pytest.raises(ValueError, match="invalid duration"):
        seconds(text)
