"""How does Go print what handlers report? Durations, captured bytes and grpc-go's codes."""

from __future__ import annotations

_NANOSECONDS = 1_000_000_000


def duration(seconds: float) -> str:
    """Return a non-negative duration as Go prints it: 1s, 1m30s, 1h0m0s, 1.5s, 250ms, 0s."""
    total = round(seconds * _NANOSECONDS)
    if total == 0:
        return "0s"
    if total < _NANOSECONDS:
        for unit, size in (("ms", 1_000_000), ("µs", 1_000)):
            if total >= size:
                return _decimal(total, size) + unit
        return f"{total}ns"
    minutes, rest = divmod(total, 60 * _NANOSECONDS)
    text = _decimal(rest, _NANOSECONDS) + "s"
    if minutes == 0:
        return text
    hours, minutes = divmod(minutes, 60)
    text = f"{minutes}m{text}"
    return f"{hours}h{text}" if hours else text


def _decimal(value: int, unit: int) -> str:
    """`value / unit` without trailing zeros and without rounding."""
    whole, rest = divmod(value, unit)
    if rest == 0:
        return str(whole)
    digits = str(rest).rjust(len(str(unit)) - 1, "0").rstrip("0")
    return f"{whole}.{digits}"


def replaced(data: bytes) -> str:
    """Decode UTF-8 as Go's JSON encoder does: each invalid byte becomes one U+FFFD.

    Python's own "replace" makes one U+FFFD of several invalid bytes.
    """
    try:
        return data.decode()
    except UnicodeDecodeError:
        text = data.decode("utf-8", "surrogateescape")
        return "".join("\ufffd" if "\udc80" <= c <= "\udcff" else c for c in text)
