"""Texts are quoted as Go quotes them."""

from __future__ import annotations

import pytest

from agent.model import gotext


@pytest.mark.parametrize(
    ("text", "quoted"),
    [
        ("plain ä", '"plain ä"'),
        ('a"b\\c', '"a\\"b\\\\c"'),
        ("\n\t\a", '"\\n\\t\\a"'),
        ("\x00\x7f", '"\\x00\\x7f"'),
        ("\u0085\u00a0\u200b", '"\\u0085\\u00a0\\u200b"'),
        ("\U000e0001", '"\\U000e0001"'),
        ("😀", '"😀"'),
    ],
)
def test_a_text_is_quoted(text: str, quoted: str) -> None:
    assert gotext.quote(text) == quoted
