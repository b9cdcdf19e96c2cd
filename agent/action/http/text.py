"""How does Go write bytes, addresses and errors into its messages?

Bytes of requests and responses become text with `surrogateescape`, so that nothing is lost on the
way; `printable` ends that before a text leaves this package.
"""

from __future__ import annotations

import os

_ESCAPES = {7: "\\a", 8: "\\b", 12: "\\f", 10: "\\n", 13: "\\r", 9: "\\t", 11: "\\v"}
_ESCAPES |= {ord('"'): '\\"', ord("\\"): "\\\\"}


def to_bytes(text: str) -> bytes:
    """The bytes that `to_text` made a text of."""
    return text.encode("utf-8", "surrogateescape")


def to_text(data: bytes) -> str:
    """UTF-8 as text; bytes that are not UTF-8 stay recognisable (surrogates)."""
    return data.decode("utf-8", "surrogateescape")


def printable(text: str) -> str:
    """Replace each byte that was not UTF-8 by U+FFFD, as Go's JSON encoder does."""
    if text.isascii():
        return text
    return "".join("\ufffd" if "\ud800" <= c <= "\udfff" else c for c in text)


def quote(data: bytes) -> str:
    """Write bytes as Go's `%q` does (strconv.Quote)."""
    return f'"{"".join(map(_quoted, to_text(data)))}"'


def _quoted(char: str) -> str:
    code = ord(char)
    escape = _ESCAPES.get(code)
    if escape is not None:
        return escape
    if 0xDC80 <= code <= 0xDCFF:
        return f"\\x{code - 0xDC00:02x}"
    if char.isprintable():
        return char
    if code < 0x20 or code == 0x7F:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def join_host_port(host: str, port: int | str) -> str:
    """`host:port`, with brackets around an IPv6 address (net.JoinHostPort)."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def errno_text(number: int) -> str:
    """The system's error text in Go's spelling: the first letter is small."""
    text = os.strerror(number)
    return text[:1].lower() + text[1:]
