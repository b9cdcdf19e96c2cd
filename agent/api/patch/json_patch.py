"""JSON patch (RFC 6902), with the API server's limits and what its library allows beyond the RFC.

(apiserver: pkg/endpoints/handlers/patch.go; github.com/evanphx/json-patch, version 4)
"""

from __future__ import annotations

from typing import Any, Final

import msgspec

from agent.api.patch import values
from agent.api.patch.error import PatchError, bad_request, too_large, unprocessable
from agent.api.patch.values import Map
from agent.manifest.document import TextError

MAX_OPERATIONS: Final = 10_000
#: What `copy` may add to an object, in bytes of JSON.
MAX_COPIED: Final = 3 * 1024 * 1024

_CANNOT_DECODE: Final = "error decoding patch: "
_MEMBERS: Final = ("op", "from", "path", "value")
_TEXTS: Final = ("op", "from", "path")


class Operation(msgspec.Struct, frozen=True):
    """One step of a patch; `value` is kept apart from null by `has_value`."""

    op: str
    path: str
    from_: str
    value: Any
    has_value: bool


class Operations(msgspec.Struct, frozen=True):
    """A patch, and what only a strict request minds about it."""

    steps: tuple[Operation, ...]
    strict_errors: tuple[str, ...]


def read(body: bytes) -> Operations:
    """Read a patch; raises PatchError."""
    try:
        read_body = values.read(body)
    except TextError as exc:
        raise bad_request(_CANNOT_DECODE + exc.go_text) from exc
    items = [] if read_body.value is None else read_body.value
    if not isinstance(items, list):
        raise _wrong(items, "Go value of type []handlers.jsonPatchOp")
    strict = list(read_body.strict_errors)
    steps = []
    for index, item in enumerate(items):
        if not isinstance(item, dict):
            raise _wrong(item, "Go value of type handlers.jsonPatchOp")
        strict += [f'unknown field "[{index}].{name}"' for name in item if name not in _MEMBERS]
        steps.append(_operation(item))
    if len(steps) > MAX_OPERATIONS:
        text = f"The allowed maximum operations in a JSON patch is {MAX_OPERATIONS}"
        raise too_large(f"{text}, got {len(steps)}")
    return Operations(tuple(steps), tuple(f"json patch {text}" for text in strict))


def _operation(item: Map) -> Operation:
    for name in _TEXTS:
        if not isinstance(item.get(name, ""), str):
            raise _wrong(item[name], f"Go struct field jsonPatchOp.{name} of type string")
    return Operation(
        op=item.get("op", ""),
        path=item.get("path", ""),
        from_=item.get("from", ""),
        value=item.get("value"),
        has_value="value" in item,
    )


def _wrong(value: Any, target: str) -> PatchError:
    kind = values.json_kind(value) if value is not None else "null"
    return bad_request(f"{_CANNOT_DECODE}json: cannot unmarshal {kind} into {target}")


def apply(original: Map, steps: tuple[Operation, ...]) -> Any:
    """Return `original` after all steps; raises PatchError when one does not apply."""
    return _Patching(original).run(steps)


class _Patching:
    def __init__(self, original: Map) -> None:
        self._root: Any = values.copy(original)
        self._copied = 0

    def run(self, steps: tuple[Operation, ...]) -> Any:
        """Carry out every step."""
        for step in steps:
            match step.op:
                case "add":
                    self._add(step, step.path, values.copy(step.value))
                case "remove":
                    self._remove(step, step.path)
                case "replace":
                    self._replace(step)
                case "move":
                    self._add(step, step.path, self._remove(step, step.from_))
                case "copy":
                    self._copy(step)
                case "test":
                    self._test(step)
                case _:
                    raise unprocessable(f"Unexpected kind: {step.op or 'unknown'}")
        return self._root

    def _add(self, step: Operation, path: str, value: Any) -> None:
        holder, key = self._holder(step, path)
        if isinstance(holder, dict):
            holder[key] = value
        elif key == "-":
            holder.append(value)
        else:
            holder.insert(_index(key, len(holder) + 1, step), value)

    def _remove(self, step: Operation, path: str) -> Any:
        holder, key = self._holder(step, path)
        return holder.pop(self._existing(step, holder, key))

    def _replace(self, step: Operation) -> None:
        holder, key = self._holder(step, step.path)
        holder[self._existing(step, holder, key)] = values.copy(step.value)

    def _copy(self, step: Operation) -> None:
        holder, key = self._holder(step, step.from_)
        value = holder[self._existing(step, holder, key)]
        self._copied += len(msgspec.json.encode(value))
        if self._copied > MAX_COPIED:
            text = f"the accumulated size increase of copy is {self._copied}"
            raise unprocessable(
                f"Unable to complete the copy, {text}, exceeding the limit {MAX_COPIED}"
            )
        self._add(step, step.path, values.copy(value))

    def _test(self, step: Operation) -> None:
        holder, key = self._holder(step, step.path)
        found = (
            holder.get(key)
            if isinstance(holder, dict)
            else holder[self._existing(step, holder, key)]
        )
        if not _same_json(found, step.value):
            raise unprocessable(f"testing value {step.path} failed: test failed")

    def _holder(self, step: Operation, path: str) -> tuple[Any, str]:
        """Return the map or list in which the last part of a path stands."""
        parts = path.split("/")
        if len(parts) < 2:
            raise _missing(step, path)
        here = self._root
        for part in parts[1:-1]:
            key = _unescaped(part)
            if not isinstance(here, (dict, list)):
                raise _missing(step, path)
            here = here[self._existing(step, here, key)]
        if not isinstance(here, (dict, list)):
            raise _missing(step, path)
        return here, _unescaped(parts[-1])

    def _existing(self, step: Operation, holder: Any, key: str) -> Any:
        """Return the key of something that is there."""
        if isinstance(holder, list):
            return _index(key, len(holder), step)
        if key not in holder:
            raise _missing(step, f"{step.from_ or step.path}")
        return key


def _unescaped(part: str) -> str:
    return part.replace("~1", "/").replace("~0", "~")


def _index(key: str, size: int, step: Operation) -> int:
    """Return an index below `size`; negative ones count from the end."""
    try:
        index = int(key) if key.isascii() else size
    except ValueError as exc:
        text = f"value was not a proper array index: '{key}'"
        raise unprocessable(f"{step.op} operation does not apply: {text}") from exc
    if not -size <= index < size:
        text = f"Unable to access invalid index: {index}: invalid index referenced"
        raise unprocessable(f"error in {step.op} for path: '{step.path}': {text}")
    return index % size


def _missing(step: Operation, path: str) -> PatchError:
    text = f'{step.op} operation does not apply: doc is missing path: "{path}": missing value'
    return unprocessable(text)


def _same_json(left: Any, right: Any) -> bool:
    """Say whether two JSON values are the same; 1 and 1.0 are one number there."""
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(
            _same_json(item, right[key]) for key, item in left.items()
        )
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(_same_json, left, right))
    return bool(left == right)
