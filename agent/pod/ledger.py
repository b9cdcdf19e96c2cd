"""What one pod's facts are, written down at once, so that the next agent can go on from them.

Level-triggered: after every change all records are made anew from the facts, and those that differ
from what was written are written. Nothing here waits for a disk.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from agent.model.pod import Pod
from agent.model.runtime import ContainerRun, ProbeKind, ProbeResult
from agent.pod import run_files
from agent.pod.facts import PodFacts
from agent.store.records import ContainerRecord, HookProgress, PodRecord, RecordTable


class Ledger(Protocol):
    """Where a pod's worker has its facts remembered."""

    def note(self) -> None:
        """The facts may have changed."""
        ...

    def close(self) -> None:
        """The pod is over: nothing of it need be remembered."""
        ...


class NoLedger:
    """For pods that end with their agent."""

    def note(self) -> None:
        return

    def close(self) -> None:
        return


class RecordLedger:
    """Writes the records of one pod.

    `has_post_start` tells which containers have such a hook; `boot_id` names the machine's boot.
    """

    def __init__(
        self,
        *,
        records: RecordTable,
        facts: PodFacts,
        pod: Pod,
        boot_id: str,
        has_post_start: Callable[[str], bool],
    ) -> None:
        self._records = records
        self._facts = facts
        self._object = pod
        self._uid = pod.metadata.uid
        self._boot_id = boot_id
        self._has_post_start = has_post_start
        self._is_closed = False
        self._pod: PodRecord | None = None
        self._runs: dict[str, ContainerRecord] = {
            record.part: record for record in records.of_pod(ContainerRecord, self._uid)
        }

    def note(self) -> None:
        if self._is_closed:
            return
        pod = self._pod_record()
        if pod != self._pod:
            self._pod = pod
            self._records.put(pod)
        runs = {record.part: record for record in map(self._record, self._facts.all_runs())}
        for part in self._runs.keys() - runs.keys():
            self._records.drop(self._runs[part])
        for part, record in runs.items():
            before = self._runs.get(part)
            if record != before:
                self._put(record, before)
        self._runs = runs

    def close(self) -> None:
        self._is_closed = True
        self._records.drop_pod(self._uid)
        for record in self._runs.values():
            run_files.remove(record)

    def _put(self, record: ContainerRecord, before: ContainerRecord | None) -> None:
        self._records.put(record)
        if before is None and self._pod is not None:
            run_files.write(run_files.RunFile(self._pod, record, self._object))
        elif before is not None and record.trace is None:
            run_files.remove(before)

    def _pod_record(self) -> PodRecord:
        facts = self._facts
        return PodRecord(
            pod_uid=self._uid,
            boot_id=self._boot_id,
            began_at=facts.active_since,
            sandbox=facts.sandboxes[0] if facts.sandboxes else None,
            start_failures=dict(facts.start_failures),
            back_off=dict(facts.back_off),
        )

    def _record(self, run: ContainerRun) -> ContainerRecord:
        facts, id_ = self._facts, run.container_id
        instance = facts.live.get(run.name)
        is_live = instance is not None and instance.container_id == id_
        return ContainerRecord(
            pod_uid=self._uid,
            container=run.name,
            attempt=run.restart_count,
            run=run,
            trace=instance.trace if instance is not None and is_live else None,
            began_at=facts.began_at.get(id_),
            ended_at=facts.ended_at.get(id_),
            post_start=self._post_start(run),
            pre_stop=facts.pre_stop.get(id_, HookProgress.NONE),
            is_started=_belief(facts, ProbeKind.STARTUP, id_),
            is_ready=_belief(facts, ProbeKind.READINESS, id_),
        )

    def _post_start(self, run: ContainerRun) -> HookProgress:
        if run.container_id in self._facts.hidden:
            return HookProgress.RUNNING
        if run.started_at is None or not self._has_post_start(run.name):
            return HookProgress.NONE
        failed = run.name in self._facts.start_failures
        return HookProgress.FAILED if failed else HookProgress.SUCCEEDED


def _belief(facts: PodFacts, kind: ProbeKind, container_id: str) -> bool | None:
    result = facts.results[kind].get(container_id)
    return None if result is None else result is ProbeResult.SUCCESS
