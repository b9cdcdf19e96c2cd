"""What became different about a pod, for those who follow a log?"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from agent.model.pod import Pod
from agent.model.status import ContainerState, ContainerStatus, PodStatus


class Transition(msgspec.Struct, frozen=True, kw_only=True):
    """One step in a pod's life; `container` is empty when it is the pod's own."""

    text: str
    container: str = ""
    is_warning: bool = False
    fields: dict[str, str | int] = {}


def transitions(old: Pod | None, new: Pod) -> list[Transition]:
    """Return what happened between two states of a pod; `old` is None for a pod that is new."""
    before = old.status if old is not None else PodStatus()
    steps: list[Transition] = []
    if new.metadata.deletion_timestamp is not None and (
        old is None or old.metadata.deletion_timestamp is None
    ):
        grace = new.metadata.deletion_grace_period_seconds or 0
        steps.append(Transition(text="pod is terminating", fields={"grace_seconds": grace}))
    statuses = {status.name: status for status in _containers(before)}
    for status in _containers(new.status):
        steps.extend(_container(statuses.get(status.name), status))
    if new.status.phase != before.phase:
        failed = new.status.phase == "Failed"
        fields: dict[str, str | int] = {"phase": new.status.phase}
        if new.status.reason:
            fields["reason"] = new.status.reason
        steps.append(Transition(text="pod changed its phase", is_warning=failed, fields=fields))
    if is_ready(new) != (old is not None and is_ready(old)):
        text = "pod is ready" if is_ready(new) else "pod is not ready"
        steps.append(Transition(text=text))
    return steps


def is_ready(pod: Pod) -> bool:
    """Return whether the pod's Ready condition holds."""
    return any(one.type == "Ready" and one.status == "True" for one in pod.status.conditions)


def _containers(status: PodStatus) -> tuple[ContainerStatus, ...]:
    return (*status.init_container_statuses, *status.container_statuses)


def _container(old: ContainerStatus | None, new: ContainerStatus) -> Iterator[Transition]:
    was = old.state if old is not None else ContainerState()
    if _has_ended_meanwhile(old, new):
        yield _ended(new.name, new.last_state)
    if new.state.running is not None and (was.running is None or was.running != new.state.running):
        fields: dict[str, str | int] = {"restarts": new.restart_count}
        yield Transition(text="container runs", container=new.name, fields=fields)
    elif new.state.terminated is not None and was.terminated != new.state.terminated:
        yield _ended(new.name, new.state)
    elif new.state.waiting is not None and new.state.waiting.reason != _waiting(was):
        yield Transition(
            text="container waits",
            container=new.name,
            fields={"reason": new.state.waiting.reason},
        )


def _has_ended_meanwhile(old: ContainerStatus | None, new: ContainerStatus) -> bool:
    """Whether a run ended that waits, or runs again, already."""
    last = new.last_state.terminated
    if last is None or old is None or old.last_state.terminated == last:
        return False
    told = old.state.terminated
    return told is None or told.container_id != last.container_id


def _waiting(state: ContainerState) -> str:
    return state.waiting.reason if state.waiting is not None else ""


def _ended(name: str, state: ContainerState) -> Transition:
    assert state.terminated is not None
    code, reason = state.terminated.exit_code, state.terminated.reason
    return Transition(
        text="container ended",
        container=name,
        is_warning=code != 0,
        fields={"exit_code": code, "reason": reason},
    )
