"""create, replace and patch: read, decide, store, wait for the disk.

apiserver: pkg/registry/generic/registry/store.go. Between the look at an object and its change
there is no `await`: nobody can come in between.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from agent.api.machinery.bodies import is_dry_run, read_object, warnings_of
from agent.api.machinery.call import Call
from agent.api.machinery.errors import (
    Named,
    already_exists,
    bad_request,
    conflict,
    forbidden,
    invalid,
    method_not_allowed,
    not_found,
)
from agent.api.machinery.keeping import Keeper, NowFunction, is_conflict
from agent.api.machinery.patching import is_apply, patched, tracked
from agent.api.machinery.resource import Resource
from agent.api.machinery.strategy import Subresource
from agent.host.identifiers import new_uid
from agent.manifest import errors as field_errors
from agent.manifest.create import NAMESPACE_MISMATCH
from agent.model.namespace import Namespace
from agent.store.interface import Store

#: Names that are tried for a `generateName` before the client is told.
_ATTEMPTS = 8
_LETTERS = "bcdfghjklmnpqrstvwxz2456789"
_SUFFIX = 5


class Written(msgspec.Struct, frozen=True):
    """The object as it is now, whether it is new, and what its author should know."""

    object: Any
    is_new: bool = False
    warnings: tuple[str, ...] = ()


class Writer:
    """Writes for everybody."""

    def __init__(self, store: Store, now: NowFunction, random: Callable[[], float]) -> None:
        self._store = store
        self._now = now
        self._random = random

    async def create(self, call: Call) -> Written:
        """Store what the body holds under a name that is free; APIError."""
        resource = call.resource
        given = read_object(call, resource.wire_model, resource.api_version)
        written = self._create(call, resource.take(given.object))
        return await self._settled(call, written, given.strict_errors, is_new=True)

    async def replace(self, call: Call) -> Written:
        """Store what the body holds in the place of what is there; APIError."""
        resource = call.resource
        old = self._existing(call)
        given = read_object(call, resource.wire_model, resource.api_version)
        written = self._update(call, old, resource.take(given.object))
        return await self._settled(call, written, given.strict_errors)

    async def patch(self, call: Call) -> Written:
        """Change what is there as the body says; an apply also makes what is not; APIError."""
        resource = call.resource
        model: Any = resource.model
        old: Any = self._store.get(model, call.namespace, call.name)
        if old is None and not is_apply(call):
            raise not_found(resource.named(call.name))
        shown = None if old is None else resource.present(old)
        given = patched(call, shown, self._now())
        new = resource.take(given.object)
        written = self._create(call, new) if old is None else self._update(call, old, new)
        return await self._settled(call, written, given.strict_errors, is_new=old is None)

    def _create(self, call: Call, given: Any) -> Written:
        resource, strategy = call.resource, call.resource.strategy
        given = _placed(call, given)
        self._check_namespace(call, given)
        refused, ignored = strategy.judge(given)
        obj, warnings = strategy.prepare(strategy.complete(given))
        named = obj
        for _ in range(_ATTEMPTS):
            named = self._named(obj)
            if errors := [*strategy.validate(named), *refused]:
                raise invalid(resource.group, resource.kind, named.metadata.name, errors)
            stored = self._put_new(call, named)
            if not is_conflict(stored):
                told = (*ignored, *warnings, *strategy.warnings(named))
                return Written(stored, warnings=told)
            if obj.metadata.name:
                break
        raise already_exists(resource.named(named.metadata.name))

    def _put_new(self, call: Call, obj: Any) -> Any:
        metadata = msgspec.structs.replace(
            obj.metadata, uid=new_uid(), creation_timestamp=self._now().replace(microsecond=0)
        )
        obj = msgspec.structs.replace(obj, kind="", api_version="", metadata=metadata)
        if not is_dry_run(call):
            return self._keeper(call.resource).create(obj)
        model: Any = call.resource.model
        if self._store.get(model, metadata.namespace, metadata.name) is not None:
            raise already_exists(call.resource.named(metadata.name))
        return obj

    def _named(self, obj: Any) -> Any:
        """The object with a name of our making, if it only has the beginning of one."""
        meta = obj.metadata
        if meta.name or not meta.generate_name:
            return obj
        letters = (_LETTERS[int(self._random() * len(_LETTERS))] for _ in range(_SUFFIX))
        name = meta.generate_name + "".join(letters)
        return msgspec.structs.replace(obj, metadata=msgspec.structs.replace(meta, name=name))

    def _check_namespace(self, call: Call, obj: Any) -> None:
        """New objects need a namespace that stays (plugin/admission/namespace/lifecycle)."""
        if not call.resource.is_namespaced:
            return
        namespace = self._store.get(Namespace, "", call.namespace)
        if namespace is None:
            raise not_found(Named("", "namespaces", call.namespace))
        if namespace.metadata.deletion_timestamp is not None:
            why = (
                f"unable to create new content in namespace {call.namespace} "
                "because it is being terminated"
            )
            raise forbidden(call.resource.named(obj.metadata.name), why)

    def _existing(self, call: Call) -> Any:
        model: Any = call.resource.model
        found: Any = self._store.get(model, call.namespace, call.name)
        if found is None:
            raise not_found(call.resource.named(call.name))
        return found

    def _update(self, call: Call, old: Any, given: Any) -> Written:
        resource, strategy = call.resource, call.resource.strategy
        new = _placed(call, given)
        _check_same(call, new, old)
        meta = msgspec.structs.replace(new.metadata, resource_version=old.metadata.resource_version)
        new = strategy.complete(msgspec.structs.replace(new, metadata=meta))
        subresource: Subresource = "status" if call.subresource == "status" else ""
        new, errors = strategy.update(new, old, subresource)
        if errors:
            raise invalid(resource.group, resource.kind, old.metadata.name, errors)
        warnings = strategy.warnings(new) if new != old else ()
        new = msgspec.structs.replace(new, kind=old.kind, api_version=old.api_version)
        if new != old and not is_apply(call):
            new = tracked(call, new, old, self._now())
        if new == old or is_dry_run(call):
            return Written(new, warnings=warnings)
        stored = self._keeper(resource).change(new, old)
        if is_conflict(stored):
            raise conflict(resource.named(old.metadata.name))
        return Written(stored, warnings=warnings)

    def _keeper(self, resource: Resource) -> Keeper:
        if resource.keeper is None:
            raise method_not_allowed()
        return resource.keeper

    async def _settled(
        self, call: Call, written: Written, strict_errors: tuple[str, ...], *, is_new: bool = False
    ) -> Written:
        """The answer, once what it says survives a crash; if it cannot, that is said, too."""
        warnings = (*warnings_of(call, strict_errors), *written.warnings)
        version = written.object.metadata.resource_version
        if version and not is_dry_run(call) and not await self._store.durable(int(version)):
            warnings += (f"the state does not reach the disk at the moment: {self._store.trouble}",)
        return Written(written.object, is_new=is_new, warnings=warnings)


def _placed(call: Call, obj: Any) -> Any:
    """The object in the namespace of the request, with the name of the request if it has one."""
    meta = obj.metadata
    wanted = call.namespace if call.resource.is_namespaced else ""
    if meta.namespace and meta.namespace != wanted:
        raise bad_request(NAMESPACE_MISMATCH)
    if call.name and meta.name and meta.name != call.name:
        raise bad_request(
            f"the name of the object ({meta.name}) does not match the name on the URL ({call.name})"
        )
    meta = msgspec.structs.replace(meta, namespace=wanted, name=meta.name or call.name)
    return msgspec.structs.replace(obj, metadata=meta)


def _check_same(call: Call, new: Any, old: Any) -> None:
    """An update must mean the object that is there, in the state that its author knows."""
    meta, named = new.metadata, call.resource.named(old.metadata.name)
    if meta.uid and meta.uid != old.metadata.uid:
        raise conflict(
            named,
            f"Precondition failed: UID in precondition: {meta.uid}, "
            f"UID in object meta: {old.metadata.uid}",
        )
    if meta.resource_version and meta.resource_version != old.metadata.resource_version:
        raise conflict(named)
    if not meta.resource_version and not call.resource.strategy.allows_any_version:
        wrong = "must be specified for an update"
        error = field_errors.invalid("metadata.resourceVersion", 0, wrong)
        raise invalid(call.resource.group, call.resource.kind, old.metadata.name, (error,))
