"""logs over HTTP, of real containers."""

from __future__ import annotations

import re
from typing import Any

import aiohttp
import pytest

from tests.support.children import until
from tests.support.streaming import Server

pytestmark = [pytest.mark.integration, pytest.mark.asyncio]


async def ask(server: Server, query: str = "", pod: str = "web") -> str:
    async with aiohttp.ClientSession() as session:
        async with session.get(f"{server.url('log', pod)}?{query}") as response:
            assert response.status == 200, await response.text()
            assert response.content_type == "text/plain"
            return await response.text()


async def refused(server: Server, query: str = "", pod: str = "web") -> Any:
    async with aiohttp.ClientSession() as session:
        async with session.get(f"{server.url('log', pod)}?{query}") as response:
            body = await response.json()
            assert response.status == body["code"]
            return body


async def ended(server: Server, script: str, **fields: Any) -> None:
    """Run a script to its end."""
    server.add(script, restartPolicy="Never", **fields)
    await until(lambda: server.pod().status.phase in ("Succeeded", "Failed"))


async def test_options_mean_what_kubectl_means(server: Server) -> None:
    await ended(server, "echo one; echo two; echo three; sleep 0.1; echo bad >&2")

    assert await ask(server, "container=main") == "one\ntwo\nthree\nbad\n"
    assert await ask(server, "tailLines=2") == "three\nbad\n"
    assert await ask(server, "tailLines=0") == ""
    assert await ask(server, "limitBytes=5") == "one\nt"
    assert await ask(server, "stream=Stderr") == "bad\n"
    assert await ask(server, "sinceSeconds=3600&tailLines=1") == "bad\n"
    assert await ask(server, "sinceTime=2999-01-01T00:00:00Z") == ""
    stamped = await ask(server, "timestamps=True&tailLines=1")
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z bad\n", stamped)


async def test_following_ends_when_the_container_does(server: Server) -> None:
    await server.run("echo one; read x; echo two", stdin=True, restartPolicy="Never")

    async with aiohttp.ClientSession() as session:
        async with session.get(f"{server.url('log')}?follow=true") as response:
            assert await response.content.readline() == b"one\n"
            attachment = server.facts().live["main"].access.attach(stdin=True)
            assert attachment.stdin is not None
            await attachment.stdin.write(b"\n")
            attachment.close()
            assert await response.content.read() == b"two\n"


async def test_a_follower_that_leaves_a_silent_container_is_forgotten(server: Server) -> None:
    await server.run("echo one; exec sleep 99")

    async with aiohttp.ClientSession() as session:
        async with session.get(f"{server.url('log')}?follow=true") as response:
            assert await response.content.readline() == b"one\n"
            assert server.node.visits.count == 1

    await server.idle()


async def test_the_previous_run_has_a_log_of_its_own(server: Server) -> None:
    await server.run(
        "if [ -e again ]; then echo second; exec sleep 99; fi; echo first; touch again",
        workingDir=str(server.folder),
    )
    await until(lambda: server.pod().status.container_statuses[0].restart_count == 1)
    await until(lambda: server.pod().status.container_statuses[0].state.running is not None)

    async with aiohttp.ClientSession() as session:
        async with session.get(f"{server.url('log')}?follow=1") as response:
            assert await response.content.readline() == b"second\n"
    assert await ask(server, "previous=true") == "first\n"


async def test_what_is_not_there_is_named(server: Server) -> None:
    await server.run("exec sleep 99")

    assert (await refused(server, "container=no"))["message"] == (
        "container no is not valid for pod web"
    )
    assert (await refused(server, "previous=1"))["message"] == (
        'previous terminated container "main" in pod "web" not found'
    )
    assert (await refused(server, "tailLines=-1"))["message"] == (
        'PodLogOptions "web" is invalid: tailLines: Invalid value: -1: '
        "must be greater than or equal to 0"
    )


async def test_a_container_that_waits_says_for_what(server: Server) -> None:
    init = {"name": "first", "image": "none", "command": ["sleep", "99"]}
    server.add("exec sleep 99", initContainers=[init])
    await until(lambda: "first" in server.facts().live)

    body = await refused(server, "container=main")

    assert body["code"] == 400
    assert body["message"] == 'container "main" in pod "web" is waiting to start: PodInitializing'
    assert (await refused(server))["message"] == (
        "a container name must be specified for pod web, choose one of: [main] "
        "or one of the init containers: [first]"
    )


async def test_a_log_whose_file_is_gone_says_so(server: Server) -> None:
    await ended(server, "echo one")
    for path in (server.folder / "log").rglob("*.log"):
        path.unlink()

    assert await ask(server) == (
        "unable to retrieve container logs for main in web: the file is gone\n"
    )
