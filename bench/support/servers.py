"""What is probed: a process of its own that answers HTTP, HTTPS and gRPC health on many ports.

Many, so that TIME_WAIT of one port does not make connecting dearer; and none that the kernel gives
to clients, since services have ports of their own: one of those might be connected to itself, which
our prober asks about and Go's does as well.
"""

from __future__ import annotations

import asyncio
import random
import select
import socket
import ssl
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from pathlib import Path

from agent.host.ephemeral_ports import EphemeralPorts
from bench.support.cpu import anywhere, pin

_PORTS = 32
_EMPTY_DATA = b"\0\0\5\0\1\0\0\0\1"  # the head of the frame that ends a gRPC request
_HTTP = b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nConnection: close\r\n\r\nok\n"


@contextmanager
def server(kind: str) -> Iterator[list[int]]:
    """A server for probes of this kind, on another CPU if there is one; gives its ports."""
    with anywhere():
        process = subprocess.Popen(
            [sys.executable, "-m", "bench.support.servers", kind], stdout=subprocess.PIPE
        )
    assert process.stdout is not None
    try:
        yield [int(port) for port in process.stdout.readline().split()]
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def main() -> None:
    """Serve until killed."""
    pin(1)
    if sys.argv[1] == "https":
        asyncio.run(_serve_https())
    else:
        _serve()


def _serve() -> None:
    """HTTP/1.1 and gRPC health."""
    from agent.action.h2 import frames
    from tests.support import h2

    greeting = h2.SETTINGS + frames.write(frames.SETTINGS, frames.ACK, 0, b"")
    h2_answers = (greeting, h2.answered(1)[len(h2.SETTINGS) :])
    poll = select.epoll()
    listeners: dict[int, socket.socket] = {}
    clients: dict[int, socket.socket] = {}
    for listener in _listeners():
        listeners[listener.fileno()] = listener
        poll.register(listener, select.EPOLLIN)
    print(*(listener.getsockname()[1] for listener in listeners.values()), flush=True)
    while True:
        for fd, _ in poll.poll():
            if fd in listeners:
                client, _ = listeners[fd].accept()
                clients[client.fileno()] = client
                poll.register(client, select.EPOLLIN)
            else:
                _answer(poll, clients, fd, h2_answers)


def _answer(
    poll: select.epoll, clients: dict[int, socket.socket], fd: int, h2_answers: tuple[bytes, bytes]
) -> None:
    client = clients[fd]
    try:
        asked = client.recv(65_536)
        greeting = h2_answers[0] if asked.startswith(b"PRI ") else b""
        answer = h2_answers[1] if _EMPTY_DATA in asked else b""
        if greeting or answer:
            client.send(greeting + answer)
        elif asked.startswith(b"GET "):
            client.send(_HTTP)
    except OSError:
        asked = b""
    if not asked or asked.startswith(b"GET "):
        poll.unregister(fd)
        clients.pop(fd).close()


class _Answer(asyncio.Protocol):
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.WriteTransport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._transport.write(_HTTP)
        self._transport.close()


async def _serve_https() -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with tempfile.TemporaryDirectory(prefix="barepod-bench-") as folder:
        pair = Path(folder) / "pair.pem"
        pair.write_bytes(_pair())
        context.load_cert_chain(pair)
    loop = asyncio.get_running_loop()
    servers = [
        await loop.create_server(_Answer, sock=listener, ssl=context, backlog=1024)
        for listener in _listeners()
    ]
    print(*(one.sockets[0].getsockname()[1] for one in servers), flush=True)
    await asyncio.Event().wait()


def _listeners() -> list[socket.socket]:
    """On ports that are free now, below those of clients where there are enough."""
    found: list[socket.socket] = []
    candidates = range(20_000, min(EphemeralPorts().first, 32_000))
    for port in (*random.sample(candidates, min(len(candidates), 4 * _PORTS)), *[0] * _PORTS):
        with suppress(OSError):
            found.append(socket.create_server(("127.0.0.1", port), backlog=1024))
        if len(found) == _PORTS:
            break
    return found


def _pair() -> bytes:
    """A key and a certificate that nobody would trust."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import NameOID

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "barepod-bench")])
    now = datetime.now().astimezone()
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    ) + certificate.public_bytes(serialization.Encoding.PEM)


if __name__ == "__main__":
    main()
