"""Is a text base64 as Go reads it, and which bytes does it hold?"""

from __future__ import annotations

import binascii


def encode(data: bytes) -> str:
    """Return the text for `data`."""
    return binascii.b2a_base64(data, newline=False).decode()


def decode(text: bytes) -> bytes:
    """Return the bytes of a well-formed text (`error_at` is None)."""
    return binascii.a2b_base64(text.replace(b"\r", b"").replace(b"\n", b""))


def error_at(text: bytes) -> int | None:
    """Return where Go's base64.StdEncoding stumbles over `text`, None when it is well-formed."""
    alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    filled = 0
    for at, byte in enumerate(text):
        if byte in alphabet:
            filled = (filled + 1) % 4
        elif byte == ord("="):
            return _padding_error(text, at, filled)
        elif byte not in b"\r\n":
            return at
    return len(text) - filled if filled else None


def _padding_error(text: bytes, at: int, filled: int) -> int | None:
    """Judge the end of a text from its first `=` on; `filled` characters of four came before."""

    def skip(position: int) -> int:
        while position < len(text) and text[position] in b"\r\n":
            position += 1
        return position

    if filled < 2:
        return at
    after = at + 1
    if filled == 2:
        after = skip(after)
        if after == len(text):
            return len(text)
        if text[after] != ord("="):
            return after - 1
        after += 1
    after = skip(after)
    return after if after < len(text) else None
