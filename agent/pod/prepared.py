"""A created container and its start (CRI: StartContainer)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import msgspec

from agent.host import files
from agent.host.process import SpawnError
from agent.host.streams import Streams
from agent.model.runtime import ContainerRun, RunState
from agent.pod.blueprint import Blueprint, Naming, Settings, Sources
from agent.pod.facts import Instance
from agent.pod.machine import Machine
from agent.pod.message import VARIABLE
from agent.pod.run import RunParts, assemble
from agent.pod.starter import StartError
from agent.rules.actions import container_hash

_START_ERROR = 128
_NEVER = datetime(1970, 1, 1, tzinfo=UTC)
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
        self._message_path = message_path = naming.message_path(settings.run_dir)
        self._output = naming.output_path(settings.run_dir) if machine.is_lasting else ""
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
                lasting=self._output or None,
                follower=sources.follower(naming.pod, naming.container.name),
            )
        except OSError:
            self._boundary.close()
            files.remove(message_path)
            raise

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
                again=self._naming.restart_count > 0,
            )
        except SpawnError as exc:
            await self._abandon()
            raise self._not_started(exc) from exc
        except BaseException:
            await self._abandon()
            raise
        parts = RunParts(
            naming=self._naming,
            address=self._settings.address,
            command=self._command,
            stop_signal=self._blueprint.stop_signal,
            child=child,
            boundary=self._boundary,
            streams=streams,
            message_path=self._message_path,
            output=self._output,
        )
        instance = assemble(self._machine, parts)
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
        files.remove(self._message_path)
