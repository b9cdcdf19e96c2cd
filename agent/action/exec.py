"""Run a command inside the container and judge it by its exit code (kubelet: pkg/probe/exec)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, Protocol

from agent.action.handler import FINISHED, Done, Running
from agent.action.http.text import printable, to_text
from agent.action.result import ActionResult, Outcome
from agent.model.duration import go_text
from agent.model.gotext import quote

_MAX_OUTPUT: Final = 10 * 1024
# Looking up a member of an Enum class is slow before Python 3.12.
_SUCCESS, _FAILURE = Outcome.SUCCESS, Outcome.FAILURE


class NotStarted(Protocol):
    """Why a command could not be started; `str()` is the text."""

    @property
    def transient(self) -> bool:
        """Whether the machine lacked something for the moment; the command is not at fault."""
        ...


class Captured(Protocol):
    """How a command ended (agent.host.spawner)."""

    @property
    def exit_code(self) -> int | None:
        """128 + signal for a killed one; None when it did not end by itself."""
        ...

    @property
    def output(self) -> bytes:
        """All of stdout, then all of stderr, as far as they were kept."""
        ...

    @property
    def timed_out(self) -> bool:
        """Whether it was killed at its timeout."""
        ...

    @property
    def error(self) -> NotStarted | None:
        """None when it was started."""
        ...


class Capture(Protocol):
    """A command on its way."""

    def cancel(self) -> None:
        """Kill everything it started and do not answer."""
        ...


#: Starts a command; calls back once it ended and nobody holds its output any more. At the timeout
#: (seconds) everything that it started is killed.
Run = Callable[[float | None, Callable[[Captured], None]], Capture]


class Captures(Protocol):
    """Runs commands in one container: with its environment, directory, user and containment."""

    def __call__(self, argv: tuple[str, ...]) -> Run:
        """Prepare to run `argv`, any number of times."""
        ...


class Exec:
    """Runs `command`, in which variables are expanded already."""

    __slots__ = ("_run", "command")

    def __init__(self, command: tuple[str, ...], captures: Captures) -> None:
        self.command = command
        self._run = captures(command)

    def start(self, timeout: float | None, done: Done) -> Running:
        """Run it; the answer comes when its output is closed by all who hold it."""
        running = _Execution(self, timeout, done)
        running.capture = self._run(timeout, running.ended)
        return FINISHED if running.done is None else running

    def result(self, captured: Captured, timeout: float | None) -> ActionResult:
        """Judge how the command ended."""
        if captured.error is not None:
            # A kubelet discards a missing program as an error; a probe that cannot fail is a trap.
            at_fault = not captured.error.transient
            outcome = Outcome.FAILURE if at_fault else Outcome.ERROR
            return ActionResult(outcome, str(captured.error))
        code = captured.exit_code
        if captured.timed_out or code is None:
            return self.timed_out(timeout)
        output = captured.output
        text = printable(to_text(output[:_MAX_OUTPUT])) if output else ""
        return ActionResult(_SUCCESS if code == 0 else _FAILURE, text, code)

    def timed_out(self, timeout: float | None) -> ActionResult:
        """Return the failure of a command that took too long; its output is lost."""
        command, after = quote(" ".join(self.command)), go_text(timeout or 0)
        text = f"command timed out: {command} timed out after {after}"
        return ActionResult(Outcome.FAILURE, text)


class _Execution:
    __slots__ = ("_action", "_timeout", "capture", "done")

    def __init__(self, action: Exec, timeout: float | None, done: Done) -> None:
        self._action = action
        self._timeout = timeout
        self.done: Done | None = done
        self.capture: Capture | None = None

    def expire(self) -> None:
        done = self.done
        self.cancel()
        if done is not None:
            done(self._action.timed_out(self._timeout))

    def cancel(self) -> None:
        if self.done is not None and self.capture is not None:
            self.capture.cancel()
        self.done = None

    def ended(self, captured: Captured) -> None:
        done, self.done = self.done, None
        if done is not None:
            done(self._action.result(captured, self._timeout))
