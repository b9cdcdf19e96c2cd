"""How the tables of messages are written, and what they say of a field.

A message is a text of fields, `name:number` and a type:

    s b i l B    string (also when nothing is said), bool, int32, int64, bytes
    T M Q I F    Time, MicroTime, Quantity, IntOrString, FieldsV1
    Name         another message
    *            before the type: a Go pointer, absent unless it is set
    []  {}       before the type: a list, a map by string
    ~            before the type: a message whose members JSON has in the holder
    !            at the end: JSON shows it even when it is zero
"""

from __future__ import annotations

import re
from enum import Enum
from functools import cache
from typing import Final

import msgspec

from agent.api.protobuf.tables import MESSAGES

_FIELD: Final = re.compile(r"(\w+):(\d+)(\*|\[\]|\{\}|~|)(\w*)(!?)")


class Shape(Enum):
    """How values of a field are held."""

    VALUE = ""
    POINTER = "*"
    LIST = "[]"
    MAP = "{}"
    INLINE = "~"


class Field(msgspec.Struct, frozen=True):
    """One field of a message."""

    name: str
    number: int
    shape: Shape
    type: str
    always: bool

    @property
    def is_message(self) -> bool:
        """Whether the type is another message of the tables."""
        return len(self.type) > 1


@cache
def fields_of(message: str) -> tuple[Field, ...]:
    """Return the fields of a message in the order of their numbers; none for an unknown one."""
    found = []
    for word in MESSAGES.get(message, "").split():
        match = _FIELD.fullmatch(word)
        assert match is not None, word
        name, number, shape, type_, always = match.groups()
        found.append(Field(name, int(number), Shape(shape), type_ or "s", bool(always)))
    return tuple(sorted(found, key=lambda field: field.number))


@cache
def by_number(message: str) -> dict[int, Field]:
    """Return the fields of a message by their numbers."""
    return {field.number: field for field in fields_of(message)}
