"""How many system calls does the helper make for a command, and is it left alone afterwards?"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Coroutine

import pytest

from agent.host.prepared import Prepared
from agent.host.process import Command
from tests.support.children import PATH, Host
from tests.support.strace import calls_during

pytestmark = [
    pytest.mark.integration,
    pytest.mark.asyncio,
    pytest.mark.parametrize("host", ["subreaper"], indirect=True),
]

_COMMANDS = 20
#: For each command that says nothing; 36 when this was written.
_CALLS = 40
#: Its own: the end of the command that is waited for, and the edges of looking.
_TURNS = 6
_LIMIT = 1.0


async def test_a_command_takes_few_calls(host: Host) -> None:
    true = _prepared(host, "/bin/true")
    await _run(true, 30.0)

    async def many() -> None:
        for _ in range(_COMMANDS):
            await _run(true, 30.0)

    calls = await _calls(host, many())

    assert sum(calls.values()) / _COMMANDS <= _CALLS, calls


async def test_nobody_wakes_up_at_the_time_limits_of_commands_that_have_ended(host: Host) -> None:
    true = _prepared(host, "/bin/true")
    slow = asyncio.ensure_future(_run(_prepared(host, "/bin/sleep", str(2 * _LIMIT)), 30.0))
    for _ in range(_COMMANDS):
        await _run(true, _LIMIT)

    async def later() -> None:
        await slow

    calls = await _calls(host, later())

    assert calls["epoll_wait"] <= _TURNS, calls


def _prepared(host: Host, *argv: str) -> Prepared:
    return host.spawner.prepare(Command(argv=argv, env={"PATH": PATH}), host.boundary())


async def _run(prepared: Prepared, seconds: float) -> None:
    ended = asyncio.get_running_loop().create_future()
    prepared.run(seconds, ended.set_result)
    assert (await ended).exit_code == 0


async def _calls(host: Host, what: Coroutine[None, None, None]) -> Counter[str]:
    """Of the helper meanwhile."""
    loop, helper = asyncio.get_running_loop(), host.spawner.helper_pid
    assert helper is not None

    def wait() -> None:
        asyncio.run_coroutine_threadsafe(what, loop).result()

    return await asyncio.to_thread(calls_during, helper, wait)
