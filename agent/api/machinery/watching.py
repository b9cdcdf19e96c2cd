"""Watches: every change of what is selected, as one JSON text a line.

An event is encoded once for each form, however many watch. Who reads too slowly is ended by the
store and lists anew; who may not be served any more is told so by an ERROR event.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from datetime import datetime
from typing import Any, Self

import msgspec

from agent.api.machinery.call import Call
from agent.api.machinery.errors import expired, invalid, too_many
from agent.api.machinery.negotiation import Form, Shape
from agent.api.machinery.render import Renderer, partial
from agent.api.machinery.selection import selection_of
from agent.api.tables import IncludeObject
from agent.host.clock import Clock
from agent.manifest.errors import forbidden
from agent.model.api import Status
from agent.model.meta import ObjectMeta
from agent.store.interface import Change, Expired, Store
from agent.store.watch import Subscription

#: Watches at a time, of all clients together.
MAX_WATCHES = 256
#: Seconds after which a watch ends when its client says nothing of it.
DEFAULT_TIMEOUT = 3600.0
#: Seconds between bookmarks, for clients that want them.
BOOKMARK_SECONDS = 60.0
#: Encoded events that are kept for others who watch the same.
_KEPT = 512
#: Events that are written at a time, so that others get their turn.
_BATCH = 100
_END_OF_INITIAL = {"k8s.io/initial-events-end": "true"}

_Flavour = tuple[str, Form, IncludeObject]
_Encoded = OrderedDict[tuple[Any, ...], bytes]


class Watches:
    """All watches of one server."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._encoded: dict[_Flavour, _Encoded] = {}
        self._open: set[Subscription] = set()

    @property
    def number(self) -> int:
        """How many are open."""
        return len(self._open)

    def close(self) -> None:
        """End all of them; what they have not sent yet is sent."""
        for subscription in tuple(self._open):
            subscription.close()

    def open(self, call: Call, form: Form, include: IncludeObject) -> Lines:
        """Begin a watch; the lines of it. APIError."""
        if len(self._open) >= MAX_WATCHES:
            raise too_many("watches", MAX_WATCHES)
        since, with_end = _start_of(call, self._store.version)
        selection = selection_of(call)
        model: Any = call.resource.model
        subscription = self._store.subscribe(
            model,
            namespace=call.namespace,
            since=since,
            matches=selection.matches,
        )
        if isinstance(subscription, Expired):
            raise expired(subscription.message)
        self._open.add(subscription)
        watch = _Watch(call, form, include, subscription, with_end=with_end)
        watch.encoded = self._encoded.setdefault(watch.flavour, OrderedDict())
        return Lines(self._lines(watch), lambda: self._end(subscription))

    def _end(self, subscription: Subscription) -> None:
        subscription.close()
        self._open.discard(subscription)

    async def _lines(self, watch: _Watch) -> AsyncGenerator[bytes, None]:
        ends = self._clock.monotonic() + watch.seconds
        subscription = watch.subscription
        try:
            async for text in self._paced(watch, subscription.backlog):
                yield text
            if watch.with_end:
                yield watch.bookmark(str(subscription.start_version), _END_OF_INITIAL)
            while (left := ends - self._clock.monotonic()) > 0:
                changes = await self._batch(subscription, min(left, BOOKMARK_SECONDS))
                if changes is None:
                    if watch.wants_bookmarks:
                        yield watch.bookmark(str(subscription.version), {})
                    continue
                if not changes:
                    break
                if len(changes) <= _BATCH:
                    yield self._text(watch, changes)
                    continue
                async for text in self._paced(watch, changes):
                    yield text
            if subscription.is_dropped:
                yield watch.error(expired("too slow: list and watch again").status)
        finally:
            self._end(subscription)

    async def _batch(self, subscription: Subscription, seconds: float) -> tuple[Change, ...] | None:
        """The next changes; empty at the end, None when nothing came for so long."""
        try:
            async with self._clock.timeout(seconds):
                return await subscription.batch()
        except TimeoutError:
            return None

    async def _paced(self, watch: _Watch, changes: tuple[Change, ...]) -> AsyncIterator[bytes]:
        for start in range(0, len(changes), _BATCH):
            yield self._text(watch, changes[start : start + _BATCH])
            if len(changes) > _BATCH:
                await self._clock.sleep(0)

    def _text(self, watch: _Watch, changes: tuple[Change, ...]) -> bytes:
        now = self._clock.now()
        return b"".join([self._encode(watch, change, now) for change in changes])

    def _encode(self, watch: _Watch, change: Change, now: datetime) -> bytes:
        """The line of a change: the same for all who watch in the same form."""
        key = watch.key(change, now)
        text = watch.encoded.get(key)
        if text is None:
            text = watch.encoded[key] = watch.event(change, now)
            if len(watch.encoded) > _KEPT:
                watch.encoded.popitem(last=False)
        watch.is_first = False
        return text


