"""kubectl port-forward: connections to a port of this host, on behalf of a client.

All pods share the host's network, so a port of the pod is a port of the host. Kubernetes:
pkg/kubelet/cri/streaming/portforward.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Final

import msgspec

from agent.action.http.text import errno_text, join_host_port
from agent.host.clock import Clock
from agent.model.pod import Pod

_CHUNK: Final = 64 * 1024
_DIAL_SECONDS: Final = 10.0

Backend = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class Refused(Exception):
    """Nobody listens on a port; the text is for the client."""


class Dialer(msgspec.Struct, frozen=True, kw_only=True):
    """Connects to the ports of one pod."""

    pod: Pod
    address: str
    clock: Clock

    async def dial(self, port: int) -> Backend:
        """Connect to a port on the loopback addresses, then on the node's (Refused)."""
        problem = ""
        for host in dict.fromkeys(("127.0.0.1", "::1", self.address)):
            try:
                async with self.clock.timeout(_DIAL_SECONDS):
                    return await asyncio.open_connection(host, port, limit=_CHUNK)
            except OSError as exc:
                problem = problem or self._why(host, port, exc)
        meta = self.pod.metadata
        raise Refused(f"error forwarding port {port} to pod {meta.name}, uid {meta.uid}: {problem}")

    def _why(self, host: str, port: int, exc: OSError) -> str:
        is_timeout = isinstance(exc, TimeoutError) and exc.errno is None
        reason = "i/o timeout" if is_timeout else errno_text(exc.errno or 0)
        return f"dial tcp {join_host_port(host, port)}: connect: {reason}"


async def next_output(backend: Backend) -> bytes:
    """Some more of what a backend sends; empty when it sends no more."""
    with suppress(OSError):  # it broke off: that is an end, too
        return await backend[0].read(_CHUNK)
    return b""


def hang_up(backend: Backend) -> None:
    """Close the connection; what was written is still sent."""
    backend[1].close()


def break_off(backend: Backend) -> None:
    """Close the connection at once; a backend that takes nothing would keep it open for ever."""
    backend[1].transport.abort()
