"""All pods of this machine: one supervised worker each; add, update, delete, wait."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
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
from agent.pod.starter import BackOffLimits
from agent.rules import mirror, placement, pod_change, shutdown
from agent.rules.annotations import problems
from agent.rules.downward import ConfigError
from agent.rules.phase import TERMINAL
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
    def update(self, pod: Pod) -> None: ...
    def reconfigure(self, limits: BackOffLimits) -> None: ...
    def hasten(self, seconds: int) -> None: ...
    def kill(self) -> None: ...
    async def run(self) -> None: ...


class StoresPods(Protocol):
    """Where pods are published."""

    def put(self, obj: Pod) -> Pod: ...
    def list(self, kind: type[Pod]) -> Sequence[Pod]: ...
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
        self._tasks: dict[Key, asyncio.Task[None]] = {}
        self._deleted: set[Key] = set()
        #: Nothing starts any more, whoever asks for it.
        self.is_stopping = False
        #: Pods that end because we do, and are not deleted.
        self._resting: set[Key] = set()
        #: Pods whose predecessor of the same name is still ending, with what is ignored of them.
        self._waiting: dict[Key, tuple[Pod, tuple[str, ...]]] = {}

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

    def resume(self) -> None:
        """Take up the pods that an earlier agent left in the store; OSError: one cannot be judged.

        To be called before anything else; nothing of them is done before `begin`.
        """
        for pod in self._store.list(Pod):
            key, is_deleted = _key(pod), pod.metadata.deletion_timestamp is not None
            if placement.waits(pod) or pod.status.phase in TERMINAL:
                if is_deleted:
                    self._end(key, pod)
            else:
                self._workers[key] = self._build(pod)

    def begin(self) -> None:
        """Go on with the pods that were taken up."""
        for key, worker in self._workers.items():
            if worker.pod.metadata.deletion_timestamp is not None:
                self._deleted.add(key)
                worker.stop(worker.pod, worker.pod.metadata.deletion_grace_period_seconds)
            self._supervised(key, worker)

    def detach(self) -> None:
        """Let go of all pods as they are: the next agent goes on with them."""
        for task in self._tasks.values():
            task.cancel()

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
        self._check_annotations(stored)
        self._supervised(key, worker)

    def update(self, pod: Pod, ignored: tuple[str, ...] = ()) -> None:
        """Make the pod of this name be as given (complete, as for `add`).

        It is started, changed in place or replaced, as `rules.pod_change` decides; a replaced pod
        gets its full grace before the new one starts, with a new UID. The latest update wins.
        """
        key = _key(pod)
        if key in self._deleted or self.is_stopping:
            self._waiting[key] = pod, ignored
            return
        stored = self._store.get(Pod, *key)
        if stored is None:
            self.add(pod, ignored)
            return
        match pod_change.pod_change(stored, pod):
            case pod_change.PodChange.NONE:
                return
            case pod_change.PodChange.IN_PLACE:
                changed = self._store.put(pod_change.updated(stored, pod))
                self._check_annotations(changed)
                if key in self._workers:
                    self._workers[key].update(changed)
            case pod_change.PodChange.REPLACE:
                self.delete(*key)
                self._waiting[key] = pod, ignored
                self._succeed(key)

    def changed(self, pod: Pod) -> None:
        """Go on with `pod`, which was validated as an update and is stored as given."""
        worker = self._workers.get(_key(pod))
        if worker is not None:
            worker.update(pod)

    def delete(self, namespace: str, name: str, grace_seconds: int | None = None) -> None:
        """Ask for a graceful end; the pod leaves the store when nothing of it is left.

        Nor does it leave while it has finalizers. Asked once more, its grace can only get shorter.
        """
        key = namespace, name
        self._waiting.pop(key, None)
        worker = self._workers.get(key)
        if key in self._deleted:
            if worker is not None and grace_seconds is not None:
                self._shorten(worker, grace_seconds)
            return
        stored = self._store.get(Pod, namespace, name)
        if worker is None:  # it ended by itself some time ago
            self._end(key, stored)
            return
        self._deleted.add(key)
        stored = stored or worker.pod
        wanted = stored.spec.termination_grace_period_seconds
        grace = wanted if grace_seconds is None else grace_seconds
        now = self._clock.now().replace(microsecond=0)
        deleted = self._store.put(deletion_at(stored, now, grace or 0))
        worker.stop(deleted, grace_seconds)

    def release(self, namespace: str, name: str) -> None:
        """The pod has no finalizers any more: remove it if nothing of it is left."""
        key = namespace, name
        if key in self._deleted and key not in self._workers:
            self._end(key, self._store.get(Pod, namespace, name))

    def _shorten(self, worker: Worker, seconds: int) -> None:
        """Move the end of a pod that is stopping (apiserver: rest.BeforeDelete)."""
        stored = self._store.get(Pod, *_key(worker.pod)) or worker.pod
        due, granted = (
            stored.metadata.deletion_timestamp,
            stored.metadata.deletion_grace_period_seconds,
        )
        if due is None or granted is None or seconds >= granted:
            return
        began = due - timedelta(seconds=granted)
        worker.stop(self._store.put(deletion_at(stored, began, seconds)), seconds)
        worker.hasten(seconds)

    def _end(self, key: Key, stored: Pod | None) -> None:
        """Remove a pod of which nothing runs, unless its finalizers keep it."""
        if stored is not None and stored.metadata.finalizers:
            self._deleted.add(key)
            if stored.metadata.deletion_timestamp is None:
                now = self._clock.now().replace(microsecond=0)
                self._store.put(deletion_at(stored, now, 0))
            return
        self._deleted.discard(key)
        if stored is not None and key in self._resting:
            self._store.put(shutdown.rested(stored))
            return
        self._store.delete(Pod, *key)
        self._succeed(key)

    def delete_all(self) -> None:
        """Ask every pod for a graceful end."""
        for namespace, name in tuple(self._workers):
            self.delete(namespace, name)

    async def stop_all(self) -> None:
        """A graceful end of all pods, low priorities first; returns when nothing is left.

        Pods that no file will bring back stay in the store, for the next agent.
        """
        self.is_stopping = True
        self._waiting.clear()
        self._resting = {
            key
            for key, worker in self._workers.items()
            if key not in self._deleted and not mirror.is_mirror(worker.pod)
        }
        for group in shutdown.shutdown_groups(worker.pod for worker in self._workers.values()):
            for pod in group:
                self.delete(*_key(pod))
            tasks = [self._tasks[key] for key in map(_key, group) if key in self._tasks]
            if tasks:
                await asyncio.wait(tasks)

    def hasten_all(self, seconds: int) -> None:
        """Whatever grace is left, all pods shall be gone within `seconds`."""
        self.delete_all()
        for worker in tuple(self._workers.values()):
            worker.hasten(seconds)

    def reconfigure(self, limits: BackOffLimits) -> None:
        """The node's configuration changed: pods that wait for an image look again now."""
        for worker in self._workers.values():
            worker.reconfigure(limits)

    def look_again(self, namespace: str) -> None:
        """ConfigMaps or Secrets came or changed: what waits for them is started now."""
        for (where, _), worker in self._workers.items():
            waits = any(
                reason == ConfigError.reason for reason, _ in worker.facts.start_failures.values()
            )
            if where == namespace and waits:
                worker.update(worker.pod)

    def kill_all(self) -> None:
        """SIGKILL to everything, now."""
        self.delete_all()
        for worker in tuple(self._workers.values()):
            worker.kill()

    def facts(self) -> Iterator[tuple[Pod, PodFacts]]:
        """What is known of each pod that runs, for those who look on; nobody else writes it."""
        return ((worker.pod, worker.facts) for worker in tuple(self._workers.values()))

    def facts_of(self, namespace: str, name: str) -> PodFacts | None:
        """What is known of a pod; None unless it runs."""
        worker = self._workers.get((namespace, name))
        return None if worker is None else worker.facts

    async def ended(self) -> None:
        """Wait until no pod runs."""
        while self._tasks:
            await asyncio.wait(tuple(self._tasks.values()))

    @property
    def is_idle(self) -> bool:
        """Whether no pod runs."""
        return not self._workers

    def _supervised(self, key: Key, worker: Worker) -> None:
        self._tasks[key] = self._group.create_task(
            self._supervise(key, worker), name=f"pod {key[0]}/{key[1]}"
        )

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
        del self._workers[key], self._tasks[key]
        if key in self._deleted:
            self._end(key, self._store.get(Pod, *key))

    def _check_annotations(self, pod: Pod) -> None:
        for text in problems(pod):
            self._recorder.record(pod, EventType.WARNING, Reason.INVALID_ANNOTATION, text)

    def _succeed(self, key: Key) -> None:
        """Start the pod that waits for its predecessor's end, unless that still lasts."""
        is_free = key not in self._workers and key not in self._deleted
        if is_free and not self.is_stopping and key in self._waiting:
            self.add(*self._waiting.pop(key))


def _key(pod: Pod) -> Key:
    return pod.metadata.namespace, pod.metadata.name


def deletion_at(pod: Pod, asked: datetime, grace: int) -> Pod:
    """The pod as it looks when it was asked at that time to end within its grace (seconds)."""
    metadata = msgspec.structs.replace(
        pod.metadata,
        deletion_timestamp=asked + timedelta(seconds=grace),
        deletion_grace_period_seconds=grace,
    )
    return msgspec.structs.replace(pod, metadata=metadata)


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
