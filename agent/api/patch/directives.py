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


def drop_directives(value: Any) -> Any:
    """Return what a new value means where there is nothing to merge it into; changes its maps.

    Marked maps vanish; the caller has looked whether the value itself is one.
    """
    if isinstance(value, dict):
        for key in [key for key, item in value.items() if is_marked(item)]:
            del value[key]
        for key, item in value.items():
            value[key] = drop_directives(item)
        return value
    if isinstance(value, list):
        return [drop_directives(item) for item in value if not is_marked(item)]
    return value


def drop_nulls(value: Any) -> None:
    """Take out the members that are null, which delete nothing in a new value."""
    if isinstance(value, dict):
        for key in [key for key, item in value.items() if item is None]:
            del value[key]
        for item in value.values():
            drop_nulls(item)
    elif isinstance(value, list):
        for item in value:
            drop_nulls(item)
