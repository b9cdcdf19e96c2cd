"""Is a container started again?"""

from __future__ import annotations

from collections.abc import Collection

from agent.model.container import Container, ContainerRestartRule
from agent.model.pod import Pod
from agent.model.runtime import ContainerRun, RunState

#: The gate of `restartPolicy` and `restartPolicyRules` of ordinary containers (KEP-5307).
CONTAINER_RESTART_RULES = "ContainerRestartRules"
#: What barepod honours beyond the gates that are on in Kubernetes 1.34.
HONOURED: frozenset[str] = frozenset({CONTAINER_RESTART_RULES})

ALWAYS = "Always"
ON_FAILURE = "OnFailure"
NEVER = "Never"


def is_sidecar(init_container: Container) -> bool:
    """Tell a sidecar from an ordinary init container (podutil.IsRestartableInitContainer)."""
    return init_container.restart_policy == ALWAYS


def should_restart(
    pod: Pod,
    container: Container,
    latest: ContainerRun | None,
    *,
    features: Collection[str] = HONOURED,
) -> bool:
    """Return whether a container is to be started, given its latest run.

    Kubernetes: ShouldContainerBeRestarted (kubelet/container/helpers.go).
    """
    if pod.metadata.deletion_timestamp is not None:
        return False
    if latest is None:
        return True
    if latest.state is RunState.EXITED:
        return latest.comes_back or restarts_after_exit(
            pod, container, latest.exit_code, features=features
        )
    return latest.state is not RunState.RUNNING


def restarts_after_exit(
    pod: Pod, container: Container, exit_code: int, *, features: Collection[str] = HONOURED
) -> bool:
    """Return whether an exit with this code leads to another run.

    Rules come first, then the container's own policy, then the pod's.
    Kubernetes: ContainerShouldRestart (pkg/api/v1/pod/util.go).
    """
    if CONTAINER_RESTART_RULES not in features or container.restart_policy is None:
        return _policy_restarts(pod.spec.restart_policy, exit_code)
    if any(_matches(rule, exit_code) for rule in container.restart_policy_rules):
        return True
    return _policy_restarts(container.restart_policy, exit_code)


def restarts_after_kill(
    pod: Pod, container: Container, *, features: Collection[str] = HONOURED
) -> bool:
    """Return whether a container that barepod kills (a failed probe, an unknown state) comes back.

    There is no exit code yet, so no rule is asked; and OnFailure counts the kill as a failure.
    """
    if CONTAINER_RESTART_RULES in features and container.restart_policy is not None:
        return container.restart_policy != NEVER
    return pod.spec.restart_policy != NEVER


def may_ever_restart(
    pod: Pod, container: Container, *, features: Collection[str] = HONOURED
) -> bool:
    """Return whether any exit at all could lead to another run (podutil.IsContainerRestartable)."""
    has_rules = CONTAINER_RESTART_RULES in features and bool(container.restart_policy_rules)
    return has_rules or restarts_after_kill(pod, container, features=features)


def _policy_restarts(policy: str, exit_code: int) -> bool:
    if policy == NEVER:
        return False
    if policy == ON_FAILURE:
        return exit_code != 0
    return True


def _matches(rule: ContainerRestartRule, exit_code: int) -> bool:
    if rule.exit_codes is None:
        return False
    listed = exit_code in rule.exit_codes.values
    match rule.exit_codes.operator:
        case "In":
            return listed
        case "NotIn":
            return not listed
        case _:
            return False
