"""Which objects does a request select?"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from agent.api.machinery.call import Call
from agent.api.machinery.errors import bad_request
from agent.api.machinery.resource import Resource

Matches = Callable[[Any], bool]

#: What every kind can be selected by.
_COMMON: Mapping[str, Callable[[Any], str]] = {
    "metadata.name": lambda obj: obj.metadata.name,
    "metadata.namespace": lambda obj: obj.metadata.namespace,
}
_EXPRESSION = re.compile(r"\s*([^\s=!]+)\s*(=|==|!=)\s*([^\s=!]*)\s*")
_IN = re.compile(r"\s*(\S+)\s+(in|notin)\s+\(([^()]*)\)\s*")
_OUTSIDE = re.compile(r",(?![^(]*\))")


class Selection(msgspec.Struct, frozen=True):
    """What is selected; `matches` is None when everything is. `name`: at most that one."""

    matches: Matches | None = None
    name: str = ""


def selection_of(call: Call) -> Selection:
    """The selectors of a request; APIError."""
    tests = [*_labels(call.query.text("labelSelector"))]
    fields, name = _fields(call.query.text("fieldSelector"), call.resource)
    tests += fields
    if call.name:  # a watch of one object by its path
        name, wanted = call.name, call.name
        tests.append(lambda obj: obj.metadata.name == wanted)
    if not tests:
        return Selection()
    return Selection(lambda obj: all(test(obj) for test in tests), name)


def _fields(text: str, resource: Resource) -> tuple[list[Matches], str]:
    tests: list[Matches] = []
    name = ""
    for part in filter(None, text.split(",")):
        found = _EXPRESSION.fullmatch(part)
        if found is None:
            raise bad_request(f"invalid selector: '{text}'; can't understand '{part}'")
        label, operator, value = found.groups()
        read = resource.fields.get(label) or _COMMON.get(label)
        if read is None:
            raise bad_request(f"field label not supported: {label}")
        if label == "metadata.name" and operator != "!=":
            name = value
        tests.append(_field_test(read, value, is_wanted=operator != "!="))
    return tests, name


def _field_test(read: Callable[[Any], str], value: str, *, is_wanted: bool) -> Matches:
    return lambda obj: (read(obj) == value) is is_wanted


def _labels(text: str) -> list[Matches]:
    return [_label_test(part, text) for part in _OUTSIDE.split(text) if part.strip()]


def _label_test(part: str, text: str) -> Matches:
    if (found := _IN.fullmatch(part)) is not None:
        key, operator, listed = found.groups()
        values = {value.strip() for value in listed.split(",")}
        if operator == "in":
            return lambda obj: obj.metadata.labels.get(key) in values
        return lambda obj: obj.metadata.labels.get(key) not in values
    if (found := _EXPRESSION.fullmatch(part)) is not None:
        key, operator, value = found.groups()
        is_wanted = operator != "!="
        return lambda obj: (obj.metadata.labels.get(key) == value) is is_wanted
    name = part.strip()
    if name.startswith("!"):
        return lambda obj: name[1:] not in obj.metadata.labels
    if not re.fullmatch(r"[\w./-]+", name):
        raise bad_request(f"unable to parse requirement: found '{text}'")
    return lambda obj: name in obj.metadata.labels
