"""What does the API show of each container?"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime

import msgspec

from agent.model.container import Container, ResourceRequirements, VolumeMount
from agent.model.pod import Pod
from agent.model.runtime import CONTAINER_ID_SCHEME, ContainerRun, RunState
from agent.model.status import (
    ContainerState,
    ContainerStateRunning,
    ContainerStateTerminated,
    ContainerStateWaiting,
    ContainerStatus,
    PodStatus,
    VolumeMountStatus,
)
from agent.rules.restart import HONOURED, should_restart
from agent.rules.runs import newest_first

CONTAINER_CREATING = "ContainerCreating"
POD_INITIALIZING = "PodInitializing"
CONTAINER_STATUS_UNKNOWN = "ContainerStatusUnknown"
#: The exit code of a container of which nothing is known any more.
EXIT_CODE_UNKNOWN = 137
LOST_WHEN_DELETED = (
    "The container could not be located when the pod was deleted.  The container used to be Running"
)
LOST_WHEN_TERMINATED = "The container could not be located when the pod was terminated"

#: Name of a container -> reason and message of its last failed start (kubelet: reasonCache).
StartFailures = Mapping[str, tuple[str, str]]


class ContainerStatuses(msgspec.Struct, frozen=True, kw_only=True):
    """The statuses of a pod's containers, by kind."""

    init: tuple[ContainerStatus, ...]
    regular: tuple[ContainerStatus, ...]
    ephemeral: tuple[ContainerStatus, ...] = ()


def container_statuses(
    pod: Pod,
    runs: Sequence[ContainerRun],
    old: PodStatus | None,
    start_failures: StartFailures,
    *,
    features: Collection[str] = HONOURED,
) -> ContainerStatuses:
    """Return the statuses, regular ones sorted by name, init ones in the order of the spec.

    `ready` and `started` are left to `rules.readiness`. `old` is what was published last.
    Kubernetes: convertStatusToAPIStatus, convertToAPIContainerStatuses (kubelet_pods.go).
    """
    before = old or PodStatus()
    by_name: dict[str, list[ContainerRun]] = {}
    for run in newest_first(runs):
        by_name.setdefault(run.name, []).append(run)

    def convert(
        containers: Iterable[Container],
        previous: Iterable[ContainerStatus],
        *,
        is_init: bool = False,
    ) -> tuple[ContainerStatus, ...]:
        known = {status.name: status for status in previous}
        return tuple(
            _Conversion(
                pod=pod,
                container=container,
                runs=by_name.get(container.name, []),
                old=known.get(container.name),
                failure=start_failures.get(container.name),
                is_init=is_init,
                features=features,
            ).status()
            for container in containers
        )

    regular = convert(pod.spec.containers, before.container_statuses)
    ephemeral = convert(pod.spec.ephemeral_containers, before.ephemeral_container_statuses)
    return ContainerStatuses(
        init=convert(pod.spec.init_containers, before.init_container_statuses, is_init=True),
        regular=tuple(sorted(regular, key=lambda status: status.name)),
        ephemeral=tuple(sorted(ephemeral, key=lambda status: status.name)),
    )


