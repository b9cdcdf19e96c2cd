"""The socket in the file system."""

from __future__ import annotations

import asyncio
import json
import stat
from pathlib import Path

import aiohttp
import pytest

from agent.api.connections import APIService
from agent.api.local_listener import LocalListener
from tests.integration.api.test_connections import _hello
from tests.support.api import Server

pytestmark = [pytest.mark.integration, pytest.mark.asyncio]


async def test_it_needs_no_token_but_the_right_to_open_it(server: Server) -> None:
    path = Path(server.config.node.run_dir) / "api.sock"
    assert stat.S_IMODE(path.stat().st_mode) == 0o660

    connector = aiohttp.UnixConnector(str(path))
    async with aiohttp.ClientSession(connector=connector) as session:
        url = "http://anything/apis/authentication.k8s.io/v1/selfsubjectreviews"
        async with session.post(url, json={}) as answer:
            found = json.loads(await answer.text())
        async with session.get("http://anything/api", headers={"Origin": "x"}) as answer:
            assert answer.status == 403

    groups = found["status"]["userInfo"]["groups"]
    assert groups == ["system:masters", "system:authenticated"]


async def test_what_a_killed_agent_left_is_replaced(tmp_path: Path) -> None:
    problems: list[str] = []
    for _ in range(2):
        listener = LocalListener(str(tmp_path), APIService(_hello), problems.append)
        await listener.open()
        reader, writer = await asyncio.open_unix_connection(listener.path)
        writer.write(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        assert b"hello" in await reader.read()
        writer.close()
        left = Path(listener.path)
        await listener.close()
        assert not left.exists()
        make_left_over(left)
    assert problems == []


async def test_who_listens_keeps_his_socket(tmp_path: Path) -> None:
    problems: list[str] = []
    first = LocalListener(str(tmp_path), APIService(_hello), problems.append)
    second = LocalListener(str(tmp_path), APIService(_hello), problems.append)
    await first.open()
    await second.open()
    await second.close()
    assert Path(first.path).is_socket()
    await first.close()

    (problem,) = problems
    assert problem.endswith("address already in use")


def make_left_over(path: Path) -> None:
    """A socket that nobody listens on."""
    import socket

    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(path))


async def test_without_a_place_it_says_why(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    problems: list[str] = []
    listener = LocalListener(str(tmp_path / "file"), APIService(_hello), problems.append)
    await listener.open()
    await listener.close()

    (problem,) = problems
    assert problem.startswith("api: cannot listen on ")
