"""Forwarded connections over SPDY: a pair of streams, data and error, for each of them.

Kubernetes: pkg/kubelet/cri/streaming/portforward/httpstream.go.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Final

from agent.api.streaming.carrier import Carrier
from agent.api.streaming.forwarding import Backend, Dialer, Refused, break_off, hang_up, next_output
from agent.api.streaming.options import port as parse_port
from agent.api.streaming.refusal import Refusal
from agent.api.streaming.spdy.connection import Connection, Stream

#: Seconds for the second stream of a pair to appear after the first.
PAIR_SECONDS: Final = 30.0


class _Pair:
    """The streams of one connection."""

    def __init__(self) -> None:
        self.streams: dict[str, Stream] = {}
        self.complete = asyncio.Event()


class Forwarder:
    """Serves one client."""

    def __init__(self, carrier: Carrier, dialer: Dialer) -> None:
        self._dialer = dialer
        self._connection = Connection(carrier, dialer.clock, self._opened)
        self._pairs: dict[str, _Pair] = {}
        self._group = asyncio.TaskGroup()

    async def run(self) -> None:
        """Serve until the client goes; all its connections end with it."""
        async with self._group:
            await self._connection.run()
            raise ConnectionResetError("the client has gone")

    def _opened(self, stream: Stream) -> None:
        kind, request = (stream.headers.get(name, "") for name in ("streamtype", "requestid"))
        pair = self._pairs.get(request)
        if kind not in ("data", "error") or (pair is not None and kind in pair.streams):
            self._group.create_task(_drop(stream))
            return
        if pair is None:
            pair = self._pairs[request] = _Pair()
            self._group.create_task(self._serve(request, pair))
        pair.streams[kind] = stream
        if len(pair.streams) == 2:
            pair.complete.set()

    async def _serve(self, request: str, pair: _Pair) -> None:
        """Serve one connection; whatever becomes of it, the others go on."""
        try:
            with suppress(TimeoutError):
                async with self._dialer.clock.timeout(PAIR_SECONDS):
                    await pair.complete.wait()
            if pair.complete.is_set():
                await self._forward(pair.streams["data"], pair.streams["error"])
            else:
                for stream in pair.streams.values():
                    await _drop(stream)
        except* ConnectionError:
            pass  # the client gave it up
        finally:
            del self._pairs[request]

    async def _forward(self, data: Stream, error: Stream) -> None:
        error.ignore()
        try:
            backend = await self._dialer.dial(parse_port(data.headers.get("port", "")))
        except (Refused, Refusal) as exc:
            data.ignore()
            await error.write(str(exc).encode())
            await data.end()
            await error.end()
            return
        try:
            async with asyncio.TaskGroup() as group:
                watching = group.create_task(_watch(data))
                async with asyncio.TaskGroup() as copies:
                    copies.create_task(_to_backend(data, backend))
                    copies.create_task(_from_backend(data, error, backend))
                watching.cancel()
        except BaseException:
            break_off(backend)
            raise
        finally:
            data.ignore()
            hang_up(backend)
            with suppress(ConnectionError):
                await error.end()  # kubectl waits for it in any case


async def _watch(data: Stream) -> None:
    """End a connection that the client gave up, also while its backend neither takes nor gives."""
    await data.given_up()
    raise ConnectionResetError("the client gave the connection up")


async def _to_backend(data: Stream, backend: Backend) -> None:
    writer = backend[1]
    while piece := await data.read():
        try:
            writer.write(piece)
            await writer.drain()
        except OSError:  # it takes no more, and may still be sending
            data.ignore()
            return
    with suppress(OSError):
        writer.write_eof()


async def _from_backend(data: Stream, error: Stream, backend: Backend) -> None:
    while piece := await next_output(backend):
        await data.write(piece)
    await data.end()
    await error.end()


async def _drop(stream: Stream) -> None:
    with suppress(ConnectionError):
        await stream.reset()
