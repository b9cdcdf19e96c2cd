"""Pods of the API and a node that is cordoned: they wait until it takes pods again."""

from __future__ import annotations

from collections.abc import Callable

from agent.host.clock import Clock
from agent.model.event import EventType, Reason
from agent.model.node import Node
from agent.model.pod import Pod
from agent.pod.recorder import Recorder
from agent.rules import placement
from agent.rules.qos import qos_class
from agent.store.interface import Change, ChangeType, Store

_SCHEDULER = "default-scheduler"


class Placement:
    """What a scheduler does where there is one node."""

    def __init__(
        self,
        store: Store,
        recorder: Recorder,
        clock: Clock,
        node_name: str,
        start: Callable[[Pod], None],
    ) -> None:
        """`start` runs a pod that has waited."""
        self._store = store
        self._recorder = recorder
        self._clock = clock
        self._node_name = node_name
        self._start = start
        store.watch(self._seen)

    def holds(self, pod: Pod) -> bool:
        """Whether the pod has to wait."""
        return bool(self._obstacle(pod))

    def held(self, pod: Pod) -> Pod:
        """Let the pod wait, and say so; returns it as stored."""
        why = self._obstacle(pod)
        stored = self._store.put(placement.held(pod, why, qos_class(pod), self._clock.now()))
        self._recorder.record(
            stored,
            EventType.WARNING,
            Reason.FAILED_SCHEDULING,
            placement.message(why),
            component=_SCHEDULER,
        )
        return stored

    def look(self) -> None:
        """Start what waits, if it need not wait any more."""
        for pod in self._store.list(Pod):
            if (
                placement.waits(pod)
                and pod.metadata.deletion_timestamp is None
                and not self.holds(pod)
            ):
                self._start(pod)

    def _obstacle(self, pod: Pod) -> str:
        return placement.obstacle(pod, self._store.get(Node, "", self._node_name))

    def _seen(self, change: Change) -> None:
        node = change.object
        if isinstance(node, Node) and change.type is ChangeType.MODIFIED:
            before = change.before
            if isinstance(before, Node) and before.spec != node.spec:
                self.look()
