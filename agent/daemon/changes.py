"""Every transition of a pod, and every event, as one line of the log."""

from __future__ import annotations

from collections.abc import Iterable

from agent.daemon.logs import Log
from agent.model.event import Event, EventType
from agent.model.pod import Pod
from agent.rules.transitions import transitions
from agent.store.memory import Change, ChangeType


class ChangeLog:
    """Logs the changes of a store.

    Transitions are for everybody; normal events repeat them, and a warning is new only once.
    """

    def __init__(self, log: Log, known: Iterable[Pod] = ()) -> None:
        """`known` are pods of an earlier agent: how they stand is no news."""
        self._log = log
        self._pods: dict[str, Pod] = {pod.metadata.uid: pod for pod in known}

    def change(self, change: Change) -> None:
        """An object of the store changed."""
        obj = change.object
        if isinstance(obj, Event):
            if change.type is not ChangeType.DELETED:
                self._event(obj)
        elif isinstance(obj, Pod):
            if change.type is ChangeType.DELETED:
                self._pods.pop(obj.metadata.uid, None)
                self._log.info("pod is gone", **_about(obj))
            else:
                self._pod(obj)

    def _pod(self, pod: Pod) -> None:
        old = self._pods.get(pod.metadata.uid)
        self._pods[pod.metadata.uid] = pod
        for step in transitions(old, pod):
            fields = {**_about(pod), **({"container": step.container} if step.container else {})}
            write = self._log.warning if step.is_warning else self._log.info
            write(step.text, **fields, **step.fields)

    def _event(self, event: Event) -> None:
        about = event.involved_object
        if about.kind != "Pod":
            return  # it was told where it came from
        container = about.field_path.partition("{")[2].removesuffix("}")
        fields = {"pod": f"{about.namespace}/{about.name}", "uid": about.uid}
        if container:
            fields["container"] = container
        is_news = event.type == EventType.WARNING and event.count == 1
        write = self._log.warning if is_news else self._log.debug
        write(event.message, **fields, reason=event.reason)


def _about(pod: Pod) -> dict[str, str]:
    meta = pod.metadata
    return {"pod": f"{meta.namespace}/{meta.name}", "uid": meta.uid}
