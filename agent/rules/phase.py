"""In which phase is a pod?"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

import msgspec

from agent.model.container import Container
from agent.model.pod import Pod
from agent.model.status import ContainerStateTerminated, ContainerStatus
from agent.rules.restart import HONOURED, is_sidecar, restarts_after_exit

PENDING = "Pending"
RUNNING = "Running"
SUCCEEDED = "Succeeded"
FAILED = "Failed"
TERMINAL = frozenset({SUCCEEDED, FAILED})


def pod_phase(
    pod: Pod,
    init_statuses: Sequence[ContainerStatus],
    statuses: Sequence[ContainerStatus],
    *,
    is_terminal: bool,
    has_initialized: bool,
    is_static: bool = False,
    coming_back: Collection[str] = (),
    features: Collection[str] = HONOURED,
) -> str:
    """Return the phase that the container statuses amount to.

    `is_terminal`: the pod was told to end and nothing of it runs; `has_initialized`: a regular
    container was started in the current sandbox; `is_static`: it comes from a file, so no
    terminal phase is forced on it; `coming_back`: regular containers that were killed in order to
    be started again, so that their exit codes do not count.
    Kubernetes: getPhase (kubelet/kubelet_pods.go).
    """
    seen = _Census(pod=pod, coming_back=coming_back, features=features)
    seen.count_init(init_statuses)
    seen.count_regular(statuses)
    if seen.init_failed:
        return FAILED
    if seen.init_pending or seen.waiting or (seen.sidecars_pending and not has_initialized):
        return PENDING
    if seen.unknown or not (seen.running or seen.stopped):
        return PENDING
    if seen.running:
        return RUNNING
    if seen.restarting and not (is_terminal and not is_static):
        return RUNNING
    return SUCCEEDED if seen.stopped == seen.succeeded else FAILED


class _Census(msgspec.Struct, kw_only=True):
    """How many containers are in which state.

    `restarting` are the stopped ones that will run again. A container that waits counts as
    restarting unless its policy forbids any restart: it is only asked to wait for one.
    """

    pod: Pod
    coming_back: Collection[str]
    features: Collection[str]
    init_pending: int = 0
    init_failed: int = 0
    sidecars_pending: int = 0
    unknown: int = 0
    running: int = 0
    waiting: int = 0
    stopped: int = 0
    succeeded: int = 0
    restarting: int = 0

    def count_init(self, statuses: Iterable[ContainerStatus]) -> None:
        by_name = {status.name: status for status in statuses}
        for container in self.pod.spec.init_containers:
            status = by_name.get(container.name)
            if is_sidecar(container):
                self._count_sidecar(status)
            else:
                self._count_init_container(container, status)

    def count_regular(self, statuses: Iterable[ContainerStatus]) -> None:
        by_name = {status.name: status for status in statuses}
        for container in self.pod.spec.containers:
            self._count_regular_container(container, by_name.get(container.name))

    def _count_init_container(self, container: Container, status: ContainerStatus | None) -> None:
        ended = None if status is None else _ended(status)
        if ended is None:
            self.init_pending += 1
        elif _failed(ended) and not self._restarts(container, ended.exit_code or 1):
            self.init_failed += 1

    def _count_sidecar(self, status: ContainerStatus | None) -> None:
        if status is None:
            self.unknown += 1
        elif status.state.running is not None:
            self.running += 1
            self.sidecars_pending += not status.started
        elif _ended(status) is not None:
            return
        elif status.state.waiting is not None:
            self.sidecars_pending += 1
            self.waiting += 1
        else:
            self.sidecars_pending += 1
            self.unknown += 1

    def _count_regular_container(
        self, container: Container, status: ContainerStatus | None
    ) -> None:
        if status is None:
            self.unknown += 1
            return
        ended = _ended(status)
        if ended is not None:
            self._count_stopped(container, ended, is_over=status.state.terminated is not None)
        elif status.state.running is not None:
            self.running += 1
        elif status.state.waiting is not None:
            self.waiting += 1
        else:
            self.unknown += 1

    def _count_stopped(
        self, container: Container, ended: ContainerStateTerminated, *, is_over: bool
    ) -> None:
        self.stopped += 1
        self.succeeded += is_over and ended.exit_code == 0
        self.restarting += (
            container.name in self.coming_back
            or self._restarts(container, ended.exit_code)
            or (not is_over and self._restarts(container, ended.exit_code or 1))
        )

    def _restarts(self, container: Container, exit_code: int) -> bool:
        return restarts_after_exit(self.pod, container, exit_code, features=self.features)


def _failed(ended: ContainerStateTerminated) -> bool:
    """What ran out of memory failed (isInitContainerFailed); the kubelet's phase forgets that."""
    return ended.exit_code != 0 or ended.reason == "OOMKilled"


def _ended(status: ContainerStatus) -> ContainerStateTerminated | None:
    """The end of a container that is stopped, or that waits to be started again."""
    if status.state.running is not None:
        return None
    if status.state.terminated is not None:
        return status.state.terminated
    if status.state.waiting is not None:
        return status.last_state.terminated
    return None
