"""Places in an object as managedFields write them: `f:spec`, `k:{"name":"c"}`, `v:"x"`.

A set of places is kept flat here, each a tuple of such elements; FieldsV1 is the same as a tree.
(structured-merge-diff: fieldpath)
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

Path = tuple[str, ...]
Paths = frozenset[Path]

_SELF = "."


def field(name: str) -> str:
    """The element of a member of a struct or a map."""
    return f"f:{name}"


def item(key: Mapping[str, Any]) -> str:
    """The element of an item of a list that is told apart by some of its members."""
    return f"k:{_json(key)}"


def member(value: Any) -> str:
    """The element of a value in a list that is a set."""
    return f"v:{_json(value)}"


def content(element: str) -> Any:
    """What an element tells: a name, the members that are the key, or the value."""
    kind, _, text = element.partition(":")
    return text if kind == "f" else json.loads(text)


def _json(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"), sort_keys=True, ensure_ascii=False)


def to_fields(paths: Iterable[Path]) -> dict[str, Any]:
    """Write a set as FieldsV1; `.` is a place that is owned beside what is below it."""
    tree: dict[str, Any] = {}
    for path in sorted(paths):
        here = tree
        for element in path:
            here = here.setdefault(element, {})
        here[_SELF] = {}
    return _pruned(tree)


def _pruned(tree: dict[str, Any]) -> dict[str, Any]:
    """A place with nothing below it needs no `.`."""
    return {
        element: {} if element == _SELF or below.keys() == {_SELF} else _pruned(below)
        for element, below in tree.items()
    }


def of_fields(tree: Mapping[str, Any] | None) -> Paths:
    """Read FieldsV1; what is not in its form is left out."""
    found: set[Path] = set()
    waiting: list[tuple[Path, Any]] = [((), tree or {})]
    while waiting:
        path, below = waiting.pop()
        if not isinstance(below, Mapping):
            continue
        if path and (not below or _SELF in below):
            found.add(path)
        waiting += [
            ((*path, element), rest)
            for element, rest in below.items()
            if element != _SELF and _is_element(element)
        ]
    return frozenset(found)


def _is_element(element: str) -> bool:
    kind, colon, text = element.partition(":")
    if not colon or kind not in ("f", "k", "v"):
        return False
    try:
        key = {} if kind != "k" else json.loads(text)
        return isinstance(key, dict) and (kind != "v" or json.loads(text) is not None)
    except (ValueError, RecursionError):
        return False


def with_holders(paths: Iterable[Path]) -> Paths:
    """Return the set with every place that holds one of its places."""
    return frozenset(path[:end] for path in paths for end in range(1, len(path) + 1))


def show(path: Path) -> str:
    """Print a place as conflicts name it: `.spec.containers[name="c"].image`."""
    text = ""
    for element in path:
        inside = content(element)
        if element.startswith("f:"):
            text += f".{inside}"
        elif element.startswith("k:"):
            text += f"[{','.join(f'{name}={_json(inside[name])}' for name in sorted(inside))}]"
        else:
            text += f"[={_json(inside)}]"
    return text
