"""events: what happened, as kubectl's `events` shows it (kubectl: pkg/cmd/events)."""

from __future__ import annotations

import sys
from datetime import datetime
from typing import Any

import msgspec

from agent.cli.client.errors import ClientError, Refused
from agent.cli.client.kinds import targets
from agent.cli.client.output import as_list, printer_of, without_managers
from agent.cli.client.session import Session
from agent.cli.client.table import Layout
from agent.host.clock import wall_time
from agent.manifest.decode import decode
from agent.model import duration
from agent.model.base import ZERO_TIME
from agent.model.event import Event
from agent.model.gotext import quote

_HEADER = ["LAST SEEN", "TYPE", "REASON", "OBJECT", "MESSAGE"]
_TYPES = ("Normal", "Warning")


class Events(msgspec.Struct, frozen=True):
    """Which events are shown, and how."""

    about: str = ""
    types: str = ""
    output: str = ""
    has_header: bool = True


class Happening:
    """One `barepod events`."""

    def __init__(self, session: Session, wanted: Events) -> None:
        self._session = session
        self._wanted = wanted
        self._types = {one.capitalize() for one in wanted.types.split(",") if one}
        for one in self._types - set(_TYPES):
            raise ClientError(f"valid --types are {' or '.join(_TYPES)}, not {quote(one)}")
        self._printer = printer_of(
            wanted.output, lambda version, kind: session.kinds.of_object(version, kind)
        )

    @property
    def _path(self) -> str:
        return self._session.kinds.core("events").path(self._session.namespace)

    def show(self) -> None:
        """Print what has happened; ClientError."""
        items = self._session.server.ask("GET", self._path, self._query())["items"]
        found = [item for item in items if self._is_wanted(item)]
        found.sort(key=lambda item: last_seen(decode(Event, item).object))
        if not found:
            place = self._session.namespace
            sys.stderr.write(f"No events found{f' in {place} namespace' if place else ''}.\n")
        elif self._printer is not None:
            shown = [_with_kind(item) for item in found]
            if self._printer.is_per_object:
                sys.stdout.write("".join(map(self._printer.write, shown)))
            else:
                sys.stdout.write(self._printer.write(as_list(shown)))
        else:
            rows = [self._row(decode(Event, item).object) for item in found]
            self._write(Layout(), ([self._header()] if self._wanted.has_header else []) + rows)

    def watch(self) -> None:
        """Print what has happened and goes on happening; ClientError."""
        layout = Layout()
        has_header = not self._wanted.has_header
        for change in self._session.server.events(self._path, self._query()):
            if change["type"] == "ERROR":
                raise Refused(change["object"])
            item = change["object"]
            if change["type"] == "DELETED" or not self._is_wanted(item):
                continue
            if self._printer is not None:
                sys.stdout.write(self._printer.write(_with_kind(item)))
                sys.stdout.flush()
                continue
            rows = [self._row(decode(Event, item).object)]
            self._write(layout, rows if has_header else [self._header(), *rows])
            has_header = True

    def _query(self) -> list[tuple[str, str]]:
        if not self._wanted.about:
            return []
        if "/" not in self._wanted.about:
            raise ClientError("--for must be in resource/name form")
        (target,) = targets(self._session.kinds, [self._wanted.about])
        selector = f"involvedObject.kind={target.kind.kind},involvedObject.name={target.name}"
        return [("fieldSelector", selector)]

    def _is_wanted(self, item: dict[str, Any]) -> bool:
        return not self._types or item.get("type") in self._types

    def _header(self) -> list[str]:
        return _HEADER if self._session.namespace else ["NAMESPACE", *_HEADER]

    def _row(self, event: Event) -> list[str]:
        target = event.involved_object
        row = [
            interval(event, wall_time()),
            event.type,
            event.reason,
            f"{target.kind}/{target.name}",
            event.message.strip(),
        ]
        return row if self._session.namespace else [event.metadata.namespace, *row]

    def _write(self, layout: Layout, rows: list[list[str]]) -> None:
        for line in layout.lines(rows):
            sys.stdout.write(f"{line}\n")
        sys.stdout.flush()


def last_seen(event: Event) -> datetime:
    """When it happened last (events/event_printer.go)."""
    if event.series is not None:
        return event.series.last_observed_time or ZERO_TIME
    if event.last_timestamp is None or event.last_timestamp == ZERO_TIME:
        return event.event_time or ZERO_TIME
    return event.last_timestamp


def interval(event: Event, now: datetime) -> str:
    """`5s`, or `5s (x3 over 1m)` of an event that repeats."""
    first = (
        event.event_time if event.first_timestamp in (None, ZERO_TIME) else event.first_timestamp
    )
    if event.series is not None:
        count = event.series.count
    elif event.count > 1:
        count = event.count
    else:
        return duration.age(first, now)
    return f"{duration.age(last_seen(event), now)} (x{count} over {duration.age(first, now)})"


def _with_kind(item: dict[str, Any]) -> Any:
    return without_managers({"apiVersion": "v1", "kind": "Event", **item})
