"""Events: what is created, counted, combined and dropped."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from agent.model.event import Event
from agent.model.meta import ObjectMeta
from agent.rules.events import Correlator

START = datetime(2025, 6, 1, 12, tzinfo=UTC)


def replay(case: dict[str, Any]) -> str | None:
    """Feed the steps, each write succeeding, and compare what is done with every event."""
    correlator, seen = Correlator(), []
    for number, (at, raw) in enumerate(_events(case["input"]["steps"]), start=1):
        now = START + timedelta(seconds=at)
        event = msgspec.structs.replace(
            msgspec.convert(raw, Event),
            metadata=ObjectMeta(name=f"ev-{number}", namespace="default"),
            count=1,
            first_timestamp=now,
            last_timestamp=now,
        )
        seen.append(_described(event, at, correlator.correlate(event, now.timestamp())))
    for result, expected in zip(seen, case["expected"]["results"], strict=True):
        if result != expected:
            return f"{result} is not {expected}"
    return None


def _events(steps: list[dict[str, Any]]) -> Iterator[tuple[float, dict[str, Any]]]:
    at = 0
    for step in steps:
        at = step.get("at", at)
        for index in range(step.get("repeat", 1)):
            at += step.get("every", 0) if index else 0
            message = step["event"].get("message", "")
            message += f" {index}" if step.get("numbered") else ""
            yield at, step["event"] | {"message": message}


def _described(given: Event, at: float, event: Event | None) -> dict[str, Any]:
    result: dict[str, Any] = {"at": at, "name": given.metadata.name}
    if event is None:
        return result | {"do": "drop"}
    fields = msgspec.to_builtins(event)
    changing = {name: fields[name] for name in ("count", "lastTimestamp", "message")}
    result["event"] = changing | {
        "name": event.metadata.name,
        "firstTimestamp": fields["firstTimestamp"],
    }
    if event.count == 1:
        return result | {"do": "create"}
    return result | {"do": "patch", "patch": changing}
