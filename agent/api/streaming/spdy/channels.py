"""exec and attach over SPDY: one stream for each of error, stdin, stdout, stderr and resize.

Kubernetes: pkg/kubelet/cri/streaming/remotecommand/httpstream.go.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Final

import msgspec

from agent.api.streaming.carrier import Carrier
from agent.api.streaming.channels import Ears, hear_size
from agent.api.streaming.options import StreamOptions
from agent.api.streaming.spdy.connection import Connection, Stream
from agent.host.clock import Clock

V4: Final = "v4.channel.k8s.io"
V3: Final = "v3.channel.k8s.io"
#: In our order: only the first has the exit code, the last has no sizes.
PROTOCOLS: Final = (V4, V3, "v2.channel.k8s.io")

#: Seconds for the client to open its streams, and to hang up when it knows how it ended.
CREATION_SECONDS: Final = 30.0
_GOODBYE_SECONDS: Final = 5.0
_MAX_SIZE_TEXT: Final = 4096


class SpdyChannels:
    """The streams of one client."""

    def __init__(
        self,
        carrier: Carrier,
        protocol: str,
        options: StreamOptions,
        clock: Clock,
    ) -> None:
        self._protocol = protocol
        self._timeout = clock.timeout
        self._connection = Connection(carrier, clock, self._opened)
        self._streams: dict[str, Stream] = {}
        self._complete = asyncio.Event()
        wanted = {"stdin": options.stdin, "stdout": options.stdout, "stderr": options.stderr}
        sized = options.tty and protocol != PROTOCOLS[-1]
        self._expected = {"error", *(name for name, is_wanted in wanted.items() if is_wanted)}
        if sized:
            self._expected.add("resize")

    async def serve(self) -> None:
        """Keep the connection going until the client has gone."""
        await self._connection.run()

    async def ready(self) -> bool:
        """Wait until the client has opened its streams; False if it does not."""
        with suppress(TimeoutError):
            async with self._timeout(CREATION_SECONDS):
                await self._complete.wait()
        return self._complete.is_set()

    async def listen(self, ears: Ears) -> None:
        async with asyncio.TaskGroup() as group:
            if "resize" in self._streams:
                group.create_task(self._sizes(self._streams["resize"], ears))
            if "stdin" in self._streams:
                group.create_task(self._input(self._streams["stdin"], ears))
            await asyncio.Event().wait()  # `serve` ends when the client goes

    async def send(self, stream: str, data: bytes) -> None:
        if stream in self._streams:
            await self._streams[stream].write(data)

    async def finish(self, status: bytes) -> None:
        text = status if self._protocol == V4 else _plain(status)
        if text:
            await self._streams["error"].write(text)
        for name in ("stdout", "stderr", "error"):
            if name in self._streams:
                await self._streams[name].end()
        if "stdin" in self._streams:
            self._streams["stdin"].ignore()

    async def goodbye(self, serving: asyncio.Task[None]) -> None:
        """Wait for the client to hang up: closing first could cost it what it has not read yet."""
        with suppress(TimeoutError):
            async with self._timeout(_GOODBYE_SECONDS):
                await asyncio.wait([serving])

    def _opened(self, stream: Stream) -> None:
        name = stream.headers.get("streamtype", "")
        if name not in self._expected or name in self._streams:
            stream.ignore()
            return
        self._streams[name] = stream
        if name not in ("stdin", "resize"):
            stream.ignore()
        if self._streams.keys() == self._expected:
            self._complete.set()

    async def _input(self, stream: Stream, ears: Ears) -> None:
        while data := await stream.read():
            await ears.typed(data)
        await ears.ended()

    async def _sizes(self, stream: Stream, ears: Ears) -> None:
        """Sizes follow each other without anything between them."""
        rest = b""
        while data := await stream.read():
            *texts, rest = (rest + data).replace(b"}", b"}\n").split(b"\n")
            for text in texts:
                hear_size(ears, text)
            rest = rest[:_MAX_SIZE_TEXT]


def _plain(status: bytes) -> bytes:
    """What older protocols have instead: the message of a failure, nothing for a success."""
    decoded = msgspec.json.decode(status, type=dict[str, object])
    return str(decoded.get("message", "")).encode()
