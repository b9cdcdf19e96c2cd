"""Objects by kind, namespace and name, with growing versions, and those who watch them."""

from __future__ import annotations

from collections.abc import Callable
from typing import cast, overload

import msgspec

from agent.model.event import Event
from agent.store.events import EventBounds
from agent.store.interface import (
    Change,
    ChangeType,
    Conflict,
    Entry,
    Expired,
    Journal,
    Saved,
    Stored,
    T,
    Watcher,
)
from agent.store.records import RecordTable
from agent.store.watch import (
    QUEUE_LIMIT,
    History,
    Hub,
    Matches,
    Subscription,
    View,
    at_version,
    with_metadata,
)

__all__ = ["Change", "ChangeType", "MemoryStore", "T", "Watcher"]

_Name = tuple[str, str]
_Kept = tuple[Stored, int]  # with the version at which it was created


class MemoryStore:
    """All objects and records in memory; with a journal they outlive the process.

    Writers hand in whole objects; the store stamps `metadata.resourceVersion`, notes the write in
    the journal and tells the watchers, in order, before `put` returns. Watchers must not block.
    One thread, that of the event loop: what is done without an `await` in between is one
    transaction.
    """

    def __init__(
        self,
        *,
        journal: Journal | None = None,
        saved: Saved | None = None,
        monotonic: Callable[[], float] = lambda: 0.0,
        events: EventBounds | None = None,
    ) -> None:
        """`monotonic` makes events grow old; without it only their number is bounded."""
        saved = saved or Saved()
        self._version = saved.version
        self._kinds: dict[type[Stored], dict[_Name, _Kept]] = {}
        self._hub = Hub(History(saved.version))
        self._journal = journal
        self._monotonic = monotonic
        self._events = events or EventBounds()
        self.records = RecordTable(self._next_version, journal)
        self._restore(saved)

    @property
    def version(self) -> int:
        """The newest version: what a list answers as its `resourceVersion`."""
        return self._version

    @property
    def trouble(self) -> str:
        """Why what is written does not reach the disk at the moment; "" when all is well."""
        return "" if self._journal is None else self._journal.trouble

    @overload
    def put(self, obj: T) -> T: ...
    @overload
    def put(self, obj: T, *, expected_version: int) -> T | Conflict: ...

    def put(self, obj: T, *, expected_version: int | None = None) -> T | Conflict:
        """Create or replace `obj`; returns it as stored, with its new resource version.

        An object keeps the UID and the time of creation with which it came. With an expected
        version nothing is written unless the object has it; 0 means that there is none.
        """
        name = obj.metadata.namespace, obj.metadata.name
        kept = self._kinds.setdefault(type(obj), {})
        before, created = kept.get(name, (None, 0))
        if expected_version is not None and (found := _version_of(before)) != expected_version:
            return Conflict(expected_version, found)
        version = self._next_version()
        stored = _stamped(obj, before, version)
        self._note(stored, stored, version, created or version)
        kept[name] = stored, created or version
        if isinstance(stored, Event):
            self._events.written(name, self._monotonic())
        kind = ChangeType.ADDED if before is None else ChangeType.MODIFIED
        self._hub.tell(Change(kind, stored, version, before))
        if isinstance(stored, Event):
            self.expire()
        return stored

    @overload
    def delete(self, kind: type[T], namespace: str, name: str) -> T | None: ...
    @overload
    def delete(
        self, kind: type[T], namespace: str, name: str, *, expected_version: int
    ) -> T | Conflict | None: ...

    def delete(
        self, kind: type[T], namespace: str, name: str, *, expected_version: int | None = None
    ) -> T | Conflict | None:
        """Remove an object and return it with the version of its end; None when it is not there.

        With an expected version nothing is removed unless the object has it.
        """
        kept = self._kinds.get(kind, {})
        before, _ = kept.get((namespace, name), (None, 0))
        if before is None:
            return None
        if expected_version is not None and (found := _version_of(before)) != expected_version:
            return Conflict(expected_version, found)
        del kept[namespace, name]
        version = self._next_version()
        gone = at_version(before, version)
        self._note(before, None, version, version)
        if kind is Event:
            self._events.forget((namespace, name))
        self._hub.tell(Change(ChangeType.DELETED, gone, version, before))
        return cast(T, gone)

    def update(self, kind: type[T], namespace: str, name: str, edit: Callable[[T], T]) -> T | None:
        """Replace an object by what `edit` makes of the newest; None when it is not there.

        This is how two writers of one object (status here, labels there) lose nothing.
        """
        found = self.get(kind, namespace, name)
        return None if found is None else self.put(edit(found))

    def get(self, kind: type[T], namespace: str, name: str) -> T | None:
        """The object as last stored, or None."""
        found = self._kinds.get(kind, {}).get((namespace, name))
        return None if found is None else cast(T, found[0])

    def list(self, kind: type[T], namespace: str = "") -> tuple[T, ...]:
        """All objects of a kind, in one namespace or in all, in order of creation."""
        kept = cast("dict[_Name, tuple[T, int]]", self._kinds.get(kind, {}))
        if namespace:
            return tuple(obj for (where, _), (obj, _) in kept.items() if where == namespace)
        return tuple(obj for obj, _ in kept.values())

    def watch(self, watcher: Watcher) -> Callable[[], None]:
        """Call `watcher` on every change from now on; returns how to stop that.

        Watchers that write are heard in order too: what they write is told when all have heard
        of this change.
        """
        return self._hub.add_watcher(watcher)

    def subscribe(
        self,
        kind: type[Stored],
        *,
        namespace: str = "",
        since: int = 0,
        matches: Matches | None = None,
        limit: int = QUEUE_LIMIT,
    ) -> Subscription | Expired:
        """Watch one kind through a queue, from a version; 0: begin with all that is there.

        A version that was never given out has expired too: it is from another store.
        """
        view = View(kind, namespace, matches)
        backlog = self._since(view, since) if since else self._as_added(view)
        if isinstance(backlog, Expired):
            return backlog
        subscription = Subscription(
            view,
            backlog=backlog,
            newest=lambda: self._version,
            detach=self._hub.remove_subscription,
            limit=limit,
        )
        self._hub.add_subscription(subscription)
        return subscription

    async def durable(self, version: int | None = None) -> bool:
        """Wait until `version` (None: everything) is on disk.

        False when the disk takes nothing at the moment; it will follow if the process lives. A
        store without a journal promises nothing and never lets anyone wait.
        """
        if self._journal is None:
            return True
        newest = self._version
        return await self._journal.durable(newest if version is None else min(version, newest))

    def expire(self) -> float | None:
        """Delete the events that are too old or too many; returns when the next one will be."""
        for namespace, name in self._events.surplus(self._monotonic()):
            self.delete(Event, namespace, name)
        return self._events.next_end()

    def entries(self) -> tuple[Entry, ...]:
        """All there is, for a journal that starts anew."""
        objects = (
            _entry(obj, obj, _version_of(obj), created)
            for kept in self._kinds.values()
            for obj, created in kept.values()
        )
        return (*objects, *self.records.entries(self._version))

    def _restore(self, saved: Saved) -> None:
        now = self._monotonic()
        events: list[tuple[float, _Name]] = []
        for entry, age in saved.entries:
            if not hasattr(entry.value, "metadata"):
                self.records.restore(entry)
                continue
            obj = cast(Stored, entry.value)
            self._kinds.setdefault(type(obj), {})[entry.scope, entry.name] = obj, entry.created
            if isinstance(obj, Event):
                events.append((now - age, (entry.scope, entry.name)))
        for at, name in sorted(events):
            self._events.written(name, at)

    def _next_version(self) -> int:
        self._version += 1
        return self._version

    def _note(self, obj: Stored, value: Stored | None, version: int, created: int) -> None:
        if self._journal is not None:
            self._journal.note(_entry(obj, value, version, created))

    def _since(self, view: View, version: int) -> tuple[Change, ...] | Expired:
        if version > self._version:
            return Expired(version, self._hub.history.oldest)
        changes = self._hub.history.after(version)
        if isinstance(changes, Expired):
            return changes
        return tuple(seen for change in changes if (seen := view.see(change)) is not None)

    def _as_added(self, view: View) -> tuple[Change, ...]:
        return tuple(
            Change(ChangeType.ADDED, obj, _version_of(obj))
            for obj, _ in self._kinds.get(view.kind, {}).values()
            if view.holds(obj)
        )


def _entry(obj: Stored, value: Stored | None, version: int, created: int) -> Entry:
    metadata = obj.metadata
    kind = type(obj).__name__
    struct = cast("msgspec.Struct | None", value)
    return Entry(kind, metadata.namespace, metadata.name, struct, version, created)


def _version_of(obj: Stored | None) -> int:
    return 0 if obj is None else int(obj.metadata.resource_version)


def _stamped(obj: T, before: Stored | None, version: int) -> T:
    metadata = msgspec.structs.replace(obj.metadata, resource_version=str(version))
    if before is not None:
        metadata = msgspec.structs.replace(
            metadata,
            uid=before.metadata.uid or metadata.uid,
            creation_timestamp=before.metadata.creation_timestamp or metadata.creation_timestamp,
        )
    return cast(T, with_metadata(obj, metadata))
