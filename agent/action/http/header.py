"""Which header names and values are valid, and how are names spelt (net/textproto, httpguts)?"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

_LETTERS = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
#: The bytes of a token, that is of a header name.
TOKEN = _LETTERS + b"0123456789!#$%&'*+-.^_`|~"
#: The bytes of a header value.
VALUE = b"\t" + bytes(range(0x20, 0x7F)) + bytes(range(0x80, 0x100))
SPACE = b" \t"

#: Canonical name -> values in their order.
Headers = Mapping[bytes, tuple[bytes, ...]]


def canonical(name: bytes) -> bytes:
    """`x-lower-CASE` as `X-Lower-Case`; names with other bytes than a token's stay as they are."""
    if name.translate(None, TOKEN):
        return name
    return b"-".join(word[:1].upper() + word[1:].lower() for word in name.split(b"-"))


def first(headers: Headers, name: bytes) -> bytes:
    """The first value of a header, empty when there is none (Header.Get)."""
    values = headers.get(name)
    return values[0] if values else b""


def lists_token(values: Iterable[bytes], token: bytes) -> bool:
    """Tell whether one of the values lists the token (small letters) between commas."""
    return any(token == item.strip(SPACE).lower() for value in values for item in value.split(b","))


def has_word(value: bytes, word: bytes) -> bool:
    """Tell whether a value holds the word (small letters) between spaces, tabs or commas."""
    return word in value.lower().replace(b",", b" ").replace(b"\t", b" ").split(b" ")
