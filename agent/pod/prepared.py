"""A created container and its start (CRI: StartContainer)."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime

import msgspec

from agent.action.runner import Engines
from agent.host import files
from agent.host.process import Captured, Child, SpawnError
from agent.host.requests import Running
from agent.host.streams import Streams
from agent.model.runtime import ContainerRun, RunState
from agent.pod.access import RunAccess
from agent.pod.blueprint import Blueprint, Naming, Settings, Sources
from agent.pod.facts import Instance
from agent.pod.instance import HostInstance, InstanceParts
from agent.pod.machine import Machine
from agent.pod.message import VARIABLE, TerminationMessage
from agent.pod.starter import StartError
from agent.rules.actions import container_hash

_START_ERROR = 128
_NEVER = datetime(1970, 1, 1, tzinfo=UTC)
_DRAIN_SECONDS = 1.0
#: Its volumes could not be mounted, so there was no container yet.
_WITHOUT_VIEW = ("namespace", "mount")


class PreparedRun:
    """A run whose log, message file and boundary exist (CRI: a created container)."""

    def __init__(
        self,
        machine: Machine,
        settings: Settings,
        sources: Sources,
        blueprint: Blueprint,
        naming: Naming,
    ) -> None:
        """OSError when the machine lacks something; nothing is left behind then."""
        self._machine = machine
        self._settings = settings
        self._blueprint = blueprint
        self._naming = naming
        self._created_at = machine.clock.now()
        message_path = naming.message_path(settings.run_dir)
        user = blueprint.command.user
        files.public_file(message_path, check_folder=naming.restart_count == 0)
        env = {**blueprint.command.env, VARIABLE: message_path}
        self._command = msgspec.structs.replace(blueprint.command, env=env)
        self._boundary = machine.containment.create(naming.container_id, blueprint.limits)
        for warning in self._boundary.warnings:
            sources.warn(naming.pod, naming.container.name, warning)
        try:
            self._streams = Streams.open(
                machine.pump,
                naming.log_directory(settings.log_dir),
                naming.restart_count,
                stdin=naming.container.stdin,
                tty=naming.container.tty,
                owner=None if user is None else user.uid,
                max_size=settings.log_max_size,
                max_files=settings.log_max_files,
                follower=sources.follower(naming.pod, naming.container.name),
            )
        except OSError:
            self._boundary.close()
            files.remove(message_path)
            raise
        self._message = TerminationMessage(
            message_path, naming.container.termination_message_policy, self._log_tail
        )

    async def start(self, meanwhile: Callable[[], None]) -> tuple[ContainerRun, Instance]:
        """Start the main process; raises StartError. See `agent.pod.starter.Prepared`."""
        streams = self._streams
        try:
            child = await self._machine.spawner.spawn(
                self._command,
                self._boundary,
                stdin=streams.stdin,
                stdout=streams.stdout,
                stderr=streams.stderr,
                controlling_tty=streams.is_tty,
                meanwhile=meanwhile,
            )
        except SpawnError as exc:
            await self._abandon()
            raise self._not_started(exc) from exc
        except BaseException:
            await self._abandon()
            raise
        streams.started()
        instance = HostInstance(
            InstanceParts(
                container_id=self._naming.container_id,
                container=self._naming.container,
                target=self._naming.target(self._settings.address),
                child=child,
                boundary=self._boundary,
                streams=streams,
                engines=self._engines(child),
                clock=self._machine.clock,
                stop_signal=self._blueprint.stop_signal,
                message=self._message,
                access=RunAccess(self._machine, self._command, self._boundary, child, streams),
            )
        )
        return self._run(RunState.RUNNING, self._machine.clock.now()), instance

    def _run(self, state: RunState, started_at: datetime) -> ContainerRun:
        container = self._naming.container
        return ContainerRun(
            name=container.name,
            container_id=self._naming.container_id,
            state=state,
            created_at=self._created_at,
            started_at=started_at,
            restart_count=self._naming.restart_count,
            spec_hash=container_hash(container),
            image=container.image,
            image_id=container.image,
        )

    def _not_started(self, exc: SpawnError) -> StartError:
        """A program that cannot run counts as a run (containerd: StartError 128)."""
        message = f"unable to start container process: {exc.message}"
        if exc.stage in _WITHOUT_VIEW:
            return StartError("CreateContainerError", exc.message)
        if exc.transient:
            return StartError("RunContainerError", message)
        failed = msgspec.structs.replace(
            self._run(RunState.EXITED, _NEVER),
            finished_at=self._machine.clock.now(),
            exit_code=_START_ERROR,
            reason="StartError",
            message=message,
        )
        return StartError("RunContainerError", message, failed)

    async def _abandon(self) -> None:
        """Nothing runs: leave no descriptor, boundary or file behind."""
        await self._boundary.kill()
        self._boundary.close()
        self._streams.started()
        self._streams.close()
        self._message.remove()

    def _engines(self, child: Child) -> Engines:
        machine = self._machine
        inside = child if self._command.mounts else None

        def captures(
            argv: tuple[str, ...], timeout: float | None, done: Callable[[Captured], None]
        ) -> Running:
            command = msgspec.structs.replace(self._command, argv=argv, mounts=())
            return machine.spawner.capture(command, self._boundary, timeout, done, inside)

        return Engines(machine=machine.handlers, captures=captures)

    async def _log_tail(self) -> str:
        """The end of the output, once all of it is written or a second has passed."""
        with suppress(TimeoutError):
            async with self._machine.clock.timeout(_DRAIN_SECONDS):
                await self._streams.capture.drained()
        return await self._machine.pump.tail(self._streams.capture.path)
