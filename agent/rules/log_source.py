"""Which of a container's logs is meant, or why is there none?

Kubernetes: validateContainerLogStatus (pkg/kubelet/kubelet_pods.go).
"""

from __future__ import annotations

from typing import Final

from agent.model.gotext import quote
from agent.model.pod import Pod
from agent.model.status import ContainerState, ContainerStatus

_WAITING: Final = {
    "ErrImagePull": "image can't be pulled",
    "ImagePullBackOff": "trying and failing to pull image",
}


class NoLog(Exception):
    """There is no such log; the text is Kubernetes'."""


def attempt(pod: Pod, container: str, *, previous: bool) -> int:
    """The attempt (0 is the first) whose log is to be read; raises NoLog.

    A status counts the restarts of the latest run, whether or not it has ended.
    """
    where = f"container {quote(container)} in pod {quote(pod.metadata.name)}"
    status = _status_of(pod, container)
    if status is None:
        raise NoLog(f"{where} is not available")
    state, last = status.state, status.last_state.terminated
    latest_has_ended = state.running is None and state.terminated is None
    if previous:
        if last is None or not last.container_id:
            raise NoLog(f"previous terminated {where} not found")
        return status.restart_count if latest_has_ended else max(status.restart_count - 1, 0)
    if latest_has_ended and last is None:
        raise NoLog(f"{where} is waiting to start: {_why(state)}")
    if state.terminated is not None and not state.terminated.container_id:
        raise NoLog(f"terminated {where} not found")
    return status.restart_count


def _status_of(pod: Pod, container: str) -> ContainerStatus | None:
    status = pod.status
    known = (*status.container_statuses, *status.init_container_statuses)
    return next((one for one in known if one.name == container), None)


def _why(state: ContainerState) -> str:
    reason = state.waiting.reason if state.waiting is not None else ""
    return _WAITING.get(reason, reason)
