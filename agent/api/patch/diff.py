"""Which strategic merge patch leads from one object to another?

Two-way: from what is to what shall be. Three-way, as `apply` does it: what was applied last tells
which fields are ours to delete; fields that others have set stay.
(apimachinery: pkg/util/strategicpatch/patch.go)
"""

from __future__ import annotations

from typing import Any

import msgspec

from agent.api.patch.conflicts import have_conflicts
from agent.api.patch.directives import DELETE, DELETE_FROM, MARKER, RETAIN_KEYS, SET_ORDER
from agent.api.patch.error import PatchError, conflicting
from agent.api.patch.lists import are_maps, identity, in_order, without_repetitions
from agent.api.patch.merge_keys import Schema, Strategy
from agent.api.patch.strategic import combine
from agent.api.patch.values import Map, equal, show
from agent.model.base import Object


class _Options(msgspec.Struct, frozen=True):
    """What of a difference goes into the patch.

    `order`: with a `$setElementOrder` for each merged list; `retain`: with `$retainKeys` here.
    """

    additions: bool = True
    deletions: bool = True
    order: bool = True
    retain: bool = False


def two_way(kind: type[Object], original: Map, modified: Map) -> Map:
    """Return the patch that makes `modified` of `original`; raises PatchError."""
    return _maps(original, modified, Schema.of(kind), _Options())


def three_way(
    kind: type[Object], original: Map, modified: Map, current: Map, *, overwrite: bool = True
) -> Map:
    """Return the patch for `current` that carries out what changed from `original` to `modified`.

    Raises PatchError, also when others changed the same fields and `overwrite` is False.
    """
    schema = Schema.of(kind)
    delta = _maps(current, modified, schema, _Options(deletions=False))
    deletions = _maps(original, modified, schema, _Options(additions=False))
    patch = combine(kind, deletions, delta)
    if not overwrite:
        changed = _maps(original, current, schema, _Options(order=False))
        if have_conflicts(patch, changed, schema):
            raise _conflict(patch, changed)
    return patch


def _conflict(patch: Map, changed: Map) -> PatchError:
    from agent.api.patch.yaml_text import to_yaml  # only for this message

    ours, theirs = to_yaml(patch), to_yaml(changed)
    return conflicting(
        f"patch:\n{ours}\nconflicts with changes made from original to current:\n{theirs}\n"
    )


def _maps(original: Map, modified: Map, schema: Schema, options: _Options) -> Map:
    patch: Map = {}
    for name, value in modified.items():
        if name not in original or type(original[name]) is not type(value):
            if options.additions:
                patch[name] = value
        elif isinstance(value, dict):
            _member_map(patch, name, original[name], value, schema, options)
        elif isinstance(value, list):
            _member_list(patch, name, original[name], value, schema, options)
        elif options.additions and not equal(original[name], value):
            patch[name] = value
    if options.deletions:
        patch |= {name: None for name in original if name not in modified}
    if options.retain:
        _add_retained(patch, original, modified)
    return patch


def _add_retained(patch: Map, original: Map, modified: Map) -> None:
    """Name the members that are to stay, when any change."""
    kept = sorted(name for name, value in modified.items() if value is not None)
    dropped = any(value is not None and name not in modified for name, value in original.items())
    if kept and (patch or dropped):
        patch[RETAIN_KEYS] = kept


def _member_map(
    patch: Map, name: str, original: Map, modified: Map, schema: Schema, options: _Options
) -> None:
    try:
        inner, strategy = schema.member(name)
    except PatchError:
        if equal(original, modified):
            return  # nothing to do for a field that its type does not have
        raise
    options = msgspec.structs.replace(options, retain=strategy.retain_keys)
    found = _maps(original, modified, inner, options)
    if found:
        patch[name] = found


def _member_list(
    patch: Map,
    name: str,
    original: list[Any],
    modified: list[Any],
    schema: Schema,
    options: _Options,
) -> None:
    try:
        inner, strategy = schema.items(name)
    except PatchError:
        if equal(original, modified):
            return
        raise
    if not (strategy.merge and original):
        if options.additions and not equal(original, modified):
            patch[name] = modified
        return
    if are_maps(original, modified):
        options = msgspec.structs.replace(options, retain=strategy.retain_keys)
        parts = {name: _items(original, modified, inner, strategy, options)}
        ordered = _needs_order(parts[name], original, modified, strategy.key, options)
        order = [{strategy.key: item[strategy.key]} for item in modified]
    else:
        added, deleted = _scalars(original, modified, options)
        parts = {name: in_order(added, modified, ""), f"{DELETE_FROM}/{name}": deleted}
        # As in Kubernetes, a list that is not sorted counts as changed.
        changed = not equal(sorted(original, key=show), modified)
        ordered = options.order and (bool(deleted) or (options.additions and changed))
        order = modified
    if ordered:
        parts[f"{SET_ORDER}/{name}"] = order
    patch |= {part: items for part, items in parts.items() if items}


def _needs_order(
    patch: list[Any], original: list[Any], modified: list[Any], key: str, options: _Options
) -> bool:
    if not options.order:
        return False
    if patch:
        return True
    before, after = ([identity(item, key) for item in items] for items in (original, modified))
    return options.additions and not equal(before, after)


def _items(
    original: list[Any],
    modified: list[Any],
    schema: Schema,
    strategy: Strategy,
    options: _Options,
) -> list[Any]:
    """The patch list for a list of maps: changes and additions in order, then deletions."""
    key = strategy.key
    changes: list[Any] = []
    deletions: list[Any] = []
    for old, new in _paired(original, modified, key):
        if old is None:
            if options.additions:
                changes.append(new)
        elif new is None:
            if options.deletions:
                deletions.append({key: old[key], MARKER: DELETE})
        else:
            found = _maps(old, new, schema, options)
            if found:
                changes.append({**found, key: new[key]})
    return in_order(changes, modified, key) + deletions


def _scalars(
    original: list[Any], modified: list[Any], options: _Options
) -> tuple[list[Any], list[Any]]:
    """What is new, and what is gone."""
    added: list[Any] = []
    deleted: list[Any] = []
    for old, new in _paired(original, modified, ""):
        if old is None and options.additions:
            added.append(new)
        elif new is None and options.deletions:
            deleted.append(old)
    return added, without_repetitions(deleted)


def _paired(original: list[Any], modified: list[Any], key: str) -> list[tuple[Any, Any]]:
    """Pair the items of two lists by the text that identifies them; None where one has none."""
    olds, news = (
        sorted(((show(identity(item, key)), item) for item in items), key=lambda pair: pair[0])
        for items in (original, modified)
    )
    pairs: list[tuple[Any, Any]] = []
    old = new = 0
    while old < len(olds) or new < len(news):
        if new == len(news) or (old < len(olds) and olds[old][0] < news[new][0]):
            pairs.append((olds[old][1], None))
            old += 1
        elif old == len(olds) or news[new][0] < olds[old][0]:
            pairs.append((None, news[new][1]))
            new += 1
        else:
            pairs.append((olds[old][1], news[new][1]))
            old, new = old + 1, new + 1
    return pairs
