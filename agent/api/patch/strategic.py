"""Strategic merge patch: lists are merged by key, as the type of the object says.

The same merge serves two: the server, which carries out the directives of a patch, and the maker
of a three-way patch, who merges two patches and keeps their directives.
(apimachinery: pkg/util/strategicpatch/patch.go)
"""

from __future__ import annotations

from typing import Any

from agent.api.patch.directives import (
    BAD_RETAIN_KEYS,
    BAD_SET_ORDER,
    DELETE,
    DELETE_FROM,
    MARKER,
    MERGE,
    REPLACE,
    RETAIN_KEYS,
    SET_ORDER,
    drop_directives,
    drop_nulls,
    field_of,
    is_marked,
    unknown,
)
from agent.api.patch.error import bad_request, internal
from agent.api.patch.lists import (
    are_maps,
    arrange,
    as_list,
    check_order,
    find,
    identity,
    no_key,
    without_repetitions,
)
from agent.api.patch.merge_keys import Schema, Strategy
from agent.api.patch.values import Map, copy, equal, show
from agent.model.base import Object


def merge(kind: type[Object], original: Map, patch: Map) -> Map:
    """Return `original` with the patch applied; raises PatchError."""
    return carry_out(kind, original, copy(patch))


def carry_out(kind: type[Object], original: Map, patch: Map) -> Map:
    """Do the same, and leave of `patch` what the API server shows of it in later errors.

    Its merge uses directives up, and takes nulls out of what is new.
    """
    return _Merge(carries_out=True).maps(copy(original), patch, Schema.of(kind))


def combine(kind: type[Object], first: Map, second: Map) -> Map:
    """Return one patch that does what two patches do; raises PatchError."""
    return _Merge(carries_out=False).maps(copy(first), copy(second), Schema.of(kind))


class _Merge:
    """One merge; it may change what it is given.

    `carries_out`: directives are obeyed and nulls delete. Otherwise both sides are patches, and
    nulls and lists of directives are kept for the server.
    """

    def __init__(self, *, carries_out: bool) -> None:
        self._carries_out = carries_out

    def maps(self, original: Map, patch: Map, schema: Schema) -> Map:
        """Merge a map into another one."""
        if MARKER in patch:
            return _marked(patch)
        self._retain_keys(original, patch)
        for directive in [name for name in patch if name.startswith(SET_ORDER)]:
            self._ordered(original, patch, directive, schema)
        for name, value in patch.items():
            self._member(original, name, value, schema)
        return original

    def _member(self, original: Map, name: str, value: Any, schema: Schema) -> None:
        deletes = name.startswith(DELETE_FROM)
        if deletes and not self._carries_out:
            original[name] = value
            return
        if deletes:
            name = field_of(name, DELETE_FROM)
        if value is None:
            original.pop(name, None)
            if self._carries_out:
                return
        if name not in original or type(original[name]) is not type(value):
            if not deletes:
                self._set(original, name, value)
        elif isinstance(value, dict):
            inner, _ = schema.member(name)
            original[name] = self.maps(original[name], value, inner)
        elif isinstance(value, list):
            inner, strategy = schema.items(name)
            original[name] = self._lists(original[name], value, inner, strategy, deletes=deletes)
        else:
            original[name] = value

    def _set(self, original: Map, name: str, value: Any) -> None:
        """Take a value for which there is nothing to merge it into."""
        if is_marked(value):
            original.pop(name, None)
            return
        if self._carries_out:
            drop_nulls(value)
        original[name] = drop_directives(value)

    def _retain_keys(self, original: Map, patch: Map) -> None:
        """Clear what `$retainKeys` does not name; a patch keeps it for the server."""
        if RETAIN_KEYS not in patch:
            return
        kept = patch.pop(RETAIN_KEYS)
        if not self._carries_out:
            if RETAIN_KEYS in original and not equal(original[RETAIN_KEYS], kept):
                text = f"{show(original[RETAIN_KEYS])} and {show(kept)} are not deep equal"
                raise internal(f"{text}: this may happen when calculating the 3-way diff patch")
            original[RETAIN_KEYS] = kept
            return
        if not isinstance(kept, list):
            raise bad_request(BAD_RETAIN_KEYS)
        names = {name for name in kept if isinstance(name, str)}
        for name, value in patch.items():
            directive = name.startswith((DELETE_FROM, SET_ORDER))
            if value is not None and not directive and name not in names:
                raise bad_request(BAD_RETAIN_KEYS)
        for name in [name for name in original if name not in names]:
            del original[name]

    def _ordered(self, original: Map, patch: Map, directive: str, schema: Schema) -> None:
        """Merge the list that a `$setElementOrder` is about, and put it in that order."""
        order = patch.pop(directive)
        if not self._carries_out:
            if directive in original and not equal(original[directive], order):
                raise bad_request(BAD_SET_ORDER)
            original[directive] = order
        order = as_list(order)
        name = field_of(directive, SET_ORDER)
        live = as_list(original.get(name, []))
        items = as_list(patch.get(name, []))
        inner, strategy = schema.items(name)
        check_order(items, order, strategy.key)
        if name in original and name in patch:
            merged = self._lists(live, items, inner, strategy, deletes=False)
        elif name in original:
            merged = live
        elif name in patch:
            merged = drop_directives(items)
        else:
            return
        ordered = arrange(merged, order, live, strategy.key, order=order)
        are_maps(live, items)
        original[name] = ordered
        patch.pop(name, None)

    def _lists(
        self,
        original: list[Any],
        patch: list[Any],
        schema: Schema,
        strategy: Strategy,
        *,
        deletes: bool,
    ) -> list[Any]:
        """Merge two lists, or take the second one when the type says so."""
        if not (strategy.merge or deletes):
            return patch
        if not original and not patch:
            return original
        live = list(original)
        if not are_maps(original, patch):
            if self._carries_out and deletes:
                return [item for item in original if find(patch, "", item) is None]
            merged = without_repetitions(original + patch)
            return arrange(merged, patch, live, strategy.key, order=patch)
        key = strategy.key
        if not key:
            raise internal(f"cannot merge lists without merge key for {schema.kind}")
        live, items = _obey_items(live, patch, key)
        merged = self._items(list(live), items, schema, key)
        return arrange(merged, items, live, key, order=items)

    def _items(self, original: list[Any], patch: list[Any], schema: Schema, key: str) -> list[Any]:
        """Merge every item into the one with the same key; others are added."""
        for item in patch:
            place = find(original, key, identity(item, key))
            if place is None:
                original.append(item)
            else:
                original[place] = self.maps(original[place], item, schema)
        return original


def _marked(patch: Map) -> Map:
    """What a map with a `$patch` becomes."""
    directive = patch[MARKER]
    if directive == REPLACE:
        del patch[MARKER]
        return patch
    if directive == DELETE:
        return {}
    raise unknown(directive, patch)


def _obey_items(original: list[Any], patch: list[Any], key: str) -> tuple[list[Any], list[Any]]:
    """Carry out the marked items of a patch list; return what is left of both lists."""
    items: list[Any] = []
    replaces = False
    for item in patch:
        match item.get(MARKER, item):
            case found if found is item:
                items.append(item)
            case str() as directive if directive == DELETE:
                if key not in item:
                    raise no_key(item, key)
                while (place := find(original, key, item[key])) is not None:
                    del original[place]
            case str() as directive if directive == REPLACE:
                replaces = True
            case str() as directive if directive == MERGE:
                raise internal("merging lists cannot yet be specified in the patch")
            case directive:
                raise unknown(directive, item)
    return (items, []) if replaces else (original, items)
