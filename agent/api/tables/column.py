"""What do the columns of all kinds have in common?"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Protocol

from agent.model import duration
from agent.model.meta import ObjectMeta
from agent.model.table import TableColumnDefinition

#: What stands in a row, one for each column: texts, and counts as numbers.
Cells = tuple[str | int, ...]

NONE = "<none>"
UNKNOWN = "<unknown>"


class HasMetadata(Protocol):
    """Any object of the API."""

    @property
    def metadata(self) -> ObjectMeta: ...


def text(name: str, description: str) -> TableColumnDefinition:
    """A column that is always shown."""
    return TableColumnDefinition(name=name, type="string", description=description)


def wide(name: str, description: str, *, format: str = "") -> TableColumnDefinition:
    """A column that `-o wide` adds."""
    return TableColumnDefinition(
        name=name, type="string", format=format, description=description, priority=1
    )


NAME = TableColumnDefinition(
    name="Name", type="string", format="name", description="Name, unique within its namespace."
)
AGE = text("Age", "Time since the object was created.")


def age(obj: HasMetadata, now: datetime) -> str:
    """The cell of the column AGE."""
    return duration.age(obj.metadata.creation_timestamp, now)


def selector(labels: Mapping[str, str]) -> str:
    """Labels in order of their names (apimachinery: FormatLabels)."""
    return ",".join(f"{key}={value}" for key, value in sorted(labels.items())) or NONE
