"""The real kubectl, of all versions that are there, against a real node."""

from __future__ import annotations

import asyncio
import os
import pty
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from agent.host.exec_session import resize
from tests.support.needs import missing
from tests.support.streaming import Server, kubectl

pytestmark = [pytest.mark.integration, pytest.mark.asyncio]

#: exec and port-forward by SPDY alone; exec by WebSocket; port-forward, too; the newest.
VERSIONS = ("1.29", "1.30", "1.31", "1.33")
_LARGE = 1_000_000


class Kubectl:
    """One version of kubectl and a server for it."""

    def __init__(self, path: str, server: Server) -> None:
        self._path = path
        self._server = server
        self._env = {**os.environ, "HOME": str(server.folder), "KUBECONFIG": "/dev/null"}

    async def start(self, *args: str, **fields: object) -> asyncio.subprocess.Process:
        pipes = {
            "stdin": asyncio.subprocess.PIPE,
            "stdout": asyncio.subprocess.PIPE,
            "stderr": asyncio.subprocess.PIPE,
            **fields,
        }
        return await asyncio.create_subprocess_exec(
            self._path,
            f"--server={self._server.address}",
            *args,
            env=self._env,
            **pipes,  # type: ignore[arg-type]
        )

    async def run(self, *args: str, stdin: bytes = b"") -> tuple[int | None, bytes, str]:
        """Run to the end; exit code, stdout and stderr."""
        process = await self.start(*args)
        out, err = await process.communicate(stdin)
        return process.returncode, out, err.decode()


@pytest.fixture(params=VERSIONS)
def client(request: pytest.FixtureRequest, server: Server) -> Kubectl:
    path = kubectl(request.param)
    if path is None:
        missing(f"no kubectl.{request.param}: install the Google SDK's kubectl component")
    return Kubectl(path, server)


async def test_exec_hands_on_streams_and_the_exit_code(server: Server, client: Kubectl) -> None:
    await server.run("exec sleep 99")
    script = "cat; echo err >&2; exit 3"

    code, out, err = await client.run(
        "exec", "-i", "web", "--", "sh", "-c", script, stdin=b"x" * _LARGE
    )

    assert (code, out) == (3, b"x" * _LARGE)
    assert err == "err\ncommand terminated with exit code 3\n"
    await server.idle()


async def test_errors_are_told_in_words(server: Server, client: Kubectl) -> None:
    await server.run("exec sleep 99")

    _, _, wrong_container = await client.run("exec", "web", "-c", "no", "--", "true")
    code, _, wrong_program = await client.run("exec", "web", "--", "nope")

    assert "container no is not valid for pod web" in wrong_container
    assert 'exec: "nope": executable file not found in $PATH' in wrong_program
    assert code == 1


async def test_a_killed_kubectl_takes_its_command_along(server: Server, client: Kubectl) -> None:
    await server.run("exec sleep 99")

    process = await client.start("exec", "web", "--", "sh", "-c", "echo ready; exec sleep 98")
    assert process.stdout is not None
    await process.stdout.readline()
    process.kill()
    await process.communicate()

    await server.idle()


async def test_a_terminal_is_a_terminal(server: Server, client: Kubectl) -> None:
    await server.run("exec sleep 99")

    async with _terminal() as (master, slave):
        process = await client.start(
            "exec", "-it", "web", "--", "sh", stdin=slave, stdout=slave, stderr=slave
        )
        os.close(slave)
        screen = _Screen(master)
        await screen.type(_until_size("33 101", "read''y"))
        await screen.until(b"ready\r\n")
        resize(master, 90, 30)
        process.send_signal(signal.SIGWINCH)  # it does not lead a session of the terminal
        await screen.type(_until_size("30 90", "o''k"))
        await screen.until(b"ok\r\n")
        await screen.type(b"exit 7\n")
        code = await process.wait()

    assert code == 7


