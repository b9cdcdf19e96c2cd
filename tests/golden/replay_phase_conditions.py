"""How container statuses become a phase and conditions."""

from __future__ import annotations

from typing import Any

import msgspec

from agent.model.status import ContainerStatus
from agent.rules.conditions import all_conditions
from agent.rules.phase import pod_phase
from tests.golden.recorded_runs import describe, read_pod

RECORDED = ("Initialized", "Ready", "ContainersReady")


def replay(case: dict[str, Any]) -> str | None:
    """Compare phase and the three conditions, without times."""
    given = case["input"]
    pod = read_pod(given["pod"])
    init, regular = (
        msgspec.convert(given.get(key, ()), tuple[ContainerStatus, ...])
        for key in ("initContainerStatuses", "containerStatuses")
    )
    phase = pod_phase(
        pod,
        init,
        regular,
        is_terminal=given["podIsTerminal"],
        has_initialized=given["hasInitialized"],
        features=frozenset(case.get("features", ())),
    )
    conditions = all_conditions(
        pod, (init + regular) or None, phase, (), foreign=pod.status.conditions
    )
    shown = [
        {key: value for key, value in msgspec.to_builtins(condition).items() if value}
        for condition in conditions
        if condition.type in RECORDED
    ]
    return describe(case["expected"], {"conditions": shown, "phase": phase})
