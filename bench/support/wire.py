"""A client of an agent's API as it is reached from outside: TLS, a bearer token, kept connections.

Sockets of our own rather than a library: what is measured is the server, and the client must not
be what it waits for.
"""

from __future__ import annotations

import base64
import http.client
import json
import re
import select
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml

from bench.support.agents import Place

PODS = "/api/v1/namespaces/default/pods"
JSON = "application/json"
TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json"
_PATIENCE = 20.0
_BLOCK = 64 * 1024
_HEAD_ENDS = b"\r\n\r\n"


class Wire:
    """How the API of a place is reached; `kubeconfig` is the file that leads there."""

    def __init__(self, where: Place) -> None:
        command = [sys.executable, "-m", "agent", "kubeconfig", "--config", str(where.config)]
        text = subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout
        self.kubeconfig = Path(where.path / "kubeconfig")
        self.kubeconfig.write_bytes(text)
        known: dict[str, Any] = yaml.safe_load(text)
        cluster = known["clusters"][0]["cluster"]
        self.server: str = cluster["server"]
        self.token: str = known["users"][0]["user"]["token"]
        self._host, _, port = where.api.rpartition(":")
        self._port = int(port)
        authority = base64.b64decode(cluster["certificate-authority-data"]).decode()
        self._tls = ssl.create_default_context(cadata=authority)

    @contextmanager
    def client(self) -> Iterator[Client]:
        """A connection for one request after the other."""
        connection = http.client.HTTPSConnection(
            self._host, self._port, timeout=_PATIENCE, context=self._tls
        )
        try:
            connection.connect()
            connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            yield Client(connection, self.token)
        finally:
            connection.close()

    @contextmanager
    def stream(self, path: str) -> Iterator[ssl.SSLSocket]:
        """A connection whose answer has begun: its head is read, its body may come for ever."""
        raw = socket.create_connection((self._host, self._port), timeout=_PATIENCE)
        with self._tls.wrap_socket(raw, server_hostname=self._host) as connection:
            head = f"GET {path} HTTP/1.1\r\nHost: {self._host}:{self._port}\r\n"
            connection.sendall(f"{head}Authorization: Bearer {self.token}\r\n\r\n".encode())
            answer = b""
            while _HEAD_ENDS not in answer:
                answer += connection.recv(1)
            if b" 200 " not in answer.splitlines()[0]:
                raise RuntimeError(f"{path}: {answer.decode()}")
            yield connection


class Client:
    """A kept connection."""

    def __init__(self, connection: http.client.HTTPSConnection, token: str) -> None:
        self._connection = connection
        self._headers = {"Authorization": f"Bearer {token}"}

    def ask(self, method: str, path: str, body: str = "", **headers: str) -> None:
        """Send a request; `answer` is to be called before the next one."""
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        self._connection.request(method, path, body or None, {**self._headers, **sent})

    def answer(self) -> bytes:
        """What was answered to it."""
        response = self._connection.getresponse()
        body = response.read()
        if response.status >= 300:
            raise RuntimeError(f"{response.status}: {body.decode()}")
        return body

    def get(self, path: str, accept: str = JSON) -> bytes:
        """Ask and wait."""
        self.ask("GET", path, Accept=accept)
        return self.answer()

    def times(self, path: str, accept: str, count: int) -> list[float]:
        """Milliseconds of each of so many requests, one after the other."""
        spent = []
        for _ in range(count):
            begun = time.perf_counter()
            self.get(path, accept)
            spent.append((time.perf_counter() - begun) * 1000)
        return spent

    def version(self) -> str:
        """The resource version from which a watch of pods begins."""
        found: dict[str, Any] = json.loads(self.get(f"{PODS}?limit=1"))
        version: str = found["metadata"]["resourceVersion"]
        return version


class Crowd:
    """Many streams that are read as soon as something comes."""

    def __init__(self, connections: Sequence[ssl.SSLSocket]) -> None:
        self._poll = select.epoll()
        self._streams = {connection.fileno(): connection for connection in connections}
        for fd, connection in self._streams.items():
            connection.setblocking(False)
            self._poll.register(fd, select.EPOLLIN)

    def wait(self, word: bytes) -> list[float]:
        """When (perf_counter) each of them had read this word, which comes once to each."""
        came: list[float] = []
        rest = dict.fromkeys(self._streams, b"")
        deadline = time.perf_counter() + _PATIENCE
        while len(came) < len(self._streams):
            if time.perf_counter() > deadline:
                raise TimeoutError(f"{len(came)} of {len(self._streams)} streams told of {word!r}")
            for fd, _ in self._poll.poll(1.0):
                text = rest[fd] + available(self._streams[fd])
                if word in text:
                    came.append(time.perf_counter())
                rest[fd] = b"" if word in text else text
        return came

    def close(self) -> None:
        """Watch no longer; the connections are closed by whoever opened them."""
        self._poll.close()


def available(connection: ssl.SSLSocket) -> bytes:
    """What has come on a connection that does not block."""
    parts: list[bytes] = []
    try:
        while part := connection.recv(_BLOCK):
            parts.append(part)
    except ssl.SSLWantReadError:
        return b"".join(parts)
    raise RuntimeError("the server has ended a stream")


def lines(connection: ssl.SSLSocket) -> Iterator[tuple[bytes, float]]:
    """The lines of a chunked text and when each came; sizes of chunks are no lines of it."""
    rest = b""
    while data := connection.recv(_BLOCK):
        came = time.perf_counter()
        *whole, rest = (rest + data).split(b"\n")
        for line in whole:
            if not _SIZE.fullmatch(line):
                yield line, came


_SIZE = re.compile(rb"[0-9a-f]*\r")
