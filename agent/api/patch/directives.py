"""The words that a strategic merge patch has beside the fields of the object."""

from __future__ import annotations

from typing import Any, Final

from agent.api.patch.error import PatchError, bad_request, internal
from agent.api.patch.values import Map, show, show_verb_s, type_name

MARKER: Final = "$patch"
DELETE: Final = "delete"
REPLACE: Final = "replace"
MERGE: Final = "merge"
RETAIN_KEYS: Final = "$retainKeys"
DELETE_FROM: Final = "$deleteFromPrimitiveList"
SET_ORDER: Final = "$setElementOrder"

BAD_RETAIN_KEYS: Final = "invalid patch format of retainKeys"
BAD_DELETE_FROM: Final = "invalid patch format of primitive list"
BAD_SET_ORDER: Final = "invalid patch format of setElementOrder list"


def field_of(directive: str, prefix: str) -> str:
    """Return the field that a directive like `$setElementOrder/NAME` is about."""
    start, slash, field = directive.partition("/")
    if not slash or start != prefix:
        raise bad_request(BAD_DELETE_FROM if prefix == DELETE_FROM else BAD_SET_ORDER)
    return field


def is_marked(item: object) -> bool:
    """Say whether a value is a map with a `$patch` in it."""
    return isinstance(item, dict) and MARKER in item


def unknown(directive: Any, holder: Map) -> PatchError:
    """The error for a `$patch` that is none of the known ones here."""
    return internal(f"unknown patch type: {show_verb_s(directive)} in map: {show(holder)}")


def wrong_argument(expected: str, actual: Any) -> PatchError:
    """The error for a value of another type than the merge needs."""
    found = "%!s(<nil>)" if actual is None else type_name(actual)
    return internal(f"expected a {expected}, but received a {found}")


def without_directives(value: Any) -> Any:
    """Return what a new value means where there is nothing to merge it into.

    Marked maps vanish; None for one that stands alone. Nulls must have been dropped before.
    """
    if isinstance(value, dict):
        if MARKER in value:
            return None
        kept = {key: item for key, item in value.items() if not is_marked(item)}
        return {key: without_directives(item) for key, item in kept.items()}
    if isinstance(value, list):
        return [without_directives(item) for item in value if not is_marked(item)]
    return value


def without_nulls(value: Any) -> Any:
    """Return a copy without the members that are null; they delete nothing in a new value."""
    if isinstance(value, dict):
        return {key: without_nulls(item) for key, item in value.items() if item is not None}
    if isinstance(value, list):
        return [without_nulls(item) for item in value]
    return value
