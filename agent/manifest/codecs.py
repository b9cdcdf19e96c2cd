"""How is one plain value read into one type of the model? One codec per shape of type.

The rules are those of Go's encoding/json as Kubernetes uses it (sigs.k8s.io/json): names match by
case, null leaves a plain value as it is, and a repeated name is read into what is there already.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Protocol

import msgspec

from agent.manifest import base64_text, go_time
from agent.manifest.document import Members, Number
from agent.manifest.findings import Walk, shown
from agent.model import quantity
from agent.model.base import Object


class Codec(Protocol):
    """Reads a plain value; what does not fit is told to the walk, and `previous` is kept."""

    go_type: str

    def zero(self) -> Any:
        """Go's zero value."""
        ...

    def read(self, walk: Walk, value: object, previous: Any) -> Any:
        """Return the value; `previous` is what the field held before (its zero, mostly)."""
        ...


class Text:
    """A string, or a named string type."""

    def __init__(self, go_type: str = "string") -> None:
        self.go_type = go_type

    def zero(self) -> str:
        return ""

    def read(self, walk: Walk, value: object, previous: str) -> str:
        if isinstance(value, str):
            return value
        if value is None:
            return previous
        hint = ""
        if isinstance(value, bool):
            hint = " (write it in quotes)"
        elif isinstance(value, (int, Number)):
            hint = f' (write "{shown(value)}")'
        walk.wrong_type(value, self.go_type, f"must be a string, got {shown(value)}{hint}")
        return previous


class Bool:
    """A boolean."""

    go_type = "bool"

    def zero(self) -> bool:
        return False

    def read(self, walk: Walk, value: object, previous: bool) -> bool:
        if isinstance(value, bool):
            return value
        if value is not None:
            walk.wrong_type(value, "bool", f"must be true or false, got {shown(value)}")
        return previous


class Int:
    """An integer of a number of bits."""

    def __init__(self, go_type: str) -> None:
        self.go_type = go_type
        self._limit: int = 2 ** (int(go_type.removeprefix("int")) - 1)

    def zero(self) -> int:
        return 0

    def read(self, walk: Walk, value: object, previous: int, *, aborts: bool = False) -> int:
        if isinstance(value, int) and not isinstance(value, bool):
            if -self._limit <= value < self._limit:
                return value
            text = f"must be between {-self._limit} and {self._limit - 1}, got {shown(value)}"
        elif value is None:
            return previous
        elif isinstance(value, Number) and value.text == "-0":
            return 0
        else:
            text = f"must be an integer, got {shown(value)}"
            if isinstance(value, str) and value.lstrip("-").isdecimal():
                text += " (leave the quotes out)"
        walk.wrong_type(value, self.go_type, text, aborts=aborts)
        return previous


class IntOrText:
    """A number or a name (intstr.IntOrString, which reads itself)."""

    go_type = "intstr.IntOrString"
    _int = Int("int32")

    def zero(self) -> int:
        return 0

    def read(self, walk: Walk, value: object, previous: int | str) -> int | str:
        if isinstance(value, str):
            return value
        number = previous if isinstance(previous, int) else 0
        return self._int.read(walk, value, number, aborts=True)


class QuantityText:
    """A resource quantity; kept in canonical form (resource.Quantity, which reads itself)."""

    go_type = "resource.Quantity"

    def zero(self) -> str:
        return "0"

    def read(self, walk: Walk, value: object, previous: str) -> str:
        match value:
            case None:
                return "0"
            case str():
                text = value.strip()
            case Number():
                text = value.text
            case int() if not isinstance(value, bool):
                text = str(value)
            case _:
                text = "?"  # no bool, list or map looks like a quantity
        try:
            return quantity.parse(text).canonical()
        except quantity.QuantityError as exc:
            walk.bad_value(str(exc), f"bad quantity {shown(value)}: {exc}")
            return previous


class Instant:
    """A time; metav1.Time keeps whole seconds, metav1.MicroTime microseconds."""

    def __init__(self, go_type: str) -> None:
        self.go_type = go_type

    def zero(self) -> None:
        return None

    def read(self, walk: Walk, value: object, previous: Any) -> Any:
        if value is None:
            return None
        if not isinstance(value, str):
            walk.wrong_type(value, "string", f"must be a time, got {shown(value)}", aborts=True)
            return previous
        try:
            instant = go_time.parse(value)
        except go_time.TimeError as exc:
            walk.bad_value(str(exc), f"must be a time like 2025-06-01T12:00:00Z: {exc}")
            return previous
        return instant if self.go_type == "v1.MicroTime" else instant.replace(microsecond=0)


