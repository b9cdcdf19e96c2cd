"""What goes on until somebody ends it: watches, followed logs, terminals."""

from __future__ import annotations

import asyncio
import json
import os
import pty
import select
import signal
import termios
from asyncio.subprocess import Process
from contextlib import suppress

import pytest

from tests.support.api import manifest
from tests.support.client import Client

pytestmark = [pytest.mark.integration, pytest.mark.asyncio]

_PATIENCE = 15.0
_SERVES = "echo hello; trap 'exit 0' TERM; while :; do sleep 0.1; done"


async def _create(client: Client, name: str = "web", script: str = _SERVES) -> None:
    text = json.dumps(manifest(script, name))
    done = await client.barepod("create", "-f", "-", stdin=text)
    assert done.out == f"pod/{name} created\n", done.err


async def _run_pod(client: Client) -> None:
    await _create(client)
    done = await client.barepod("wait", "pod/web", "--for=condition=Ready")
    assert done.code == 0, done.err


async def _line(process: Process, *words: str) -> str:
    """The next line that has all the words."""
    assert process.stdout is not None
    while line := (await process.stdout.readline()).decode():
        if all(word in line for word in words):
            return line
    pytest.fail(f"ended without {words}")


async def _interrupt(process: Process) -> str:
    """Ctrl-C; what it said on stderr."""
    process.send_signal(signal.SIGINT)
    _, err = await process.communicate()
    assert process.returncode == 130
    return err.decode()


async def test_a_watch_shows_what_is_there_and_what_changes(client: Client) -> None:
    await _run_pod(client)
    watching = await client.start("get", "pods", "-w")
    assert (await _line(watching)).split() == ["NAME", "READY", "STATUS", "RESTARTS", "AGE"]
    assert (await _line(watching)).split()[:3] == ["web", "1/1", "Running"]

    await _create(client, "other")
    await _line(watching, "other", "1/1", "Running")

    assert await _interrupt(watching) == ""


async def test_a_watch_of_one_object_in_a_form(client: Client) -> None:
    await _run_pod(client)
    watching = await client.start("get", "pod", "web", "-o", "name", "-w")
    assert await _line(watching) == "pod/web\n"

    await client.barepod("delete", "pod", "web")
    assert await _line(watching) == "pod/web\n"

    assert await _interrupt(watching) == ""


async def test_a_watch_with_the_kinds_of_changes(client: Client) -> None:
    await _run_pod(client)
    watching = await client.start("get", "po", "-w", "--output-watch-events")
    assert (await _line(watching)).split()[:2] == ["EVENT", "NAME"]
    assert (await _line(watching)).split()[:2] == ["ADDED", "web"]

    await client.barepod("delete", "pod", "web")
    await _line(watching, "DELETED", "web")

    assert await _interrupt(watching) == ""


async def test_events_go_on(client: Client) -> None:
    watching = await client.start("events", "-w", "--for", "pod/web")
    await _create(client)

    assert (await _line(watching)).split()[:2] == ["LAST", "SEEN"]
    await _line(watching, "Normal", "Started", "Pod/web")

    assert await _interrupt(watching) == ""


async def test_logs_are_followed_to_the_end_of_the_container(client: Client) -> None:
    await _run_pod(client)
    following = await client.start("logs", "web", "-f")
    assert await _line(following) == "hello\n"

    await client.barepod("delete", "pod", "web")

    out, err = await following.communicate()
    assert (following.returncode, out, err) == (0, b"", b"")


async def test_wait_sees_the_change(client: Client) -> None:
    await _run_pod(client)
    waiting = await client.start("wait", "pod/web", "--for=delete", "--timeout=20s")
    await client.server.until(lambda: client.server.watches() == 1)

    await client.barepod("delete", "pod", "web", "--wait=false")

    out, err = await waiting.communicate()
    assert (waiting.returncode, out, err) == (0, b"pod/web condition met\n", b"")


async def test_delete_gives_up_when_its_time_is_over(client: Client) -> None:
    await _create(client, script="trap '' TERM; while :; do sleep 0.1; done")
    await client.barepod("wait", "pod/web", "--for=condition=Ready")

    done = await client.barepod("delete", "pod", "web", "--grace-period=30", "--timeout=300ms")

    assert done.code == 1
    assert done.out == 'pod "web" deleted\n'
    assert done.err == "error: timed out waiting for the condition on pods/web\n"


async def test_a_reader_who_leaves_is_no_failure_to_tell(client: Client) -> None:
    await _run_pod(client)
    process = await client.start("get", "pods", "-w")
    await _line(process, "web")
    transport = process._transport.get_pipe_transport(1)  # type: ignore[attr-defined]
    transport.close()
    await client.barepod("delete", "pod", "web")

    assert process.stderr is not None
    assert await process.stderr.read() == b""
    assert await process.wait() == 1


async def test_a_terminal_is_passed_on(client: Client) -> None:
    await _run_pod(client)
    ours, theirs = pty.openpty()
    termios.tcsetwinsize(theirs, (33, 101))
    script = "stty size; read word; echo got $word; exit 4"
    arguments = ("exec", "-it", "web", "--", "sh", "-c", script)
    process = await client.start(*arguments, stdin=theirs, stdout=theirs)
    os.close(theirs)
    try:
        seen = await asyncio.to_thread(_until, ours, b"33 101")
        os.write(ours, b"this\r")
        seen += await asyncio.to_thread(_until, ours, b"got this")
        _, err = await process.communicate()
    finally:
        os.close(ours)

    assert process.returncode == 4
    assert err == b"command terminated with exit code 4\n"
    assert b"33 101\r\n" in seen


def _until(fd: int, wanted: bytes) -> bytes:
    seen = b""
    with suppress(OSError):
        while wanted not in seen and select.select([fd], [], [], _PATIENCE)[0]:
            seen += os.read(fd, 1024)
    assert wanted in seen
    return seen


async def test_a_command_that_reads_nothing_of_much_input(client: Client) -> None:
    await _run_pod(client)

    done = await client.barepod("exec", "-i", "web", "--", "true", stdin="x" * 1_000_000)

    assert (done.code, done.err) == (0, "")


async def test_a_shell_completes_kinds_names_and_containers(client: Client) -> None:
    await _run_pod(client)

    async def tab(line: str) -> list[str]:
        words = line.split(" ")
        client.env |= {
            "_BAREPOD_COMPLETE": "bash_complete",
            "COMP_WORDS": line,
            "COMP_CWORD": str(len(words) - 1),
        }
        done = await client.barepod()
        assert done.err == ""
        return [line.partition(",")[2] for line in done.out.splitlines() if line]

    assert await tab("barepod get po") == ["pods"]
    assert await tab("barepod describe pod ") == ["web"]
    assert await tab("barepod delete pod/w") == ["pod/web"]
    assert await tab("barepod logs w") == ["web"]
    assert await tab("barepod exec web -c ") == ["main"]
    assert await tab("barepod exec -n default web -c ") == ["main"]
    assert await tab("barepod exec -n nowhere web -c ") == []
    assert "kube-system" in await tab("barepod get pods -n ")
    assert await tab("barepod get pods -o j") == ["json", "jsonpath="]
