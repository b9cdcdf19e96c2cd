"""Does an HTTP server answer well? The httpGet handler of probes and hooks."""

from __future__ import annotations

from msgspec.structs import replace

from agent.action.handler import FINISHED, Done, Role, Running, Target
from agent.action.http.client import Exchange, Network
from agent.action.http.quick import QuickGet
from agent.action.http.request import Hop, RequestError, build, prepare
from agent.action.http.text import printable, quote, to_text
from agent.action.result import ActionResult, Outcome
from agent.model.handler import HTTPGetAction

# Looking up a member of an Enum class is slow before Python 3.12.
_SUCCESS = Outcome.SUCCESS
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
        if self._role is Role.LIFECYCLE:
            hook = _Hook(self._network, self._hop, done)
            hook.begin()
            return hook
        run = _Probe(self._network, self._hop, done)
        run.begin()
        return run


class _Probe(QuickGet):
    """One execution of a probe."""

    __slots__ = ("_done",)

    def __init__(self, network: Network, hop: Hop, done: Done) -> None:
        super().__init__(network, hop)
        self._done = done

    def answered(self, status: int, body: bytes) -> None:
        if 200 <= status < 300:
            result = ActionResult(_SUCCESS, printable(to_text(body)))
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


class _Hook:
    """One execution of a hook; what speaks plain HTTP where TLS was asked for gets that."""

    __slots__ = ("_done", "_exchange", "_hop", "_network", "_refusal")

    def __init__(self, network: Network, hop: Hop, done: Done) -> None:
        self._done = done
        self._network = network
        self._hop = hop
        self._exchange = Exchange(network, hop, Role.LIFECYCLE, self)
        self._refusal = ""  # of TLS, while plain HTTP is tried

    def begin(self) -> None:
        self._exchange.begin()

    def expire(self) -> None:
        self._exchange.expire()

    def cancel(self) -> None:
        self._exchange.cancel()

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
        hop = prepare(plain, Role.LIFECYCLE)
        self._exchange = Exchange(self._network, hop, Role.LIFECYCLE, self)
        self._exchange.begin()

    def body_failed(self, reason: str) -> None:
        self._done(ActionResult(Outcome.ERROR, printable(reason)))

    def impossible(self, url: bytes, reason: str) -> None:
        self._done(ActionResult(Outcome.ERROR, _message(url, reason)))


def _message(url: bytes, reason: str) -> str:
    return printable(f"Get {quote(url)}: {reason}")
