"""Which init container or sidecar is started or killed next?"""

from __future__ import annotations

from collections.abc import Collection, Mapping

import msgspec

from agent.model.container import Container
from agent.model.pod import Pod
from agent.model.runtime import ContainerRun, KillReason, ProbeResult, RunState
from agent.rules.actions import ContainerKill, definition_changed, unknown_state
from agent.rules.restart import (
    CONTAINER_RESTART_RULES,
    HONOURED,
    NEVER,
    is_sidecar,
    restarts_after_kill,
    should_restart,
)


class InitActions(msgspec.Struct, frozen=True, kw_only=True):
    """What the init containers need; `initialized` opens the regular containers.

    `failed`: an init container ended for good, hence the pod.
    """

    initialized: bool
    failed: bool = False
    start: tuple[str, ...] = ()
    kill: tuple[ContainerKill, ...] = ()


def compute_init_actions(
    pod: Pod,
    latest: Mapping[str, ContainerRun],
    *,
    liveness: Mapping[str, ProbeResult],
    startup: Mapping[str, ProbeResult],
    features: Collection[str] = HONOURED,
) -> InitActions:
    """Look at the init containers from last to first, since records of early ones may be gone.

    Kubernetes: computeInitContainerActions (kuberuntime_container.go).
    """
    if not pod.spec.init_containers:
        return InitActions(initialized=True)
    walk = _Walk(
        pod=pod,
        latest=latest,
        liveness=liveness,
        startup=startup,
        features=features,
        initialized=_regular_container_lives(pod, latest),
    )
    return walk.run()


def _regular_container_lives(pod: Pod, latest: Mapping[str, ContainerRun]) -> bool:
    """An exited regular container proves nothing: it may be of the sandbox before this one."""
    return any(
        container.name in latest
        and latest[container.name].state in (RunState.CREATED, RunState.RUNNING)
        for container in pod.spec.containers
    )


class _Walk(msgspec.Struct, kw_only=True):
    """The way from the last init container to the first."""

    pod: Pod
    latest: Mapping[str, ContainerRun]
    liveness: Mapping[str, ProbeResult]
    startup: Mapping[str, ProbeResult]
    features: Collection[str]
    initialized: bool
    later_was_reached: bool = False
    failed: bool = False
    start: list[int] = msgspec.field(default_factory=list)
    kill: list[ContainerKill] = msgspec.field(default_factory=list)

    def run(self) -> InitActions:
        self.later_was_reached = self.initialized
        names = [container.name for container in self.pod.spec.init_containers]
        for index in reversed(range(len(names))):
            self._visit(index)
            if self.failed:
                return InitActions(initialized=False, failed=True, kill=tuple(self.kill))
        if not self.later_was_reached:
            self.start.append(0)
        return InitActions(
            initialized=self.initialized,
            start=tuple(names[index] for index in reversed(self.start)),
            kill=tuple(self.kill),
        )

    def _visit(self, index: int) -> None:
        container = self.pod.spec.init_containers[index]
        run = self.latest.get(container.name)
        if run is None:
            if self.later_was_reached and is_sidecar(container):
                self.start.append(index)
            return
        if is_sidecar(container):
            self._visit_sidecar(index, container, run)
        elif not self.later_was_reached:
            self._visit_ordinary(index, container, run)
        self.later_was_reached = True

    def _visit_sidecar(self, index: int, container: Container, run: ContainerRun) -> None:
        if run.state is RunState.RUNNING:
            self._visit_running_sidecar(index, container, run)
            return
        if run.state is RunState.UNKNOWN:
            self.kill.append(unknown_state(run, is_init=True))
        self.start.append(index)

    def _visit_running_sidecar(self, index: int, container: Container, run: ContainerRun) -> None:
        if container.startup_probe is not None:
            result = self.startup.get(run.container_id)
            if result is ProbeResult.FAILURE:
                self._replace(index, run, "failed startup probe", KillReason.STARTUP_PROBE)
            if result is not ProbeResult.SUCCESS:
                return
        self._pass(index)
        if definition_changed(container, run):
            self._replace(index, run, "definition changed", KillReason.NONE)
        elif (
            container.liveness_probe is not None
            and self.liveness.get(run.container_id) is ProbeResult.FAILURE
        ):
            self._replace(index, run, "failed liveness probe", KillReason.LIVENESS_PROBE)

    def _visit_ordinary(self, index: int, container: Container, run: ContainerRun) -> None:
        match run.state:
            case RunState.RUNNING:
                return
            case RunState.CREATED:
                self.start.append(index)
            case RunState.EXITED if not init_run_failed(run):
                self._pass(index)
            case RunState.EXITED:
                self._retry(index, restart=self._restarts_after_failure(container, run))
            case RunState.UNKNOWN:
                restart = restarts_after_kill(self.pod, container, features=self.features)
                if restart:
                    self.kill.append(unknown_state(run, is_init=True))
                self._retry(index, restart=restart)

    def _pass(self, index: int) -> None:
        """This one is initialised: the next may start, or the regular containers."""
        if index == len(self.pod.spec.init_containers) - 1:
            self.initialized = True
        elif not self.later_was_reached:
            self.start.append(index + 1)

    def _replace(self, index: int, run: ContainerRun, why: str, reason: KillReason) -> None:
        message = f"Init container {run.name} {why}"
        self.kill.append(
            ContainerKill(
                container_id=run.container_id,
                name=run.name,
                message=message,
                reason=reason,
                is_init=True,
            )
        )
        self.start.append(index)

    def _retry(self, index: int, *, restart: bool) -> None:
        if restart:
            self.start.append(index)
        else:
            self.failed = True

    def _restarts_after_failure(self, container: Container, run: ContainerRun) -> bool:
        if CONTAINER_RESTART_RULES in self.features and container.restart_policy is not None:
            return should_restart(self.pod, container, run, features=self.features)
        return self.pod.spec.restart_policy != NEVER


def init_run_failed(run: ContainerRun) -> bool:
    """Return whether an ended run of an init container failed (isInitContainerFailed)."""
    return run.exit_code != 0 or run.reason == "OOMKilled"
