"""Small real servers on loopback, each a context manager that leaves no thread or socket behind."""

from __future__ import annotations

import select
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

#: Talks on one accepted connection; must return soon after the event is set or the peer has left.
Talk = Callable[[socket.socket, threading.Event], None]

_BOUND = 10.0


@contextmanager
def serving(talk: Talk, *, host: str = "127.0.0.1") -> Iterator[int]:
    """Accept connections and let `talk` handle each in its own thread; gives the port."""
    server = _Server(talk, host)
    try:
        yield server.port
    finally:
        server.close()


class _Server:
    def __init__(self, talk: Talk, host: str) -> None:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._listener = socket.create_server((host, 0), family=family, backlog=128)
        self.port: int = self._listener.getsockname()[1]
        self._talk = talk
        self._over = threading.Event()
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    def close(self) -> None:
        self._over.set()
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)  # wakes accept
        with self._lock:
            for sock in self._open:
                with suppress(OSError):
                    sock.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(_BOUND)
        self._listener.close()
        assert not any(thread.is_alive() for thread in self._threads), "a server thread is stuck"

    def _accept(self) -> None:
        while True:
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            with self._lock:
                self._open.add(sock)
                if self._over.is_set():
                    sock.shutdown(socket.SHUT_RDWR)
            thread = threading.Thread(target=self._serve, args=(sock,), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _serve(self, sock: socket.socket) -> None:
        try:
            with suppress(OSError):
                self._talk(sock, self._over)
        finally:
            with self._lock:
                self._open.discard(sock)
                sock.close()


def hang(sock: socket.socket, over: threading.Event) -> None:
    """Read and never answer, until the peer leaves."""
    while sock.recv(65_536):
        pass


def say(data: bytes, *, then: Talk = hang) -> Talk:
    """Send `data` at once, then do something else; nothing more with `then=leave`."""

    def talk(sock: socket.socket, over: threading.Event) -> None:
        sock.sendall(data)
        then(sock, over)

    return talk


def answer(data: bytes, *, then: Talk = hang) -> Talk:
    """Wait for the first bytes of a request, send `data`, then do something else."""

    def talk(sock: socket.socket, over: threading.Event) -> None:
        sock.recv(65_536)
        say(data, then=then)(sock, over)

    return talk


def leave(sock: socket.socket, over: threading.Event) -> None:
    """Close the connection in good order, whatever the peer has sent."""
    sock.shutdown(socket.SHUT_WR)
    hang(sock, over)


def reset(sock: socket.socket, over: threading.Event) -> None:
    """Close the connection with a reset."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")


def drip(data: bytes, *, every: float = 1.0) -> Talk:
    """Send one byte at a time, one every so many seconds."""

    def talk(sock: socket.socket, over: threading.Event) -> None:
        for at in range(len(data)):
            sock.sendall(data[at : at + 1])
            if over.wait(every):
                return
        hang(sock, over)

    return talk


@contextmanager
def accepting_and_hanging() -> Iterator[int]:
    """A server that accepts and never says a word; gives the port."""
    with serving(hang) as port:
        yield port


@contextmanager
def full_backlog() -> Iterator[int]:
    """A port that swallows connections: its listener never accepts and its queue is full."""
    with ExitStack() as stack:
        listener = stack.enter_context(socket.socket())
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        for _ in range(8):
            client = stack.enter_context(socket.socket())
            client.setblocking(False)
            client.connect_ex(listener.getsockname())
            if not select.select([], [client], [], 0.1)[1]:
                break
        else:
            raise AssertionError("the queue of the listener does not fill up")
        yield listener.getsockname()[1]


@contextmanager
def closed_port(host: str = "127.0.0.1") -> Iterator[int]:
    """A port where nobody listens, and nobody will: it is bound."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as sock:
        sock.bind((host, 0))
        yield sock.getsockname()[1]


@dataclass(slots=True)
class HttpServer:
    """Answers by path; change `status` at any time to toggle a health endpoint.

    Unknown paths get 404. `requests` are the paths asked for, in order.
    """

    port: int
    status: dict[str, int] = field(default_factory=dict)
    body: bytes = b"ok\n"
    requests: list[str] = field(default_factory=list)


@contextmanager
def http(status: dict[str, int] | None = None) -> Iterator[HttpServer]:
    """An HTTP/1.1 server; by default `/healthz` answers 200."""

    class Handler(BaseHTTPRequestHandler):
        timeout = _BOUND

        def do_GET(self) -> None:
            served.requests.append(self.path)
            self.send_response(served.status.get(self.path, 404))
            self.send_header("Content-Length", str(len(served.body)))
            self.end_headers()
            self.wfile.write(served.body)

        def log_message(self, format: str, *args: object) -> None:
            """Stay silent."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        port = server.server_address[1]
        served = HttpServer(port, {"/healthz": 200} if status is None else status)
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        try:
            yield served
        finally:
            server.shutdown()
            thread.join(_BOUND)


@dataclass(frozen=True, slots=True)
class TlsPair:
    """A self-signed certificate for 127.0.0.1 and its key, as PEM."""

    certificate: bytes
    key: bytes

    def write(self, directory: Path) -> tuple[Path, Path]:
        """Write both to files; return their paths."""
        certificate, key = directory / "tls.crt", directory / "tls.key"
        certificate.write_bytes(self.certificate)
        key.write_bytes(self.key)
        return certificate, key


def tls_pair() -> TlsPair:
    """Make a new pair, valid for an hour."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .sign(key, hashes.SHA256())
    )
    return TlsPair(
        certificate.public_bytes(serialization.Encoding.PEM),
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        ),
    )
