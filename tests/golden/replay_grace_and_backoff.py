"""Grace periods, restarts and back-off."""

from __future__ import annotations

from typing import Any

from agent.model.pod import Pod
from agent.model.runtime import ContainerRun, KillReason, RunState
from agent.rules import backoff, messages
from agent.rules.grace import container_grace_period, effective_grace_period
from agent.rules.restart import should_restart
from tests.golden.recorded_runs import EPOCH, describe, read_pod


def replay(case: dict[str, Any]) -> str | None:
    """Compare one of the four kinds of question."""
    given = case["input"]
    match given["what"]:
        case "effectiveGracePeriod":
            actual = _effective(given)
        case "containerGracePeriod":
            actual = _container(given)
        case "shouldRestart":
            actual = _restart(given, frozenset(case.get("features", ())))
        case "backOff":
            actual = {"results": _back_off(given)}
        case other:
            return f"unknown question {other}"
    return describe(case["expected"], actual)


def _effective(given: dict[str, Any]) -> dict[str, Any]:
    grace = effective_grace_period(
        read_pod(given["pod"]), given["previousGracePeriod"], given.get("override")
    )
    return {"gracePeriod": grace.seconds, "gracePeriodShortened": grace.shortened}


def _container(given: dict[str, Any]) -> dict[str, Any]:
    pod = read_pod(given["pod"])
    reason = KillReason(given["killReason"])
    return {"gracePeriod": container_grace_period(pod, pod.spec.containers[0], reason)}


def _restart(given: dict[str, Any], features: frozenset[str]) -> dict[str, Any]:
    pod = read_pod(given["pod"])
    container = pod.spec.containers[0]
    status = given.get("containerStatus")
    latest = None
    if status is not None:
        latest = ContainerRun(
            name=container.name,
            container_id="c-0",
            state=RunState(status["state"]),
            created_at=EPOCH,
            exit_code=status["exitCode"],
        )
    return {"restart": should_restart(pod, container, latest, features=features)}


def _back_off(given: dict[str, Any]) -> list[dict[str, Any]]:
    entry = None
    results: list[dict[str, Any]] = []
    for step in given["steps"]:
        now = step["now"]
        if step.get("gc") and entry is not None and backoff.expired(entry, now):
            entry = None
        decision = backoff.decide(
            entry,
            step["finishedAt"],
            now,
            initial=given["initialSeconds"],
            maximum=given["maxSeconds"],
        )
        entry = decision.entry
        if decision.start:
            results.append({"delayAfterSeconds": decision.delay, "do": "start"})
        else:
            text = messages.back_off_waiting(Pod(), "c", decision.delay).partition("=")[0]
            results.append({"delaySeconds": decision.delay, "do": "wait", "text": text})
    return results
