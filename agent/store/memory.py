"""Objects by kind, namespace and name, with growing versions, and those who watch them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from enum import StrEnum
from typing import TypeVar

import msgspec

from agent.model.base import Object
from agent.model.config_data import ConfigMap, Secret
from agent.model.event import Event
from agent.model.manifest_file import ManifestFile
from agent.model.pod import Pod

Stored = Pod | Event | ConfigMap | Secret | ManifestFile
T = TypeVar("T", bound=Stored)


class ChangeType(StrEnum):
    """What happened to an object (Kubernetes: watch.EventType)."""

    ADDED = "ADDED"
    MODIFIED = "MODIFIED"
    DELETED = "DELETED"


class Change(msgspec.Struct, frozen=True):
    """One change of one object, as watchers see it."""

    type: ChangeType
    object: Stored


Watcher = Callable[[Change], None]


class MemoryStore:
    """The store of a foreground run: everything in memory, gone with the process.

    Writers hand in whole objects; the store stamps `metadata.resourceVersion` and tells the
    watchers, in order, before `put` returns. Watchers must not block and must not write.
    """

    def __init__(self) -> None:
        self._objects: dict[tuple[type[Object], str, str], Stored] = {}
        self._version = 0
        self._watchers: list[Watcher] = []

    def put(self, obj: T) -> T:
        """Create or replace `obj`; returns it as stored, with its new resource version.

        An object keeps the UID and the time of creation with which it came.
        """
        key = _key(obj)
        self._version += 1
        metadata = msgspec.structs.replace(obj.metadata, resource_version=str(self._version))
        before = self._objects.get(key)
        if before is not None:
            metadata = msgspec.structs.replace(
                metadata,
                uid=before.metadata.uid or metadata.uid,
                creation_timestamp=before.metadata.creation_timestamp
                or metadata.creation_timestamp,
            )
        stored = msgspec.structs.replace(obj, metadata=metadata)
        kind = ChangeType.ADDED if before is None else ChangeType.MODIFIED
        self._objects[key] = stored
        self._tell(Change(kind, stored))
        return stored

    def delete(self, kind: type[T], namespace: str, name: str) -> None:
        """Remove an object; nothing happens when it is not there."""
        obj = self._objects.pop((kind, namespace, name), None)
        if obj is not None:
            self._version += 1
            self._tell(Change(ChangeType.DELETED, obj))

    def get(self, kind: type[T], namespace: str, name: str) -> T | None:
        """The object as last stored, or None."""
        obj = self._objects.get((kind, namespace, name))
        return obj if isinstance(obj, kind) else None

    def list(self, kind: type[T]) -> Iterator[T]:
        """All objects of a kind, in order of creation."""
        return (obj for obj in tuple(self._objects.values()) if isinstance(obj, kind))

    def watch(self, watcher: Watcher) -> Callable[[], None]:
        """Call `watcher` on every change from now on; returns how to stop that."""
        self._watchers.append(watcher)
        return lambda: self._watchers.remove(watcher)

    def _tell(self, change: Change) -> None:
        for watcher in tuple(self._watchers):
            watcher(change)


def _key(obj: Stored) -> tuple[type[Object], str, str]:
    return type(obj), obj.metadata.namespace, obj.metadata.name
