"""A TCP server that does exactly what a script says, for HTTP clients to be tried against.

A script is a list of actions as the golden data write them: `read_request`, `read_some`, `send`,
`sleep`, `close`, `reset`, `hang`. Each accepted connection takes the next script; the last one is
used again. Everything runs in threads with blocking sockets, so that no event loop of ours is in
the way of what is measured.
"""

from __future__ import annotations

import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

Action = dict[str, Any]
_HANG = 12.0


def make_certificate(folder: Path) -> Path:
    """A self-signed certificate without names, with its key, in one PEM file."""
    from datetime import UTC, datetime, timedelta

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([]))
        .issuer_name(x509.Name([]))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    path = folder / "server.pem"
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + certificate.public_bytes(serialization.Encoding.PEM)
    )
    return path


class ScriptedServer:
    """Listens from the start; `requests` holds what each connection has read."""

    def __init__(
        self,
        scripts: Sequence[Sequence[Action]],
        *,
        bind: str = "127.0.0.1",
        tls: ssl.SSLContext | None = None,
        expand: Callable[[str], str] = str,
    ) -> None:
        family = socket.AF_INET6 if ":" in bind else socket.AF_INET
        self._listener = socket.create_server((bind, 0), family=family, backlog=64)
        self._scripts = scripts
        self._tls = tls
        self._expand = expand
        self._threads: list[threading.Thread] = []
        self._sockets: list[socket.socket] = []
        self._stopped = threading.Event()
        self.requests: list[bytearray] = []
        self.port: int = self._listener.getsockname()[1]

    def __enter__(self) -> ScriptedServer:
        self._spawn(self._accept)
        return self

    def __exit__(self, *exc: object) -> None:
        self.stop()

    def stop(self) -> None:
        """Close everything, and wait for the threads."""
        self._stopped.set()
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for connection in list(self._sockets):
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(_HANG + 3)

    def wait_scripts(self) -> None:
        """Wait until every script that has begun has ended; the client must be gone."""
        for thread in self._threads[1:]:
            thread.join(_HANG + 3)

    def _spawn(self, target: Callable[..., None], *args: object) -> None:
        thread = threading.Thread(target=target, args=args, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while not self._stopped.is_set():
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            index = len(self.requests)
            self.requests.append(bytearray())
            self._sockets.append(connection)
            script = self._scripts[min(index, len(self._scripts) - 1)] if self._scripts else ()
            self._spawn(self._serve, connection, script, self.requests[index])

    def _serve(self, plain: socket.socket, script: Sequence[Action], seen: bytearray) -> None:
        raw = plain.dup()  # OpenSSL closes its own when a handshake fails
        connection = plain
        connection.settimeout(_HANG)
        with suppress(OSError):
            if self._tls is not None:
                connection = self._tls.wrap_socket(plain, server_side=True)
            for action in script:
                if not self._play(connection, action, seen):
                    break
        connection.close()
        with suppress(OSError):
            _end(raw, reset=bool(script) and script[-1]["op"] == "reset")
        raw.close()

    def _play(self, connection: socket.socket, action: Action, seen: bytearray) -> bool:
        match action["op"]:
            case "read_request":
                return _read(connection, seen, b"\r\n\r\n")
            case "read_some":
                return _read(connection, seen, b"")
            case "send":
                text = self._expand(action["text"]).encode("latin-1")
                _send_all(connection, text, action.get("repeat", 1))
            case "sleep":
                self._stopped.wait(action["seconds"])
            case "hang":
                end = time.monotonic() + _HANG
                while time.monotonic() < end and connection.recv(4096):
                    pass
            case "close" | "reset":
                return False
            case other:
                raise ValueError(other)
        return True


def _end(connection: socket.socket, *, reset: bool) -> None:
    if reset:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        return
    # An orderly end, without a reset for what the client has sent and nobody read.
    connection.shutdown(socket.SHUT_WR)
    connection.settimeout(_HANG)
    while connection.recv(65536):
        pass


def _read(connection: socket.socket, seen: bytearray, until: bytes) -> bool:
    start = len(seen)
    while True:
        data = connection.recv(4096) if not until else connection.recv(1)
        if not data:
            return False
        seen += data
        if not until or seen.endswith(until, start):
            return True


def _send_all(connection: socket.socket, text: bytes, repeat: int) -> None:
    while repeat > 0:
        step = min(repeat, max(1, 65536 // max(1, len(text))))
        connection.sendall(text * step)
        repeat -= step
