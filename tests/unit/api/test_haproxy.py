"""The words that HAProxy's agent check is told, about all pods or one."""

from __future__ import annotations

import pytest

from agent.api.haproxy import answer
from tests.support.traffic import pods


@pytest.mark.parametrize(
    ("present", "line", "word"),
    [
        (["web"], "", "up ready\n"),
        (["web", "db"], "", "up ready\n"),
        (["web", "db -"], "", "down\n"),
        (["web", "db x"], "", "drain\n"),
        (["web x", "db -"], "", "down\n"),
        (["web", "job +"], "", "up ready\n"),
        ([], "", "down\n"),
        (["web", "db -"], "default/web", "up ready\n"),
        (["web", "db -"], "default/web\r", "up ready\n"),
        (["web", "db -"], " default/web ", "up ready\n"),
        (["web", "db -"], "/default/web", "up ready\n"),
        (["web", "db -"], "default/db", "down\n"),
        (["web", "db x"], "default/db", "drain\n"),
        (["web", "db -"], "default/web/c", "up ready\n"),
        (["web x"], "default/web/c", "drain\n"),
        (["web"], "default/gone", "down\n"),
        (["web"], "default/web/gone", "down\n"),
        (["web"], "web", "down\n"),
        (["web"], "a/b/c/d", "down\n"),
        (["web"], "\ufffd\x00", "down\n"),
    ],
)
def test_the_answer(present: list[str], line: str, word: str) -> None:
    assert answer(pods(*present), line) == word
