"""All pods of this machine: one supervised worker each; add, delete, wait."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from types import TracebackType
from typing import Protocol, Self

import msgspec

from agent.host.clock import Clock
from agent.host.identifiers import new_uid
from agent.model.event import EventType, Reason
from agent.model.pod import Pod
from agent.model.status import PodStatus
from agent.pod.facts import PodFacts
from agent.pod.recorder import Recorder
from agent.rules.annotations import problems
from agent.rules.qos import qos_class

Key = tuple[str, str]

#: A worker that broke (a bug of ours) goes on after so many seconds.
_RESTART_SECONDS = 1.0


class Worker(Protocol):
    """What runs one pod."""

    @property
    def pod(self) -> Pod: ...
    @property
    def facts(self) -> PodFacts: ...
    def stop(self, pod: Pod, grace_seconds: int | None = None) -> None: ...
    def kill(self) -> None: ...
    async def run(self) -> None: ...


class StoresPods(Protocol):
    """Where pods are published."""

    def put(self, obj: Pod) -> Pod: ...
    def get(self, kind: type[Pod], namespace: str, name: str) -> Pod | None: ...
    def delete(self, kind: type[Pod], namespace: str, name: str) -> object: ...


class PodManager:
    """Owns the workers; an async context that ends when all of them have ended."""

    def __init__(
        self,
        *,
        build: Callable[[Pod], Worker],
        store: StoresPods,
        recorder: Recorder,
        clock: Clock,
        node_name: str,
        on_fault: Callable[[Pod, Exception], None],
    ) -> None:
        """`build` makes the worker of a pod; `on_fault` hears of a worker that broke."""
        self._build = build
        self._store = store
        self._recorder = recorder
        self._clock = clock
        self._node_name = node_name
        self._on_fault = on_fault
        self._group = asyncio.TaskGroup()
        self._workers: dict[Key, Worker] = {}
        self._deleted: set[Key] = set()

    async def __aenter__(self) -> Self:
        await self._group.__aenter__()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._group.__aexit__(kind, exc, traceback)

    def add(self, pod: Pod, ignored: tuple[str, ...] = ()) -> None:
        """Run a pod that is complete: named, defaulted and validated.

        `ignored` says what a user will miss of it on a bare host; each becomes an event.
        """
        key = _key(pod)
        if key in self._workers:
            raise ValueError(f"pod {key[0]}/{key[1]} runs already")
        stored = self._store.put(_admitted(pod, self._node_name, self._clock.now()))
        worker = self._build(stored)
        self._workers[key] = worker
        self._recorder.record(
            stored,
            EventType.NORMAL,
            Reason.SCHEDULED,
            f"Successfully assigned {key[0]}/{key[1]} to {stored.spec.node_name}",
            component="default-scheduler",
        )
        for text in ignored:
            self._recorder.record(stored, EventType.WARNING, Reason.FIELD_IGNORED, text)
        for text in problems(stored):
            self._recorder.record(stored, EventType.WARNING, Reason.INVALID_ANNOTATION, text)
        self._group.create_task(self._supervise(key, worker), name=f"pod {key[0]}/{key[1]}")

    def delete(self, namespace: str, name: str, grace_seconds: int | None = None) -> None:
        """Ask for a graceful end; the pod leaves the store when nothing of it is left."""
        key = namespace, name
        worker = self._workers.get(key)
        if worker is None or key in self._deleted:
            return
        self._deleted.add(key)
        stored = self._store.get(Pod, namespace, name) or worker.pod
        wanted = stored.spec.termination_grace_period_seconds
        grace = wanted if grace_seconds is None else grace_seconds
        metadata = msgspec.structs.replace(
            stored.metadata,
            deletion_timestamp=_in(self._clock, grace or 0),
            deletion_grace_period_seconds=grace,
        )
        deleted = self._store.put(msgspec.structs.replace(stored, metadata=metadata))
        worker.stop(deleted, grace_seconds)

    def delete_all(self) -> None:
        """Ask every pod for a graceful end."""
        for namespace, name in tuple(self._workers):
            self.delete(namespace, name)

    def kill_all(self) -> None:
        """SIGKILL to everything, now."""
        self.delete_all()
        for worker in tuple(self._workers.values()):
            worker.kill()

    def facts(self) -> Iterator[tuple[Pod, PodFacts]]:
        """What is known of each pod that runs, for those who look on; nobody else writes it."""
        return ((worker.pod, worker.facts) for worker in tuple(self._workers.values()))

    @property
    def is_idle(self) -> bool:
        """Whether no pod runs."""
        return not self._workers

    async def _supervise(self, key: Key, worker: Worker) -> None:
        """Keep a pod's worker going: one broken pod must not stop the node."""
        while True:
            try:
                await worker.run()
                break
            except Exception as exc:  # noqa: BLE001 - the one place that survives our own bugs
                self._on_fault(worker.pod, exc)
                self._recorder.record(
                    worker.pod,
                    EventType.WARNING,
                    Reason.FAILED_SYNC,
                    f"error determining status: {exc}",
                )
                await self._clock.sleep(_RESTART_SECONDS)
        del self._workers[key]
        if key in self._deleted:
            self._deleted.discard(key)
            self._store.delete(Pod, *key)


def _key(pod: Pod) -> Key:
    return pod.metadata.namespace, pod.metadata.name


def _in(clock: Clock, seconds: int) -> datetime:
    return clock.now().replace(microsecond=0) + timedelta(seconds=seconds)


def _admitted(pod: Pod, node_name: str, now: datetime) -> Pod:
    """The pod with what an API server, a scheduler and a kubelet give it at first."""
    metadata = msgspec.structs.replace(
        pod.metadata,
        uid=pod.metadata.uid or new_uid(),
        creation_timestamp=now.replace(microsecond=0),
        generation=pod.metadata.generation or 1,
    )
    return msgspec.structs.replace(
        pod,
        metadata=metadata,
        spec=msgspec.structs.replace(pod.spec, node_name=node_name),
        status=PodStatus(phase="Pending", qos_class=qos_class(pod)),
    )
