"""Events: what is created, counted, combined and dropped."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from agent.model.event import Event
from agent.model.meta import ObjectMeta
from agent.rules.event_correlator import EventCorrelator

START = datetime(2025, 6, 1, 12, tzinfo=UTC)


def replay(case: dict[str, Any]) -> str | None:
    """Feed the steps, each write succeeding, and compare what is done with every event."""
    correlator, seen = EventCorrelator(), []
    for number, (at, raw) in enumerate(_events(case["input"]["steps"]), start=1):
        now = START + timedelta(seconds=at)
        event = msgspec.structs.replace(
            msgspec.convert(raw, Event),
            metadata=ObjectMeta(name=f"ev-{number}", namespace="default"),
            count=1,
            first_timestamp=now,
            last_timestamp=now,
        )
        now_ns = round(now.timestamp()) * 10**9
        done = correlator.correlate(event, at=at, now_ns=now_ns)
        seen.append(_described(event, at, done.event, done.patch))
        if done.event is not None:
            stored = msgspec.structs.replace(
                done.event.metadata, resource_version=f"{1000 + number}"
            )
            correlator.stored(msgspec.structs.replace(done.event, metadata=stored))
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


def _described(
    given: Event, at: float, event: Event | None, patch: dict[str, object] | None
) -> dict[str, Any]:
    result: dict[str, Any] = {"at": at, "name": given.metadata.name}
    if event is None:
        return result | {"do": "drop"}
    fields = msgspec.to_builtins(event)
    shown = {name: fields[name] for name in ("count", "firstTimestamp", "lastTimestamp", "message")}
    result |= {"do": "create", "event": shown | {"name": event.metadata.name}}
    if patch is not None:
        result |= {"do": "patch", "patch": msgspec.to_builtins(patch)}
    return result
