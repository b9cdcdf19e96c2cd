"""exec: a command in a container, over the WebSocket that the API speaks (v5.channel.k8s.io)."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import termios
import tty
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager, nullcontext, suppress
from typing import Any
from urllib.parse import urlencode

import aiohttp
import msgspec

from agent.cli.client.containers import choose
from agent.cli.client.errors import ClientError, Refused
from agent.cli.client.session import Session

_PROTOCOL = "v5.channel.k8s.io"
_STDIN, _STDOUT, _STDERR, _STATUS, _RESIZE, _CLOSE = 0, 1, 2, 3, 4, 255
_CHUNK = 32 * 1024
_HEARTBEAT = 20.0
_ENDED = ("Succeeded", "Failed")


class Execution(msgspec.Struct, frozen=True, kw_only=True):
    """The options of the command."""

    pod: str
    words: tuple[str, ...] = ()
    container: str = ""
    with_stdin: bool = False
    with_tty: bool = False
    quiet: bool = False


def execute(session: Session, wanted: Execution) -> int:
    """Run the command to its end; its exit code. ClientError."""
    if not wanted.words:
        raise ClientError("you must specify at least one command for the container")
    pods = session.kinds.core("pods")
    kind, slash, name = wanted.pod.rpartition("/")
    if slash and session.kinds.named(kind) != pods:
        raise ClientError(f"cannot exec into {kind}: only pods run anything")
    pod = session.get(pods, name)
    phase = pod["status"].get("phase", "")
    if phase in _ENDED:
        raise ClientError(
            f"cannot exec into a container in a completed pod; current phase is {phase}"
        )
    container = choose(pod, wanted.container)
    has_tty = wanted.with_tty and sys.stdin.isatty()
    if wanted.with_tty and not has_tty:
        sys.stderr.write(
            "Unable to use a TTY - input is not a terminal or the right kind of file\n"
        )
    query = [("command", word) for word in wanted.words]
    query += [("container", container), ("stdout", "true")]
    query += [("stdin", "true")] if wanted.with_stdin else []
    query.append(("tty", "true") if has_tty else ("stderr", "true"))
    path = pods.path(session.namespace, name, "exec")
    target = f"http://localhost{path}?{urlencode(query)}"
    conversation = _Conversation(with_stdin=wanted.with_stdin, has_tty=has_tty)
    sys.stdout.flush()
    with _raw_terminal() if has_tty and wanted.with_stdin else nullcontext():
        status = asyncio.run(conversation.hold(session.server.socket_path, target))
    return _exit_code(status)


def _exit_code(status: dict[str, Any]) -> int:
    """What the status at the end means; ClientError when the command did not even run."""
    if status.get("status") == "Success":
        return 0
    if status.get("reason") == "NonZeroExitCode":
        for cause in status["details"]["causes"]:
            if cause["reason"] == "ExitCode":
                code = int(cause["message"])
                sys.stderr.write(f"command terminated with exit code {code}\n")
                return code
    if "code" in status and status.get("kind") == "Status" and status["code"] < 500:
        raise Refused(status)
    raise ClientError(str(status.get("message", "")))


class _Conversation:
    """One command: what is typed goes there, what it prints comes here."""

    def __init__(self, *, with_stdin: bool, has_tty: bool) -> None:
        self._with_stdin = with_stdin
        self._has_tty = has_tty

    async def hold(self, socket_path: str, target: str) -> dict[str, Any]:
        """The status at its end; ClientError."""
        connector = aiohttp.UnixConnector(socket_path)
        async with aiohttp.ClientSession(connector=connector) as client:
            try:
                opened = await client.ws_connect(
                    target, protocols=(_PROTOCOL,), heartbeat=_HEARTBEAT, max_msg_size=0
                )
            except aiohttp.WSServerHandshakeError as exc:
                raise await _refusal(client, target, exc) from exc
            except aiohttp.ClientError as exc:
                raise ClientError(f"cannot reach the agent on {socket_path}: {exc}") from exc
            async with opened, asyncio.TaskGroup() as group:
                helpers = [group.create_task(one) for one in self._helpers(opened)]
                status = await self._hear(opened)
                for helper in helpers:
                    helper.cancel()
        return status

    def _helpers(self, opened: aiohttp.ClientWebSocketResponse) -> Iterator[Any]:
        if self._with_stdin:
            yield _speak(opened)
        if self._has_tty:
            yield _resize(opened)

    async def _hear(self, opened: aiohttp.ClientWebSocketResponse) -> dict[str, Any]:
        """Print until the status comes and the server says goodbye."""
        status: dict[str, Any] | None = None
        async for message in opened:
            if message.type is not aiohttp.WSMsgType.BINARY or not message.data:
                continue
            channel, data = message.data[0], message.data[1:]
            if channel in (_STDOUT, _STDERR):
                out = sys.stdout.buffer if channel == _STDOUT else sys.stderr.buffer
                out.write(data)
                out.flush()
            elif channel == _STATUS:
                status = msgspec.json.decode(data)
        return status or {"message": "the connection ended before the command did"}


async def _refusal(
    client: aiohttp.ClientSession, target: str, exc: aiohttp.WSServerHandshakeError
) -> ClientError:
    """What the server has to say to a plain request, for a WebSocket cannot tell."""
    with suppress(aiohttp.ClientError, msgspec.DecodeError):
        async with client.get(target) as answer:
            status = msgspec.json.decode(await answer.read())
            if isinstance(status, dict) and status.get("kind") == "Status":
                return Refused(status)
    return ClientError(f"the agent did not take the command: {exc.message}")


async def _speak(opened: aiohttp.ClientWebSocketResponse) -> None:
    """Standard input to its end."""
    with suppress(ConnectionError):  # the command has ended meanwhile
        async for data in _typed():
            await opened.send_bytes(bytes((_STDIN,)) + data)
        await opened.send_bytes(bytes((_CLOSE, _STDIN)))


async def _typed() -> AsyncIterator[bytes]:
    """What standard input holds, as it comes; no more is read than the command takes."""
    fd = sys.stdin.fileno()
    while data := await _read(fd):
        yield data


async def _read(fd: int) -> bytes:
    """The next bytes; none at the end. An ordinary file is always ready, and epoll says so."""
    loop = asyncio.get_running_loop()
    ready: asyncio.Future[None] = loop.create_future()

    def note() -> None:
        loop.remove_reader(fd)
        if not ready.done():  # nobody waits any more
            ready.set_result(None)

    try:
        loop.add_reader(fd, note)
    except PermissionError:
        return os.read(fd, _CHUNK)
    try:
        await ready
    finally:
        loop.remove_reader(fd)
    return os.read(fd, _CHUNK)


async def _resize(opened: aiohttp.ClientWebSocketResponse) -> None:
    """The size of the terminal, now and whenever it changes."""
    loop = asyncio.get_running_loop()
    changed = asyncio.Event()
    changed.set()
    loop.add_signal_handler(signal.SIGWINCH, changed.set)
    try:
        while True:
            await changed.wait()
            changed.clear()
            size = os.get_terminal_size(sys.stdin.fileno())
            told = msgspec.json.encode({"Width": size.columns, "Height": size.lines})
            with suppress(ConnectionError):
                await opened.send_bytes(bytes((_RESIZE,)) + told)
    finally:
        loop.remove_signal_handler(signal.SIGWINCH)


@contextmanager
def _raw_terminal() -> Iterator[None]:
    """Every key goes to the command, Ctrl-C too."""
    fd = sys.stdin.fileno()
    before = termios.tcgetattr(fd)
    tty.setraw(fd)
    try:
        yield
    finally:
        termios.tcsetattr(fd, termios.TCSADRAIN, before)
