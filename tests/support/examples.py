"""What an example promises in `barepod.dev/expect`, and whether a run of it has kept that.

The grammar is described in config/examples/README.md.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from agent.model.event import Event
from agent.model.pod import Pod

ANNOTATION = "barepod.dev/expect"
_PHASES = ("Running", "Succeeded", "Failed")
_ONCE_READY = ("True",)
_RESTARTS = re.compile(r"restarts(=|>=)(\d+)")


@dataclass(frozen=True, kw_only=True)
class Expectation:
    """One annotation, taken apart."""

    phase: str
    readiness: tuple[str, ...] = ()
    restarts: int | None = None
    may_restart_more: bool = False
    events: tuple[str, ...] = ()

    @property
    def ends(self) -> bool:
        """Whether the pod ends by itself."""
        return self.phase != "Running"


@dataclass
class Seen:
    """What was published of one pod so far."""

    phases: list[str] = field(default_factory=list)
    readiness: list[str] = field(default_factory=list)
    restarts: int = 0
    events: set[str] = field(default_factory=set)


def parse(text: str) -> Expectation:
    """Read an annotation; ValueError names the clause that is wrong."""
    phase, restarts, more = "", None, False
    readiness: tuple[str, ...] = ()
    events: tuple[str, ...] = ()
    for clause in (part.strip() for part in text.split(";")):
        name, _, values = clause.partition(":")
        if clause in _PHASES and not phase:
            phase = clause
        elif clause == "ready":
            readiness = readiness or _ONCE_READY
        elif name == "readiness" and _all_in(values.split(), ("True", "False")):
            readiness = tuple(values.split())
        elif name == "events" and values.strip():
            events = tuple(value.strip() for value in values.split(","))
        elif (match := _RESTARTS.fullmatch(clause)) is not None:
            restarts, more = int(match[2]), match[1] == ">="
        else:
            raise ValueError(f"{ANNOTATION}: {clause!r} is no clause, or one too many")
    if not phase:
        raise ValueError(f"{ANNOTATION}: names none of the phases {', '.join(_PHASES)}")
    return Expectation(
        phase=phase, readiness=readiness, restarts=restarts, may_restart_more=more, events=events
    )


def _all_in(words: list[str], allowed: Iterable[str]) -> bool:
    return bool(words) and set(words) <= set(allowed)


def seen_of(changes: Iterable[tuple[str, Pod | Event]], name: str) -> Seen:
    """Sum up the watch events about one pod."""
    seen = Seen()
    for _, obj in changes:
        if isinstance(obj, Event):
            if obj.involved_object.name == name:
                seen.events.add(obj.reason)
        elif obj.metadata.name == name:
            _add(seen, obj)
    return seen


def _add(seen: Seen, pod: Pod) -> None:
    status = pod.status
    _append_new(seen.phases, status.phase)
    for condition in status.conditions:
        if condition.type == "Ready":
            _append_new(seen.readiness, condition.status)
    containers = (*status.init_container_statuses, *status.container_statuses)
    seen.restarts = max(seen.restarts, sum(one.restart_count for one in containers))


def _append_new(values: list[str], value: str) -> None:
    if value and values[-1:] != [value]:
        values.append(value)


def unmet(expected: Expectation, seen: Seen) -> list[str]:
    """What is not (yet) as promised; empty when all is."""
    found = []
    if expected.ends and seen.phases[-1:] != [expected.phase]:
        found.append(f"phase {expected.phase}, but it went {seen.phases}")
    if not expected.ends and expected.phase not in seen.phases:
        found.append(f"phase {expected.phase}, but it went {seen.phases}")
    if not _is_subsequence(expected.readiness, seen.readiness):
        found.append(f"readiness {expected.readiness}, but it went {seen.readiness}")
    if expected.restarts is not None and not _restarts_fit(expected, seen.restarts):
        found.append(f"{expected.restarts} restarts, but there were {seen.restarts}")
    missing = [reason for reason in expected.events if reason not in seen.events]
    if missing:
        found.append(f"events {missing}, but there were only {sorted(seen.events)}")
    return found


def _restarts_fit(expected: Expectation, count: int) -> bool:
    wanted = expected.restarts or 0
    return count >= wanted if expected.may_restart_more else count == wanted


def _is_subsequence(wanted: tuple[str, ...], values: list[str]) -> bool:
    rest = iter(values)
    return all(any(value == one for value in rest) for one in wanted)
