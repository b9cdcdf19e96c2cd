"""The door of the API over TLS: who comes in, what is refused, and how."""

from __future__ import annotations

import asyncio
import json
import tracemalloc
from asyncio import sslproto
from contextlib import AsyncExitStack
from typing import Any

import pytest

from agent.api import front
from agent.api.front import MAX_BODY
from agent.api.listener import TLS_READ
from tests.support.api import PODS, Server, manifest

pytestmark = [pytest.mark.integration, pytest.mark.asyncio]

SECRETS = "/api/v1/namespaces/default/secrets"


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/"),
        ("GET", "/version"),
        ("GET", "/healthz"),
        ("GET", "/api"),
        ("GET", "/apis"),
        ("GET", "/openapi/v2"),
        ("GET", PODS),
        ("GET", "/no/such/path"),
        ("POST", PODS),
        ("DELETE", PODS),
        ("OPTIONS", PODS),
        ("BREW", PODS),
        ("GET", f"{PODS}/web/exec?command=id"),
    ],
)
@pytest.mark.parametrize("token", ["", "wrong", "x" * 10_000])
async def test_nobody_gets_anything_but_401(
    server: Server, method: str, path: str, token: str
) -> None:
    reply = await server.ask(method, path, token=token)

    assert reply.status == 401
    assert reply.json["reason"] == reply.json["message"] == "Unauthorized"
    assert "Access-Control-Allow-Origin" not in reply.headers


@pytest.mark.parametrize(
    "authorization",
    ["", "Basic eDp5", "Bearer", "Bearer ", "bearer \udcff", "Token {token}", "Bearer {token}x"],
)
async def test_what_is_no_credential(server: Server, authorization: str) -> None:
    text = authorization.replace("{token}", server.token()).encode("utf-8", "replace").decode()
    reply = await server.ask("GET", "/version", token="", Authorization=text)

    assert reply.status == 401


async def test_a_client_certificate_opens_the_door(server: Server) -> None:
    context = server.context()
    context.load_cert_chain(server.pki / "admin.crt", server.pki / "admin.key")
    async with server.session().get(f"{server.address}/version", ssl=context) as answer:
        assert answer.status == 200


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Host": "localhost"}, 200),
        ({"Host": "127.0.0.1:6440"}, 200),
        ({"Host": "[::1]:6440"}, 200),
        ({"Host": "vm"}, 200),
        ({"Host": "evil.example"}, 403),
        ({"Host": ""}, 403),
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "https://evil.example", "Host": "evil.example"}, 403),
        ({"Origin": "https://localhost", "Host": "localhost"}, 200),
        ({"Origin": "https://localhost:1", "Host": "localhost"}, 403),
        ({"Origin": "http://localhost", "Host": "localhost"}, 403),
        ({"Origin": "null"}, 403),
        ({"Host": "localhost:1", "Origin": "https://localhost:1"}, 200),
        ({"Host": "localhost:1", "Origin": "https://localhost:2"}, 403),
        ({"Host": "localhost:1", "Origin": "http://localhost:1"}, 403),
        ({"Host": "evil.example", "Origin": "https://evil.example"}, 403),
    ],
)
async def test_a_page_in_a_browser_is_kept_out(
    server: Server, headers: dict[str, str], status: int
) -> None:
    reply = await server.ask("GET", "/version", **headers)

    assert reply.status == status


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", PODS, 200),
        ("GET", f"{PODS}?watch=1&timeoutSeconds=1&resourceVersion=1000000", 410),
        ("GET", "/api/v1/namespaces/default/configmaps", 200),
        ("GET", SECRETS, 403),
        ("GET", f"{SECRETS}/x", 403),
        ("POST", PODS, 403),
        ("DELETE", PODS, 403),
        ("PATCH", f"{PODS}/web", 403),
        ("GET", f"{PODS}/web/exec?command=id", 403),
        ("POST", f"{PODS}/web/attach", 403),
        ("GET", f"{PODS}/web/portforward", 403),
        ("GET", f"{PODS}/web/log", 404),
        ("GET", "/version", 200),
    ],
)
async def test_a_reader_may_only_look(server: Server, method: str, path: str, status: int) -> None:
    reply = await server.ask(method, path, token=server.token("reader"))

    assert reply.status == status
    if status == 403:
        assert reply.json["reason"] == "Forbidden"


