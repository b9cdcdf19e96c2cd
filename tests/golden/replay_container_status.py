"""How runs of containers become container statuses, and these a phase."""

from __future__ import annotations

from typing import Any

import msgspec

from agent.model.runtime import CONTAINER_ID_SCHEME
from agent.model.status import ContainerStatus, PodStatus
from agent.rules.container_status import container_statuses
from agent.rules.phase import pod_phase
from agent.rules.status import has_initialized
from tests.golden.recorded_runs import describe, read_pod, read_runs

RECORDED_SCHEME = "mini://"


def replay(case: dict[str, Any]) -> str | None:
    """Compare statuses and phase; `ready` and `started` are not decided here."""
    given = case["input"]
    features = frozenset(case.get("features", ()))
    pod = read_pod(given["pod"])
    runs = read_runs(pod, given["runtimeContainers"])
    failures = {
        name: (reason, message)
        for name, (reason, message) in given.get("startFailures", {}).items()
    }
    old = msgspec.convert(given["oldStatus"], PodStatus) if "oldStatus" in given else None
    statuses = container_statuses(pod, runs, old, failures, features=features)
    phase = pod_phase(
        pod,
        statuses.init,
        statuses.regular,
        is_terminal=given.get("podIsTerminal", False),
        has_initialized=has_initialized(pod, runs),
        features=features,
    )
    actual = {
        "containerStatuses": [_plain(one) for one in statuses.regular],
        "initContainerStatuses": [_plain(one) for one in statuses.init],
        "phase": phase,
    }
    return describe(case["expected"], actual)


def _plain(status: ContainerStatus) -> Any:
    text = msgspec.json.encode(status).decode()
    return msgspec.json.decode(text.replace(CONTAINER_ID_SCHEME, RECORDED_SCHEME))
