"""Who is not known gets no further than 401; who is known cannot wear the server out."""

from __future__ import annotations

import json
import socket
import ssl
import string
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from hypothesis import Phase, example, given, settings
from hypothesis import strategies as st

from tests.support.cluster import Cluster

pytestmark = pytest.mark.integration

_SECONDS = 5.0
_METHODS = (
    *("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT"),
    *("PROPFIND", "get", "BREW"),
)
_KNOWN = (
    *("/", "/version", "/healthz", "/readyz", "/livez", "/metrics", "/api", "/apis", "/openapi/v2"),
    *("/openapi/v3", "/api/v1", "/api/v1/nodes", "/api/v1/namespaces/default/secrets"),
    *("/api/v1/namespaces/default/pods/web/exec?command=id", "/api/v1/pods?watch=1", "/debug"),
    *("/api/v1/namespaces/default/pods/web/portforward", "//api/v1/pods", "/api/v1/../v1/pods"),
)
_PATHS = st.one_of(
    st.sampled_from(_KNOWN),
    st.text(alphabet=string.ascii_letters + string.digits + "/.%?&=;:~-_", max_size=40).map(
        lambda text: f"/{text}"
    ),
)
_VISIBLE = string.ascii_letters + string.digits + "._-+/= "
_CREDENTIALS = st.one_of(
    st.none(),
    st.text(alphabet=_VISIBLE, max_size=40),
    st.text(alphabet=_VISIBLE, max_size=40).map(lambda text: f"Bearer {text}"),
    st.sampled_from(["Bearer", "Bearer ", "Basic YWRtaW46YWRtaW4=", "bearer null", "Negotiate x"]),
)


class _Line:
    """One connection over TLS."""

    def __init__(self, secured: ssl.SSLSocket) -> None:
        self._secured = secured
        self._rest = b""
        self.body = b""

    def send(self, data: bytes) -> None:
        self._secured.sendall(data)

    def head(self, *, has_body: bool = True) -> tuple[int, bytes]:
        """The status and the head of the next answer; its body is read."""
        while b"\r\n\r\n" not in self._rest:
            self._more()
        head, _, self._rest = self._rest.partition(b"\r\n\r\n")
        length = 0
        for line in head.lower().split(b"\r\n"):
            if line.startswith(b"content-length:"):
                length = int(line.partition(b":")[2])
        while has_body and len(self._rest) < length:
            self._more()
        self.body, self._rest = self._rest[:length], self._rest[length:]
        return int(head.split(b" ", 2)[1]), head

    def _more(self) -> None:
        piece = self._secured.recv(65536)
        if not piece:
            raise ConnectionResetError("closed")
        self._rest += piece


@contextmanager
def _line(cluster: Cluster) -> Iterator[_Line]:
    context = ssl.create_default_context(cafile=str(cluster.authority))
    with socket.create_connection(("127.0.0.1", cluster.port), _SECONDS) as plain:
        with context.wrap_socket(plain, server_hostname="127.0.0.1") as secured:
            yield _Line(secured)


def _request(method: str, path: str, *headers: str, host: str = "127.0.0.1") -> bytes:
    lines = (f"{method} {path} HTTP/1.1", f"Host: {host}", *headers, "", "")
    return "\r\n".join(lines).encode()


def test_nobody_gets_past_the_door(cluster: Cluster) -> None:
    @given(
        method=st.sampled_from(_METHODS),
        path=_PATHS,
        credentials=_CREDENTIALS,
        upgrade=st.sampled_from(["", "websocket", "SPDY/3.1", "h2c"]),
        is_long=st.booleans(),
    )
    @example(method="GET", path="/", credentials="x" * 9000, upgrade="", is_long=False)
    @settings(max_examples=150, database=None, phases=[Phase.explicit, Phase.generate])
    def knocked(
        method: str, path: str, credentials: str | None, upgrade: str, is_long: bool
    ) -> None:
        headers = [] if credentials is None else [f"Authorization: {credentials}"]
        headers += [f"Upgrade: {upgrade}", "Connection: Upgrade"] if upgrade else []
        headers += ["Content-Length: 100000000"] if is_long else ["Content-Length: 0"]
        with _line(cluster) as line:
            line.send(_request(method, path, *headers))
            status, head = line.head(has_body=method != "HEAD")
        assert status in (400, 401), (method, path, status)
        assert b"Server: barepod\r\n" in head + b"\r\n"

    knocked()


@pytest.mark.parametrize(
    "header",
    ["Authorization: Bearer {token}x", "X-Remote-User: admin", "Cookie: token={token}"],
)
def test_nothing_but_the_token_is_a_token(cluster: Cluster, header: str) -> None:
    with _line(cluster) as line:
        line.send(_request("GET", "/version", header.format(token=cluster.token())))
        assert line.head()[0] == 401


def test_a_token_in_the_query_is_none(cluster: Cluster) -> None:
    token = cluster.token()
    with _line(cluster) as line:
        line.send(_request("GET", f"/version?access_token={token}&token={token}"))
        assert line.head()[0] == 401


@pytest.mark.parametrize(
    ("host", "origin", "status"),
    [
        ("127.0.0.1", "", 200),
        ("localhost:6440", "", 200),
        ("attacker.example", "", 403),
        ("127.0.0.1", "https://attacker.example", 403),
        ("127.0.0.1", "https://127.0.0.1", 200),
        ("attacker.example", "https://attacker.example", 403),
    ],
)
def test_no_page_gets_in_by_a_browser(
    cluster: Cluster, host: str, origin: str, status: int
) -> None:
    headers = [f"Authorization: Bearer {cluster.token()}", *([f"Origin: {origin}"] * bool(origin))]
    with _line(cluster) as line:
        line.send(_request("GET", "/version", *headers, host=host))
        assert line.head()[0] == status


def test_a_body_that_is_too_long_is_not_read(cluster: Cluster) -> None:
    token = f"Authorization: Bearer {cluster.token()}"
    path = "/api/v1/namespaces/default/configmaps"
    with _line(cluster) as line:
        line.send(_request("POST", path, token, "Content-Length: 4000000"))
        status, _ = line.head()
    assert status == 413
    with _line(cluster) as line:
        line.send(_request("POST", path, token, "Transfer-Encoding: chunked"))
        piece = b"10000\r\n" + b"x" * 0x10000 + b"\r\n"
        try:
            for _ in range(64):
                line.send(piece)
        except OSError:
            return  # it hung up on us
        assert line.head()[0] == 413


def test_heads_without_end_are_refused(cluster: Cluster) -> None:
    with _line(cluster) as line:
        line.send(b"GET / HTTP/1.1\r\nHost: x\r\nX-Long: ")
        try:
            for _ in range(100):
                line.send(b"a" * 1000)
        except OSError:
            return  # it hung up on us
        assert line.head()[0] == 400


def test_secrets_stay_secret(cluster: Cluster) -> None:
    space = cluster.space("hush")
    word = "correct-horse-battery"
    space.does("create", "secret", "generic", "s", f"--from-literal=password={word}")
    space.fails("patch", "secret", "s", "-p", json.dumps({"data": {"password": word}}))
    space.fails("create", "secret", "generic", "s", f"--from-literal=password={word}")
    cluster.kubectl("--token", f"{cluster.token()}x", "get", "pods")
    with _line(cluster) as line:
        line.send(_request("GET", f"/{word}", "Authorization: Bearer " + word))
        line.head()
        assert word.encode() not in line.body

    for secret in (word, cluster.token(), cluster.token("reader")):
        assert secret not in cluster.log
    assert cluster.token() not in space.does("get", "all,events,cm", "-A", "-o", "yaml")
