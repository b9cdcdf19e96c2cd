"""What must the next agent know of a pod's processes that no Kubernetes object says?"""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from typing import Protocol, TypeVar, cast

import msgspec

from agent.host.process import Command
from agent.model.runtime import ContainerRun, Sandbox
from agent.rules.backoff import BackOffEntry
from agent.store.interface import Entry, Journal


class HookProgress(Enum):
    """How far a lifecycle hook of one run has come."""

    NONE = "none"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"


class ProcessRecord(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A main process, told apart from a later one with the same pid.

    `start_ticks` is field 22 of /proc/PID/stat, clock ticks since boot. `cgroup` is "" where there
    is none; `mark` is what all processes of the run bear (agent.host.marks), 0 for none.
    """

    pid: int
    start_ticks: int
    cgroup: str = ""
    mark: int = 0


class Trace(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What lets the next agent take over a run that lives.

    `command` is what hooks and probes of the run share with its main process. `output` is the
    directory through which it writes its output, "" if that does not outlive the agent.
    """

    process: ProcessRecord
    command: Command
    stop_signal: int
    log_file: str
    output: str = ""
    termination_message_path: str = ""


class ContainerRecord(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One run of one container.

    `attempt` is its restart count; `trace` is there while it lives. `began_at` and `ended_at` are
    seconds of CLOCK_MONOTONIC and mean something only within the boot of the pod's record.
    `is_started` and `is_ready` are the beliefs of the startup and the readiness probe; None: no
    probe has told.
    """

    pod_uid: str
    container: str
    attempt: int
    run: ContainerRun
    trace: Trace | None = None
    began_at: float | None = None
    ended_at: float | None = None
    post_start: HookProgress = HookProgress.NONE
    pre_stop: HookProgress = HookProgress.NONE
    is_started: bool | None = None
    is_ready: bool | None = None

    @property
    def container_id(self) -> str:
        """The bare id of the run."""
        return self.run.container_id

    @property
    def part(self) -> str:
        """What tells the record from others of the pod."""
        return f"{self.container}/{self.attempt}"


class PodRecord(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What holds for a pod as a whole.

    `boot_id` (/proc/sys/kernel/random/boot_id) is the boot in which its processes were started: a
    sandbox of another boot is gone, and everything starts from the first init container. Times,
    those of `back_off` too, are seconds of CLOCK_MONOTONIC in that boot; `began_at` is when the
    pod became active. `start_failures` are reason and message by container name.
    """

    pod_uid: str
    boot_id: str
    began_at: float
    sandbox: Sandbox | None = None
    start_failures: dict[str, tuple[str, str]] = {}
    back_off: dict[str, BackOffEntry] = {}

    @property
    def part(self) -> str:
        """There is one for each pod."""
        return ""


class NodeRecord(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What holds for the agents of this state directory; there is one, of no pod.

    `cgroup` is the directory above the fences of all runs, "" where there are none.
    """

    boot_id: str
    cgroup: str = ""
    pod_uid: str = ""

    @property
    def part(self) -> str:
        """There is one."""
        return ""


class Record(Protocol):
    """What a record table holds: frozen structs about a part of a pod."""

    @property
    def pod_uid(self) -> str: ...

    @property
    def part(self) -> str: ...


R = TypeVar("R", bound=Record)
_Parts = dict[tuple[str, str], tuple[Record, int]]


class RecordTable:
    """The agent's own records, by the UID of the pod; durable like objects, not watched.

    Each write takes a version of the store, for `durable`.
    """

    def __init__(self, next_version: Callable[[], int], journal: Journal | None) -> None:
        self._next_version = next_version
        self._journal = journal
        self._pods: dict[str, _Parts] = {}

    def put(self, record: Record) -> int:
        """Create or replace the record of this part of its pod; returns the version."""
        version = self._next_version()
        kind, part = type(record).__name__, record.part
        parts = self._pods.setdefault(record.pod_uid, {})
        _, created = parts.get((kind, part), (record, version))
        self._note(Entry(kind, record.pod_uid, part, _struct(record), version, created))
        parts[kind, part] = record, created
        return version

    def get(self, kind: type[R], pod_uid: str, part: str = "") -> R | None:
        """One record, or None."""
        found = self._pods.get(pod_uid, {}).get((kind.__name__, part))
        return None if found is None else cast(R, found[0])

    def of_pod(self, kind: type[R], pod_uid: str) -> tuple[R, ...]:
        """The records of a pod, oldest first."""
        name = kind.__name__
        parts = self._pods.get(pod_uid, {})
        return tuple(cast(R, record) for (of, _), (record, _) in parts.items() if of == name)

    def pods(self) -> tuple[str, ...]:
        """The UIDs of the pods that have records."""
        return tuple(self._pods)

    def drop(self, record: Record) -> int:
        """Forget one record, if it is there; returns a version, for `durable`."""
        version = self._next_version()
        self._remove(record.pod_uid, type(record).__name__, record.part, version)
        return version

    def drop_pod(self, pod_uid: str) -> int:
        """Forget everything about a pod; returns a version, for `durable`."""
        version = self._next_version()
        for kind, part in tuple(self._pods.get(pod_uid, ())):
            self._remove(pod_uid, kind, part, version)
        return version

    def restore(self, entry: Entry) -> None:
        """Take over what an earlier process left."""
        record = cast(Record, entry.value)
        self._pods.setdefault(entry.scope, {})[entry.kind, entry.name] = record, entry.created

    def entries(self, version: int) -> list[Entry]:
        """All there is, for a journal that starts anew."""
        return [
            Entry(kind, uid, part, _struct(record), version, created)
            for uid, parts in self._pods.items()
            for (kind, part), (record, created) in parts.items()
        ]

    def _remove(self, pod_uid: str, kind: str, part: str, version: int) -> None:
        parts = self._pods.get(pod_uid, {})
        if parts.pop((kind, part), None) is None:
            return
        if not parts:
            del self._pods[pod_uid]
        self._note(Entry(kind, pod_uid, part, None, version, version))

    def _note(self, entry: Entry) -> None:
        if self._journal is not None:
            self._journal.note(entry)


def _struct(record: Record) -> msgspec.Struct:
    return cast(msgspec.Struct, record)
