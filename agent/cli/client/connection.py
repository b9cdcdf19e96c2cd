"""Requests to the agent of this machine, over the socket that it listens on.

The standard library's HTTP: a command that asks one question should not wait for a framework.
"""

from __future__ import annotations

import http.client
import re
import socket
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any
from urllib.parse import quote, urlencode

import msgspec

from agent.cli.client.errors import ClientError, PlainError, Refused

JSON = "application/json"
TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json"
#: Names and values of a query, in order.
Query = Sequence[tuple[str, str]]

_CHUNK = 64 * 1024
_WARNING = re.compile(r'299 \S+ "((?:[^"\\]|\\.)*)"')


class _LocalConnection(http.client.HTTPConnection):
    """HTTP over a socket in the file system."""

    def __init__(self, path: str) -> None:
        super().__init__("localhost")
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.connect(self._path)


class Server:
    """The agent at a socket; `user_agent` is who asks."""

    def __init__(self, socket_path: str, command: str) -> None:
        self.socket_path = socket_path
        self.warnings: list[str] = []
        self._headers = {"User-Agent": f"barepod-{command}"}
        #: Threads may ask at the same time: whoever pops a connection has it alone.
        self._idle: list[_LocalConnection] = []

    def ask(
        self,
        method: str,
        path: str,
        query: Query = (),
        body: object = None,
        *,
        media: str = JSON,
        accept: str = JSON,
    ) -> Any:
        """The answer, decoded; ClientError."""
        connection, answer = self._send(method, path, query, body, media, accept)
        try:
            raw = answer.read()
        except (OSError, http.client.HTTPException) as exc:
            raise self._lost(exc) from exc
        self._idle.append(connection)
        return _decoded(raw)

    @contextmanager
    def stream(
        self, path: str, query: Query = (), *, accept: str = JSON
    ) -> Iterator[Iterator[bytes]]:
        """The pieces of an answer as they come; ClientError."""
        connection, answer = self._send("GET", path, query, None, JSON, accept)
        try:
            yield self._pieces(answer)
        finally:
            connection.close()

    def events(self, path: str, query: Query, *, accept: str = JSON) -> Iterator[dict[str, Any]]:
        """The events of a watch until its end; ClientError."""
        rest = b""
        with self.stream(path, (*query, ("watch", "true")), accept=accept) as pieces:
            for piece in pieces:
                *lines, rest = (rest + piece).split(b"\n")
                for line in filter(None, lines):
                    yield msgspec.json.decode(line)

    def _pieces(self, answer: http.client.HTTPResponse) -> Iterator[bytes]:
        try:
            while piece := answer.read1(_CHUNK):
                yield piece
        except (OSError, http.client.HTTPException) as exc:
            raise self._lost(exc) from exc

    def _send(
        self, method: str, path: str, query: Query, body: object, media: str, accept: str
    ) -> tuple[_LocalConnection, http.client.HTTPResponse]:
        """Ask, and see the beginning of an answer that is no refusal."""
        target = f"{path}?{urlencode(query, quote_via=quote)}" if query else path
        raw = body if body is None or isinstance(body, bytes) else msgspec.json.encode(body)
        headers = {**self._headers, "Accept": accept}
        if raw is not None:
            headers["Content-Type"] = media
        try:
            connection = self._idle.pop()
        except IndexError:
            connection = _LocalConnection(self.socket_path)
        try:
            connection.request(method, target, raw, headers)
            answer = connection.getresponse()
        except (FileNotFoundError, ConnectionRefusedError, PermissionError) as exc:
            raise self._nobody(exc) from exc
        except (OSError, http.client.HTTPException) as exc:
            raise self._lost(exc) from exc
        self._note_warnings(answer.headers.get_all("Warning") or [])
        if answer.status >= 400:
            raise Refused(_refusal(answer, method, path))
        return connection, answer

    def _note_warnings(self, headers: Sequence[str]) -> None:
        """What the server wants its user to know, each thing once."""
        for header in headers:
            found = _WARNING.match(header.encode("latin-1").decode("utf-8", "replace"))
            text = re.sub(r"\\(.)", r"\1", found[1]) if found else ""
            if text and text not in self.warnings:
                self.warnings.append(text)

    def _nobody(self, exc: OSError) -> ClientError:
        """No agent is there, or none that lets us in."""
        if isinstance(exc, PermissionError):
            return PlainError(
                f"barepod: the socket {self.socket_path} may not be opened by this user.\n"
                "Ask as the user whose agent it is, as root, or as a member of group barepod."
            )
        return PlainError(
            f"barepod: no agent listens on {self.socket_path}.\n"
            "Start one: barepod agent (as a service: systemctl start barepod), or\n"
            "barepod run --api FILE. Another configuration: --config FILE or $BAREPOD_CONFIG."
        )

    def _lost(self, exc: Exception) -> ClientError:
        reason = getattr(exc, "strerror", None) or str(exc) or type(exc).__name__
        return PlainError(
            f"barepod: the agent on {self.socket_path} broke the connection: {reason.lower()}"
        )


def _decoded(raw: bytes) -> Any:
    try:
        return msgspec.json.decode(raw) if raw else None
    except msgspec.DecodeError as exc:
        raise ClientError(f"the server's answer is not JSON: {exc}") from exc


def _refusal(answer: http.client.HTTPResponse, method: str, path: str) -> Mapping[str, Any]:
    """The Status of a refusal; one of our own where the server sent none."""
    try:
        status = msgspec.json.decode(answer.read())
    except (OSError, http.client.HTTPException, msgspec.DecodeError):
        status = None
    if isinstance(status, dict) and status.get("kind") == "Status":
        return status
    return {
        "reason": answer.reason.replace(" ", ""),
        "message": f"{method} {path} was answered with code {answer.status}",
        "code": answer.status,
    }
