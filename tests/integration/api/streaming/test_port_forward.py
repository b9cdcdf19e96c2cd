"""port-forward over bare SPDY, over SPDY in a WebSocket, and the older way; with real sockets."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import aiohttp
import pytest

from agent.api.streaming.port_forward import TUNNEL
from agent.api.streaming.spdy import frames
from agent.api.streaming.spdy.headers import Deflater
from tests.support.children import until
from tests.support.spdy import Client, upgraded
from tests.support.streaming import Server

pytestmark = [pytest.mark.integration, pytest.mark.asyncio]

_LARGE = 1_000_000
Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def backend(serve: Serve, *, holds: int = 0) -> AsyncIterator[int]:
    """A server on the host; its port. The kernel holds little of what it does not read (bytes)."""
    tasks: set[asyncio.Task[None]] = set()

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        try:
            await serve(reader, writer)
        finally:
            tasks.discard(task)
            writer.close()

    sock = socket.socket()
    if holds:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, holds)
    sock.bind(("127.0.0.1", 0))
    listening = await asyncio.start_server(connected, sock=sock)
    try:
        yield listening.sockets[0].getsockname()[1]
    finally:
        listening.close()
        for task in tuple(tasks):
            task.cancel()


async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65536):
        writer.write(data)
        await writer.drain()
    writer.write(b"<end>")


async def until_end(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Says something only when the other side has ended."""
    size = len(await reader.read())
    writer.write(str(size).encode())


async def test_what_is_sent_comes_back_and_both_ends_are_known(server: Server) -> None:
    await server.run("exec sleep 99")

    async with backend(echo) as port, upgraded(server, "portforward") as client:
        data, error = await client.pair(port)
        await client.send(frames.write_data(data, b"hello"))
        await client.send(frames.write_data(data, b"", frames.FIN))
        await client.until_ended(data, error)

    assert client.replied == {data, error}
    assert client.received[data] == b"hello<end>"
    assert client.received[error] == b""


async def test_a_half_closed_connection_still_gives(server: Server) -> None:
    await server.run("exec sleep 99")

    async with backend(until_end) as port, upgraded(server, "portforward") as client:
        data, error = await client.pair(port)
        await client.send(frames.write_data(data, b"x" * 1000, frames.FIN))
        await client.until_ended(data, error)

    assert client.received[data] == b"1000"


async def test_many_connections_share_one_client(server: Server) -> None:
    await server.run("exec sleep 99")
    sent = {}

    async with backend(echo) as port, upgraded(server, "portforward") as client:
        for number in range(20):
            data, _ = await client.pair(port, str(number))
            sent[data] = os.urandom(10_000)
        for data, text in sent.items():
            await client.send(frames.write_data(data, text, frames.FIN))
        await client.until_ended(*sent)

    for data, text in sent.items():
        assert client.received[data] == text + b"<end>"


async def test_much_goes_through_and_windows_are_enlarged(server: Server) -> None:
    await server.run("exec sleep 99")
    text = os.urandom(_LARGE)

    async with backend(echo) as port, upgraded(server, "portforward") as client:
        data, _ = await client.pair(port)
        async with asyncio.TaskGroup() as group:
            group.create_task(client.send(frames.write_data(data, text, frames.FIN)))
            await client.until_ended(data)

    assert client.received[data] == text + b"<end>"
    assert client.windows[data] > 65_536
    assert client.windows[0] > _LARGE - 65_536


async def test_windows_of_a_client_that_speaks_of_them_are_honoured(server: Server) -> None:
    await server.run("exec sleep 99")

    async with backend(echo) as port, upgraded(server, "portforward") as client:
        settings = b"\0\0\0\1" + b"\0\0\0\7" + (10).to_bytes(4, "big")
        await client.send(frames.write(frames.SETTINGS, 0, settings))
        data, _ = await client.pair(port)
        await client.send(frames.write_data(data, b"x" * 25))
        while len(client.received[data]) < 10:
            await client.hear()
        await client.send(frames.write(frames.PING, 0, b"\0\0\0\1"))
        while not client.pings:
            await client.hear()
        assert len(client.received[data]) == 10
        await client.send(frames.write_numbers(frames.WINDOW_UPDATE, data, 15))
        while len(client.received[data]) < 25:
            await client.hear()


