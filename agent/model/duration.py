"""How is a span of time written for people? As Go writes it, or shortened as kubectl does."""

from __future__ import annotations

from datetime import datetime

from agent.model.base import ZERO_TIME

_MINUTE, _HOUR, _DAY, _YEAR = 60, 3600, 86400, 365 * 86400


def go_text(seconds: float) -> str:
    """`1m20s`, `1.5s`, `300ms`, `0s`; exact to the nanosecond (Go: time.Duration.String)."""
    nanos = round(seconds * 1_000_000_000)
    sign, nanos = ("-", -nanos) if nanos < 0 else ("", nanos)
    if not nanos:
        return "0s"
    for unit, size in (("ns", 1), ("µs", 1_000), ("ms", 1_000_000)):
        if nanos < size * 1000:
            return f"{sign}{_fraction(nanos, size)}{unit}"
    minutes, rest = divmod(nanos, 60_000_000_000)
    text = f"{_fraction(rest, 1_000_000_000)}s"
    if minutes:
        hours, minutes = divmod(minutes, 60)
        text = f"{hours}h{minutes}m{text}" if hours else f"{minutes}m{text}"
    return sign + text


def human(seconds: float) -> str:
    """An age with two units where they still say something (apimachinery: HumanDuration)."""
    whole = int(seconds)
    if whole < 0:
        return "0s" if whole == -1 else "<invalid>"
    if whole < 2 * _MINUTE:
        return f"{whole}s"
    for limit, size, unit, next_size, next_unit in (
        (10 * _MINUTE, _MINUTE, "m", 1, "s"),
        (3 * _HOUR, _MINUTE, "m", 0, ""),
        (8 * _HOUR, _HOUR, "h", _MINUTE, "m"),
        (2 * _DAY, _HOUR, "h", 0, ""),
        (8 * _DAY, _DAY, "d", _HOUR, "h"),
        (2 * _YEAR, _DAY, "d", 0, ""),
        (8 * _YEAR, _YEAR, "y", _DAY, "d"),
    ):
        if whole < limit:
            more = whole % size // next_size if next_size else 0
            return f"{whole // size}{unit}" + (f"{more}{next_unit}" if more else "")
    return f"{whole // _YEAR}y"


def age(since: datetime | None, now: datetime) -> str:
    """How long ago `since` was (printers.go: translateTimestampSince)."""
    if since is None or since == ZERO_TIME:
        return "<unknown>"
    return human((now - since).total_seconds())


def short_human(seconds: float) -> str:
    """An age in one unit (apimachinery: ShortHumanDuration)."""
    whole = int(seconds)
    if whole < 0:
        return "0s" if whole == -1 else "<invalid>"
    for size, unit in ((_YEAR, "y"), (_DAY, "d"), (_HOUR, "h"), (_MINUTE, "m")):
        if whole >= size:
            return f"{whole // size}{unit}"
    return f"{whole}s"


def _fraction(value: int, unit: int) -> str:
    """`value` in units of `unit`, a power of ten, without trailing zeros."""
    whole, rest = divmod(value, unit)
    if not rest:
        return str(whole)
    places = len(str(unit)) - 1
    return f"{whole}.{rest:0{places}d}".rstrip("0")
