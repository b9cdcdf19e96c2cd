"""From the bytes of a message to the plain values that JSON would carry."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from agent.api.protobuf import wire
from agent.api.protobuf.fields import Field, Shape, by_number, fields_of
from agent.api.protobuf.wire import ProtobufError
from agent.manifest import base64_text

Map = dict[str, Any]

#: No object nests deeper.
MAX_DEPTH: Final = 40
#: A body may hold no more messages; each costs far more memory than its two bytes on the wire.
MAX_MESSAGES: Final = 100_000

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_ZEROS: Final[dict[str, Any]] = {
    "s": "", "b": False, "i": 0, "l": 0, "B": "", "T": None, "M": None, "Q": "0", "I": 0,
}  # fmt: skip
_NUMBERS: Final = frozenset("bil")


def read_message(message: str, data: bytes) -> Map:
    """Return a message as JSON would carry it; raises ProtobufError."""
    return _finished(message, _Decoder().message(message, data, {}, 0))


class _Decoder:
    """Reads one body."""

    def __init__(self) -> None:
        self._messages = 0

    def message(self, message: str, data: bytes, into: Map, depth: int) -> Map:
        """Read what is set into a map; of several values of a field the last one counts."""
        self._messages += 1
        if depth > MAX_DEPTH:
            raise ProtobufError("message nests too deeply")
        if self._messages > MAX_MESSAGES:
            raise ProtobufError("too many messages")
        known = by_number(message)
        for number, wire_type, value in wire.read(data):
            field = known.get(number)
            if field is not None:
                self._field(field, wire_type, value, into, depth)
        return into

    def _field(
        self, field: Field, wire_type: int, value: int | bytes, into: Map, depth: int
    ) -> None:
        if field.shape is Shape.MAP:
            key, item = self._entry(field, _content(field, wire_type, value), depth)
            into.setdefault(field.name, {})[key] = item
        elif field.shape is Shape.LIST:
            items = into.setdefault(field.name, [])
            if field.type in _NUMBERS and isinstance(value, bytes):
                items += _packed(field, wire_type, value)
            else:
                items.append(self._value(field, wire_type, value, {}, depth))
        else:
            before = into.get(field.name)
            known = before if isinstance(before, dict) else {}
            into[field.name] = self._value(field, wire_type, value, known, depth)

    def _value(
        self, field: Field, wire_type: int, value: int | bytes, before: Map, depth: int
    ) -> Any:
        if field.type in _NUMBERS:
            if not isinstance(value, int):
                raise _wrong_wire(field, wire_type)
            return _number(field.type, value)
        data = _content(field, wire_type, value)
        reader = _READERS.get(field.type)
        if reader is not None:
            return reader(data)
        return self.message(field.type, data, before, depth + 1)

    def _entry(self, field: Field, data: bytes, depth: int) -> tuple[str, Any]:
        """Read one entry of a map: its key and its value are fields 1 and 2."""
        self._messages += 1
        key, item = "", _ZEROS.get(field.type, [] if field.type == "X" else {})
        for number, wire_type, value in wire.read(data):
            if number == 1:
                key = _content(field, wire_type, value).decode(errors="replace")
            elif number == 2:
                item = self._value(field, wire_type, value, {}, depth)
        return key, item


def _finished(message: str, found: Map) -> Map:
    """Leave out zeros as JSON does, and add what JSON shows always."""
    result: Map = {}
    for field in fields_of(message):
        value = found.get(field.name)
        if field.shape is Shape.INLINE:
            result |= _finished(field.type, value or {})
        elif field.shape is Shape.VALUE and field.is_message:
            result[field.name] = _finished(field.type, value or {})
        elif field.shape is Shape.VALUE:
            zero = _ZEROS[field.type]
            value = zero if value is None else value
            if field.always or value != zero:
                result[field.name] = value
        elif value is not None and not (field.shape is Shape.LIST and not value):
            result[field.name] = _nested(field, value)
        elif field.always:
            result[field.name] = None
    return result


def _nested(field: Field, value: Any) -> Any:
    if not field.is_message:
        return value
    if field.shape is Shape.LIST:
        return [_finished(field.type, item) for item in value]
    return _finished(field.type, value)


def _wrong_wire(field: Field, wire_type: int) -> ProtobufError:
    return ProtobufError(f"proto: wrong wireType = {wire_type} for field {field.name}")


def _content(field: Field, wire_type: int, value: int | bytes) -> bytes:
    if wire_type != wire.BYTES or not isinstance(value, bytes):
        raise _wrong_wire(field, wire_type)
    return value


def _number(type_: str, value: int) -> Any:
    if type_ == "b":
        return value != 0
    return wire.signed(value, 32 if type_ == "i" else 64)


def _packed(field: Field, wire_type: int, data: bytes) -> list[Any]:
    """Numbers may stand together in one field."""
    if wire_type != wire.BYTES:
        raise _wrong_wire(field, wire_type)
    found, at = [], 0
    while at < len(data):
        value, at = wire.read_varint(data, at)
        found.append(_number(field.type, value))
    return found


def _parts(data: bytes) -> dict[int, int | bytes]:
    return {number: value for number, _, value in wire.read(data)}


def _text(data: bytes) -> str:
    return data.decode(errors="replace")


def _time(data: bytes) -> str | None:
    instant = _instant(data)
    return None if instant is None else f"{_shown(instant)}Z"


def _micro_time(data: bytes) -> str | None:
    instant = _instant(data)
    return None if instant is None else f"{_shown(instant)}.{instant.microsecond:06}Z"


def _shown(instant: datetime) -> str:
    return instant.strftime("%Y-%m-%dT%H:%M:%S").rjust(19, "0")


def _instant(data: bytes) -> datetime | None:
    """An empty message is no time."""
    if not data:
        return None
    parts = _parts(data)
    seconds, nanos = parts.get(1, 0), parts.get(2, 0)
    if not isinstance(seconds, int) or not isinstance(nanos, int):
        raise ProtobufError("a time holds two numbers")
    try:
        return _EPOCH + timedelta(
            seconds=wire.signed(seconds, 64), microseconds=wire.signed(nanos, 32) // 1000
        )
    except OverflowError as exc:
        raise ProtobufError("a time is out of range") from exc


def _quantity(data: bytes) -> str:
    value = _parts(data).get(1, b"0")
    if not isinstance(value, bytes):
        raise ProtobufError("a quantity holds a text")
    return value.decode(errors="replace")


def _int_or_string(data: bytes) -> int | str:
    parts = _parts(data)
    kind, number, text = parts.get(1, 0), parts.get(2, 0), parts.get(3, b"")
    if not (isinstance(kind, int) and isinstance(number, int) and isinstance(text, bytes)):
        raise ProtobufError("a number or text holds a kind, a number and a text")
    return text.decode(errors="replace") if kind else wire.signed(number, 32)


def _fields(data: bytes) -> Any:
    """Field ownership is JSON inside."""
    raw = _parts(data).get(1, b"{}")
    try:
        return json.loads(raw) if isinstance(raw, bytes) and raw else {}
    except (ValueError, RecursionError) as exc:
        raise ProtobufError(f"fieldsV1 holds no JSON: {exc}") from exc


def _texts(data: bytes) -> list[str]:
    return [
        value.decode(errors="replace")
        for number, _, value in wire.read(data)
        if number == 1 and isinstance(value, bytes)
    ]


_READERS: Final[dict[str, Callable[[bytes], Any]]] = {
    "s": _text,
    "B": base64_text.encode,
    "T": _time,
    "M": _micro_time,
    "Q": _quantity,
    "I": _int_or_string,
    "F": _fields,
    "X": _texts,
}
