"""attach over WebSocket, with real processes."""

from __future__ import annotations

import aiohttp
import pytest

from tests.support.children import until
from tests.support.streaming import Server
from tests.support.talking import V4, talking

pytestmark = [pytest.mark.integration, pytest.mark.asyncio]

_ECHOES = 'while read line; do echo "got $line"; echo "err $line" >&2; done; echo end; sleep 9'


async def test_output_comes_from_now_on_and_before_its_line_ends(server: Server) -> None:
    await server.run("echo early; read x; printf prompt; read x; exec sleep 99", stdin=True)
    logs = server.folder / "log"
    await until(lambda: any("early" in path.read_text() for path in logs.rglob("0.log")))

    async with talking(server, "attach", stdin="true") as talk:
        await talk.type(b"\n")
        await talk.until(b"prompt")

    assert talk.stdout == b"prompt"


async def test_both_streams_come_and_stdin_goes_to_the_container(server: Server) -> None:
    await server.run(_ECHOES, stdin=True)

    async with talking(server, "attach", stdin="true", protocol=V4) as talk:
        await talk.type(b"one\n")
        await talk.until(b"got one\n")
        while not talk.stderr:
            await talk.hear()

    assert talk.stderr == b"err one\n"


async def test_it_ends_with_the_container(server: Server) -> None:
    await server.run("read x; echo bye", stdin=True, restartPolicy="Never")

    async with talking(server, "attach", stdin="true") as talk:
        await talk.type(b"\n")
        status = await talk.end()

    assert talk.stdout == b"bye\n"
    assert status["status"] == "Success"


async def test_the_end_of_input_ends_the_attachment_but_not_the_stdin(server: Server) -> None:
    await server.run(_ECHOES, stdin=True)

    async with talking(server, "attach", stdin="true") as talk:
        await talk.end_input()
        status = await talk.end()
    async with talking(server, "attach", stdin="true") as again:
        await again.type(b"two\n")
        await again.until(b"got two\n")

    assert status["status"] == "Success"


async def test_the_end_of_input_that_is_had_once_reaches_the_container(server: Server) -> None:
    await server.run(_ECHOES, stdin=True, stdinOnce=True)

    async with talking(server, "attach", stdin="true") as talk:
        await talk.type(b"one\n")
        await talk.end_input()
        await talk.until(b"end\n")

    assert talk.stdout == b"got one\nend\n"
    async with aiohttp.ClientSession() as session:
        async with session.get(f"{server.url('attach')}?stdin=1&stdout=1") as response:
            body = await response.json()
    assert body["message"] == (
        'cannot attach stdin: that of container "main" in pod "web" '
        "was closed after the first attach (stdinOnce)"
    )


async def test_a_client_that_vanishes_ends_the_input_that_is_had_once(server: Server) -> None:
    await server.run(f"{_ECHOES}", stdin=True, stdinOnce=True)

    async with talking(server, "attach", stdin="true"):
        pass

    await until(lambda: not server.facts().live["main"].access.has_input)


async def test_a_terminal_takes_input_and_sizes(server: Server) -> None:
    script = "trap 'stty size' WINCH; echo ready; while :; do read x && echo [$x]; done"
    await server.run(f"read x; {script}", stdin=True, tty=True)

    async with talking(server, "attach", stdin="true", tty="true") as talk:
        await talk.type(b"\r")
        await talk.until(b"ready")
        await talk.resize(90, 30)
        await talk.until(b"30 90")
        await talk.type(b"hello\r")
        await talk.until(b"[hello]")

    await server.idle()


async def test_two_may_look_on(server: Server) -> None:
    await server.run(_ECHOES, stdin=True)

    async with talking(server, "attach") as first, talking(server, "attach", stdin="true") as other:
        await other.type(b"x\n")
        await other.until(b"got x\n")
        await first.until(b"got x\n")


async def test_a_container_without_stdin_says_so(server: Server) -> None:
    await server.run("exec sleep 99")

    async with aiohttp.ClientSession() as session:
        async with session.get(f"{server.url('attach')}?stdin=1&stdout=1") as response:
            body = await response.json()

    assert response.status == 400
    assert body["message"] == (
        'cannot attach stdin: that of container "main" in pod "web" '
        "is not open: it must be created with `stdin: true`"
    )
