"""The header blocks of one connection: one compressed stream in each direction."""

from __future__ import annotations

import zlib
from typing import Final

from agent.api.streaming.spdy import frames
from agent.api.streaming.spdy.dictionary import DICTIONARY

#: The longest header block after decompression.
MAX_BLOCK: Final = 1 << 16


class Inflater:
    """Reads header blocks, in the order in which they came."""

    __slots__ = ("_zlib",)

    def __init__(self) -> None:
        self._zlib = zlib.decompressobj(zdict=DICTIONARY)

    def headers(self, block: bytes) -> dict[str, str]:
        """Names in small letters and values; raises FramingError."""
        try:
            plain = self._zlib.decompress(block, MAX_BLOCK)
        except zlib.error as exc:
            raise frames.FramingError("header block is not compressed as agreed") from exc
        if self._zlib.unconsumed_tail or self._zlib.eof:
            raise frames.FramingError("header block too large")
        return {
            name.decode("latin-1").lower(): value.decode("utf-8", "replace")
            for name, value in frames.block_to_pairs(plain)
        }


class Deflater:
    """Writes header blocks, to be sent in the order in which they were made."""

    __slots__ = ("_zlib",)

    def __init__(self) -> None:
        self._zlib = zlib.compressobj(zdict=DICTIONARY)

    def block(self, headers: dict[str, str]) -> bytes:
        """The compressed block."""
        pairs = ((name.encode(), value.encode()) for name, value in headers.items())
        plain = frames.pairs_to_block(pairs)
        return self._zlib.compress(plain) + self._zlib.flush(zlib.Z_SYNC_FLUSH)
