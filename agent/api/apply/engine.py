"""What becomes of an object when someone applies what they want of it?

Fields that they set become theirs; fields of others are a conflict unless they insist; fields
that they no longer set vanish when nobody else owns them. (structured-merge-diff: merge)

Kept simpler than Kubernetes: one version of each type, and a quantity that is written otherwise
counts as another value.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final, Generic, TypeVar

import msgspec
from msgspec.structs import replace

from agent.api.apply import managers, trees
from agent.api.apply.lists import Place, place_of
from agent.api.apply.managers import APPLY, UPDATE, Conflict, Manager, Owned, Owners
from agent.api.apply.paths import Path, Paths, with_holders
from agent.api.patch.apply import restored
from agent.api.patch.error import bad_request
from agent.api.patch.values import Body, Map, copy
from agent.manifest.decode import encode, struct_codec
from agent.model.base import Object

ObjectT = TypeVar("ObjectT", bound=Object)

#: Fields that nobody owns: they name the object, or the server sets them.
_UNOWNED: Final = frozenset(
    {("f:apiVersion",), ("f:kind",), ("f:metadata",)}
    | {
        ("f:metadata", f"f:{name}")
        for name in (
            "name", "namespace", "creationTimestamp", "selfLink", "uid", "generation",
            "managedFields", "resourceVersion",
        )
    }
)  # fmt: skip


class Applied(msgspec.Struct, Generic[ObjectT], frozen=True):
    """An object after an apply, neither defaulted nor validated; `strict_errors` as of a patch."""

    object: ObjectT
    strict_errors: tuple[str, ...]


def apply(
    cls: type[ObjectT],
    live: ObjectT | None,
    wanted: Body,
    *,
    manager: str,
    api_version: str,
    now: datetime,
    force: bool = False,
    subresource: str = "",
) -> Applied[ObjectT]:
    """Apply `wanted`, plain values, to an object, or make it; raises PatchError.

    `manager` is the fieldManager of the request; `force` takes fields over from others.
    """
    if not isinstance(wanted.value, dict):
        raise bad_request("an apply patch must be an object")
    meta = wanted.value.get("metadata")
    if isinstance(meta, dict) and meta.get("managedFields"):
        raise bad_request("metadata.managedFields must be nil")
    place = place_of(struct_codec(cls))
    before: Map = {} if live is None else encode(live)
    owners = _owners(live)
    me = Manager(manager, APPLY, api_version, subresource)
    mine = _owned(trees.places(place, wanted.value))
    conflicts = _conflicts(place, before, wanted.value, mine, _others(owners, me))
    if conflicts and not force:
        raise managers.conflict_error(conflicts, owners)
    owners = _without(owners, conflicts)
    last = owners[me].paths if me in owners else frozenset()
    merged = trees.merge(place, before, wanted.value)
    _prune(place, merged, last, mine, _others(owners, me))
    owners[me] = Owned(mine, owners[me].time if me in owners and last == mine else now)
    found = restored(cls, _unmanaged(merged), wanted)
    return Applied(_managed(found.object, owners), found.strict_errors)


def track_update(
    old: ObjectT | None,
    new: ObjectT,
    *,
    manager: str,
    api_version: str,
    now: datetime,
    subresource: str = "",
) -> ObjectT:
    """Return `new` with the owners of its fields after a write other than an apply.

    What the write changed belongs to its manager alone; what it left out belongs to nobody.
    """
    place = place_of(struct_codec(type(new)))
    before = {} if old is None else _unmanaged(encode(old))
    changed, gone = trees.changes(place, before, _unmanaged(encode(new)))
    changed = _owned(changed)
    owners = _owners(old)
    me = Manager(manager, UPDATE, api_version, subresource)
    result: Owners = {}
    for other, owned in owners.items():
        kept = owned.paths - gone
        if other != me:
            kept -= frozenset(path for path in changed if path[-1].startswith("f:"))
        result[other] = Owned(kept, owned.time if kept == owned.paths else now)
    known = result[me].paths if me in result else frozenset()
    if changed - known:
        result[me] = Owned(known | changed, now)
    return _managed(new, result)


def _owners(obj: Any) -> Owners:
    return {} if obj is None else managers.read(obj.metadata.managed_fields)


def _owned(paths: Paths) -> Paths:
    return paths - _UNOWNED


def _others(owners: Owners, me: Manager) -> dict[Manager, Paths]:
    return {manager: owned.paths for manager, owned in owners.items() if manager != me}


def _conflicts(
    place: Place, live: Map, wanted: Map, mine: Paths, others: dict[Manager, Paths]
) -> list[Conflict]:
    """The fields of others that would change."""
    changed = sorted(path for path in mine if trees.differs(place, live, wanted, path))
    return [
        (manager, path)
        for manager in sorted(others, key=lambda other: (other.name, other.operation))
        for path in changed
        if path in others[manager]
    ]


def _without(owners: Owners, conflicts: list[Conflict]) -> Owners:
    """Return the owners without what was taken from them."""
    taken: dict[Manager, set[Path]] = {}
    for manager, path in conflicts:
        taken.setdefault(manager, set()).add(path)
    return {
        manager: replace(owned, paths=owned.paths - taken.get(manager, set()))
        for manager, owned in owners.items()
    }


def _prune(
    place: Place, merged: Map, last: Paths, mine: Paths, others: dict[Manager, Paths]
) -> None:
    """Take out what was applied before, is no longer, and belongs to nobody else."""
    kept = with_holders(mine).union(*map(with_holders, others.values()))
    for path in sorted(with_holders(last) - kept - _UNOWNED):
        trees.remove(place, merged, path)


def _unmanaged(plain: Map) -> Map:
    """A copy without managedFields, which are no part of what is owned."""
    result: Map = copy(plain)
    meta = result.get("metadata")
    if isinstance(meta, dict):
        meta.pop("managedFields", None)
    return result


def _managed(obj: ObjectT, owners: Owners) -> ObjectT:
    described: Any = obj
    meta = replace(described.metadata, managed_fields=managers.write(owners))
    managed: ObjectT = replace(described, metadata=meta)
    return managed
