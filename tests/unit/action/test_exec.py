"""A command is judged by its exit code; a missing program and a timeout are failures."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from agent.action.exec import Captured, Exec, NotStarted, Run
from agent.action.result import ActionResult, Outcome


@dataclass
class Trouble:
    text: str
    transient: bool

    def __str__(self) -> str:
        return self.text


@dataclass
class Ended:
    exit_code: int | None = None
    output: bytes = b""
    timed_out: bool = False
    error: NotStarted | None = None


@dataclass
class FakeCaptures:
    """Remembers what was asked for; answers at once if it has an answer."""

    answer: Ended | None = None
    asked: list[tuple[tuple[str, ...], float | None]] = field(default_factory=list)
    done: Callable[[Captured], None] = lambda captured: None
    cancelled: int = 0

    def __call__(self, argv: tuple[str, ...]) -> Run:
        def run(timeout: float | None, done: Callable[[Captured], None]) -> FakeCaptures:
            self.asked.append((argv, timeout))
            self.done = done
            if self.answer is not None:
                done(self.answer)
            return self

        return run

    def cancel(self) -> None:
        self.cancelled += 1


def result(ended: Ended, *command: str, timeout: float | None = 1.0) -> ActionResult:
    results: list[ActionResult] = []
    Exec(command or ("check",), FakeCaptures(ended)).start(timeout, results.append)
    return results[0]


def test_exit_code_zero_is_success_with_its_output() -> None:
    assert result(Ended(0, b"fine\n")) == ActionResult(Outcome.SUCCESS, "fine\n", 0)


@pytest.mark.parametrize("code", [1, 2, 126, 127, 137, 255])
def test_any_other_exit_code_is_a_failure_with_its_output(code: int) -> None:
    assert result(Ended(code, b"no\n")) == ActionResult(Outcome.FAILURE, "no\n", code)


def test_at_most_ten_kibibytes_of_output_are_told() -> None:
    assert result(Ended(1, b"x" * 20_000)).output == "x" * 10_240


def test_output_that_is_not_text_is_made_text() -> None:
    assert result(Ended(1, b"\xff\xfe ok")).output == "\ufffd\ufffd ok"


def test_a_timeout_names_the_command_and_the_time() -> None:
    ended = Ended(None, b"lost", timed_out=True)

    assert result(ended, "sleep", "10") == ActionResult(
        Outcome.FAILURE, 'command timed out: "sleep 10" timed out after 1s'
    )
    assert result(ended, "sh", "-c", 'echo "a"', timeout=90).output == (
        'command timed out: "sh -c echo \\"a\\"" timed out after 1m30s'
    )


def test_a_missing_program_is_a_failure() -> None:
    text = 'exec: "nope": executable file not found in $PATH'

    assert result(Ended(error=Trouble(text, transient=False))) == ActionResult(
        Outcome.FAILURE, text
    )


def test_a_machine_without_processes_says_nothing_about_the_container() -> None:
    text = "cannot start: resource temporarily unavailable"

    assert result(Ended(error=Trouble(text, transient=True))).outcome is Outcome.ERROR


def test_the_runner_gets_the_command_and_the_timeout() -> None:
    captures = FakeCaptures()
    Exec(("cat", "/tmp/healthy"), captures).start(3.0, lambda result: None)

    assert captures.asked == [(("cat", "/tmp/healthy"), 3.0)]


def test_at_the_deadline_the_command_is_killed_and_the_probe_fails_once() -> None:
    captures = FakeCaptures()
    results: list[ActionResult] = []
    running = Exec(("sleep", "10"), captures).start(1.0, results.append)

    running.expire()
    captures.done(Ended(0))
    running.expire()

    assert captures.cancelled == 1
    assert results == [
        ActionResult(Outcome.FAILURE, 'command timed out: "sleep 10" timed out after 1s')
    ]


def test_a_cancelled_command_is_killed_and_never_reports() -> None:
    captures = FakeCaptures()
    results: list[ActionResult] = []
    running = Exec(("sleep", "10"), captures).start(1.0, results.append)

    running.cancel()
    captures.done(Ended(0))
    running.cancel()

    assert captures.cancelled == 1
    assert results == []


def test_a_command_that_has_ended_is_not_killed() -> None:
    captures = FakeCaptures()
    results: list[ActionResult] = []
    running = Exec(("true",), captures).start(1.0, results.append)

    captures.done(Ended(0))
    running.cancel()
    running.expire()

    assert captures.cancelled == 0
    assert len(results) == 1
