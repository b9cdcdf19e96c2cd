"""What may one ask of a store, whatever is behind it?

Kubernetes words: objects have a `resourceVersion` that grows over all objects; a watch is a list of
changes after a version; a version that is too old for that has expired (410 Gone).
"""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol, TypeVar, overload

import msgspec

from agent.model.meta import ObjectMeta

if TYPE_CHECKING:
    from agent.store.records import RecordTable
    from agent.store.watch import Subscription


class ChangeType(StrEnum):
    """What happened to an object (Kubernetes: watch.EventType)."""

    ADDED = "ADDED"
    MODIFIED = "MODIFIED"
    DELETED = "DELETED"


class Stored(Protocol):
    """What can be stored: any frozen object of the model that has metadata."""

    @property
    def metadata(self) -> ObjectMeta: ...


T = TypeVar("T", bound=Stored)


class Change(msgspec.Struct, frozen=True):
    """One change of one object, as watchers see it.

    A deleted object bears the version of its deletion. `before` is what it took the place of.
    """

    type: ChangeType
    object: Stored
    version: int = 0
    before: Stored | None = None


Watcher = Callable[[Change], None]


class Conflict(msgspec.Struct, frozen=True):
    """A write that expected another version; `found` is 0 when the object does not exist.

    The API answers 409: AlreadyExists when 0 was expected, Conflict otherwise.
    """

    expected: int
    found: int


class Expired(msgspec.Struct, frozen=True):
    """A watch from a version whose successors are not all remembered (410 Gone)."""

    requested: int
    oldest: int

    @property
    def message(self) -> str:
        """What kubectl prints (apiserver: storage/errors, NewTooOldResourceVersion...)."""
        return f"too old resource version: {self.requested} ({self.oldest})"


class Store(Protocol):
    """Objects by kind, namespace and name. Everything but `durable` is done at once.

    Reads and writes happen in the event loop's thread and never wait for a disk.
    """

    records: RecordTable

    @property
    def version(self) -> int:
        """The newest version: what a list answers as its `resourceVersion`."""
        ...

    @property
    def trouble(self) -> str:
        """Why what is written does not reach the disk at the moment; "" when all is well."""
        ...

    @overload
    def put(self, obj: T) -> T: ...
    @overload
    def put(self, obj: T, *, expected_version: int) -> T | Conflict: ...

    @overload
    def delete(self, kind: type[T], namespace: str, name: str) -> T | None: ...
    @overload
    def delete(
        self, kind: type[T], namespace: str, name: str, *, expected_version: int
    ) -> T | Conflict | None: ...

    def update(
        self, kind: type[T], namespace: str, name: str, edit: Callable[[T], T]
    ) -> T | None: ...

    def get(self, kind: type[T], namespace: str, name: str) -> T | None: ...

    def list(self, kind: type[T], namespace: str = "") -> tuple[T, ...]: ...

    def watch(self, watcher: Watcher) -> Callable[[], None]: ...

    def subscribe(
        self,
        kind: type[Stored],
        *,
        namespace: str = "",
        since: int = 0,
        matches: Callable[[Stored], bool] | None = None,
    ) -> Subscription | Expired: ...

    async def durable(self, version: int | None = None) -> bool: ...


class Journal(Protocol):
    """What a store tells of each write, so that it outlives the process."""

    @property
    def trouble(self) -> str:
        """Why nothing can be written at the moment; "" when all is well."""
        ...

    def note(self, entry: Entry) -> None:
        """Remember one write; must not wait for anything."""
        ...

    async def durable(self, version: int) -> bool:
        """Wait until everything up to `version` is on disk; False when that fails for now."""
        ...


class Entry(msgspec.Struct, frozen=True):
    """The latest of one object or record, as a journal keeps it; no value: it was removed.

    `scope` is the namespace of an object, the pod's UID of a record; `created` the version at
    which it appeared, so that the order of creation survives.
    """

    kind: str
    scope: str
    name: str
    value: msgspec.Struct | None
    version: int
    created: int

    @property
    def key(self) -> tuple[str, str, str]:
        """What the entry is about."""
        return self.kind, self.scope, self.name


class Saved(msgspec.Struct, frozen=True):
    """What an earlier process left: entries in order of creation, and seconds since their write."""

    entries: tuple[tuple[Entry, float], ...] = ()
    version: int = 0
