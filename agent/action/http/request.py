"""What is sent for an httpGet handler? One builder for probes and hooks."""

from __future__ import annotations

import base64

import msgspec

from agent.action.dial import Endpoint, literal_endpoint
from agent.action.handler import Role, Target
from agent.action.http import header
from agent.action.http.header import Headers
from agent.action.http.text import join_host_port, quote, to_bytes
from agent.action.http.url import URL, URLError, parse, split_host_port
from agent.action.ports import PortError, resolve_port
from agent.model.handler import HTTPGetAction, HTTPHeader

_USER_AGENT = {Role.PROBE: b"kube-probe/1.34", Role.LIFECYCLE: b"kube-lifecycle/1.34"}
#: Written by other means, or not at all.
_NOT_COPIED = frozenset(
    (b"Host", b"User-Agent", b"Content-Length", b"Transfer-Encoding", b"Trailer")
)
_HOST_BYTES = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789!$%&'()*+,-.:;=[]_~"
_TRIMMED = b" \t\r\n"
_MAX_PORT, _PORT_DIGITS = 65535, 5
_DEFAULT_PORT = {b"http": b"80", b"https": b"443"}


class RequestError(ValueError):
    """No request can be made of the handler; the text is the one Kubernetes gives."""


class SendError(ValueError):
    """A request that is refused before anything is sent; the text is Go's."""


class Request(msgspec.Struct, frozen=True):
    """A GET that can be sent, and copied for a redirect."""

    url: URL
    host: bytes  # for the Host header; empty: the URL's
    headers: Headers

    @property
    def is_tls(self) -> bool:
        """Whether TLS comes before the request."""
        return self.url.scheme == b"https"

    @property
    def dial_host(self) -> str:
        """The name or address to connect to; names in the form that name servers know."""
        name = self.url.hostname
        if name.isascii():
            return name.decode("ascii")
        try:
            return name.decode("utf-8").encode("idna").decode("ascii")
        except UnicodeError:
            return name.decode("utf-8", "replace")

    @property
    def dial_port(self) -> int:
        """The port to connect to; raises SendError for numbers that are none."""
        text = self.url.port or _DEFAULT_PORT[self.url.scheme]
        digits = text.lstrip(b"0") or b"0"
        if len(digits) > _PORT_DIGITS or int(digits) > _MAX_PORT:
            raise SendError(f"dial tcp: address {text.decode('ascii')}: invalid port")
        return int(digits)


def build(action: HTTPGetAction, target: Target, role: Role) -> Request:
    """Make the request of a handler (probe/http NewRequestForHTTPGetAction).

    Raises RequestError for ports and hosts that mean nothing.
    """
    try:
        port = resolve_port(action.port, target.ports)
        url = parse(bytes(_format_url(action, target.address, port)))
    except (PortError, URLError) as exc:
        raise RequestError(str(exc)) from exc
    if url.host.endswith(b":"):
        url = msgspec.structs.replace(url, host=url.host[:-1])
    headers = _collect(action.http_headers)
    headers.setdefault(b"User-Agent", (_USER_AGENT[role],))
    headers.setdefault(b"Accept", (b"*/*",))
    if not headers[b"Accept"][0]:
        del headers[b"Accept"]
    return Request(url, header.first(headers, b"Host") or url.host, headers)


def _format_url(action: HTTPGetAction, address: str, port: int) -> URL:
    path = to_bytes(action.path)
    try:
        url = parse(path)
    except URLError:
        url = URL(path=path)  # taken literally, as it always was
    return msgspec.structs.replace(
        url,
        scheme=to_bytes(action.scheme.lower()) or b"http",
        host=to_bytes(join_host_port(action.host or address, port)),
    )


def _collect(given: tuple[HTTPHeader, ...]) -> dict[bytes, tuple[bytes, ...]]:
    headers: dict[bytes, tuple[bytes, ...]] = {}
    for item in given:
        name = header.canonical(to_bytes(item.name))
        headers[name] = (*headers.get(name, ()), to_bytes(item.value))
    return headers


