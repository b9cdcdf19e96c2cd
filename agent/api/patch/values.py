"""Plain JSON values as Go's decoder sees them: their types, equality, and how fmt prints them.

Python would take 1, 1.0 and True for the same value; Go's interfaces do not.
"""

from __future__ import annotations

import math
from typing import Any, Final

from agent.manifest import json_text
from agent.manifest.document import Members, Number
from agent.manifest.findings import Walk, go_kind

Map = dict[str, Any]

_MAX_DEPTH: Final = 200
_INT64: Final = 2**63
#: The exponent from which on Go writes one (strconv: %g with the shortest precision).
_FIRST_EXPONENT: Final = 6
#: Name of a value's type (reflect.Type) and of its kind (reflect.Kind).
_TYPES: Final[dict[type, tuple[str, str]]] = {
    str: ("string", "string"),
    bool: ("bool", "bool"),
    int: ("int64", "int64"),
    float: ("float64", "float64"),
    dict: ("map[string]interface {}", "map"),
    list: ("[]interface {}", "slice"),
    type(None): ("<nil>", "invalid"),
}


class Body:
    """A JSON body read into plain values; `strict_errors` tell of repeated names."""

    def __init__(self, value: Any, strict_errors: tuple[str, ...]) -> None:
        self.value = value
        self.strict_errors = strict_errors


def read(body: bytes) -> Body:
    """Return the value of a JSON body; raises TextError.

    Numbers become int where they fit into 64 bits, else float; of repeated names the last wins.
    """
    document = json_text.read(body.decode(errors="surrogateescape"), max_depth=_MAX_DEPTH)
    walk = Walk()
    value = _plain(document.value, walk)
    return Body(value, tuple(finding.go_text for finding in walk.findings))


def _plain(value: object, walk: Walk) -> Any:
    """A copy without the classes of the reader."""
    if isinstance(value, dict):
        return _plain_map(value, walk)
    if isinstance(value, list):
        items = []
        for index, item in enumerate(value):
            walk.enter(index)
            items.append(_plain(item, walk))
            walk.leave()
        return items
    if isinstance(value, Number):
        return 0 if value.text == "-0" else float(value)
    if type(value) is int and not -_INT64 <= value < _INT64:
        return float(value)
    return value


def _plain_map(value: dict[str, object], walk: Walk) -> Map:
    result: Map = {}
    for key, item in value.pairs if isinstance(value, Members) else value.items():
        if key in result:
            walk.duplicate(key)
        walk.enter(key)
        result[key] = _plain(item, walk)
        walk.leave()
    return result


def copy(value: Any) -> Any:
    """Return a deep copy."""
    if isinstance(value, dict):
        return {key: copy(item) for key, item in value.items()}
    if isinstance(value, list):
        return [copy(item) for item in value]
    return value


def as_stored(value: Any) -> Any:
    """Return a copy in which empty lists are null, as they are in an object that Go has read."""
    if isinstance(value, dict):
        return {key: as_stored(item) for key, item in value.items()}
    if isinstance(value, list):
        return [as_stored(item) for item in value] if value else None
    return value


def type_name(value: object) -> str:
    """Return Go's name of the type of a value ("map[string]interface {}")."""
    return _TYPES[type(value)][0]


def kind_name(value: object) -> str:
    """Return Go's name of the kind of a value ("map", "slice", "int64")."""
    return _TYPES[type(value)][1]


def json_kind(value: object) -> str:
    """Return how Go's JSON decoder names a value ("object", "array", "number")."""
    return go_kind(value, "")


def equal(left: Any, right: Any) -> bool:
    """Say whether two values are deeply equal, types included (reflect.DeepEqual)."""
    if type(left) is not type(right):
        return False
    if isinstance(left, dict):
        return left.keys() == right.keys() and all(
            equal(item, right[key]) for key, item in left.items()
        )
    if isinstance(left, list):
        return len(left) == len(right) and all(map(equal, left, right))
    return bool(left == right)


def show(value: Any) -> str:
    """Print a value as Go's %v does: maps sorted by key, strings bare."""
    if isinstance(value, dict):
        return f"map[{' '.join(f'{key}:{show(value[key])}' for key in sorted(value))}]"
    if isinstance(value, list):
        return f"[{' '.join(map(show, value))}]"
    if value is None:
        return "<nil>"
    if isinstance(value, bool):
        return "true" if value else "false"
    return _show_float(value) if isinstance(value, float) else str(value)


def _show_float(value: float) -> str:
    """The fewest digits that tell the value; the exponent is shown below -4 and from six on."""
    if not math.isfinite(value):
        return "NaN" if value != value else f"{'+' if value > 0 else '-'}Inf"
    text = next(text for text in (f"{value:.{n}e}" for n in range(17)) if float(text) == value)
    mantissa, _, exponent = text.partition("e")
    if -4 <= int(exponent) < _FIRST_EXPONENT:
        return f"{value:.{max(0, len(mantissa.partition('.')[2]) - int(exponent))}f}"
    return text


def show_verb_s(value: Any) -> str:
    """Print a value as Go's %s does: what is no string is told to be none."""
    if isinstance(value, str):
        return value
    if value is None:
        return "%!s(<nil>)"
    if isinstance(value, (dict, list)):
        return show(value)
    return f"%!s({type_name(value)}={show(value)})"
