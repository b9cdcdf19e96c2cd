"""exec over WebSocket, with real processes."""

from __future__ import annotations

import array
import asyncio
import fcntl
import os
import termios
from pathlib import Path

import aiohttp
import pytest

from tests.support.children import runs, until
from tests.support.streaming import Server
from tests.support.talking import V4, V5, Talk, execing, talking

pytestmark = [pytest.mark.integration, pytest.mark.asyncio]

_FOREVER = "exec sleep 1000"
_LARGE = 3_000_000
_PIPE = 65_536


@pytest.mark.parametrize("protocol", [V4, V5])
async def test_output_and_exit_code_come_back(server: Server, protocol: str) -> None:
    await server.run(_FOREVER)

    async with execing(server, "echo out; echo err >&2; exit 3", protocol=protocol) as talk:
        status = await talk.end()

    assert (talk.stdout, talk.stderr) == (b"out\n", b"err\n")
    assert status["reason"] == "NonZeroExitCode"
    assert status["details"] == {"causes": [{"reason": "ExitCode", "message": "3"}]}
    assert talk.socket.close_code == aiohttp.WSCloseCode.OK


async def test_a_death_by_signal_is_128_and_its_number(server: Server) -> None:
    await server.run(_FOREVER)

    async with execing(server, "kill -TERM $$") as talk:
        await talk.end()

    assert talk.exit_code == 143


async def test_it_runs_where_and_as_what_the_container_does(server: Server) -> None:
    await server.run(
        _FOREVER, workingDir=str(server.folder), env=[{"name": "OWN", "value": "mine"}]
    )

    async with execing(server, 'echo "$OWN $HOSTNAME $(pwd) [$TERM]"') as talk:
        await talk.end()

    assert talk.stdout.decode() == f"mine web {server.folder} []\n"


async def test_it_sees_the_volumes_of_the_container(server: Server) -> None:
    if os.geteuid() != 0:
        pytest.skip("volumes are mounted elsewhere than they lie by root alone")
    await server.run(
        "echo inside > /mnt/file; exec sleep 1000",
        volumes=[{"name": "v", "emptyDir": {}}],
        volumeMounts=[{"name": "v", "mountPath": "/mnt"}],
    )

    async with execing(server, "until [ -s /mnt/file ]; do sleep 0.01; done; cat /mnt/file") as t:
        await t.end()

    assert t.stdout == b"inside\n"
    assert not Path("/mnt/file").exists()


async def test_the_end_of_stdin_reaches_the_command(server: Server) -> None:
    await server.run(_FOREVER)

    async with execing(server, "cat; echo done", stdin="true") as talk:
        await talk.type(b"hello\n")
        await talk.end_input()
        await talk.end()

    assert talk.stdout == b"hello\ndone\n"


async def test_text_frames_and_python_booleans_are_understood(server: Server) -> None:
    await server.run(_FOREVER)

    async with execing(server, "read line; echo $line", protocol=V4, stdin="True") as talk:
        await talk.socket.send_str("\0hällo\n")
        await talk.end()

    assert talk.stdout.decode() == "hällo\n"


async def test_much_goes_through_in_both_directions(server: Server) -> None:
    await server.run(_FOREVER)
    data = os.urandom(_LARGE)

    async with execing(server, "cat", stdin="true") as talk:
        async with asyncio.TaskGroup() as group:

            async def send() -> None:
                for start in range(0, _LARGE, 100_000):
                    await talk.type(data[start : start + 100_000])
                await talk.end_input()

            group.create_task(send())
            await talk.end()

    assert talk.stdout == data


async def test_a_command_without_stdin_sees_its_end(server: Server) -> None:
    await server.run(_FOREVER)

    async with execing(server, "cat; echo end") as talk:
        await talk.end()

    assert talk.stdout == b"end\n"


async def test_a_command_that_does_not_read_its_input_may_end(server: Server) -> None:
    await server.run(_FOREVER)

    async with execing(server, "exec true", stdin="true") as talk:
        await talk.type(b"x" * 1_000_000)
        await talk.end()

    assert talk.status["status"] == "Success"


async def test_a_terminal_has_a_size_and_changes_it(server: Server) -> None:
    await server.run(_FOREVER)
    script = "trap 'stty size; exit' WINCH; tty -s && echo ready; while :; do sleep 0.05; done"

    async with execing(server, script, stdin="true", tty="true", stderr="false") as talk:
        await talk.until(b"ready")
        await talk.resize(101, 33)
        await talk.end()

    assert talk.stdout == b"ready\r\n33 101\r\n"


async def test_one_may_type_on_a_terminal_and_interrupt(server: Server) -> None:
    await server.run(_FOREVER)

    async with execing(server, "echo $TERM; exec cat", stdin="true", tty="true") as talk:
        await talk.until(b"xterm")
        await talk.type(b"hello\r")
        await talk.until(b"hello\r\nhello\r\n")  # the echo, and cat's answer
        await talk.type(b"\x03")
        await talk.end()

    assert talk.exit_code == 130


