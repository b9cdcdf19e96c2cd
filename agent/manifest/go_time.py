"""Which instant is an RFC 3339 text, and how does Go's time.Parse refuse one that is not?"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone

from agent.model.gotext import quote

_LAYOUT = "2006-01-02T15:04:05Z07:00"
#: The elements of the layout in order: how Go names it, what it takes, the largest value.
_ELEMENTS = (
    ("2006", r"\d{4}", "", 9999),
    ("-", "-", "", 0),
    ("01", r"\d{2}", "month", 12),
    ("-", "-", "", 0),
    ("02", r"\d{2}", "day", 31),
    ("T", "T", "", 0),
    ("15", r"\d{2}", "hour", 23),
    (":", ":", "", 0),
    ("04", r"\d{2}", "minute", 59),
    (":", ":", "", 0),
    ("05", r"\d{2}(?:[.,]\d+)?", "second", 59),
    ("Z07:00", r"Z|[-+]\d{2}:\d{2}", "", 0),
)


class TimeError(ValueError):
    """A text that is no RFC 3339 time; the message is Go's."""


def parse(text: str) -> datetime:
    """Return the instant in UTC, with microseconds; raises TimeError."""
    rest = text
    taken: dict[str, str] = {}
    for name, pattern, unit, largest in _ELEMENTS:
        match = re.match(pattern, rest, re.ASCII)
        if match is None:
            raise TimeError(
                f"parsing time {quote(text)} as {quote(_LAYOUT)}: "
                f"cannot parse {quote(rest)} as {quote(name)}"
            )
        if unit and not _in_range(match.group(), unit, largest):
            raise TimeError(f"parsing time {quote(text)}: {unit} out of range")
        taken[name] = match.group()
        rest = rest[match.end() :]
    if rest:
        raise TimeError(f"parsing time {quote(text)}: extra text: {quote(rest)}")
    return _instant(text, taken)


def _in_range(digits: str, unit: str, largest: int) -> bool:
    smallest = 1 if unit in ("month", "day") else 0
    return smallest <= int(digits[:2]) <= largest


def _instant(text: str, taken: dict[str, str]) -> datetime:
    second, _, fraction = taken["05"].replace(",", ".").partition(".")
    try:
        local = datetime(
            int(taken["2006"]),
            int(taken["01"]),
            int(taken["02"]),
            int(taken["15"]),
            int(taken["04"]),
            int(second),
            int(fraction[:6].ljust(6, "0")),
            tzinfo=_zone(text, taken["Z07:00"]),
        )
        return local.astimezone(UTC)
    except (ValueError, OverflowError) as exc:
        if isinstance(exc, TimeError):
            raise
        raise TimeError(f"parsing time {quote(text)}: day out of range") from exc


def _zone(text: str, zone: str) -> timezone:
    if zone == "Z":
        return UTC
    hours, minutes = int(zone[1:3]), int(zone[4:6])
    if hours > 24 or minutes > 59:
        unit = "hour" if hours > 24 else "minute"
        raise TimeError(f"parsing time {quote(text)}: time zone offset {unit} out of range")
    offset = timedelta(hours=min(hours, 23), minutes=minutes)
    return timezone(-offset if zone[0] == "-" else offset)
