"""Take over a run that an earlier agent started: its process, its fence, its output.

Kubernetes: what a kubelet gets from its runtime for nothing. A run that ended while no agent lived
is taken over like any other: it ends at once, with the exit code that the kernel can still tell.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from agent.host.streams import Streams
from agent.model.container import Container
from agent.model.pod import Pod
from agent.pod.blueprint import Naming, Settings
from agent.pod.instance import HostInstance
from agent.pod.machine import Machine
from agent.pod.run import RunParts, assemble
from agent.pod.runtime import limits_of
from agent.store.records import ContainerRecord

#: Descriptors that were kept for a run, by what they are.
Kept = Mapping[str, int]


class Adopter:
    """Takes over runs; `kept` are the descriptors that a keeper held, by container id."""

    def __init__(self, machine: Machine, settings: Settings, kept: Mapping[str, Kept]) -> None:
        self._machine = machine
        self._settings = settings
        self._kept = dict(kept)

    def adopt(self, pod: Pod, container: Container, record: ContainerRecord) -> HostInstance:
        """The run of `record`, which has a trace. OSError: the machine lacks something."""
        trace = record.trace
        assert trace is not None
        kept = dict(self._kept.pop(record.container_id, {}))
        process = trace.process
        boundary = self._machine.containment.adopt(
            record.container_id, process.mark, process.cgroup, limits_of(container)
        )
        child = self._machine.spawner.adopt(
            process.pid, process.start_ticks, boundary, kept.pop("pidfd", None)
        )
        streams = Streams.adopt(
            self._machine.pump,
            trace.output,
            str(Path(trace.log_file).parent),
            record.attempt,
            stdin=container.stdin,
            tty=container.tty,
            fds=kept,
            max_size=self._settings.log_max_size,
            max_files=self._settings.log_max_files,
            follower=None,
        )
        for fd in kept.values():
            os.close(fd)
        return assemble(
            self._machine,
            RunParts(
                naming=Naming(pod, container, record.container_id, record.attempt),
                address=self._settings.address,
                command=trace.command,
                stop_signal=trace.stop_signal,
                child=child,
                boundary=boundary,
                streams=streams,
                message_path=trace.termination_message_path,
                output=trace.output,
            ),
        )

    def close(self) -> None:
        """Let go of what was kept for runs that nobody remembers."""
        for kept in self._kept.values():
            for fd in kept.values():
                os.close(fd)
        self._kept.clear()
