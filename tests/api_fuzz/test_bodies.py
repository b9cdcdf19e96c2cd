"""Patches, selectors, protobuf and SPDY frames of chance: no fault of the server's."""

from __future__ import annotations

import json
import socket
import ssl
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest
import requests
from hypothesis import Phase, example, given, settings
from hypothesis import strategies as st

from agent.api.protobuf.body import write_body
from tests.support.cluster import Cluster, Space

pytestmark = pytest.mark.integration

_CONFIG = "/api/v1/namespaces/fuzz/configmaps"
_POD = "/api/v1/namespaces/fuzz/pods/web"
_SECONDS = 10.0
_PHASES = [Phase.explicit, Phase.generate]  # what fails here is slow to make smaller
_BOUNDED = settings(max_examples=150, database=None, phases=_PHASES)

_KEYS = st.sampled_from(
    [
        *("metadata", "labels", "data", "binaryData", "immutable", "name", "k", "kind", "status"),
        *("apiVersion", "spec", "containers", "image", "finalizers", "ownerReferences", "env"),
        *("tolerations", "$patch", "$retainKeys", "$setElementOrder/containers"),
        "$deleteFromPrimitiveList/finalizers",
    ]
)
_LEAVES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False, allow_infinity=False),
    st.sampled_from(["replace", "delete", "merge", "k", "main", ""]),
    st.text(max_size=8),
)
_VALUES = st.recursive(
    _LEAVES,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(_KEYS, inner, max_size=4)),
    max_leaves=12,
)
_POINTERS = st.lists(
    st.one_of(_KEYS, st.sampled_from(["0", "-", "-1", "01", "~", "~2"]), st.text())
)
_STEPS = st.fixed_dictionaries(
    {
        "op": st.sampled_from(["add", "remove", "replace", "move", "copy", "test", "", "other"]),
        "path": _POINTERS.map(lambda parts: "".join(f"/{part}" for part in parts)),
    },
    optional={
        "value": _VALUES,
        "from": _POINTERS.map(lambda parts: "".join(f"/{part}" for part in parts)),
    },
)
_PATCHES = st.one_of(
    st.tuples(st.just("application/json-patch+json"), st.one_of(st.lists(_STEPS), _VALUES)),
    st.tuples(
        st.sampled_from(
            [
                "application/merge-patch+json",
                "application/strategic-merge-patch+json",
                "application/apply-patch+yaml",
            ]
        ),
        _VALUES,
    ),
)


class _Asker:
    """Asks as the administrator, and minds faults of the server."""

    def __init__(self, session: requests.Session, address: str, authority: str) -> None:
        self._session = session
        self._address = address
        self._authority = authority

    def __call__(self, method: str, path: str, body: bytes = b"", media: str = "") -> Any:
        headers = {"Content-Type": media} if media else {}
        answer = self._session.request(
            method,
            f"{self._address}{path}",
            data=body,
            headers=headers,
            verify=self._authority,
            timeout=_SECONDS,
        )
        assert answer.status_code < 500, answer.text
        found = answer.json()
        if answer.status_code >= 400:
            assert (found["kind"], found["status"]) == ("Status", "Failure")
        return found


@pytest.fixture(scope="module")
def space(cluster: Cluster) -> Space:
    """A namespace with a ConfigMap and a pod in it."""
    found = cluster.space("fuzz")
    found.does("create", "configmap", "c", "--from-literal=k=v")
    found.run("exec sleep 1000")
    return found


@pytest.fixture(scope="module")
def ask(space: Space) -> Iterator[_Asker]:
    """How one asks."""
    cluster = space.cluster
    with requests.Session() as session:
        session.headers["Authorization"] = f"Bearer {cluster.token()}"
        session.trust_env = False
        yield _Asker(session, cluster.address, str(cluster.authority))


@pytest.mark.parametrize("path", [f"{_CONFIG}/c", _POD, f"{_POD}/status"])
def test_patches(ask: _Asker, path: str) -> None:
    @given(patch=_PATCHES)
    @_BOUNDED
    def patched(patch: tuple[str, Any]) -> None:
        media, value = patch
        query = "?dryRun=All&fieldManager=me&force=true"
        ask("PATCH", f"{path}{query}", json.dumps(value).encode(), media)

    patched()


def test_bytes_that_are_no_patch(ask: _Asker) -> None:
    media = st.sampled_from(["json-patch+json", "merge-patch+json", "apply-patch+yaml"])

    @given(media=media, body=st.binary(max_size=60))
    @example(media="apply-patch+yaml", body=b"&a [*a]")
    @example(media="apply-patch+yaml", body=b"a: &a [x]\nb: *a")
    @example(media="merge-patch+json", body=b"[" * 100_000)
    @example(media="apply-patch+yaml", body=b"[" * 20_000)
    @example(media="merge-patch+json", body=b'{"a":' * 100_000)
    @example(media="json-patch+json", body=b'[{"op":"add","path":"/a","value":1e999}]')
    @_BOUNDED
    def patched(media: str, body: bytes) -> None:
        ask("PATCH", f"{_CONFIG}/c?dryRun=All&fieldManager=me", body, f"application/{media}")

    patched()


