"""Is this a whole, ordinary response? Then nothing needs to be read step by step.

Nearly every answer to a probe arrives in one piece: a head without surprises and a body of known
length. One regular expression checks it as strictly as `response` does; what it does not
recognise is not wrong, only not ordinary.
"""

from __future__ import annotations

import re

_HEAD = re.compile(
    rb"HTTP/1\.1 ([2456][0-9][0-9])(?: [^\r\n]*)?\r\n"
    rb"(?:[!#$%&'*+\-.^_`|~0-9A-Za-z]+:[\t\x20-\x7e\x80-\xff]*\r\n)*\r\n"
)
_LENGTH = b"\r\ncontent-length:"
_ENCODING = b"\r\ntransfer-encoding:"
_BODILESS = 204
_MAX_DIGITS = 9


def read(data: bytes, limit: int) -> tuple[int, bytes] | None:
    """Status and the first `limit` bytes of the body; None for what is not ordinary."""
    match = _HEAD.match(data)
    if match is None:
        return None
    end = match.end()
    head = data[:end].lower()
    start = head.find(_LENGTH)
    if start < 0 or _ENCODING in head:
        return None
    start += len(_LENGTH)
    digits = head[start : head.find(b"\r", start)].strip(b" \t")
    if not digits.isdigit() or len(digits) > _MAX_DIGITS or head.find(_LENGTH, start) >= 0:
        return None
    length = min(int(digits), limit)
    status = int(match.group(1))
    if len(data) - end < length or status == _BODILESS:
        return None
    return status, data[end : end + length]
