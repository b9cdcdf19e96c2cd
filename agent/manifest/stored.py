"""How does a pod look once the API server has created it? (pkg/registry/core/pod/strategy.go)"""

from __future__ import annotations

from datetime import datetime

from msgspec.structs import replace

from agent.manifest.create import prepare_for_create
from agent.model.pod import Pod
from agent.model.status import PodCondition, PodStatus


def stored_pod(
    pod: Pod,
    *,
    now: datetime,
    qos_class: str,
    namespace: str = "default",
    features: frozenset[str] = frozenset(),
) -> Pod:
    """Return a defaulted pod as create stores it, without uid and time of creation.

    `qos_class` is rules.qos.qos_class(pod). Fields behind feature gates that are off are dropped;
    `features` are on in addition to 1.34's own. Raises NamespaceMismatchError.
    """
    prepared, _ = prepare_for_create(pod, namespace, features=features)
    conditions: tuple[PodCondition, ...] = ()
    if prepared.spec.scheduling_gates:
        conditions = (
            PodCondition(
                type="PodScheduled",
                status="False",
                last_transition_time=now,
                reason="SchedulingGated",
                message="Scheduling is blocked due to non-empty scheduling gates",
            ),
        )
    return replace(
        prepared,
        status=PodStatus(phase="Pending", qos_class=qos_class, conditions=conditions),
    )
