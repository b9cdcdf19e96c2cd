"""Who sees which change, and what if one reads too slowly?"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from types import TracebackType
from typing import Self

import msgspec

from agent.model.meta import ObjectMeta
from agent.store.interface import Change, ChangeType, Expired, Stored

#: How many changes of all kinds are remembered for watches that start from a version.
HISTORY = 2048
#: A watcher that lets so many changes wait is dropped; it will list and watch anew.
QUEUE_LIMIT = 1000

Matches = Callable[[Stored], bool]


class View(msgspec.Struct, frozen=True):
    """What part of the store a watcher looks at; an empty namespace means all of them."""

    kind: type[Stored]
    namespace: str = ""
    matches: Matches | None = None

    def holds(self, obj: Stored) -> bool:
        """Whether an object belongs to it."""
        if type(obj) is not self.kind:
            return False
        if self.namespace and obj.metadata.namespace != self.namespace:
            return False
        return self.matches is None or self.matches(obj)

    def see(self, change: Change) -> Change | None:
        """The change as it looks from here; None when nothing is seen of it.

        An object that stops matching is deleted, one that starts matching is added. Kubernetes:
        storage/cacher, convertToWatchEvent.
        """
        before, now = change.before, change.object
        was = before is not None and self.holds(before)
        if change.type is ChangeType.DELETED:
            return change if was else None
        if self.holds(now):
            kind = ChangeType.MODIFIED if was else ChangeType.ADDED
            return change if kind is change.type else Change(kind, now, change.version, before)
        if not was or before is None:
            return None
        gone = at_version(before, change.version)
        return Change(ChangeType.DELETED, gone, change.version, before)


class History:
    """The latest changes of all kinds, for watches from a version."""

    def __init__(self, start: int, limit: int = HISTORY) -> None:
        """`start` is the version before the first change; earlier ones are not known."""
        self._changes: deque[Change] = deque(maxlen=limit)
        self._oldest = start

    @property
    def oldest(self) -> int:
        """The oldest version after which every change is known."""
        return self._oldest

    def add(self, change: Change) -> None:
        """Remember one more, forget the oldest."""
        changes = self._changes
        if len(changes) == changes.maxlen:
            self._oldest = changes[0].version
        changes.append(change)

    def after(self, version: int) -> list[Change] | Expired:
        """Every change after `version`, in order."""
        if version < self._oldest:
            return Expired(version, self._oldest)
        found: list[Change] = []
        for change in reversed(self._changes):
            if change.version <= version:
                break
            found.append(change)
        found.reverse()
        return found


class Subscription:
    """One watcher with a queue: first send `backlog`, then iterate.

    `backlog` is what the watch starts with: an ADDED for each object when it was asked from 0, the
    changes since then when it was asked from a version; it is complete at `start_version`, which
    is what the bookmark after initial events bears. Iteration ends when the subscription is closed
    or, with `is_dropped`, when the reader was too slow.
    """

    def __init__(
        self,
        view: View,
        *,
        backlog: tuple[Change, ...],
        newest: Callable[[], int],
        detach: Callable[[Subscription], None],
        limit: int,
    ) -> None:
        self.view = view
        self.backlog = backlog
        self.start_version = newest()
        self.is_dropped = False
        self._newest = newest
        self._detach = detach
        self._limit = limit
        self._queue: deque[Change] = deque()
        self._taken = self.start_version
        self._is_closed = False
        self._wake = asyncio.Event()

    @property
    def version(self) -> int:
        """The version up to which everything was taken: what a bookmark may say now."""
        return self._taken if self._queue else max(self._taken, self._newest())

    def offer(self, change: Change) -> None:
        """Called by the store with each change of the kind, in order; never waits."""
        if self._is_closed or change.version <= self.start_version:
            return
        seen = self.view.see(change)
        if seen is None:
            return
        if len(self._queue) >= self._limit:
            self.is_dropped = True
            self._queue.clear()
            self.close()
            return
        self._queue.append(seen)
        self._wake.set()

    async def batch(self) -> tuple[Change, ...]:
        """Wait for changes and take all that have come; empty when it is over."""
        await self._wait()
        taken = tuple(self._queue)
        self._queue.clear()
        if taken:
            self._taken = taken[-1].version
        return taken

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Change:
        await self._wait()
        if not self._queue:
            raise StopAsyncIteration
        change = self._queue.popleft()
        self._taken = change.version
        return change

    async def _wait(self) -> None:
        while not self._queue and not self._is_closed:
            self._wake.clear()
            await self._wake.wait()

    def close(self) -> None:
        """Take no more; what waits in the queue can still be read."""
        if not self._is_closed:
            self._is_closed = True
            self._detach(self)
            self._wake.set()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


class Hub:
    """Tells everybody of each change, in order, also when a watcher writes meanwhile."""

    def __init__(self, history: History) -> None:
        self.history = history
        self._watchers: list[Callable[[Change], None]] = []
        self._subscriptions: dict[type[Stored], list[Subscription]] = {}
        self._untold: deque[Change] = deque()
        self._is_telling = False

    def add_watcher(self, watcher: Callable[[Change], None]) -> Callable[[], None]:
        """Call `watcher` on every change from now on; returns how to stop that."""
        self._watchers.append(watcher)
        return lambda: self._watchers.remove(watcher)

    def add_subscription(self, subscription: Subscription) -> None:
        """Offer it every change of its kind from now on."""
        self._subscriptions.setdefault(subscription.view.kind, []).append(subscription)

    def remove_subscription(self, subscription: Subscription) -> None:
        """Offer it nothing more."""
        self._subscriptions[subscription.view.kind].remove(subscription)

    def tell(self, change: Change) -> None:
        """Remember and pass on; the first error of a watcher is raised when all have heard."""
        self.history.add(change)
        self._untold.append(change)
        if self._is_telling:
            return
        errors: list[Exception] = []
        self._is_telling = True
        try:
            while self._untold:
                self._tell_all(self._untold.popleft(), errors)
        finally:
            self._is_telling = False
        if errors:
            raise errors[0]

    def _tell_all(self, change: Change, errors: list[Exception]) -> None:
        for subscription in tuple(self._subscriptions.get(type(change.object), ())):
            subscription.offer(change)
        for watcher in tuple(self._watchers):
            try:
                watcher(change)
            except Exception as exc:  # noqa: BLE001 - raised when the others have heard
                errors.append(exc)


def at_version(obj: Stored, version: int) -> Stored:
    """The object with another resource version."""
    metadata = msgspec.structs.replace(obj.metadata, resource_version=str(version))
    return with_metadata(obj, metadata)


def with_metadata(obj: Stored, metadata: ObjectMeta) -> Stored:
    """The object with other metadata."""
    changed: Stored = msgspec.structs.replace(obj, metadata=metadata)  # type: ignore[type-var]
    return changed