class _Conversion(msgspec.Struct, frozen=True, kw_only=True):
    """All that is known of one container."""

    pod: Pod
    container: Container
    runs: Sequence[ContainerRun]
    old: ContainerStatus | None
    failure: tuple[str, str] | None
    is_init: bool
    features: Collection[str]

    def status(self) -> ContainerStatus:
        status = self._from_runs() if self.runs else self._without_runs()
        return self._with_start_failure(status)

    def _from_runs(self) -> ContainerStatus:
        status = self._from_run(self.runs[0])
        if len(self.runs) == 1:
            return status
        return msgspec.structs.replace(status, last_state=self._from_run(self.runs[1]).state)

    def _from_run(self, run: ContainerRun) -> ContainerStatus:
        restart_count = run.restart_count
        if run.state is RunState.UNKNOWN and self._was_running():
            # No exit was seen, so the host cannot have counted it.
            restart_count = self._old_restart_count() + 1
        return ContainerStatus(
            name=run.name,
            state=self._state_of(run),
            restart_count=restart_count,
            image=run.image,
            image_id=run.image_id,
            container_id=CONTAINER_ID_SCHEME + run.container_id,
            allocated_resources=self.container.resources.requests,
            resources=ResourceRequirements(
                limits=self.container.resources.limits,
                requests=self.container.resources.requests,
            ),
            volume_mounts=self._volume_mounts(),
        )

    def _state_of(self, run: ContainerRun) -> ContainerState:
        match run.state:
            case RunState.RUNNING:
                started_at = _whole_seconds(run.started_at)
                return ContainerState(running=ContainerStateRunning(started_at=started_at))
            case RunState.EXITED:
                return ContainerState(terminated=_terminated(run))
            case RunState.UNKNOWN if self._was_running():
                return ContainerState(terminated=lost(LOST_WHEN_TERMINATED))
            case RunState.CREATED | RunState.UNKNOWN:
                return ContainerState(waiting=ContainerStateWaiting())

    def _without_runs(self) -> ContainerStatus:
        """Nothing ran yet, or the record of it is gone."""
        if self.old is not None and self.old.state.terminated is not None:
            return self.old
        status = ContainerStatus(
            name=self.container.name,
            image=self.container.image,
            state=ContainerState(waiting=ContainerStateWaiting(reason=self._default_reason())),
            volume_mounts=self._volume_mounts(),
            restart_count=self._old_restart_count(),
            last_state=ContainerState() if self.old is None else self.old.last_state,
        )
        if not self._was_running() or status.last_state.terminated is not None:
            return status
        is_deleted = self.pod.metadata.deletion_timestamp is not None
        return msgspec.structs.replace(
            status,
            last_state=ContainerState(terminated=lost(LOST_WHEN_DELETED)),
            restart_count=status.restart_count + (0 if is_deleted else 1),
        )

    def _with_start_failure(self, status: ContainerStatus) -> ContainerStatus:
        """A container that is to be started, but could not be, is waiting."""
        latest = self.runs[0] if self.runs else None
        if self.failure is None or (self.is_init and _succeeded(latest)):
            return status
        if not should_restart(self.pod, self.container, latest, features=self.features):
            return status
        reason, message = self.failure
        waiting = ContainerState(waiting=ContainerStateWaiting(reason=reason, message=message))
        last_state = status.last_state if status.state.terminated is None else status.state
        return msgspec.structs.replace(status, state=waiting, last_state=last_state)

    def _default_reason(self) -> str:
        return POD_INITIALIZING if self.pod.spec.init_containers else CONTAINER_CREATING

    def _was_running(self) -> bool:
        return self.old is not None and self.old.state.running is not None

    def _old_restart_count(self) -> int:
        return 0 if self.old is None else self.old.restart_count

    def _volume_mounts(self) -> tuple[VolumeMountStatus, ...]:
        if self.old is not None and self.old.volume_mounts:
            return self.old.volume_mounts
        return tuple(_mount_status(mount) for mount in self.container.volume_mounts)


def lost(message: str) -> ContainerStateTerminated:
    """Return the end of a container of which nothing is known any more."""
    return ContainerStateTerminated(
        exit_code=EXIT_CODE_UNKNOWN, reason=CONTAINER_STATUS_UNKNOWN, message=message
    )


def _terminated(run: ContainerRun) -> ContainerStateTerminated:
    return ContainerStateTerminated(
        exit_code=run.exit_code,
        reason=run.reason,
        message=run.message,
        started_at=_whole_seconds(run.started_at),
        finished_at=_whole_seconds(run.finished_at),
        container_id=CONTAINER_ID_SCHEME + run.container_id,
    )


def _succeeded(run: ContainerRun | None) -> bool:
    return run is not None and run.state is RunState.EXITED and run.exit_code == 0


def _whole_seconds(time: datetime | None) -> datetime | None:
    return None if time is None else time.replace(microsecond=0)


def _mount_status(mount: VolumeMount) -> VolumeMountStatus:
    return VolumeMountStatus(
        name=mount.name,
        mount_path=mount.mount_path,
        read_only=mount.read_only,
        recursive_read_only=_recursion(mount) if mount.read_only else None,
    )


def _recursion(mount: VolumeMount) -> str:
    """What surely holds: with IfPossible only the kernel knows."""
    return "Enabled" if mount.recursive_read_only == "Enabled" else "Disabled"
