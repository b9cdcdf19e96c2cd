"""The places of an object, what stands there, and objects put together of others' parts.

(structured-merge-diff: typed)
"""

from __future__ import annotations

from typing import Any, Final

from agent.api.apply.lists import Place
from agent.api.apply.paths import Path, Paths, content, field
from agent.api.patch import values
from agent.api.patch.values import Map


class _Missing:
    """The type of MISSING."""


#: Stands for what is not there.
MISSING: Final = _Missing()


def places(place: Place, value: Any) -> Paths:
    """Return the places that an object sets."""
    found: set[Path] = set()
    _collect(place, value, (), found)
    return frozenset(found)


def _collect(place: Place, value: Any, path: Path, found: set[Path]) -> None:
    if place.has_members and isinstance(value, dict) and value:
        for name, inner in value.items():
            _collect(place.below(name), inner, (*path, field(name)), found)
    elif place.keys is not None and isinstance(value, list) and value:
        for inner in value:
            at = (*path, place.keys.element(inner))
            found.add(at)
            if place.keys.names and isinstance(inner, dict):
                _collect(place.item, inner, at, found)
    elif path:
        found.add(path)


def lookup(place: Place, value: Any, path: Path) -> Any:
    """Return what stands at a place, MISSING when nothing does."""
    for element in path:
        if element.startswith("f:"):
            name = content(element)
            if not isinstance(value, dict) or name not in value:
                return MISSING
            place, value = place.below(name), value[name]
        else:
            index = _index(place, value, element)
            if index is None:
                return MISSING
            place, value = place.item, value[index]
    return value


def _index(place: Place, value: Any, element: str) -> int | None:
    if place.keys is None or not isinstance(value, list):
        return None
    elements = map(place.keys.element, value)
    return next((index for index, found in enumerate(elements) if found == element), None)


def remove(place: Place, value: Any, path: Path) -> None:
    """Take out what stands at a place, if anything does; changes `value`."""
    holder = value
    for element in path[:-1]:
        holder = lookup(place, holder, (element,))
        if holder is MISSING:
            return
        place = place.below(content(element)) if element.startswith("f:") else place.item
    last = path[-1]
    if last.startswith("f:"):
        if isinstance(holder, dict):
            holder.pop(content(last), None)
        return
    index = _index(place, holder, last)
    if index is not None:
        del holder[index]


def merge(place: Place, live: Any, applied: Any) -> Any:
    """Return `live` with everything that `applied` sets."""
    if place.has_members and isinstance(live, dict) and isinstance(applied, dict):
        merged: Map = dict(live)
        for name, inner in applied.items():
            if name in live:
                inner = merge(place.below(name), live[name], inner)
            merged[name] = values.copy(inner)
        return merged
    if place.keys is not None and isinstance(live, list) and isinstance(applied, list):
        return _merge_lists(place, live, applied)
    return values.copy(applied)


def _merge_lists(place: Place, live: list[Any], applied: list[Any]) -> list[Any]:
    """Items stand as they were applied; those of others keep their place before them."""
    assert place.keys is not None
    known = [place.keys.element(inner) for inner in live]
    wanted = [place.keys.element(inner) for inner in applied]
    others = [index for index, element in enumerate(known) if element not in wanted]
    result: list[Any] = []
    for element, inner in zip(wanted, applied, strict=True):
        if element in known:
            mine = known.index(element)
            while others and others[0] < mine:
                result.append(live[others.pop(0)])
            inner = merge(place.item, live[mine], inner) if place.keys.names else inner
        result.append(values.copy(inner))
    return result + [live[index] for index in others]


def changes(place: Place, old: Any, new: Any) -> tuple[Paths, Paths]:
    """Return the places that `new` sets anew or otherwise, and those that it leaves out."""
    before, after = places(place, old), places(place, new)
    changed = frozenset(path for path in after if differs(place, old, new, path))
    return changed, before - after


def differs(place: Place, old: Any, new: Any, path: Path) -> bool:
    """Say whether something else stands at a place; an item is another one only when it is new."""
    left, right = lookup(place, old, path), lookup(place, new, path)
    if left is MISSING or right is MISSING:
        return left is not right
    return path[-1].startswith("f:") and not values.equal(left, right)