async def test_a_port_where_nobody_listens_is_told_and_the_others_go_on(server: Server) -> None:
    pod = await server.run("exec sleep 99")
    async with backend(echo) as closed:
        pass

    async with backend(echo) as port, upgraded(server, "portforward") as client:
        data, error = await client.pair(closed, "a")
        await client.until_ended(data, error)
        other, _ = await client.pair(port, "b")
        await client.send(frames.write_data(other, b"x", frames.FIN))
        await client.until_ended(other)

    assert client.received[error].decode() == (
        f"error forwarding port {closed} to pod web, uid {pod.metadata.uid}: "
        f"dial tcp 127.0.0.1:{closed}: connect: connection refused"
    )
    assert client.received[other] == b"x<end>"


async def test_a_stream_that_the_client_gives_up_ends_its_connection(server: Server) -> None:
    await server.run("exec sleep 99")
    gone = asyncio.Event()

    async def waits(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        gone.set()

    async with backend(waits) as port, upgraded(server, "portforward") as client:
        data, error = await client.pair(port)
        await client.send(frames.write_data(data, b"x"))
        await client.send(frames.write_numbers(frames.RST_STREAM, data, frames.CANCEL))
        await client.until_ended(error)
        await gone.wait()


async def test_what_given_up_streams_held_does_not_count_for_ever(server: Server) -> None:
    """Otherwise the connection would stand still after the first MiB."""
    await server.run("exec sleep 99")
    over = asyncio.Event()

    async def deaf(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        reader._transport.pause_reading()  # type: ignore[attr-defined]
        await over.wait()

    async with backend(deaf, holds=4096) as port, backend(echo) as other:
        async with upgraded(server, "portforward") as client:
            for number in range(4):
                data, error = await client.pair(port, str(number))
                await client.send(frames.write_data(data, bytes(_LARGE)))
                await client.send(frames.write_numbers(frames.RST_STREAM, data, frames.CANCEL))
                await client.until_ended(error)
            last, _ = await client.pair(other, "last")
            await client.send(frames.write_data(last, b"x", frames.FIN))
            await client.until_ended(last)
        over.set()


async def test_streams_that_make_no_pair_are_given_back(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("agent.api.streaming.spdy.forwarder.PAIR_SECONDS", 0.05)
    await server.run("exec sleep 99")

    async with upgraded(server, "portforward") as client:
        strange = await client.open(streamtype="what")
        lonely = await client.open(streamtype="data", port="1", requestid="x")
        while client.reset != {strange, lonely}:
            assert await client.hear()


async def test_a_vanished_client_leaves_no_connection(server: Server) -> None:
    await server.run("exec sleep 99")
    gone = asyncio.Event()

    async def waits(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"ready")
        await reader.read()
        gone.set()

    async with backend(waits) as port, upgraded(server, "portforward") as client:
        data, _ = await client.pair(port)
        while not client.received[data]:
            await client.hear()
        client.writer.transport.abort()
        await gone.wait()

    await server.idle()


async def test_a_client_that_vanishes_while_a_backend_takes_nothing_is_noticed(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("agent.api.streaming.pulse.SECONDS", 0.05)
    await server.run("exec sleep 99")
    over = asyncio.Event()

    async def deaf(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        reader._transport.pause_reading()  # type: ignore[attr-defined]
        await over.wait()

    async with backend(deaf) as port, upgraded(server, "portforward") as client:
        data, _ = await client.pair(port)
        transport = client.writer.transport
        while transport.get_write_buffer_size() < _LARGE:  # the kernel takes no more
            client.writer.write(frames.write_data(data, b"x" * _LARGE))
            await asyncio.sleep(0)
        transport.abort()
        await server.idle()
        over.set()


async def test_spdy_in_a_websocket_is_the_same(server: Server) -> None:
    await server.run("exec sleep 99")

    async with backend(echo) as port, aiohttp.ClientSession() as session:
        url = server.url("portforward")
        async with session.ws_connect(url, protocols=(TUNNEL,)) as websocket:
            assert websocket.protocol == TUNNEL
            block = Deflater()
            sent = b""
            for number, kind in ((1, "error"), (3, "data")):
                headers = {"streamtype": kind, "port": str(port), "requestid": "0"}
                payload = bytes(6) + block.block(headers)
                sent += frames.write_of(frames.SYN_STREAM, 0, number, payload)
            sent += frames.write_data(3, b"hello", frames.FIN)
            for start in range(0, len(sent), 7):  # messages are no frames
                await websocket.send_bytes(sent[start : start + 7])
            reader = frames.Reader()
            received, ended = b"", False
            while not ended:
                message = await websocket.receive()
                for frame in reader.feed(message.data):
                    if frame.kind == frames.DATA and frame.stream == 3:
                        received += frame.payload
                        ended = bool(frame.flags & frames.FIN)

    assert received == b"hello<end>"


@pytest.mark.parametrize("protocols", [(), ("v4.channel.k8s.io",)])
async def test_the_older_way_has_two_channels_for_each_port(
    server: Server, protocols: tuple[str, ...]
) -> None:
    await server.run("exec sleep 99")

    async with backend(echo) as port, backend(echo) as closed, aiohttp.ClientSession() as session:
        url = f"{server.url('portforward')}?ports={port},{closed}"
        async with session.ws_connect(url, protocols=protocols) as websocket:
            firsts = [(await websocket.receive()).data for _ in range(4)]
            await websocket.send_bytes(b"\x00one")
            await websocket.send_str("\x02two")
            await websocket.send_bytes(b"\x01ignored")
            await websocket.send_bytes(b"\x77ignored")
            got = {(await websocket.receive()).data for _ in range(2)}

    expected = [(0, port), (1, port), (2, closed), (3, closed)]
    assert firsts == [bytes((n,)) + value.to_bytes(2, "little") for n, value in expected]
    assert got == {b"\x00one", b"\x02two"}
    await server.idle()


async def test_the_older_way_tells_of_a_port_where_nobody_listens(server: Server) -> None:
    await server.run("exec sleep 99")
    async with backend(echo) as closed:
        pass

    async with aiohttp.ClientSession() as session:
        url = f"{server.url('portforward')}?ports={closed}"
        async with session.ws_connect(url) as websocket:
            messages = [message.data async for message in websocket]

    assert messages[2].startswith(b"\x01error forwarding port ")


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("", 'query parameter "ports" is required'),
        ("ports=0", '"0" is not a port: it must be a number from 1 to 65535'),
        ("ports=80,x", '"x" is not a port: it must be a number from 1 to 65535'),
        ("ports=" + ",".join(["1"] * 129), "at most 128 ports can be forwarded at a time"),
    ],
)
async def test_ports_that_are_none_are_refused(server: Server, query: str, message: str) -> None:
    await server.run("exec sleep 99")
    headers = {"Connection": "Upgrade", "Upgrade": "websocket"}

    async with aiohttp.ClientSession() as session:
        url = f"{server.url('portforward')}?{query}"
        async with session.get(url, headers=headers) as response:
            body = await response.json()

    assert (response.status, body["message"]) == (400, message)


async def test_a_pod_that_does_not_run_has_no_ports(server: Server) -> None:
    server.add("exit 0", restartPolicy="Never")
    await until(lambda: server.pod().status.phase == "Succeeded")

    async with aiohttp.ClientSession() as session:
        async with session.post(server.url("portforward")) as response:
            body = await response.json()

    assert body["message"] == (
        "unable to forward port because pod is not running. Current status=Succeeded"
    )


async def test_garbage_ends_the_connection(server: Server) -> None:
    await server.run("exec sleep 99")

    async with upgraded(server, "portforward") as client:
        await client.send(b"\xff" * 100)
        while await client.hear():
            pass

    assert client.went_away
    await server.idle()


async def _opened(client: Client, count: int) -> None:
    for number in range(count):
        await client.open(streamtype="data", port="1", requestid=str(number))


async def test_streams_are_limited(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("agent.api.streaming.spdy.session.MAX_STREAMS", 4)
    await server.run("exec sleep 99")

    async with upgraded(server, "portforward") as client:
        await _opened(client, 6)
        while client.reset != {9, 11}:
            assert await client.hear()

    assert client.replied == {1, 3, 5, 7}
