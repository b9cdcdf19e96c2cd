"""How does Go write bytes, addresses and errors into its messages?

Bytes of requests and responses become text with `surrogateescape`, so that nothing is lost on the
way; `printable` ends that before a text leaves this package.
"""

from __future__ import annotations

import os

from agent.model import gotext


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
    """Write bytes as Go's `%q` does."""
    return gotext.quote(to_text(data))


def join_host_port(host: str, port: int | str) -> str:
    """`host:port`, with brackets around an IPv6 address (net.JoinHostPort)."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def errno_text(number: int) -> str:
    """The system's error text in Go's spelling: the first letter is small."""
    text = os.strerror(number)
    return text[:1].lower() + text[1:]
