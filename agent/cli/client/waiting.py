"""wait: what is waited for, and until when (kubectl: pkg/cmd/wait)."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from typing import Any

import msgspec

from agent.cli.client import jsonpath
from agent.cli.client.errors import ClientError, Refused
from agent.cli.client.files import read_objects
from agent.cli.client.following import states
from agent.cli.client.kinds import Kind, targets
from agent.cli.client.options import selection
from agent.cli.client.session import Session, TimedOut, deadline
from agent.model.gotext import quote

#: Whether a state, None for no object, is what is waited for.
Goal = Callable[[Any], bool]

_WEEK = 7 * 86400.0


class Wait(msgspec.Struct, frozen=True, kw_only=True):
    """The options of the command."""

    arguments: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    selector: str = ""
    field_selector: str = ""
    is_all: bool = False
    goal: str = ""
    timeout: float = 30.0


class _Awaited(msgspec.Struct, frozen=True):
    """One object."""

    kind: Kind
    namespace: str
    name: str


def goal_of(text: str) -> Goal:
    """What `--for` means; ClientError."""
    word = text.lower()
    if word == "delete":
        return lambda state: state is None
    if word == "create":
        return lambda state: state is not None
    if word.startswith("condition="):
        name, _, value = text[len("condition=") :].partition("=")
        return _condition(name.lower(), (value or "true").lower())
    if word.startswith("jsonpath="):
        return _field(text[len("jsonpath=") :])
    raise ClientError(f"unrecognized condition: {quote(text)}")


class Waiting:
    """One `barepod wait`."""

    def __init__(self, session: Session, wait: Wait) -> None:
        self._session = session
        self._wait = wait
        self._goal = goal_of(wait.goal)
        self._failures: list[ClientError] = []

    def run(self) -> None:
        """Return once everything is as it should be; ClientError."""
        awaited = list(self._awaited())
        if not awaited:
            if self._wait.goal.lower() != "delete":
                raise ClientError("no matching resources found")
            return
        rest = list(awaited)
        try:
            # Looking once takes time too: whoever gives none has a look at everything.
            with deadline(self._seconds()):
                while rest:
                    self._one(rest[0])
                    rest.pop(0)
        except TimedOut:
            for late in rest:
                what = f"{late.kind.plural}/{late.name}"
                self._failures.append(ClientError(f"timed out waiting for the condition on {what}"))
        self._session.complain_all(self._failures)

    def _seconds(self) -> float:
        return self._wait.timeout if self._wait.timeout >= 0 else _WEEK

    def _one(self, one: _Awaited) -> None:
        kind, session = self._wait.goal.lower(), self._session
        is_first = True
        try:
            for state in states(session.server, one.kind, one.namespace, one.name):
                if self._goal(state):
                    # As kubectl: what was never there is no news.
                    if not (kind == "delete" and is_first):
                        session.tell(f"{one.kind.shown}/{one.name} condition met")
                        sys.stdout.flush()
                    return
                if state is None and kind != "create":
                    text = f"{one.kind.full_plural} {quote(one.name)} not found"
                    raise Refused({"reason": "NotFound", "message": text, "code": 404})
                if self._wait.timeout == 0:
                    what = f"{one.kind.plural}/{one.name}"
                    self._failures.append(ClientError(f"condition not met for {what}"))
                    return
                is_first = False
        except Refused as exc:
            self._failures.append(exc)

    def _awaited(self) -> Iterator[_Awaited]:
        wait, session = self._wait, self._session
        if wait.files:
            for given in read_objects(session, wait.files):
                yield _Awaited(given.kind, given.namespace, given.name)
            return
        if not wait.arguments:
            raise ClientError("You must provide one or more resources by argument or filename")
        query = selection(wait.selector, wait.field_selector)
        for target in targets(session.kinds, wait.arguments):
            place = session.place(target.kind)
            if target.name:
                yield _Awaited(target.kind, place, target.name)
            elif query or wait.is_all:
                for item in session.server.ask("GET", target.kind.path(place), query)["items"]:
                    meta = item["metadata"]
                    yield _Awaited(target.kind, meta.get("namespace", ""), meta["name"])
            else:
                raise ClientError("resource(s) were provided, but no name was specified")


def _condition(name: str, value: str) -> Goal:
    def holds(state: Any) -> bool:
        conditions = ((state or {}).get("status") or {}).get("conditions") or ()
        return any(
            one.get("type", "").lower() == name and one.get("status", "").lower() == value
            for one in conditions
        )

    return holds


def _field(text: str) -> Goal:
    """`{.status.phase}=Running`, or just that the field is there."""
    end = text.rfind("}")
    expression, rest = (text[: end + 1], text[end + 1 :]) if end >= 0 else (text, "")
    if end < 0:
        expression, equals, value = text.partition("=")
        rest = equals + value
    if (rest and not rest.startswith("=")) or rest == "=":
        raise ClientError(f"jsonpath wait format must be --for=jsonpath='{{}}'=value: {text}")
    path = jsonpath.parse_relaxed(expression)

    def holds(state: Any) -> bool:
        found = path.find(state or {})
        if not rest:
            return bool(found)
        return bool(found) and jsonpath.show(found[0]) == rest[1:]

    return holds
