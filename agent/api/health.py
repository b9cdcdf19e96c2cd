"""Plain HTTP for those who watch: is the agent well, are its pods ready, how much of everything?

Imports aiohttp: import this late.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import msgspec
from aiohttp import web

from agent.api.heartbeat import Heartbeat
from agent.api.http_server import text
from agent.api.pods import FindsPods, KeepsState, pod_of, standing_of
from agent.rules.traffic import Standing, Traffic

#: The event loop counts as dead when nothing that was due has happened for so many seconds.
MAX_SILENCE = 10.0


class HealthParts(msgspec.Struct, frozen=True, kw_only=True):
    """What the answers are made from.

    `troubles` are the reasons why the agent does not do its work yet; `render` gives the metrics
    and their content type for an Accept header.
    """

    pods: FindsPods
    state: KeepsState
    heartbeat: Heartbeat
    troubles: Callable[[], tuple[str, ...]]
    render: Callable[[str], Awaitable[tuple[bytes, str]]]


class Health:
    """Answers requests on the health listener."""

    def __init__(self, parts: HealthParts) -> None:
        self._parts = parts

    async def __call__(self, request: web.BaseRequest) -> web.Response:
        """The answer to one GET or HEAD."""
        match request.path.strip("/").split("/"):
            case ["healthz"]:
                return _judged(self._parts.troubles())
            case ["livez"]:
                return _judged(self.dead())
            case ["metrics"]:
                return await self._metrics(request)
            case ["readyz", *path]:
                return self._ready(path)
            case _:
                return text(404, "not found\n")

    def dead(self) -> tuple[str, ...]:
        """Why the agent should be started anew, if it should."""
        reasons: list[str] = []
        silence, trouble = self._parts.heartbeat.silence, self._parts.state.trouble
        if silence > MAX_SILENCE:
            reasons.append(f"event loop: nothing happened for {silence:.0f} s")
        if trouble:
            reasons.append(f"store: {trouble}")
        return tuple(reasons)

    def _ready(self, path: list[str]) -> web.Response:
        standing = standing_of(self._parts.pods, path)
        if standing is None:
            return text(404, f"{_unknown(self._parts.pods, path)}\n")
        return _judged(_reasons(standing))

    async def _metrics(self, request: web.BaseRequest) -> web.Response:
        body, content_type = await self._parts.render(request.headers.get("Accept", ""))
        return web.Response(body=body, headers={"Content-Type": content_type})


def _judged(reasons: tuple[str, ...]) -> web.Response:
    if not reasons:
        return text(200, "ok\n")
    return text(503, "".join(f"{reason}\n" for reason in reasons))


def _reasons(standing: Standing) -> tuple[str, ...]:
    return () if standing.traffic is Traffic.SEND else standing.reasons


def _unknown(pods: FindsPods, path: list[str]) -> str:
    if len(path) not in (2, 3):
        return "not found: ask for /readyz/NAMESPACE/POD or /readyz/NAMESPACE/POD/CONTAINER"
    namespace, name = path[:2]
    if pod_of(pods, namespace, name) is None:
        return f"pod {namespace}/{name} not found"
    return f"container {path[2]} of pod {namespace}/{name} not found"
