"""Names that nobody else has: UIDs of objects, ids of container runs."""

from __future__ import annotations

import os


def new_uid() -> str:
    """A random UUID, version 4 (the `uuid` module costs two milliseconds of start-up)."""
    data = bytearray(os.urandom(16))
    data[6] = data[6] & 0x0F | 0x40
    data[8] = data[8] & 0x3F | 0x80
    text = data.hex()
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def new_container_id() -> str:
    """64 hexadecimal digits, as container runtimes make them."""
    return os.urandom(32).hex()
