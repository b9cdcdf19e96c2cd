"""delete and deletecollection: preconditions, grace, and the answer to each."""

from __future__ import annotations

from typing import Any

import msgspec

from agent.api.machinery.bodies import read_delete_options
from agent.api.machinery.call import Call
from agent.api.machinery.errors import Named, conflict, method_not_allowed, not_found, success
from agent.api.machinery.keeping import Removal
from agent.api.machinery.reading import Reader
from agent.api.machinery.render import Page
from agent.model.api import DeleteOptions, Status
from agent.store.interface import Store


class Deleter:
    """Deletes for everybody."""

    def __init__(self, store: Store, reader: Reader) -> None:
        self._store = store
        self._reader = reader

    async def delete(self, call: Call) -> Any:
        """Begin the end of one object: the object as it is now, or a Status; APIError."""
        options = read_delete_options(call)
        model: Any = call.resource.model
        found: Any = self._store.get(model, call.namespace, call.name)
        if found is None:
            raise not_found(call.resource.named(call.name))
        removal = self.remove(call, found, options)
        await self._settle(removal, options)
        return self.answer(call, removal)

    async def delete_all(self, call: Call) -> Page:
        """The same for all that are selected; they are answered as they were."""
        options = read_delete_options(call)
        page = await self._reader.list(call)
        for obj in page.items:
            model: Any = call.resource.model
            meta = obj.metadata
            # What lies between two of them is no moment of ours: it may have gone by itself.
            found: Any = self._store.get(model, meta.namespace, meta.name)
            if found is not None and found.metadata.uid == meta.uid:
                self.remove(call, found, options)
        if not options.dry_run:
            await self._store.durable()
        return page

    def remove(self, call: Call, obj: Any, options: DeleteOptions) -> Removal:
        """Do it, if the object is the one that is meant; APIError."""
        keeper = call.resource.keeper
        if keeper is None:
            raise method_not_allowed()
        check_preconditions(call.resource.named(obj.metadata.name), obj, options)
        if options.dry_run:
            return Removal(keeper.removed(obj, options), is_gone=False)
        return keeper.remove(obj, options)

    def answer(self, call: Call, removal: Removal) -> Any:
        """A Status for what is gone, the object for what is on its way."""
        meta = removal.object.metadata
        if removal.is_gone or meta.deletion_timestamp is None:
            named = msgspec.structs.replace(call.resource.named(), name=meta.name)
            status: Status = success(named, meta.uid)
            return status
        return removal.object

    async def _settle(self, removal: Removal, options: DeleteOptions) -> None:
        version = removal.object.metadata.resource_version
        if version and not options.dry_run:
            await self._store.durable(int(version))


def check_preconditions(named: Named, obj: Any, options: DeleteOptions) -> None:
    """Refuse to delete another than is meant; APIError (apiserver: Preconditions.Check)."""
    wanted, meta = options.preconditions, obj.metadata
    if wanted is None:
        return
    for what, expected, found in (
        ("UID", wanted.uid, meta.uid),
        ("ResourceVersion", wanted.resource_version, meta.resource_version),
    ):
        if expected is not None and expected != found:
            raise conflict(
                named,
                f"Precondition failed: {what} in precondition: {expected}, "
                f"{what} in object meta: {found}",
            )
