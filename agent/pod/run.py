"""One run of a container, put together from its parts: one that was just started, or taken over."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

import msgspec

from agent.action.runner import Engines
from agent.host.containment import Boundary
from agent.host.process import Child, Command
from agent.host.streams import Streams
from agent.model.container import Container
from agent.pod.access import RunAccess
from agent.pod.blueprint import Naming
from agent.pod.instance import HostInstance, InstanceParts
from agent.pod.machine import Machine
from agent.pod.message import TerminationMessage
from agent.store.records import ProcessRecord, Trace

if TYPE_CHECKING:
    from agent.action.exec import Run

_DRAIN_SECONDS = 1.0


class RunParts(msgspec.Struct, frozen=True, kw_only=True):
    """What a run on this machine consists of; `output` is its lasting directory, or ""."""

    naming: Naming
    address: str
    command: Command
    stop_signal: int
    child: Child
    boundary: Boundary
    streams: Streams
    message_path: str
    output: str


def assemble(machine: Machine, parts: RunParts) -> HostInstance:
    """The live run. If it is to outlive the agent, its descriptors are kept by the helper too."""
    id_ = parts.naming.container_id
    spawner = machine.spawner
    if parts.output and not parts.child.exited:
        # Without free descriptors it ends with the agent, and is then started again.
        with suppress(OSError):
            spawner.keep(id_, {"pidfd": parts.child.pidfd, **parts.streams.kept_fds})
    parts.streams.started()

    async def settle() -> None:
        await machine.durable()
        spawner.drop(id_)

    return HostInstance(
        InstanceParts(
            container_id=id_,
            container=parts.naming.container,
            target=parts.naming.target(parts.address),
            child=parts.child,
            boundary=parts.boundary,
            streams=parts.streams,
            engines=_engines(machine, parts),
            clock=machine.clock,
            stop_signal=parts.stop_signal,
            message=termination_message(
                machine, parts.naming.container, parts.message_path, parts.streams
            ),
            access=RunAccess(
                machine, id_, parts.command, parts.boundary, parts.child, parts.streams
            ),
            turns=machine.turns,
            trace=_trace(parts) if parts.output else None,
            settle=settle if parts.output else None,
        )
    )


def termination_message(
    machine: Machine, container: Container, path: str, streams: Streams
) -> TerminationMessage:
    """Where the last words of a run come from."""

    async def log_tail() -> str:
        """The end of the output, once all of it is written or a second has passed."""
        with suppress(TimeoutError):
            async with machine.clock.timeout(_DRAIN_SECONDS):
                await streams.capture.drained()
        return await machine.pump.tail(streams.capture.path)

    return TerminationMessage(path, container.termination_message_policy, log_tail)


def _trace(parts: RunParts) -> Trace:
    child, boundary = parts.child, parts.boundary
    return Trace(
        process=ProcessRecord(
            pid=child.pid,
            start_ticks=child.start_time,
            cgroup=boundary.cgroup,
            mark=boundary.mark,
        ),
        command=parts.command,
        stop_signal=parts.stop_signal,
        log_file=parts.streams.capture.path,
        output=parts.output,
        termination_message_path=parts.message_path,
    )


def _engines(machine: Machine, parts: RunParts) -> Engines:
    """What runs the handlers of the run: commands share its fence, and see its mounts."""
    inside = parts.child if parts.command.mounts else None

    def captures(argv: tuple[str, ...]) -> Run:
        # A limit of descriptors would keep a command from the cheap way to start it.
        command = msgspec.structs.replace(parts.command, argv=argv, mounts=(), rlimits=())
        return machine.spawner.prepare(command, parts.boundary, inside).run

    return Engines(machine=machine.handlers, captures=captures)
