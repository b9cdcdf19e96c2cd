"""Run a command inside the container and judge it by its exit code (kubelet: pkg/probe/exec)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, Protocol

from agent.action.handler import FINISHED, Done, Role, Running
from agent.action.result import ActionResult, Outcome
from agent.action.texts import duration, replaced
from agent.manifest.gotext import quote

_MAX_OUTPUT: Final = 10 * 1024


class Captured(Protocol):
    """How a command ended.

    `output` is all of stdout, then all of stderr. `error` says why the command could not be
    started; it begins with `exec: ` when the command is at fault, not the machine.
    """

    @property
    def exit_code(self) -> int:
        """128 + signal for a killed one."""
        ...

    @property
    def output(self) -> bytes:
        """What was captured."""
        ...

    @property
    def timed_out(self) -> bool:
        """Whether it was killed at its timeout."""
        ...

    @property
    def error(self) -> str:
        """Empty when it was started."""
        ...


class Capture(Protocol):
    """A command on its way."""

    def cancel(self) -> None:
        """Kill everything it started and do not answer."""
        ...


class Captures(Protocol):
    """Runs commands in one container: with its environment, directory, user and containment."""

    def __call__(
        self, argv: tuple[str, ...], timeout: float | None, done: Callable[[Captured], None]
    ) -> Capture:
        """Start `argv`; call `done` once it ended and nobody holds its output any more.

        At `timeout` (seconds) everything that it started is killed.
        """
        ...


class Exec:
    """Runs `command`, which is expanded already."""

    __slots__ = ("_captures", "_command", "_role")

    def __init__(self, command: tuple[str, ...], role: Role, captures: Captures) -> None:
        self._command = command
        self._role = role
        self._captures = captures

    def start(self, timeout: float | None, done: Done) -> Running:
        """Run it; the answer comes when its output is closed by all who hold it."""
        running = _Execution(self, timeout, done)
        running.begin(self._captures)
        return FINISHED if running.over else running

    def result(self, captured: Captured, timeout: float | None) -> ActionResult:
        """Judge how the command ended."""
        if captured.error:
            # A kubelet discards this as an error; a probe that cannot fail helps nobody.
            at_fault = captured.error.startswith("exec: ")
            return self._failed(Outcome.FAILURE if at_fault else Outcome.ERROR, captured.error)
        if captured.timed_out:
            return self.timed_out(timeout)
        output = captured.output[:_MAX_OUTPUT]
        code = captured.exit_code
        if code == 0:
            return ActionResult(Outcome.SUCCESS, replaced(output), 0)
        if self._role is Role.PROBE:
            return ActionResult(Outcome.FAILURE, replaced(output), code)
        text = f"command '{' '.join(self._command)}' exited with {code}: {replaced(output)}"
        return self._failed(Outcome.FAILURE, text, output, code)

    def timed_out(self, timeout: float | None) -> ActionResult:
        """Return the failure of a command that took too long; its output is lost."""
        after = duration(timeout or 0)
        text = f"command timed out: {quote(' '.join(self._command))} timed out after {after}"
        return self._failed(Outcome.FAILURE, text)

    @property
    def command(self) -> tuple[str, ...]:
        """What is run."""
        return self._command

    def _failed(
        self, outcome: Outcome, text: str, output: bytes = b"", code: int | None = None
    ) -> ActionResult:
        """Hooks tell the output beside the error (kubelet: lifecycle.Run)."""
        if self._role is Role.LIFECYCLE:
            text += f", message: {quote(output.decode('utf-8', 'surrogateescape'))}"
        return ActionResult(outcome, text, code)


class _Execution:
    __slots__ = ("_action", "_capture", "_done", "_timeout")

    def __init__(self, action: Exec, timeout: float | None, done: Done) -> None:
        self._action = action
        self._timeout = timeout
        self._done: Done | None = done
        self._capture: Capture | None = None

    def begin(self, captures: Captures) -> None:
        self._capture = captures(self._action.command, self._timeout, self._ended)

    @property
    def over(self) -> bool:
        return self._done is None

    def expire(self) -> None:
        done = self._done
        self.cancel()
        if done is not None:
            done(self._action.timed_out(self._timeout))

    def cancel(self) -> None:
        if self._done is not None and self._capture is not None:
            self._capture.cancel()
        self._done = None

    def _ended(self, captured: Captured) -> None:
        done, self._done = self._done, None
        if done is not None:
            done(self._action.result(captured, self._timeout))