async def test_cp_goes_both_ways(server: Server, client: Kubectl, tmp_path: Path) -> None:
    await server.run("exec sleep 99")
    source = tmp_path / "source"
    source.mkdir()
    (source / "file").write_bytes(os.urandom(_LARGE))

    there = await client.run("cp", str(source), f"web:{tmp_path}/there")
    back = await client.run("cp", f"web:{tmp_path}/there/file", str(tmp_path / "back"))

    assert (there[0], back[0]) == (0, 0), (there, back)
    assert (tmp_path / "back").read_bytes() == (source / "file").read_bytes()


async def test_attach_gives_input_and_shows_output(server: Server, client: Kubectl) -> None:
    await server.run("while read x; do echo got $x; done; echo end", stdin=True, stdinOnce=True)

    code, out, _ = await client.run("attach", "-i", "web", stdin=b"one\n")

    assert code == 0
    assert out.startswith(b"got one\nend\n")


async def test_logs_follow_until_the_end(server: Server, client: Kubectl) -> None:
    await server.run("echo one; sleep 0.3; echo two", restartPolicy="Never")

    assert await client.run("logs", "-f", "web") == (0, b"one\ntwo\n", "")
    _, _, err = await client.run("logs", "-p", "web")
    assert 'previous terminated container "main" in pod "web" not found' in err


async def test_port_forward_carries_many_connections(server: Server, client: Kubectl) -> None:
    await server.run("exec sleep 99")
    listening = await asyncio.start_server(_echo, "127.0.0.1", 0)
    port = listening.sockets[0].getsockname()[1]

    process = await client.start("port-forward", "web", f":{port}")
    assert process.stdout is not None
    line = await process.stdout.readline()
    local = int(line.split(b":")[1].split()[0])
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(_there_and_back(local)) for _ in range(4)]
    process.terminate()
    await process.communicate()
    listening.close()

    assert all(task.result() for task in tasks)
    await server.idle()


async def test_port_forward_tells_of_a_closed_port(server: Server, client: Kubectl) -> None:
    await server.run("exec sleep 99")
    closed = await asyncio.start_server(_echo, "127.0.0.1", 0)
    port = closed.sockets[0].getsockname()[1]
    closed.close()

    process = await client.start("port-forward", "web", f":{port}")
    assert process.stdout is not None
    assert process.stderr is not None
    local = int((await process.stdout.readline()).split(b":")[1].split()[0])
    reader, writer = await asyncio.open_connection("127.0.0.1", local)
    assert await reader.read() == b""
    writer.close()
    line = await process.stderr.readline()
    process.kill()
    await process.communicate()

    assert f"error forwarding port {port} to pod web".encode() in line


async def _echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65536):
        writer.write(data)
        await writer.drain()
    writer.close()


async def _there_and_back(port: int) -> bool:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    text = os.urandom(_LARGE)
    async with asyncio.TaskGroup() as group:

        async def send() -> None:
            writer.write(text)
            await writer.drain()

        group.create_task(send())
        received = await reader.readexactly(_LARGE)
    writer.close()
    return received == text


def _until_size(size: str, word: str) -> bytes:
    """What to type to be told when the terminal has this size; the echo has other quotes."""
    return f"until [ \"$(stty size)\" = '{size}' ]; do sleep 0.05; done; echo {word}\n".encode()


@asynccontextmanager
async def _terminal() -> AsyncIterator[tuple[int, int]]:
    master, slave = pty.openpty()
    resize(master, 101, 33)
    os.set_blocking(master, False)
    try:
        yield master, slave
    finally:
        os.close(master)


class _Screen:
    """What a terminal shows."""

    def __init__(self, master: int) -> None:
        self._master = master
        self._seen = b""

    async def type(self, text: bytes) -> None:
        os.write(self._master, text)

    async def until(self, text: bytes) -> None:
        """Wait until this is shown, after what was waited for before."""
        loop = asyncio.get_running_loop()
        while text not in self._seen:
            readable = asyncio.Event()
            loop.add_reader(self._master, readable.set)
            try:
                async with asyncio.timeout(10):
                    await readable.wait()
            finally:
                loop.remove_reader(self._master)
            self._seen += os.read(self._master, 65536)
        self._seen = self._seen.partition(text)[2]