def test_selectors(ask: _Asker) -> None:
    words = st.sampled_from(
        [
            *("app", "=", "==", "!=", "in", "notin", "(", ")", ",", "!", "web", "exists", ">", "<"),
            *("metadata.name", "status.phase", "spec.nodeName", "example.com/a"),
            *(" ", "\\", "\x00", "é"),
        ]
    )
    texts = st.one_of(st.lists(words).map("".join), st.text())

    @given(labels=texts, fields=texts, rest=texts)
    @_BOUNDED
    def listed(labels: str, fields: str, rest: str) -> None:
        query = f"labelSelector={quote(labels)}&fieldSelector={quote(fields)}"
        ask("GET", f"/api/v1/namespaces/fuzz/pods?{query}")
        ask("GET", f"/api/v1/pods?limit={quote(rest)}&continue={quote(rest)}")
        ask("GET", f"/api/v1/pods?resourceVersion={quote(rest)}&resourceVersionMatch={quote(rest)}")
        log = f"{_POD}/log?container={quote(rest)}x&tailLines={quote(rest)}&sinceTime={quote(rest)}"
        ask("GET", log)

    listed()


def _bent(data: bytes, at: int, byte: int, cut: int) -> bytes:
    """The same with one byte changed, and without its end."""
    place = at % len(data)
    return (data[:place] + bytes([byte]) + data[place + 1 :])[: len(data) - cut]


def test_protobuf(ask: _Asker) -> None:
    media = "application/vnd.kubernetes.protobuf"
    config = {"name": "p", "labels": {"a": "b"}, "finalizers": ["example.com/x"]}
    body = {"kind": "ConfigMap", "apiVersion": "v1", "metadata": config, "data": {"k": "v"}}
    good = write_body(body)
    assert ask("POST", f"{_CONFIG}?dryRun=All", good, media)["data"] == {"k": "v"}
    bytes_of_chance = st.binary(max_size=60).map(lambda data: b"k8s\x00" + data)
    bent = st.builds(
        _bent, st.just(good), st.integers(4, 500), st.integers(0, 255), st.integers(0, 20)
    )

    @given(data=st.one_of(bytes_of_chance, bent, st.binary(max_size=20)))
    @example(data=b"k8s\x00" + b"\xff" * 40)
    @example(data=b"k8s\x00\x12\xff\xff\xff\xff\x0f")
    @settings(max_examples=200, database=None, phases=_PHASES)
    def created(data: bytes) -> None:
        ask("POST", f"{_CONFIG}?dryRun=All", data, media)
        ask("DELETE", f"{_CONFIG}/none?dryRun=All", data, media)

    created()


def _upgraded(cluster: Cluster, path: str, sent: bytes) -> bytes:
    """What comes after an upgrade to SPDY when this is sent."""
    context = ssl.create_default_context(cafile=str(cluster.authority))
    head = (
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {cluster.token()}\r\n"
        "Connection: Upgrade\r\nUpgrade: SPDY/3.1\r\nContent-Length: 0\r\n"
        "X-Stream-Protocol-Version: v4.channel.k8s.io\r\n"
        "X-Stream-Protocol-Version: portforward.k8s.io\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", cluster.port), _SECONDS) as plain:
        with context.wrap_socket(plain, server_hostname="127.0.0.1") as secured:
            secured.sendall(head.encode())
            answer = b""
            while b"\r\n\r\n" not in answer:
                answer += secured.recv(4096)
            secured.sendall(sent)
            return answer


_FRAMES = st.lists(
    st.tuples(
        st.sampled_from([b"\x80\x03", b"\x80\x02", b"\x00\x00", b"\x00\x01"]),
        st.sampled_from([b"\x00\x01", b"\x00\x02", b"\x00\x03", b"\x00\x06", b"\x00\x07"]),
        st.binary(max_size=24),
    ),
    max_size=4,
)


@pytest.mark.parametrize(
    "path", [f"{_POD}/exec?command=true&stdin=1&stdout=1", f"{_POD}/portforward"]
)
def test_frames(space: Space, path: str) -> None:
    @given(frames=_FRAMES, junk=st.binary(max_size=20))
    @example(frames=[], junk=b"\x80\x03\x00\x01\x00\xff\xff\xff")
    @settings(max_examples=30, database=None, phases=_PHASES)
    def sent(frames: list[tuple[bytes, bytes, bytes]], junk: bytes) -> None:
        data = b"".join(
            kind + number + b"\x00" + len(rest).to_bytes(3, "big") + rest
            for kind, number, rest in frames
        )
        answer = _upgraded(space.cluster, path, data + junk)
        assert answer.startswith(b"HTTP/1.1 101 ")

    sent()
    assert space.does("exec", "web", "--", "echo", "alive") == "alive\n"
