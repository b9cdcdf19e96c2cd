"""HAProxy's agent-check protocol: one short line per connection says what to send.

HAProxy connects every `agent-inter`, sends what `agent-send` says, reads one line. That line may
name NAMESPACE/POD or NAMESPACE/POD/CONTAINER; without one the answer is about all pods.
(HAProxy configuration manual, 5.2, agent-check.)
"""

from __future__ import annotations

import asyncio
from typing import Final

from agent.api.pods import FindsPods, standing_of
from agent.rules.traffic import Traffic

#: HAProxy sends its line as soon as it is connected, if it is to send any.
SILENCE = 0.2
#: Connections at a time; more are closed at once, which changes nothing for HAProxy.
MAX_CONNECTIONS = 128

_LONGEST_LINE = 512
#: `ready` ends the DRAIN state that `drain` brought; `up` and `down` are about health alone.
_WORDS: Final = {Traffic.SEND: "up ready", Traffic.DRAIN: "drain", Traffic.STOP: "down"}


def answer(pods: FindsPods, line: str) -> str:
    """What HAProxy is told about `line`; about a pod that is not there, "down"."""
    path = line.strip()
    standing = standing_of(pods, path.strip("/").split("/") if path else [])
    return _WORDS[Traffic.STOP if standing is None else standing.traffic] + "\n"


class AgentCheck:
    """Answers on the agent-check listener."""

    def __init__(self, pods: FindsPods) -> None:
        self._pods = pods
        self._open: set[_Connection] = set()

    def __call__(self) -> asyncio.BaseProtocol:
        return _Connection(self._pods, self._open)

    @property
    def connections(self) -> int:
        """How many are open."""
        return len(self._open)

    async def close(self) -> None:
        """End all connections."""
        for connection in tuple(self._open):
            connection.abort()


class _Connection(asyncio.Protocol):
    """Waits for a line, the end of input or silence; answers; closes."""

    def __init__(self, pods: FindsPods, others: set[_Connection]) -> None:
        self._pods = pods
        self._others = others
        self._received = b""
        self._transport: asyncio.Transport | None = None
        self._timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        if len(self._others) >= MAX_CONNECTIONS:
            transport.abort()
            return
        self._transport = transport
        self._others.add(self)
        loop = asyncio.get_running_loop()
        self._timer = loop.call_later(SILENCE, self._answer)

    def data_received(self, data: bytes) -> None:
        self._received += data
        if b"\n" in data or len(self._received) > _LONGEST_LINE:
            self._answer()

    def eof_received(self) -> bool:
        self._answer()
        return True  # we close, once the answer is on its way

    def connection_lost(self, exc: Exception | None) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._others.discard(self)

    def abort(self) -> None:
        if self._transport is not None:
            self._transport.abort()

    def _answer(self) -> None:
        if self._transport is None or self._transport.is_closing():
            return
        line = self._received.partition(b"\n")[0][:_LONGEST_LINE].decode("utf-8", "replace")
        self._transport.write(answer(self._pods, line).encode())
        self._transport.close()
