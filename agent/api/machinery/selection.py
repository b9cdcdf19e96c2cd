"""Which objects does a request select?"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from agent.api.machinery.call import Call
from agent.api.machinery.errors import bad_request
from agent.api.selectors import fields, labels
from agent.api.selectors.error import SelectorError

Matches = Callable[[Any], bool]


class Selection(msgspec.Struct, frozen=True):
    """What is selected; `matches` is None when everything is. `name`: at most that one."""

    matches: Matches | None = None
    name: str = ""


def selection_of(call: Call) -> Selection:
    """The selectors of a request; APIError."""
    resource = call.resource
    text = call.query.text("fieldSelector")
    for name, stored in resource.field_names.items():
        text = text.replace(name, stored)
    try:
        by_labels = labels.parse(call.query.text("labelSelector"))
        by_fields = fields.parse(text, resource.model.__name__)
    except SelectorError as exc:
        raise bad_request(str(exc)) from exc
    name = by_fields.name or ""
    if call.name:  # one object is watched by its path
        by_fields = fields.Fields(
            by_fields.kind, (*by_fields.terms, fields.Term("metadata.name", call.name, True))
        )
        name = call.name
    if by_labels.is_empty and not by_fields.terms:
        return Selection()

    def matches(obj: Any) -> bool:
        return by_fields.matches(obj) and by_labels.matches(obj.metadata.labels)

    return Selection(matches, name)
