"""What is to be done next for a pod?"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import msgspec

from agent.model.container import Container
from agent.model.pod import Pod
from agent.model.runtime import ContainerRun, KillReason, ProbeResult, RunState, Sandbox
from agent.rules import init as init_rules
from agent.rules.actions import (
    ContainerKill,
    PodActions,
    container_hash,
    definition_changed,
    unknown_state,
)
from agent.rules.restart import (
    CONTAINER_RESTART_RULES,
    HONOURED,
    ON_FAILURE,
    may_ever_restart,
    restarts_after_exit,
    restarts_after_kill,
    should_restart,
)
from agent.rules.runs import latest_by_name
from agent.rules.sandbox import judge_sandbox

__all__ = ["ContainerKill", "PodActions", "compute_pod_actions", "container_hash"]


def compute_pod_actions(
    pod: Pod,
    runs: Sequence[ContainerRun],
    sandboxes: Sequence[Sandbox],
    *,
    liveness: Mapping[str, ProbeResult],
    startup: Mapping[str, ProbeResult],
    features: Collection[str] = HONOURED,
) -> PodActions:
    """Decide from what is wanted and what is there.

    `runs` may be in any order, of this sandbox and of earlier ones; `sandboxes` are newest first;
    the probe results are keyed by (bare) container id, a container without an entry has none yet.
    Kubernetes: computePodActions (kuberuntime_manager.go).
    """
    verdict = judge_sandbox(pod, sandboxes)
    latest = latest_by_name(runs)
    actions = PodActions(
        kill_pod=verdict.changed,
        create_sandbox=verdict.changed,
        sandbox_id=verdict.sandbox_id,
        attempt=verdict.attempt,
    )
    if verdict.changed:
        return _begin_anew(pod, latest, actions, features)
    init = init_rules.compute_init_actions(
        pod, latest, liveness=liveness, startup=startup, features=features
    )
    actions = msgspec.structs.replace(
        actions,
        kill_pod=init.failed,
        init_containers_to_start=init.start,
        ephemeral_containers_to_start=tuple(
            container.name
            for container in pod.spec.ephemeral_containers
            if container.name not in latest
        ),
        containers_to_kill=init.kill,
    )
    if init.failed or not init.initialized:
        return actions
    regular = _RegularContainers(pod=pod, latest=latest, features=features)
    for container in pod.spec.containers:
        regular.visit(container, liveness=liveness, startup=startup)
    return regular.added_to(actions)


def _begin_anew(
    pod: Pod,
    latest: Mapping[str, ContainerRun],
    actions: PodActions,
    features: Collection[str],
) -> PodActions:
    """Kill what is left; make a new sandbox unless the pod has done its work."""
    goes_on = any(may_ever_restart(pod, c, features=features) for c in pod.spec.containers)
    if not goes_on and actions.attempt != 0 and latest:
        return msgspec.structs.replace(actions, create_sandbox=False)
    containers = tuple(
        container.name
        for container in pod.spec.containers
        if not _has_done_its_work(pod, container, latest.get(container.name), features)
    )
    if not containers and _any_regular_container_created(pod, latest):
        return msgspec.structs.replace(actions, create_sandbox=False)
    if pod.spec.init_containers:
        return msgspec.structs.replace(
            actions, init_containers_to_start=(pod.spec.init_containers[0].name,)
        )
    return msgspec.structs.replace(actions, containers_to_start=containers)


def _has_done_its_work(
    pod: Pod, container: Container, run: ContainerRun | None, features: Collection[str]
) -> bool:
    if run is None:
        return False
    has_own_policy = any(c.restart_policy is not None for c in pod.spec.containers)
    if CONTAINER_RESTART_RULES in features and has_own_policy:
        return run.state is RunState.EXITED and not restarts_after_exit(
            pod, container, run.exit_code, features=features
        )
    return (
        pod.spec.restart_policy == ON_FAILURE
        and run.state is not RunState.RUNNING
        and run.exit_code == 0
    )


def _any_regular_container_created(pod: Pod, latest: Mapping[str, ContainerRun]) -> bool:
    return any(
        container.name in latest and latest[container.name].state is not RunState.UNKNOWN
        for container in pod.spec.containers
    )


class _RegularContainers(msgspec.Struct, kw_only=True):
    """The decisions about the regular containers, one after the other."""

    pod: Pod
    latest: Mapping[str, ContainerRun]
    features: Collection[str]
    kept: int = 0
    start: list[str] = msgspec.field(default_factory=list)
    kill: list[ContainerKill] = msgspec.field(default_factory=list)

    def visit(
        self,
        container: Container,
        *,
        liveness: Mapping[str, ProbeResult],
        startup: Mapping[str, ProbeResult],
    ) -> None:
        run = self.latest.get(container.name)
        if run is None or run.state is not RunState.RUNNING:
            self._visit_stopped(container, run)
            return
        restart = restarts_after_kill(self.pod, container, features=self.features)
        if definition_changed(container, run):
            self._kill(run, "definition changed", KillReason.NONE, restart=True)
        elif liveness.get(run.container_id) is ProbeResult.FAILURE:
            self._kill(run, "failed liveness probe", KillReason.LIVENESS_PROBE, restart=restart)
        elif startup.get(run.container_id) is ProbeResult.FAILURE:
            self._kill(run, "failed startup probe", KillReason.STARTUP_PROBE, restart=restart)
        else:
            self.kept += 1

    def _visit_stopped(self, container: Container, run: ContainerRun | None) -> None:
        if not should_restart(self.pod, container, run, features=self.features):
            return
        self.start.append(container.name)
        if run is not None and run.state is RunState.UNKNOWN:
            self.kill.append(unknown_state(run, is_init=False))

    def _kill(self, run: ContainerRun, why: str, reason: KillReason, *, restart: bool) -> None:
        message = f"Container {run.name} {why}"
        if restart:
            message += ", will be restarted"
            self.start.append(run.name)
        self.kill.append(
            ContainerKill(
                container_id=run.container_id, name=run.name, message=message, reason=reason
            )
        )

    def added_to(self, actions: PodActions) -> PodActions:
        """With nothing to keep and nothing to start the pod is over, sidecars included."""
        over = not self.kept and not self.start
        return msgspec.structs.replace(
            actions,
            kill_pod=over,
            init_containers_to_start=() if over else actions.init_containers_to_start,
            containers_to_start=tuple(self.start),
            containers_to_kill=actions.containers_to_kill + tuple(self.kill),
        )