@pytest.mark.parametrize(
    ("body", "media", "status"),
    [
        (b"{", "application/json", 400),
        (b"[1]", "application/json", 400),
        (b"", "application/json", 400),
        (b"\xff\xfe", "application/json", 400),
        (b"a: [", "application/yaml", 400),
        (b"a: &a [*a]", "application/yaml", 400),
        (b"{}", "text/plain", 415),
        (b"{}", "application/x-www-form-urlencoded", 415),
        (b"k8s\x00nonsense", "application/vnd.kubernetes.protobuf", None),
        (b"[" * 100_000, "application/json", 400),
        (b'{"a":' * 50_000, "application/json", 400),
        (b"[" * 100_000, "application/yaml", 400),
        (b"{}" + b" " * MAX_BODY, "application/json", 413),
    ],
)
async def test_a_body_that_is_none(
    server: Server, body: bytes, media: str, status: int | None
) -> None:
    reply = await server.ask("POST", PODS, body, media=media)

    assert reply.status in ((400, 415) if status is None else (status,))
    assert reply.json["kind"] == "Status"
    assert reply.json["code"] == reply.status


async def test_a_body_that_does_not_say_how_long_it_is_is_bounded_as_well(server: Server) -> None:
    async def endless() -> Any:
        for _ in range(MAX_BODY // 65536 + 2):
            yield b" " * 65536

    async with server.session().post(
        f"{server.address}{PODS}",
        data=endless(),
        headers={"Authorization": f"Bearer {server.token()}", "Content-Type": "application/json"},
        ssl=server.context(),
    ) as answer:
        assert answer.status == 413


async def test_a_body_that_does_not_come_is_not_waited_for(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(front, "BODY_SECONDS", 0.05)
    reader, writer = await asyncio.open_unix_connection(f"{server.config.node.run_dir}/api.sock")
    writer.write(
        f"POST {PODS} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
        "Content-Length: 100\r\n\r\n{".encode()
    )
    said = await reader.read()
    writer.close()

    assert said.startswith(b"HTTP/1.1 408")
    assert b'"reason":"Timeout"' in said


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/api/v2", 404),
        ("GET", "/apis/apps/v1/deployments", 404),
        ("GET", f"{PODS}/web", 404),
        ("POST", "/api/v1/pods", 405),
        ("PUT", PODS, 405),
        ("POST", "/version", 405),
        ("DELETE", "/api/v1/nodes/vm", 403),
        ("GET", f"{PODS}?limit=x", 400),
        ("GET", f"{PODS}?labelSelector=%3D%3D", 400),
        ("GET", "/api/v1/namespaces/%2e%2e/pods", 200),
    ],
)
async def test_what_cannot_be_done(server: Server, method: str, path: str, status: int) -> None:
    reply = await server.ask(method, path)

    assert reply.status == status


async def test_a_form_that_there_is_not(server: Server) -> None:
    reply = await server.ask("GET", PODS, Accept="text/html")

    assert (reply.status, reply.json["reason"]) == (406, "NotAcceptable")


async def test_a_watch_comes_as_it_happens_and_ends_with_the_server(server: Server) -> None:
    async with server.stream("GET", f"{PODS}?watch=true") as answer:
        assert answer.headers["Transfer-Encoding"] == "chunked"
        await server.ask("POST", PODS, manifest())
        first = json.loads(await answer.content.readline())
        assert (first["type"], first["object"]["metadata"]["name"]) == ("ADDED", "web")


async def test_a_client_that_leaves_ends_its_watch(server: Server) -> None:
    async with server.stream("GET", f"{PODS}?watch=true") as answer:
        assert answer.status == 200
        await server.until(lambda: server.watches() == 1)
        answer.close()
    await server.until(lambda: server.watches() == 0)


async def test_a_bug_of_ours_tells_the_client_nothing(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    from agent.api.machinery.reading import Reader

    async def broken(*_: object) -> None:
        raise RuntimeError("secret inside")

    monkeypatch.setattr(Reader, "list", broken)
    reply = await server.ask("GET", PODS)

    assert reply.status == 500
    assert "secret" not in reply.text
    (problem,) = server.problems
    assert "RuntimeError" in problem
    assert "secret" not in problem
    server.problems.clear()


async def test_many_at_once(server: Server) -> None:
    async with asyncio.TaskGroup() as group:
        tasks = [
            group.create_task(server.ask("POST", PODS, manifest("sleep 100", f"p{number}")))
            for number in range(20)
        ]

    assert [task.result().status for task in tasks] == [201] * 20


async def test_an_idle_connection_keeps_no_large_buffer(server: Server) -> None:
    count = 20
    tracemalloc.start()
    try:
        async with AsyncExitStack() as opened:
            for _ in range(count):
                _, writer = await asyncio.open_connection(
                    "127.0.0.1", server.port, ssl=server.context()
                )
                opened.push_async_callback(writer.wait_closed)
                opened.callback(writer.close)
            taken = tracemalloc.take_snapshot().filter_traces(
                [tracemalloc.Filter(inclusive=True, filename_pattern=sslproto.__file__)]
            )
    finally:
        tracemalloc.stop()

    held = sum(trace.size for trace in taken.traces)
    assert TLS_READ * count <= held < 64 * 1024 * count  # with what our own ends hold
