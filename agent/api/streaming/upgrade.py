"""How does a request turn into a stream of bytes? WebSocket, or SPDY on the bare connection.

Imports aiohttp: import this package late.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Final

from aiohttp import web
from aiohttp.abc import AbstractStreamWriter

from agent.api.streaming.carrier import RawCarrier
from agent.api.streaming.refusal import Refusal, bad_request

#: The longest WebSocket message that is taken; kubectl sends 32 KiB at a time.
MAX_MESSAGE: Final = 32 * 1024 * 1024

_SPDY: Final = "SPDY/3.1"
_VERSIONS: Final = "X-Stream-Protocol-Version"


def is_websocket(request: web.BaseRequest) -> bool:
    """Whether the client asks for a WebSocket; otherwise it must ask for SPDY (Refusal)."""
    wanted = request.headers.get("Upgrade", "").strip().lower()
    if "upgrade" in request.headers.get("Connection", "").lower():
        if wanted == "websocket":
            return True
        if wanted == _SPDY.lower():
            return False
    raise bad_request("Upgrade request required")


async def websocket(
    request: web.BaseRequest, protocols: Sequence[str], *, bare: bool = False
) -> web.WebSocketResponse:
    """Open a WebSocket with the first of the client's protocols that is one of `protocols`.

    `bare`: none at all will do, too. Refusal otherwise.
    """
    header = ",".join(request.headers.getall("Sec-WebSocket-Protocol", []))
    offered = [name.strip() for name in header.split(",") if name.strip()]
    if not (bare and not offered) and not any(name in protocols for name in offered):
        raise _no_common(offered, protocols)
    socket = web.WebSocketResponse(protocols=protocols, compress=False, max_msg_size=MAX_MESSAGE)
    if not socket.can_prepare(request):
        raise bad_request("not a WebSocket handshake: see RFC 6455, section 4.1")
    await socket.prepare(request)
    return socket


async def spdy(
    request: web.BaseRequest, protocols: Sequence[str]
) -> tuple[RawCarrier, str, web.StreamResponse]:
    """Take the connection over; its bytes, the protocol, and what the handler returns at last.

    The first of our `protocols` that the client offers is taken (Refusal: none of them).
    """
    header = ",".join(request.headers.getall(_VERSIONS, []))
    offered = [name.strip() for name in header.split(",") if name.strip()]
    chosen = next((name for name in protocols if name in offered), None)
    if chosen is None:
        raise _no_common(offered, protocols)
    if request.can_read_body:
        raise bad_request("a request that is to be upgraded has no body")
    transport = request.transport
    if transport is None:
        raise ConnectionResetError("the client has gone")
    lines = (
        "HTTP/1.1 101 Switching Protocols",
        "Connection: Upgrade",
        f"Upgrade: {_SPDY}",
        f"{_VERSIONS}: {chosen}",
    )
    transport.write("".join(f"{line}\r\n" for line in (*lines, "")).encode())
    return _take_over(request, transport), chosen, Upgraded()


def _no_common(offered: Sequence[str], protocols: Sequence[str]) -> Refusal:
    return Refusal(
        403,
        "Forbidden",
        "unable to upgrade: unable to negotiate protocol: "
        f"client supports [{' '.join(offered)}], server accepts [{' '.join(protocols)}]",
        headers={"X-Accepted-Stream-Protocol-Versions": ", ".join(protocols)},
    )


def _take_over(request: web.BaseRequest, transport: asyncio.Transport) -> RawCarrier:
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader(loop=loop)
    protocol = _Takeover(reader, request.protocol)
    transport.set_protocol(protocol)
    protocol.connection_made(transport)
    return RawCarrier(reader, asyncio.StreamWriter(transport, protocol, reader, loop))


class _Takeover(asyncio.StreamReaderProtocol):
    """Reads for us what would have been HTTP; the server still learns that the connection ended."""

    def __init__(self, reader: asyncio.StreamReader, before: asyncio.BaseProtocol) -> None:
        super().__init__(reader)
        self._before = before

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self._before.connection_lost(exc)


class Upgraded(web.StreamResponse):
    """The answer was given; when the handler returns it, the server closes the connection."""

    def __init__(self) -> None:
        super().__init__(status=101)
        self.force_close()

    async def prepare(self, request: web.BaseRequest) -> AbstractStreamWriter | None:
        return None

    async def write_eof(self, data: bytes = b"") -> None:
        return None