async def test_the_end_of_input_on_a_terminal_ends_a_shell(server: Server) -> None:
    await server.run(_FOREVER)

    async with talking(server, "exec", "sh", stdin="true", tty="true") as talk:
        await talk.type(b"exit_code=5\r")
        await talk.end_input()
        await talk.end()

    assert talk.status["status"] == "Success"


async def test_nonsense_on_a_channel_is_of_no_consequence(server: Server) -> None:
    await server.run(_FOREVER)

    async with execing(server, "read x; echo $x", stdin="true", tty="true") as talk:
        for message in (b"", b"\x04", b"\x04{", b'\x04{"Width":"x"}', b"\x09?", b"\xff\x07"):
            await talk.socket.send_bytes(message)
        await talk.resize(-1, 1 << 40)
        await talk.type(b"fine\r")
        await talk.end()

    assert b"fine" in talk.stdout


async def test_all_that_was_started_dies_with_the_client(server: Server) -> None:
    await server.run(_FOREVER)
    script = "setsid sleep 1000 & echo $!; (setsid sleep 1001 &) ; echo $$; exec sleep 1002"

    async with execing(server, script) as talk:
        await talk.until(b"\n")
        while talk.stdout.count(b"\n") < 2:
            await talk.hear()
        pids = [int(line) for line in talk.stdout.split()]
        assert all(map(runs, pids))

    await server.idle()
    assert not any(map(runs, pids))


async def test_a_client_that_vanishes_while_nobody_reads_its_input_is_noticed(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("agent.api.streaming.pulse.SECONDS", 0.05)
    await server.run(_FOREVER)

    async with execing(server, "echo $$; exec sleep 1000", stdin="true") as talk:
        await talk.until(b"\n")
        pid = int(talk.stdout)
        async with asyncio.TaskGroup() as group:
            typing = group.create_task(_type_for_ever(talk))
            await until(lambda: _waiting_in_stdin(pid) == _PIPE)
            typing.cancel()
        response = talk.socket._response
        assert response.connection is not None
        assert response.connection.transport is not None
        response.connection.transport.abort()
        await until(lambda: not runs(pid))

    await server.idle()


async def _type_for_ever(talk: Talk) -> None:
    while True:
        await talk.type(b"x" * 100_000)


def _waiting_in_stdin(pid: int) -> int:
    """How many bytes nobody has read yet."""
    count = array.array("i", [0])
    with Path(f"/proc/{pid}/fd/0").open("rb", buffering=0) as pipe:
        fcntl.ioctl(pipe, termios.FIONREAD, count)
    return count[0]


async def test_what_a_command_leaves_behind_stays_in_the_container(server: Server) -> None:
    """As with Kubernetes: it may have started a server there."""
    await server.run(_FOREVER)

    async with execing(server, "sleep 1000 >/dev/null 2>&1 & echo $!") as talk:
        await talk.end()

    pid = int(talk.stdout)
    assert runs(pid)
    assert pid in server.facts().live["main"].pids()


async def test_the_end_of_the_container_ends_its_sessions(server: Server) -> None:
    await server.run(_FOREVER)

    async with execing(server, "trap '' TERM; echo ready; while :; do sleep 1; done") as talk:
        await talk.until(b"ready")
        server.manager.delete("default", "web", 30)
        await talk.end()

    assert talk.exit_code == 137


async def test_a_program_that_is_not_there_is_an_error_of_its_own(server: Server) -> None:
    await server.run(_FOREVER)

    async with talking(server, "exec", "nope") as talk:
        status = await talk.end()

    assert status["reason"] == "InternalError"
    assert status["message"] == (
        "Internal error occurred: error executing command in container: unable to start "
        'container process: exec: "nope": executable file not found in $PATH'
    )


@pytest.mark.parametrize(
    ("query", "code", "message"),
    [
        ("stdout=1", 400, "you must specify at least one command for the container"),
        ("command=x", 400, "you must specify at least 1 of stdin, stdout, stderr"),
        (
            "command=x&stdout=maybe",
            400,
            'stdout: strconv.ParseBool: parsing "maybe": invalid syntax',
        ),
        ("command=x&stdout=1&container=no", 400, "container no is not valid for pod web"),
        ("command=x&stdout=1", 400, "Upgrade request required"),
    ],
)
async def test_what_makes_no_sense_is_refused_before_anything_starts(
    server: Server, query: str, code: int, message: str
) -> None:
    await server.run(_FOREVER)

    async with aiohttp.ClientSession() as session:
        async with session.get(f"{server.url('exec')}?{query}") as response:
            body = await response.json()

    assert response.status == body["code"] == code
    assert body["message"] == message
    assert body["kind"] == "Status"


async def test_a_container_that_does_not_run_cannot_be_entered(server: Server) -> None:
    server.add("exit 0", restartPolicy="Never")
    await until(lambda: server.pod().status.phase == "Succeeded")

    async with aiohttp.ClientSession() as session:
        async with session.get(f"{server.url('exec')}?command=x&stdout=1") as response:
            body = await response.json()

    assert body["message"] == 'unable to upgrade connection: container not found ("main")'
