"""Lists that are merged item by item: who is who, and in which order they stand.

The items of such a list are all maps, told apart by the value of their merge key, or all scalars
(`key` is empty then). (apimachinery: pkg/util/strategicpatch/patch.go)
"""

from __future__ import annotations

from typing import Any

from agent.api.patch.directives import DELETE, MARKER, is_marked, wrong_argument
from agent.api.patch.error import PatchError, internal, unprocessable
from agent.api.patch.values import Map, equal, show

_LIST_OF_LISTS = "lists of lists are not supported"
_ANY_MAP = "map[string]interface {}"


def no_key(item: Map, key: str) -> PatchError:
    """The error for an item without the value that would identify it."""
    return internal(f"map: {show(item)} does not contain declared merge key: {key}")


def are_maps(*lists: list[Any]) -> bool:
    """Say whether the items of the lists are maps; raises PatchError when they are mixed."""
    items = [item for items in lists for item in items]
    if not items:
        raise internal("no elements in any of the given slices")
    first = items[0]
    if isinstance(first, list):
        raise unprocessable(_LIST_OF_LISTS)
    for item in items[1:]:
        if type(item) is not type(first):
            text = " ".join(show(items) for items in lists)
            raise internal(f"list element types are not identical: [{text}]")
    return isinstance(first, dict)


def identity(item: Any, key: str) -> Any:
    """Return what identifies an item; raises PatchError for a map without its key."""
    if not key:
        return item
    if not isinstance(item, dict):
        raise wrong_argument(_ANY_MAP, item)
    if key not in item:
        raise no_key(item, key)
    return item[key]


def find(items: list[Any], key: str, wanted: Any) -> int | None:
    """Return the index of the item that is identified by `wanted`."""
    for index, item in enumerate(items):
        if not key:
            found = equal(item, wanted)
        elif not isinstance(item, dict):
            raise internal(f"value for key {index} is not a map.")
        else:
            found = key in item and equal(item[key], wanted)
        if found:
            return index
    return None


def split_deletions(items: list[Any]) -> tuple[list[Any], list[Any]]:
    """Part a list of maps into what is kept and what is marked to be deleted."""
    kept: list[Any] = []
    deleted: list[Any] = []
    for item in items:
        if not isinstance(item, dict):
            raise wrong_argument(_ANY_MAP, item)
        (deleted if item.get(MARKER) == DELETE else kept).append(item)
    return kept, deleted


def in_order(items: list[Any], order: list[Any], key: str) -> list[Any]:
    """Sort by the place in `order`; deletions go to the end."""
    deletions: list[Any] = []
    if key:
        for item in (*items, *order):
            identity(item, key)
        items, deletions = split_deletions(items)
    places = [find(order, key, identity(item, key)) for item in items]
    last = len(order)
    numbered = sorted(
        zip(places, items, strict=True), key=lambda pair: last if pair[0] is None else pair[0]
    )
    return [item for _, item in numbered] + deletions


def arrange(
    merged: list[Any], first: list[Any], live: list[Any], key: str, *, order: list[Any]
) -> list[Any]:
    """Put a merged list in order: the items named by `first` as in `order`, others as in `live`.

    Where an item of the one kind stands among those of the other is told by `live`, too.
    """
    ours: list[Any] = []
    theirs: list[Any] = []
    for item in merged:
        known = find(first, key, identity(item, key)) is not None
        (ours if known else theirs).append(item)
    return _interleaved(in_order(theirs, live, key), in_order(ours, order, key), live, key)


def _interleaved(theirs: list[Any], ours: list[Any], live: list[Any], key: str) -> list[Any]:
    """Merge two sorted lists; an item of `theirs` goes first when `live` has it before ours."""
    result: list[Any] = []
    place = 0
    for item in ours:
        mine = find(live, key, identity(item, key))
        while mine is not None and place < len(theirs):
            other = find(live, key, identity(theirs[place], key))
            if other is None or other >= mine:
                break
            result.append(theirs[place])
            place += 1
        result.append(item)
    return result + theirs[place:]


def without_repetitions(items: list[Any]) -> list[Any]:
    """Return the scalars once each."""
    result: list[Any] = []
    for item in items:
        if find(result, "", item) is None:
            result.append(item)
    return result


def check_order(patch: list[Any], order: list[Any], key: str) -> None:
    """Refuse a patch list that contradicts the `$setElementOrder` beside it."""
    if not order or not patch:
        return
    items = split_deletions(patch)[0] if key else patch
    at = place = 0
    while at < len(items) and place < len(order):
        if is_marked(items[at]):
            at += 1
            continue
        if equal(identity(items[at], key), identity(order[place], key)):
            at += 1
        place += 1
    if at < len(items) and place >= len(order):
        text = f"The order in patch list:\n{show(patch)}\n doesn't match $setElementOrder list:\n"
        raise internal(f"{text}{show(order)}\n")


def as_list(value: Any) -> list[Any]:
    """Return `value`, which must be a list; raises PatchError."""
    if not isinstance(value, list):
        raise wrong_argument("[]interface {}", value)
    return value
