"""What do the header blocks of a connection say? HPACK, and a memory that spares it."""

from __future__ import annotations

from typing import Final

from agent.action.h2.status import Headers

#: A header list may not be longer than this, in bytes, before or after decompression.
MAX_HEADERS: Final = 1 << 16

_MAX_REMEMBERED = 8
_MAX_REMEMBERED_SIZE = 2048


class HeadersTooLarge(Exception):
    """The header list exceeds MAX_HEADERS."""


class BadHeaders(Exception):
    """The header block is not HPACK."""


class Decompressor:
    """Decodes the header blocks of one connection after the other.

    Each connection begins with the same empty table, so the same blocks in the same order always
    mean the same. A server that answers a probe as it did before costs a look-up in a dict instead
    of two fifths of the whole probe; it also spares the import of hpack's tables until then.
    """

    __slots__ = ("_known",)

    def __init__(self) -> None:
        self._known: dict[tuple[bytes, ...], Headers] = {}

    def headers(self, blocks: tuple[bytes, ...]) -> Headers:
        """Return what the last of `blocks` says, all the blocks of a connection so far.

        Raises HeadersTooLarge or BadHeaders.
        """
        known = self._known.get(blocks)
        if known is not None:
            return known
        headers = _decode(blocks)
        if sum(map(len, blocks)) <= _MAX_REMEMBERED_SIZE:
            if len(self._known) >= _MAX_REMEMBERED:
                self._known.clear()
            self._known[blocks] = headers
        return headers


def _decode(blocks: tuple[bytes, ...]) -> Headers:
    from hpack import Decoder
    from hpack.exceptions import HPACKError, OversizedHeaderListError

    decoder = Decoder(max_header_list_size=MAX_HEADERS)
    try:
        *earlier, last = blocks
        for block in earlier:
            decoder.decode(block, raw=True)
        return Headers(decoder.decode(last, raw=True))
    except OversizedHeaderListError as exc:
        raise HeadersTooLarge from exc
    except HPACKError as exc:
        raise BadHeaders from exc
