"""How requests turn into streams, and exec and attach over bare SPDY."""

from __future__ import annotations

import asyncio
import json

import aiohttp
import pytest

from agent.api.streaming.spdy import frames
from tests.support.spdy import Client, upgraded
from tests.support.streaming import Server

pytestmark = [pytest.mark.integration, pytest.mark.asyncio]

_WANTED = "stdout=1&stderr=1"


def shell(script: str, more: str = "") -> str:
    """The query of an exec."""
    return f"command=sh&command=-c&command={script.replace(' ', '+')}&{_WANTED}&{more}"


async def streams(client: Client, *names: str) -> list[int]:
    return [await client.open(streamtype=name) for name in names]


async def test_exec_over_spdy_gives_output_and_exit_code(server: Server) -> None:
    await server.run("exec sleep 99")
    query = shell("cat; echo err >%262; exit 4", "stdin=1")

    async with upgraded(server, "exec", query, protocols="v4.channel.k8s.io") as client:
        error, stdin, out, err = await streams(client, "error", "stdin", "stdout", "stderr")
        await client.send(frames.write_data(stdin, b"hello", frames.FIN))
        await client.until_ended(error, out, err)

    assert (client.received[out], client.received[err]) == (b"hello", b"err\n")
    status = json.loads(client.received[error])
    assert status["details"]["causes"] == [{"reason": "ExitCode", "message": "4"}]
    await server.idle()


async def test_an_older_protocol_gets_a_text_and_sizes(server: Server) -> None:
    await server.run("exec sleep 99")
    script = "trap 'stty size; exit 4' WINCH; echo ready; while :; do sleep 0.05; done"

    async with upgraded(
        server, "exec", shell(script, "tty=1&stdin=1"), protocols="v3.channel.k8s.io"
    ) as client:
        error, _, out, resize = await streams(client, "error", "stdin", "stdout", "resize")
        while b"ready" not in client.received[out]:
            await client.hear()
        await client.send(frames.write_data(resize, b'{"Width":90,"Hei'))
        await client.send(frames.write_data(resize, b'ght":30}\n'))
        await client.until_ended(error, out)

    assert b"30 90" in client.received[out]
    assert client.received[error] == b"command terminated with non-zero exit code: exit status 4"


async def test_a_success_is_silence_in_an_older_protocol(server: Server) -> None:
    await server.run("exec sleep 99")

    async with upgraded(server, "exec", shell("true"), protocols="v2.channel.k8s.io") as client:
        error, *_ = await streams(client, "error", "stdout", "stderr")
        await client.until_ended(error)

    assert client.received[error] == b""


async def test_attach_over_spdy_ends_with_the_input(server: Server) -> None:
    await server.run("read x; echo got $x; exec sleep 99", stdin=True)

    async with upgraded(
        server, "attach", f"{_WANTED}&stdin=1", protocols="v4.channel.k8s.io"
    ) as client:
        error, stdin, out, _ = await streams(client, "error", "stdin", "stdout", "stderr")
        await client.send(frames.write_data(stdin, b"me\n"))
        while client.received[out] != b"got me\n":
            await client.hear()
        await client.send(frames.write_data(stdin, b"", frames.FIN))
        await client.until_ended(error, out)

    assert json.loads(client.received[error])["status"] == "Success"


async def test_a_client_that_opens_no_streams_is_let_go(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("agent.api.streaming.spdy.channels.CREATION_SECONDS", 0.05)
    await server.run("exec sleep 99")

    async with upgraded(
        server, "exec", shell("exec sleep 98"), protocols="v4.channel.k8s.io"
    ) as client:
        await streams(client, "error", "stdout", "stdout", "unknown")
        while await client.hear():
            pass

    await server.idle()


async def test_a_client_that_vanishes_takes_its_command_along(server: Server) -> None:
    await server.run("exec sleep 99")

    async with upgraded(
        server, "exec", shell("echo ready; exec sleep 98"), protocols="v4.channel.k8s.io"
    ) as client:
        _, out, _ = await streams(client, "error", "stdout", "stderr")
        while not client.received[out]:
            await client.hear()
        client.writer.transport.abort()
        await server.idle()


async def test_a_second_request_on_the_connection_is_not_answered(server: Server) -> None:
    """What follows the upgrade is SPDY, or garbage."""
    await server.run("exec sleep 99")

    async with upgraded(
        server, "exec", shell("exec sleep 98"), protocols="v4.channel.k8s.io"
    ) as client:
        await client.send(b"GET /version HTTP/1.1\r\nHost: node\r\n\r\n" * 10)
        while await client.hear():
            pass

    await server.idle()


@pytest.mark.parametrize(
    ("headers", "code", "message"),
    [
        ({}, 400, "Upgrade request required"),
        ({"Upgrade": "SPDY/3.1"}, 400, "Upgrade request required"),
        ({"Connection": "Upgrade", "Upgrade": "h2c"}, 400, "Upgrade request required"),
        (
            {"Connection": "Upgrade", "Upgrade": "SPDY/3.1", "X-Stream-Protocol-Version": "v9"},
            403,
            "unable to upgrade: unable to negotiate protocol: client supports [v9], server "
            "accepts [v4.channel.k8s.io v3.channel.k8s.io v2.channel.k8s.io]",
        ),
        (
            {"Connection": "Upgrade", "Upgrade": "websocket"},
            403,
            "unable to upgrade: unable to negotiate protocol: client supports [], server "
            "accepts [v5.channel.k8s.io v4.channel.k8s.io]",
        ),
        (
            {
                "Connection": "Upgrade",
                "Upgrade": "websocket",
                "Sec-WebSocket-Protocol": "v4.channel.k8s.io",
            },
            400,
            "not a WebSocket handshake: see RFC 6455, section 4.1",
        ),
    ],
    ids=["plain", "no connection header", "other", "spdy", "websocket", "handshake"],
)
async def test_what_cannot_be_upgraded_is_refused(
    server: Server, headers: dict[str, str], code: int, message: str
) -> None:
    await server.run("exec sleep 99")

    async with aiohttp.ClientSession() as session:
        url = f"{server.url('exec')}?{shell('true')}"
        async with session.post(url, headers=headers) as response:
            body = await response.json()

    assert (response.status, body["message"]) == (code, message)
    await server.idle()


async def test_a_body_before_the_upgrade_is_refused(server: Server) -> None:
    await server.run("exec sleep 99")
    headers = {
        "Connection": "Upgrade",
        "Upgrade": "SPDY/3.1",
        "X-Stream-Protocol-Version": "v4.channel.k8s.io",
    }

    async with aiohttp.ClientSession() as session:
        url = f"{server.url('exec')}?{shell('true')}"
        async with session.post(url, headers=headers, data=b"body") as response:
            body = await response.json()

    assert body["message"] == "a request that is to be upgraded has no body"


async def test_garbage_instead_of_frames_ends_a_websocket(server: Server) -> None:
    await server.run("exec sleep 99")

    async with aiohttp.ClientSession() as session:
        url = f"{server.url('exec')}?{shell('exec sleep 98')}"
        async with session.ws_connect(url, protocols=("v5.channel.k8s.io",)) as socket:
            connection = socket._response.connection
            assert connection is not None
            assert isinstance(connection.transport, asyncio.Transport)
            connection.transport.write(b"\xff" * 100)
            while not socket.closed:
                await socket.receive()

    await server.idle()
