"""Ages as kubectl prints them."""

from __future__ import annotations

from typing import Any

from agent.model import duration


def replay(case: dict[str, Any]) -> str | None:
    """Compare both forms."""
    seconds, expected = case["input"], case["expected"]
    seen = {"human": duration.human(seconds), "shortHuman": duration.short_human(seconds)}
    return None if seen == expected else f"{seconds}: {seen} is not {expected}"
