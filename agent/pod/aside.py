"""Run a command as a container would run it, beside the container and whether or not it runs.

It gets the container's environment, user and working directory, and a boundary of its own that is
killed afterwards. It sees the files of the host: volumes are mounted for the container alone.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import msgspec

from agent.action import runner
from agent.action.result import ActionResult, Outcome
from agent.host.identifiers import new_container_id
from agent.model.container import Container
from agent.model.pod import Pod
from agent.pod.machine import Machine
from agent.pod.runtime import HostRuntime
from agent.pod.starter import StartError

if TYPE_CHECKING:
    from agent.action.exec import Captures, Run

#: The container's own program does not matter here, and there may be none to be found.
_ANY_PROGRAM = ("true",)


class Aside(msgspec.Struct, frozen=True):
    """Runs commands beside the containers of one machine."""

    machine: Machine
    runtime: HostRuntime

    async def run(
        self, pod: Pod, container: Container, argv: tuple[str, ...], seconds: float
    ) -> ActionResult:
        """Run `argv` to its end, at most `seconds` long; nothing of it is left then."""
        from agent.action.exec import Exec

        try:
            async with self.commands(pod, container) as captures:
                return await runner.run(Exec(argv, captures), seconds, self.machine.scheduler)
        except StartError as exc:
            return ActionResult(Outcome.ERROR, f"{exc.reason}: {exc.message}")
        except OSError as exc:
            return ActionResult(Outcome.ERROR, (exc.strerror or str(exc)).lower())

    @asynccontextmanager
    async def commands(self, pod: Pod, container: Container) -> AsyncIterator[Captures]:
        """What runs commands as `container` would (StartError, OSError: it could not run)."""
        machine = self.machine
        bare = msgspec.structs.replace(container, command=_ANY_PROGRAM, args=())
        blueprint = self.runtime.blueprint(pod, bare)
        boundary = machine.containment.create(f"aside-{new_container_id()[:16]}", blueprint.limits)

        def captures(argv: tuple[str, ...]) -> Run:
            command = msgspec.structs.replace(blueprint.command, argv=argv)
            return machine.spawner.prepare(command, boundary).run

        try:
            yield captures
        finally:
            await boundary.kill()
            boundary.close()
