"""What do hooks and probes ask of a handler, whatever its type?"""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from typing import Final, Protocol

import msgspec

from agent.action.result import ActionResult
from agent.model.container import ContainerPort

Done = Callable[[ActionResult], None]


class Running(Protocol):
    """One execution that has been started and has not yet reported."""

    def expire(self) -> None:
        """The caller's deadline passed: finish now, with the handler's own timeout text.

        Calls `done` before it returns; does nothing when `done` has been called already.
        """
        ...

    def cancel(self) -> None:
        """Stop at once; `done` is never called. Does nothing after the end."""
        ...


class Handler(Protocol):
    """A handler bound to its container: prepared once per container run, started many times."""

    def start(self, timeout: float | None, done: Done) -> Running:
        """Begin one execution; `done` is called exactly once unless it is cancelled first.

        `done` MAY be called synchronously, before `start` returns: a refused connection is known
        at once. `timeout` (seconds) is for texts only: the CALLER schedules `expire` at the
        deadline and drops that timer in `done`.
        """
        ...


class Finished:
    """A `Running` whose `done` has been called."""

    __slots__ = ()

    def expire(self) -> None:
        """Too late: nothing happens."""

    def cancel(self) -> None:
        """Too late: nothing happens."""


#: What `start` returns when it called `done` before.
FINISHED: Final = Finished()


class Target(msgspec.Struct, frozen=True, kw_only=True):
    """The container acted on."""

    address: str  # the pod's IP
    ports: tuple[ContainerPort, ...]
    name: str = ""  # NAME_NAMESPACE(UID):CONTAINER, for the text of a probe without a handler


class Role(Enum):
    """Who asks; some texts and headers differ between the two."""

    PROBE = "probe"
    LIFECYCLE = "lifecycle"