class Lines:
    """The lines of one watch; closed, it is over, whether or not anybody has read of it."""

    def __init__(self, lines: AsyncGenerator[bytes, None], end: Callable[[], None]) -> None:
        self._lines = lines
        self._end = end

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> bytes:
        return await anext(self._lines)

    async def aclose(self) -> None:
        """No more of it."""
        await self._lines.aclose()
        self._end()


class _Watch:
    """One watch: what it selects, and how its events are written."""

    def __init__(
        self,
        call: Call,
        form: Form,
        include: IncludeObject,
        subscription: Subscription,
        *,
        with_end: bool,
    ) -> None:
        self.subscription = subscription
        self.with_end = with_end
        self.wants_bookmarks = call.query.truth("allowWatchBookmarks")
        self.seconds = float(call.query.number("timeoutSeconds") or DEFAULT_TIMEOUT)
        self._resource = call.resource
        # A watch has nothing to page through and is never laid out.
        self._form = msgspec.structs.replace(form, is_pretty=False)
        self._include = include
        self.is_first = True
        #: Watches of the same flavour say the same of the same change.
        self.flavour: _Flavour = (self._resource.api_version, self._form, include)
        self.encoded: _Encoded = OrderedDict()

    def key(self, change: Change, now: datetime) -> tuple[Any, ...]:
        """What tells this line from others; ages in a Table are as old as the line."""
        is_table = self._form.shape is Shape.TABLE
        return (
            change.version,
            change.type,
            change.object.metadata.uid,
            int(now.timestamp()) if is_table else 0,
            is_table and self.is_first,
        )

    def event(self, change: Change, now: datetime) -> bytes:
        """The line of a change."""
        renderer = self._renderer(now)
        value = renderer.value(change.object, with_columns=self.is_first)
        return renderer.written({"type": change.type.value, "object": value}) + b"\n"

    def bookmark(self, version: str, annotations: dict[str, str]) -> bytes:
        """A line that says how far the watch has come."""
        metadata = ObjectMeta(resource_version=version, annotations=annotations)
        model: Any = self._resource.wire_model
        shown: Any = model(
            kind=self._resource.kind, api_version=self._resource.api_version, metadata=metadata
        )
        if self._form.shape is Shape.PARTIAL:
            shown = partial(shown, self._form.version)
        return b'{"type":"BOOKMARK","object":' + msgspec.json.encode(shown) + b"}\n"

    def error(self, status: Status) -> bytes:
        """A line that ends the watch."""
        return msgspec.json.encode({"type": "ERROR", "object": status}) + b"\n"

    def _renderer(self, now: datetime) -> Renderer:
        return Renderer(self._resource, self._form, now, self._include)


def _start_of(call: Call, newest: int) -> tuple[int, bool]:
    """The version to begin after, and whether to tell when all that was there is sent; APIError.

    0 begins with all that is there (ValidateListOptions; storage/cacher, sendInitialEvents).
    """
    since = call.query.version("resourceVersion")
    if not call.query.text("sendInitialEvents"):
        return since, False
    if call.query.text("resourceVersionMatch") != "NotOlderThan":
        wrong = "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan"
        errors = (forbidden("resourceVersionMatch", wrong),)
        raise invalid("meta.k8s.io", "ListOptions", "", errors)
    if call.query.truth("sendInitialEvents"):
        return 0, True
    return since or newest, False
