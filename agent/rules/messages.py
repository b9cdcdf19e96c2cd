"""What is said about a container, and how long may it be?"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from agent.model import duration
from agent.model.container import Container
from agent.model.pod import Pod
from agent.model.status import ContainerState, ContainerStatus, PodStatus

#: Of the termination-message file, the last so many bytes count.
MAX_TERMINATION_MESSAGE = 4096
#: The fallback takes so many lines of the log, and of those the last so many bytes.
MAX_LOG_LINES = 80
MAX_LOG_BYTES = 2048
#: All termination messages of a pod together.
MAX_POD_TERMINATION_MESSAGES = 12288

_DEFAULT_MESSAGE_PATH = "/dev/termination-log"

CRASH_LOOP_BACK_OFF = "CrashLoopBackOff"
FALLBACK_TO_LOGS_ON_ERROR = "FallbackToLogsOnError"
#: The runtime could not even start it, so there is no log.
CONTAINER_CANNOT_RUN = "ContainerCannotRun"


def pod_reference(pod: Pod) -> str:
    """Return `NAME_NAMESPACE(UID)` (kubelet/util/format)."""
    metadata = pod.metadata
    return f"{metadata.name}_{metadata.namespace}({metadata.uid})"


def back_off_event(pod: Pod, container_name: str) -> str:
    """Return the message of the BackOff event."""
    return f"Back-off restarting failed container {container_name} in pod {pod_reference(pod)}"


def back_off_waiting(pod: Pod, container_name: str, delay: float) -> str:
    """Return the message beside CrashLoopBackOff."""
    return (
        f"back-off {duration.go_text(delay)} restarting failed"
        f" container={container_name} pod={pod_reference(pod)}"
    )


def stopping(container_name: str) -> str:
    """Return the message of the Killing event when nothing more special is known."""
    return f"Stopping container {container_name}"


def termination_message(data: bytes) -> str:
    """Return what counts of a termination-message file (or of its tail)."""
    return data[-MAX_TERMINATION_MESSAGE:].decode(errors="replace")


def names_message_path(container: Container) -> bool:
    """Whether the container is to find its message file at `terminationMessagePath`.

    To show it there takes a mount namespace, which nobody should pay for without need: the path is
    not the usual one, or command, arguments, variables or hooks name it.
    """
    path = container.termination_message_path
    if not path.startswith("/"):
        return False
    if path != _DEFAULT_MESSAGE_PATH:
        return True
    hooks = container.lifecycle
    handlers = (hooks.post_start, hooks.pre_stop) if hooks is not None else ()
    texts = [*container.command, *container.args, *(one.value for one in container.env)]
    for handler in handlers:
        if handler is not None and handler.exec is not None:
            texts += handler.exec.command
    return any(path in text for text in texts)


def mounts_something(pod: Pod) -> bool:
    """Whether any container of the pod has a view of its own."""
    spec = pod.spec
    return bool(spec.volumes) or any(
        names_message_path(one) for one in (*spec.init_containers, *spec.containers)
    )


def unreadable(path: str, error: str) -> str:
    """Return what stands for a termination-message file that exists but cannot be read."""
    return f"Error on reading termination log {path}: {error}"


def unreadable_log(error: str) -> str:
    """Return what stands for the end of a log that cannot be read.

    Kubernetes: readLastStringFromContainerLogs (kuberuntime_container.go).
    """
    return f"Error on reading termination message from logs: {error}"


def falls_back_to_logs(policy: str, *, exit_code: int, reason: str, is_empty: bool) -> bool:
    """Return whether the log's tail stands for the termination message.

    `is_empty`: the file is missing or has nothing in it; a file that cannot be read is not empty.
    """
    return (
        is_empty
        and policy == FALLBACK_TO_LOGS_ON_ERROR
        and exit_code != 0
        and reason != CONTAINER_CANNOT_RUN
    )


def log_tail(lines: Iterable[bytes]) -> str:
    """Return what counts of a container's log; each line has its newline, streams are mixed."""
    last = list(lines)[-MAX_LOG_LINES:]
    return b"".join(last)[-MAX_LOG_BYTES:].decode(errors="replace")


def terminated_message(from_host: str, from_container: str) -> str:
    """Join what the host says of an exit with what the container said."""
    return ": ".join(part for part in (from_host, from_container) if part)


def limit_messages(pod: Pod, status: PodStatus) -> PodStatus:
    """Cut the termination messages to the pod's allowance (status_manager.go: normalizeStatus)."""
    spec = pod.spec
    count = len(spec.containers) + len(spec.init_containers) + len(spec.ephemeral_containers)
    share = MAX_POD_TERMINATION_MESSAGES // max(count, 1)

    def cut(statuses: tuple[ContainerStatus, ...]) -> tuple[ContainerStatus, ...]:
        return tuple(_cut_status(one, share) for one in statuses)

    return msgspec.structs.replace(
        status,
        container_statuses=cut(status.container_statuses),
        init_container_statuses=cut(status.init_container_statuses),
        ephemeral_container_statuses=cut(status.ephemeral_container_statuses),
    )


def _cut_status(status: ContainerStatus, share: int) -> ContainerStatus:
    state, last_state = _cut_state(status.state, share), _cut_state(status.last_state, share)
    if state is status.state and last_state is status.last_state:  # nearly always
        return status
    return msgspec.structs.replace(status, state=state, last_state=last_state)


def _cut_state(state: ContainerState, share: int) -> ContainerState:
    ended = state.terminated
    if ended is None or len(ended.message) * 4 <= share:
        return state
    data = ended.message.encode()
    if len(data) <= share:
        return state
    message = data[:share].decode(errors="ignore")
    return msgspec.structs.replace(
        state, terminated=msgspec.structs.replace(ended, message=message)
    )
