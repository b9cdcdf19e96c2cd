"""Does an HTTP server answer well? The httpGet handler of probes and hooks."""

from __future__ import annotations

from msgspec.structs import replace

from agent.action.handler import FINISHED, Done, Role, Running, Target
from agent.action.http.client import Exchange, Hop, Network, prepare
from agent.action.http.request import RequestError, build
from agent.action.http.text import printable, quote, to_text
from agent.action.result import ActionResult, Outcome
from agent.model.handler import HTTPGetAction

_PLAIN_ANSWER = "http: server gave HTTP response to HTTPS client"


class HTTPGet:
    """An httpGet handler bound to its container (Kubernetes: pkg/probe/http, lifecycle hooks).

    A probe succeeds from 200 to 399 (with a warning from 300 on) and fails otherwise; a hook
    succeeds with any response. A request that cannot be made, a body that breaks off and a lack of
    descriptors on this machine are errors, which say nothing about the container.
    """

    __slots__ = ("_hop", "_network", "_refusal", "_role")

    def __init__(
        self, action: HTTPGetAction, target: Target, role: Role, *, network: Network
    ) -> None:
        self._network = network
        self._role = role
        self._refusal = ""
        self._hop: Hop | None = None
        try:
            self._hop = prepare(build(action, target, role), role)
        except RequestError as exc:
            self._refusal = printable(str(exc))

    def start(self, timeout: float | None, done: Done) -> Running:
        """Send the request; `done` may be called before this returns."""
        if self._hop is None:
            done(ActionResult(Outcome.ERROR, self._refusal))
            return FINISHED
        kind = _Probe if self._role is Role.PROBE else _Hook
        run = kind(self._network, self._hop, done)
        run.exchange.begin()
        return run


class _Probe:
    """One execution of a probe."""

    __slots__ = ("_done", "exchange")

    _role = Role.PROBE

    def __init__(self, network: Network, hop: Hop, done: Done) -> None:
        self._done = done
        self.exchange = Exchange(network, hop, self._role, self)

    def expire(self) -> None:
        self.exchange.expire()

    def cancel(self) -> None:
        self.exchange.cancel()

    def answered(self, status: int, body: bytes) -> None:
        if 200 <= status < 300:
            result = ActionResult(Outcome.SUCCESS, printable(to_text(body)))
        elif 300 <= status < 400:
            text = f"Probe terminated redirects, Response body: {to_text(body)}"
            result = ActionResult(Outcome.WARNING, printable(text))
        else:
            text = f"HTTP probe failed with statuscode: {status}"
            result = ActionResult(Outcome.FAILURE, text)
        self._done(result)

    def failed(self, url: bytes, reason: str) -> None:
        self._done(ActionResult(Outcome.FAILURE, _message(url, reason)))

    def body_failed(self, reason: str) -> None:
        self._done(ActionResult(Outcome.ERROR, printable(reason)))

    def impossible(self, url: bytes, reason: str) -> None:
        self._done(ActionResult(Outcome.ERROR, _message(url, reason)))


class _Hook(_Probe):
    """One execution of a hook; what speaks plain HTTP where TLS was asked for gets that."""

    __slots__ = ("_hop", "_network", "_refusal")

    _role = Role.LIFECYCLE

    def __init__(self, network: Network, hop: Hop, done: Done) -> None:
        super().__init__(network, hop, done)
        self._network = network
        self._hop = hop
        self._refusal = ""  # of TLS, while plain HTTP is tried

    def answered(self, status: int, body: bytes) -> None:
        fallback = to_text(self._hop.request.url.host) if self._refusal else ""
        self._done(ActionResult(Outcome.SUCCESS, fallback=printable(fallback)))

    def failed(self, url: bytes, reason: str) -> None:
        text = _message(url, reason)
        if self._refusal or reason != _PLAIN_ANSWER:
            self._done(ActionResult(Outcome.FAILURE, self._refusal or text))
            return
        self._refusal = text
        request = self._hop.request
        headers = {k: v for k, v in request.headers.items() if k != b"Authorization"}
        plain = replace(request, url=replace(request.url, scheme=b"http"), headers=headers)
        self.exchange = Exchange(self._network, prepare(plain, self._role), self._role, self)
        self.exchange.begin()


def _message(url: bytes, reason: str) -> str:
    return printable(f"Get {quote(url)}: {reason}")
