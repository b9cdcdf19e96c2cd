"""The exec handler through the real spawner: what a command did becomes a result."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from agent.action import runner
from agent.action.exec import Exec, Run
from agent.action.result import ActionResult, Outcome
from agent.host.process import Command
from tests.support.children import PATH, Host, runs, until
from tests.support.engines import failed

pytestmark = [pytest.mark.integration, pytest.mark.asyncio]


async def outcome(host: Host, *argv: str, seconds: float | None = 5.0) -> ActionResult:
    """Run a command as a probe does."""
    boundary = host.boundary()

    def captures(argv: tuple[str, ...]) -> Run:
        return host.spawner.prepare(Command(argv=argv, env={"PATH": PATH}), boundary).run

    async with asyncio.timeout(15):
        return await runner.run(Exec(argv, captures), seconds, host.scheduler)


async def test_a_command_succeeds_with_its_output(host: Host) -> None:
    assert await outcome(host, "sh", "-c", "echo err >&2; echo out") == ActionResult(
        Outcome.SUCCESS, "out\nerr\n", 0
    )


async def test_a_command_fails_with_its_exit_code(host: Host) -> None:
    assert await outcome(host, "cat", "/nonexistent") == ActionResult(
        Outcome.FAILURE, "cat: /nonexistent: No such file or directory\n", 1
    )


async def test_a_missing_program_is_a_failure(host: Host) -> None:
    assert await outcome(host, "no-such-program") == failed(
        'exec: "no-such-program": executable file not found in $PATH'
    )


async def test_a_program_that_is_none_is_a_failure(host: Host, tmp_path: Path) -> None:
    plain = tmp_path / "plain"
    plain.write_text("just text")
    plain.chmod(0o644)

    for program in (str(plain), str(tmp_path)):
        result = await outcome(host, program)
        assert (result.outcome, result.exit_code) == (Outcome.FAILURE, None)
        assert program in result.output


async def test_binary_output_is_made_text(host: Host) -> None:
    result = await outcome(host, "printf", r"\377 ok \342\202")

    assert result.output == "\ufffd ok \ufffd\ufffd"


async def test_a_flood_of_output_is_cut_off_and_stopped_at_the_deadline(host: Host) -> None:
    assert await outcome(host, "yes", seconds=0.3) == failed(
        'command timed out: "yes" timed out after 300ms'
    )


async def test_everything_that_a_late_command_started_is_killed(host: Host, tmp_path: Path) -> None:
    pid_file = tmp_path / "pid"
    script = f"trap '' TERM; setsid sleep 1000 & echo $! > {pid_file}; wait"

    result = await outcome(host, "sh", "-c", script, seconds=0.5)

    assert result == failed(f'command timed out: "sh -c {script}" timed out after 500ms')
    pid = int(pid_file.read_text())
    await until(lambda: not runs(pid))
