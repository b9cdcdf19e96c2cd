"""The facts of a pod that an earlier agent ran, from what that agent wrote down.

Kubernetes: a kubelet that starts asks its runtime which containers there are. Here the records say
what was started, and the machine whether it still lives: what ended meanwhile is adopted all the
same, and ends at once, with its exit code if the kernel can still tell.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime

import msgspec

from agent.model.container import Container
from agent.model.pod import Pod
from agent.model.runtime import ContainerRun, ProbeKind, ProbeResult, RunState
from agent.pod.facts import Instance, PodFacts
from agent.pod.run_files import RunFile
from agent.rules.container_status import (
    CONTAINER_STATUS_UNKNOWN,
    EXIT_CODE_UNKNOWN,
    LOST_WHEN_TERMINATED,
)
from agent.store.records import ContainerRecord, PodRecord, RecordTable


class Memory(msgspec.Struct, frozen=True, kw_only=True):
    """What an earlier agent wrote down about one pod; `is_same_boot`: its processes may live."""

    pod: PodRecord
    containers: tuple[ContainerRecord, ...]
    is_same_boot: bool


Adopt = Callable[[Pod, Container, ContainerRecord], Instance]


def recall(
    records: RecordTable, pod: Pod, boot_id: str, files: Sequence[RunFile] = ()
) -> Memory | None:
    """What is remembered of `pod`; None if nothing of it was ever begun.

    `files` are those of its runs: of one that the records do not know yet they tell all there is.
    """
    known = records.of_pod(ContainerRecord, pod.metadata.uid)
    record = records.get(PodRecord, pod.metadata.uid)
    attempts = {one.container: one.attempt for one in _newest_first(known)[::-1]}
    unknown = [
        file
        for file in files
        if file.pod.boot_id == boot_id
        and file.container.attempt > attempts.get(file.container.container, -1)
    ]
    if unknown:
        if record is None or record.boot_id != boot_id:
            known = ()
        record = unknown[-1].pod  # written with the run, and so after all that the records know
    elif record is None:
        return None
    return Memory(
        pod=record,
        containers=(*known, *(file.container for file in unknown)),
        is_same_boot=record.boot_id == boot_id,
    )


def revive(facts: PodFacts, pod: Pod, memory: Memory, adopt: Adopt) -> None:
    """Fill the (empty) facts of `pod`; `adopt` takes over a run that was alive (OSError)."""
    if memory.is_same_boot:
        _go_on(facts, pod, memory, adopt)
    else:
        _begin_anew(facts, pod, memory)


def _go_on(facts: PodFacts, pod: Pod, memory: Memory, adopt: Adopt) -> None:
    record = memory.pod
    facts.active_since = record.began_at
    facts.sandboxes = () if record.sandbox is None else (record.sandbox,)
    facts.start_failures = dict(record.start_failures)
    facts.back_off = dict(record.back_off)
    containers = {c.name: c for c in (*pod.spec.init_containers, *pod.spec.containers)}
    for one in _newest_first(memory.containers):
        run, id_ = one.run, one.container_id
        facts.runs.setdefault(one.container, []).append(run)
        if one.began_at is not None:
            facts.began_at[id_] = one.began_at
        if one.ended_at is not None:
            facts.ended_at[id_] = one.ended_at
        facts.pre_stop[id_] = one.pre_stop
        if one.trace is not None:
            facts.revived(run, adopt(pod, containers[one.container], one))
            _believe(facts, one)


def _believe(facts: PodFacts, record: ContainerRecord) -> None:
    """What the probes believed goes on to hold; a liveness that was lost is asked for again."""
    for kind, belief in (
        (ProbeKind.STARTUP, record.is_started),
        (ProbeKind.READINESS, record.is_ready),
    ):
        if belief:
            facts.results[kind][record.container_id] = ProbeResult.SUCCESS


def _begin_anew(facts: PodFacts, pod: Pod, memory: Memory) -> None:
    """The machine was started anew: nothing runs any more, and all that ran counts."""
    now = facts.clock.now()
    lasted = now - pod.status.start_time if pod.status.start_time is not None else None
    if lasted is not None:
        facts.active_since -= max(lasted.total_seconds(), 0.0)
    sandbox = memory.pod.sandbox
    if sandbox is not None:
        facts.sandboxes = (msgspec.structs.replace(sandbox, ready=False),)
    for one in _newest_first(memory.containers):
        run = msgspec.structs.replace(one.run, in_current_sandbox=False)
        if run.state is not RunState.EXITED:
            run = _lost(run, now)
        facts.runs.setdefault(one.container, []).append(run)


def _lost(run: ContainerRun, now: datetime) -> ContainerRun:
    """A run whose end nobody saw (kubelet_pods.go, TerminatePod)."""
    return msgspec.structs.replace(
        run,
        state=RunState.EXITED,
        exit_code=EXIT_CODE_UNKNOWN,
        reason=CONTAINER_STATUS_UNKNOWN,
        message=LOST_WHEN_TERMINATED,
        finished_at=now,
    )


def _newest_first(records: Iterable[ContainerRecord]) -> list[ContainerRecord]:
    return sorted(records, key=lambda record: record.attempt, reverse=True)