class Bytes:
    """Bytes in base64; kept as canonical base64 text."""

    go_type = "[]uint8"

    def zero(self) -> str:
        return ""

    def read(self, walk: Walk, value: object, previous: str) -> str:
        if value is None:
            return ""
        if not isinstance(value, str):
            walk.wrong_type(value, self.go_type, f"must be base64 text, got {shown(value)}")
            return previous
        raw = value.encode(errors="replace")
        wrong = base64_text.error_at(raw)
        if wrong is not None:
            go_text = f"illegal base64 data at input byte {wrong}"
            walk.bad_value(go_text, f"must be base64: {go_text}", aborts=False)
            return previous
        return base64_text.encode(base64_text.decode(raw))


class Anything:
    """A value that is kept as it is (JSON of some other schema)."""

    go_type = "interface {}"

    def zero(self) -> None:
        return None

    def read(self, walk: Walk, value: object, previous: object) -> object:
        return value


class Pointer:
    """A value that may be absent."""

    def __init__(self, inner: Codec) -> None:
        self.inner = inner
        self.go_type = inner.go_type

    def zero(self) -> None:
        return None

    def read(self, walk: Walk, value: object, previous: Any) -> Any:
        if value is None:
            return None
        known = len(walk.findings)
        result = self.inner.read(walk, value, self.inner.zero() if previous is None else previous)
        # Go allocates before it reads, so a refused value leaves a zero, which nobody sees.
        return previous if len(walk.findings) > known and result is None else result


class Sequence:
    """A list, kept as a tuple."""

    def __init__(self, item: Codec, go_type: str = "") -> None:
        self.item = item
        self.go_type = go_type or f"[]{item.go_type}"

    def zero(self) -> tuple[Any, ...]:
        return ()

    def read(self, walk: Walk, value: object, previous: tuple[Any, ...]) -> tuple[Any, ...]:
        if value is None:
            return ()
        if not isinstance(value, list):
            walk.wrong_type(value, self.go_type, f"must be a list, got {shown(value)}")
            return previous
        items = []
        for index, raw in enumerate(value):
            walk.enter(index)
            # Go reads into the memory of the list that a repeated name set before.
            before = previous[index] if index < len(previous) else self.item.zero()
            items.append(self.item.read(walk, raw, before))
            walk.leave()
        return tuple(items)


class Map:
    """A map with free keys."""

    def __init__(self, item: Codec, go_type: str = "") -> None:
        self.item = item
        self.go_type = go_type or f"map[string]{item.go_type}"

    def zero(self) -> dict[str, Any]:
        return {}

    def read(self, walk: Walk, value: object, previous: dict[str, Any]) -> dict[str, Any]:
        if value is None:
            return {}
        if not isinstance(value, dict):
            walk.wrong_type(value, self.go_type, f"must be a map, got {shown(value)}")
            return previous
        result = dict(previous)
        seen: set[str] = set()
        for key, raw in value.pairs if isinstance(value, Members) else value.items():
            if key in seen:
                walk.duplicate(key)
            seen.add(key)
            walk.enter(key)
            result[key] = self.item.read(walk, raw, self.item.zero())
            walk.leave()
        return result


class Struct:
    """An object of the model; `codec_of` finds the codec of an attribute when it occurs."""

    def __init__(self, cls: type[Object], codec_of: Any) -> None:
        self.cls = cls
        self._names = dict(zip(cls.__struct_encode_fields__, cls.__struct_fields__, strict=True))
        self._codec_of = codec_of
        self.go_type = f"v1.{cls.__name__}"

    def zero(self) -> Object:
        return self.cls()

    @property
    def names(self) -> Iterable[str]:
        """The JSON names of the members, in the order of the type."""
        return self._names

    def member(self, name: str) -> Codec | None:
        """Return the codec of the member of that JSON name, None when there is none."""
        attribute = self._names.get(name)
        if attribute is None:
            return None
        codec: Codec = self._codec_of(self.cls, attribute)
        return codec

    def read(self, walk: Walk, value: object, previous: Object) -> Object:
        if value is None:
            return previous
        if not isinstance(value, dict):
            walk.wrong_type(value, self.go_type, f"must be a map, got {shown(value)}")
            return previous
        walk.structs.append(self.cls.__name__)
        changes: dict[str, object] = {}
        for key, raw in value.pairs if isinstance(value, Members) else value.items():
            name = self._names.get(key)
            if name is None:
                walk.unknown(key, self._names)
                continue
            if name in changes:
                walk.duplicate(key)
            before = changes[name] if name in changes else getattr(previous, name)
            walk.enter_field(key)
            changes[name] = self._codec_of(self.cls, name).read(walk, raw, before)
            walk.leave_field()
        walk.structs.pop()
        return msgspec.structs.replace(previous, **changes)
