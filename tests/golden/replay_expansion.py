"""`$(VAR)` expansion."""

from __future__ import annotations

from typing import Any

from agent.rules.expand import expand


def replay(case: dict[str, Any]) -> str | None:
    """Compare the result; `env2` is the second place to look."""
    given, expected = case["input"], case["expected"]["result"]
    seen = expand(given["text"], given["env"], given.get("env2", {}))
    return None if seen == expected else f"{given['text']!r}: {seen!r} is not {expected!r}"
