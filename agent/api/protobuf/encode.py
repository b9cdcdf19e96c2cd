"""From plain values, as JSON carries them, to the bytes of a message.

The same bytes as Kubernetes' own generated code: fields by number, map entries by key, and every
field that is no Go pointer written, even when it is zero.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from agent.api.protobuf import wire
from agent.api.protobuf.fields import Field, Shape, fields_of
from agent.manifest import base64_text, go_time

_ZEROS: Final[dict[str, Any]] = {"s": "", "b": False, "i": 0, "l": 0, "B": "", "Q": "0", "I": 0}


def write_message(message: str, value: Mapping[str, Any]) -> bytes:
    """Return the bytes of a message; `value` must fit its table (an object was encoded)."""
    return b"".join(_field(field, value) for field in fields_of(message))


def _field(field: Field, holder: Mapping[str, Any]) -> bytes:
    if field.shape is Shape.INLINE:
        return wire.bytes_field(field.number, write_message(field.type, holder))
    value = holder.get(field.name)
    match field.shape:
        case Shape.LIST:
            return b"".join(_value(field, item) for item in value or ())
        case Shape.MAP:
            entries = sorted((value or {}).items())
            return b"".join(_entry(field, key, item) for key, item in entries)
        case Shape.POINTER if value is None:
            return b""
        case _:
            return _value(field, _ZEROS.get(field.type) if value is None else value)


def _entry(field: Field, key: str, value: Any) -> bytes:
    item = Field("value", 2, Shape.VALUE, field.type, always=False)
    entry = wire.bytes_field(1, key.encode()) + _value(item, value)
    return wire.bytes_field(field.number, entry)


def _value(field: Field, value: Any) -> bytes:
    if field.type in ("b", "i", "l"):
        return wire.number_field(field.number, int(value))
    return wire.bytes_field(field.number, _content(field, value))


def _content(field: Field, value: Any) -> bytes:
    match field.type:
        case "s":
            return _text(value)
        case "B":
            return base64_text.decode(value.encode())
        case "T" | "M":
            return _time(value)
        case "Q":
            return wire.bytes_field(1, _text(value))
        case "I":
            number, text = (0, value) if isinstance(value, str) else (value, "")
            kind = wire.number_field(1, isinstance(value, str))
            return kind + wire.number_field(2, number) + wire.bytes_field(3, _text(text))
        case "F":
            raw = json.dumps(value, separators=(",", ":"), ensure_ascii=False)
            return wire.bytes_field(1, raw.encode())
        case "X":
            return b"".join(wire.bytes_field(1, _text(item)) for item in value)
        case _:
            return write_message(field.type, value or {})


def _text(value: str) -> bytes:
    return value.encode(errors="replace")


def _time(value: str | None) -> bytes:
    """No time is an empty message."""
    if not value:
        return b""
    instant = go_time.parse(value)
    seconds = int(instant.replace(microsecond=0).timestamp())
    return wire.number_field(1, seconds) + wire.number_field(2, instant.microsecond * 1000)
