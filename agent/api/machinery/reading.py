"""get and list: what is there now, as a whole or page by page.

A list that is read in pages shows one moment: what was not sent yet is kept for a while.
"""

from __future__ import annotations

import base64
import binascii
from collections import OrderedDict
from typing import Any

import msgspec

from agent.api.machinery.call import Call
from agent.api.machinery.errors import bad_request, expired, failure, not_found
from agent.api.machinery.render import Page
from agent.api.machinery.selection import Selection, selection_of
from agent.host.identifiers import new_uid
from agent.model.api import StatusCause, StatusDetails
from agent.model.meta import ListMeta
from agent.store.interface import Store

#: Lists that are being read in pages at a time; the oldest has expired when there are more.
MAX_LISTS = 32
_MATCHES = ("", "Exact", "NotOlderThan")
_TOO_OLD = (
    "The provided continue parameter is too old to display a consistent list result. You can "
    "start a new list without the continue parameter."
)


class _Rest(msgspec.Struct, frozen=True):
    """What of a list was not sent yet."""

    items: tuple[Any, ...]
    version: str


class Reader:
    """Reads for everybody; remembers the rests of lists."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._rests: OrderedDict[str, _Rest] = OrderedDict()

    async def get(self, call: Call) -> Any:
        """One object; APIError."""
        found = await self._find(call, call.name)
        if not found:
            raise not_found(call.resource.named(call.name))
        return found[0]

    async def list(self, call: Call) -> Page:
        """The objects that are selected, by namespace and name; APIError."""
        limit = call.query.number("limit") or 0
        token = call.query.text("continue")
        if limit < 0:
            raise bad_request("limit: Invalid value: must be greater than or equal to 0")
        if token:
            return self._page(self._take(token), limit)
        self._check_version(call)
        selection = selection_of(call)
        items = await self._selected(call, selection)
        return self._page(_Rest(items, str(self._store.version)), limit)

    async def _selected(self, call: Call, selection: Selection) -> tuple[Any, ...]:
        found = await self._find(call, selection.name)
        if selection.matches is not None:
            found = tuple(filter(selection.matches, found))
        return tuple(sorted(found, key=_place))

    async def _find(self, call: Call, name: str) -> tuple[Any, ...]:
        """The objects of a name, or all of them."""
        resource = call.resource
        if resource.find is not None:
            return await resource.find(call.namespace, name)
        model: Any = resource.model
        if name and (call.namespace or not resource.is_namespaced):
            one: Any = self._store.get(model, call.namespace, name)
            return () if one is None else (one,)
        return self._store.list(model, call.namespace)

    def _page(self, rest: _Rest, limit: int) -> Page:
        metadata = ListMeta(resource_version=rest.version)
        if not limit or len(rest.items) <= limit:
            return Page(rest.items, metadata)
        left = rest.items[limit:]
        token = base64.urlsafe_b64encode(new_uid().encode()).decode()
        self._rests[token] = _Rest(left, rest.version)
        while len(self._rests) > MAX_LISTS:
            self._rests.popitem(last=False)
        metadata = msgspec.structs.replace(
            metadata, continue_=token, remaining_item_count=len(left)
        )
        return Page(rest.items[:limit], metadata)

    def _take(self, token: str) -> _Rest:
        rest = self._rests.get(token)
        if rest is not None:
            return rest
        try:
            base64.b64decode(token.encode(), altchars=b"-_", validate=True)
        except (binascii.Error, ValueError):
            raise bad_request("continue key is not valid: illegal base64 data") from None
        raise expired(_TOO_OLD)

    def _check_version(self, call: Call) -> None:
        """A list is always of now: that can be too new or too old for who asks."""
        wanted, match = (
            call.query.version("resourceVersion"),
            call.query.text("resourceVersionMatch"),
        )
        if match not in _MATCHES:
            raise bad_request(
                f'resourceVersionMatch: Unsupported value: "{match}": '
                'supported values: "Exact", "NotOlderThan"'
            )
        if match and not call.query.text("resourceVersion"):
            raise bad_request(
                "resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden unless "
                "resourceVersion is provided"
            )
        newest = self._store.version
        if wanted > newest:
            cause = StatusCause(
                reason="ResourceVersionTooLarge", message="Too large resource version"
            )
            message = f"Timeout: Too large resource version: {wanted}, current: {newest}"
            details = StatusDetails(causes=(cause,), retry_after_seconds=1)
            raise failure(504, "Timeout", message, details)
        if match == "Exact" and wanted != newest:
            raise expired(f"The resourceVersion for the provided list is too old: {wanted}")


def _place(obj: Any) -> tuple[str, str]:
    return obj.metadata.namespace, obj.metadata.name
