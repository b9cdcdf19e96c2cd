"""Do two patches want different things of the same field?

(apimachinery: pkg/util/strategicpatch/patch.go, MergingMapsHaveConflicts)
"""

from __future__ import annotations

from typing import Any

from agent.api.patch.directives import MARKER, RETAIN_KEYS
from agent.api.patch.lists import are_maps, no_key, without_repetitions
from agent.api.patch.merge_keys import Schema, Strategy
from agent.api.patch.values import Map, equal, show

_PLAIN = Strategy()


def have_conflicts(left: Map, right: Map, schema: Schema) -> bool:
    """Say whether a field that both patches name is to become two things; raises PatchError."""
    return _conflict(left, right, schema, _PLAIN)


def _conflict(left: Any, right: Any, schema: Schema, strategy: Strategy) -> bool:
    if type(left) is not type(right):
        return True
    if isinstance(left, dict):
        if not equal(left.get(MARKER), right.get(MARKER)):
            return True  # the directive is about the whole map
        return any(
            _members(name, left[name], right[name], schema)
            for name in left
            if name in right and name not in (MARKER, RETAIN_KEYS)
        )
    if isinstance(left, list):
        return _lists(left, right, schema, strategy)
    return not equal(left, right)


def _members(name: str, left: Any, right: Any, schema: Schema) -> bool:
    if isinstance(left, list):
        return _conflict(left, right, *schema.items(name))
    if isinstance(left, dict):
        return _conflict(left, right, *schema.member(name))
    return _conflict(left, right, schema, _PLAIN)


def _lists(left: list[Any], right: list[Any], schema: Schema, strategy: Strategy) -> bool:
    maps = are_maps(left, right)
    if strategy.merge:
        return maps and _keyed_lists(left, right, schema, strategy.key)
    if len(left) != len(right):
        return True
    if not maps:
        left, right = (
            sorted(without_repetitions(items), key=lambda item: show(item))
            for items in (left, right)
        )
    pairs = zip(left, right, strict=False)  # repetitions may have made one shorter
    return any(_conflict(one, other, schema, _PLAIN) for one, other in pairs)


def _keyed_lists(left: list[Any], right: list[Any], schema: Schema, key: str) -> bool:
    """Compare the items with the same key; others do not meet."""
    ours, theirs = _by_key(left, key), _by_key(right, key)
    return any(
        _conflict(item, theirs[name], schema, _PLAIN)
        for name, item in ours.items()
        if name in theirs
    )


def _by_key(items: list[Any], key: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for item in items:
        if key not in item:
            raise no_key(item, key)
        found[show(item[key])] = item
    return found
