"""Spans of time as options take them: `30s`, `1m30s`, `2h` (Go: time.ParseDuration)."""

from __future__ import annotations

import re
from typing import Any

import click

_UNITS = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}
_PART = re.compile(r"(\d+\.?\d*|\.\d+)(ns|us|µs|ms|s|m|h)")
_WHOLE = re.compile(rf"[-+]?(?:{_PART.pattern})+\Z")


def seconds(text: str) -> float:
    """The seconds of a span; ValueError."""
    if text in ("0", "+0", "-0"):
        return 0.0
    if not _WHOLE.match(text):
        raise ValueError(f'invalid duration "{text}": write it as 30s, 1m30s or 2h')
    total = sum(float(number) * _UNITS[unit] for number, unit in _PART.findall(text))
    return -total if text.startswith("-") else total


class Span(click.ParamType):  # type: ignore[type-arg]  # generic only in newer releases
    """A span as an option; its value are seconds."""

    name = "duration"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        if isinstance(value, float):
            return value
        try:
            return seconds(value)
        except ValueError as exc:
            self.fail(str(exc), param, ctx)
