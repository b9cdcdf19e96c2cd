"""What is done once an object is decided upon: the effects behind the strategies."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Protocol

import msgspec

from agent.model.api import DeleteOptions
from agent.store.interface import Conflict, Store


class Removal(msgspec.Struct, frozen=True):
    """How an object ends; `is_gone` when nothing is left of it, else it is on its way."""

    object: Any
    is_gone: bool


class Keeper(Protocol):
    """Creates, changes and removes the objects of one kind, each at once."""

    def create(self, obj: Any) -> Any:
        """Store a new object; Conflict when the name is taken."""
        ...

    def change(self, new: Any, old: Any) -> Any:
        """Store a new state of `old`; Conflict when that is not the newest."""
        ...

    def remove(self, obj: Any, options: DeleteOptions) -> Removal:
        """Begin an object's end."""
        ...

    def removed(self, obj: Any, options: DeleteOptions) -> Any:
        """How the object would look after `remove`, for a dry run."""
        ...


class StoreKeeper:
    """Keeps objects that mean nothing but themselves."""

    def __init__(self, store: Store, now: NowFunction) -> None:
        self._store = store
        self._now = now

    def create(self, obj: Any) -> Any:
        return self._store.put(obj, expected_version=0)

    def change(self, new: Any, old: Any) -> Any:
        """Its last finalizer gone, an object that was deleted vanishes."""
        meta = new.metadata
        if meta.deletion_timestamp is not None and not meta.finalizers:
            self._store.delete(type(old), meta.namespace, meta.name)
            return new
        return self._store.put(new, expected_version=int(old.metadata.resource_version))

    def remove(self, obj: Any, options: DeleteOptions) -> Removal:
        meta = obj.metadata
        if meta.finalizers:
            if meta.deletion_timestamp is not None:
                return Removal(obj, is_gone=False)
            return Removal(self._store.put(self.removed(obj, options)), is_gone=False)
        gone = self._store.delete(type(obj), meta.namespace, meta.name)
        return Removal(gone or obj, is_gone=True)

    def removed(self, obj: Any, options: DeleteOptions) -> Any:
        if not obj.metadata.finalizers:
            return obj
        return with_deletion(obj, self._now(), 0)


class NowFunction(Protocol):
    """Tells the time."""

    def __call__(self) -> datetime: ...


def with_deletion(obj: Any, now: datetime, grace: int) -> Any:
    """The object as it looks once its deletion was asked for."""
    metadata = msgspec.structs.replace(
        obj.metadata,
        deletion_timestamp=now.replace(microsecond=0) + timedelta(seconds=grace),
        deletion_grace_period_seconds=grace,
    )
    return msgspec.structs.replace(obj, metadata=metadata)


def is_conflict(result: object) -> bool:
    """Whether somebody else was faster."""
    return isinstance(result, Conflict)
