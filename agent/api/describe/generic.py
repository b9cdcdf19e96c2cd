"""What does `kubectl describe` print of a kind that it knows nothing of? (genericDescriber)"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import datetime

from agent.api.describe.events import describe_events
from agent.api.describe.layout import Page, write_annotations, write_heading, write_labels
from agent.api.tables.column import HasMetadata
from agent.manifest.decode import encode
from agent.model.base import Object
from agent.model.event import Event

#: What stands in the heading already.
_SHOWN = ("managedFields", "name", "namespace", "labels", "annotations")
_ACRONYMS = ("API", "URL", "UID", "OSB", "GUID")
#: `podIPs` is Pod, I, Ps for kubectl: the last capital before small letters begins a word.
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|-+")


def describe_generic(obj: HasMetadata, events: Iterable[Event], now: datetime) -> str:
    """All fields of an object in order, named by words."""
    assert isinstance(obj, Object)
    page = Page()
    write_heading(page, obj.metadata)
    write_labels(page, "Labels", obj.metadata.labels)
    write_annotations(page, obj.metadata.annotations)
    content = encode(obj)
    metadata = content["metadata"]
    content["metadata"] = {key: metadata[key] for key in metadata if key not in _SHOWN}
    _content(page, 0, content)
    describe_events(page, events, now)
    return page.text()


def _content(page: Page, level: int, content: Mapping[str, object]) -> None:
    for field, value in sorted(content.items()):
        title = f"{label(field)}:"
        if isinstance(value, dict):
            page.line(level, title)
            _content(page, level + 1, value)
        elif isinstance(value, list):
            page.line(level, title)
            for item in value:
                if isinstance(item, dict):
                    _content(page, level + 1, item)
                else:
                    page.line(level + 1, _plain(item))
        else:
            page.line(level, title, _plain(value))


def label(field: str) -> str:
    """`creationTimestamp` as `Creation Timestamp` (kubectl: smartLabelFor)."""
    if not all(char.isalpha() or char == "-" for char in field):
        return field
    words = [str(word) for word in _WORD.findall(field)]
    return " ".join(
        word.upper() if word.upper() in _ACRONYMS else word[:1].upper() + word[1:] for word in words
    )


def _plain(value: object) -> str:
    """A value as Go prints it."""
    if value is None:
        return "<nil>"
    return str(value).lower() if isinstance(value, bool) else str(value)