def encode(request: Request, role: Role) -> bytes:
    """The bytes of the request (net/http Request.write as the Transport calls it).

    Raises SendError for invalid headers, schemes other than http and https, and no host.
    """
    headers = _with_credentials(request)
    _check(request.url, headers)
    agent = header.first(headers, b"User-Agent").strip(_TRIMMED)
    lines = [
        b"GET %s HTTP/1.1" % request.url.request_uri,
        b"Host: %s" % _host_line(request.host or request.url.host),
        *([b"User-Agent: " + agent] if agent else []),
    ]
    for name in sorted(headers):
        if name not in _NOT_COPIED:
            lines.extend(b"%s: %s" % (name, v.strip(_TRIMMED)) for v in headers[name])
    lines.extend(_additions(headers, role))
    return b"\r\n".join([*lines, b"", b""])


def _with_credentials(request: Request) -> Headers:
    """User and password of the URL become a header unless there is one."""
    user = request.url.user
    if user is None or header.first(request.headers, b"Authorization"):
        return request.headers
    secret = base64.b64encode(user.name + b":" + (user.password or b""))
    return {**request.headers, b"Authorization": (b"Basic " + secret,)}


def _check(url: URL, headers: Headers) -> None:
    if url.scheme in _DEFAULT_PORT:
        for name, values in headers.items():
            if not name or name.translate(None, header.TOKEN):
                raise SendError(f"net/http: invalid header field name {quote(name)}")
            if any(value.translate(None, header.VALUE) for value in values):
                raise SendError(f"net/http: invalid header field value for {quote(name)}")
    else:
        raise SendError(f"unsupported protocol scheme {quote(url.scheme)}")
    if not url.host:
        raise SendError("http: no Host in request URL")


def _host_line(host: bytes) -> bytes:
    if not host.isascii():
        name, port = split_host_port(host)
        host = _punycode(name) + (b":" + port if port else b"")
    if host.translate(None, _HOST_BYTES):
        return b""  # Go sends an empty name rather than a wrong one
    if host[:1] == b"[" and b"]" in host:
        address, bracket, port = host.rpartition(b"]")
        address = address.rpartition(b"%")[0] if b"%" in address else address
        return address + bracket + port  # a zone means nothing to others
    return host


def _punycode(name: bytes) -> bytes:
    try:
        labels = name.decode("utf-8").split(".")
    except UnicodeDecodeError:
        return name
    return b".".join(
        label.encode("ascii") if label.isascii() else b"xn--" + label.encode("punycode")
        for label in labels
    )


def _additions(headers: Headers, role: Role) -> list[bytes]:
    """What the Transport adds behind the headers: hooks take gzip, probes close."""
    if role is Role.LIFECYCLE:
        named = header.first(headers, b"Accept-Encoding") or header.first(headers, b"Range")
        return [] if named else [b"Accept-Encoding: gzip"]
    connection = headers.get(b"Connection", ())
    switches = header.first(headers, b"Upgrade") and header.lists_token(connection, b"upgrade")
    if switches or header.has_word(header.first(headers, b"Connection"), b"close"):
        return []
    return [b"Connection: close"]


class Hop(msgspec.Struct, frozen=True):
    """One request, ready to be sent as often as one likes."""

    request: Request
    data: bytes
    refusal: str  # why it cannot be sent at all; empty when it can
    host: str
    port: int
    endpoints: tuple[Endpoint, ...] | None  # None: the name must be looked up
    is_plain: bool = False  # without TLS, and it can be sent


def prepare(request: Request, role: Role) -> Hop:
    """Do once what would otherwise be done at each probe."""
    try:
        data = encode(request, role)
        port = request.dial_port
    except SendError as exc:
        return Hop(request, b"", str(exc), "", 0, None)
    host = request.dial_host
    endpoint = literal_endpoint(host, port)
    endpoints = (endpoint,) if endpoint else None
    return Hop(request, data, "", host, port, endpoints, not request.is_tls)
