"""Table: objects as rows of text, made by the server for people (meta/v1)."""

from __future__ import annotations

from typing import Any

import msgspec

from agent.model import names
from agent.model.base import Int32, Object, always
from agent.model.meta import ListMeta, ObjectMeta


class TableColumnDefinition(Object):
    """One column; a client leaves those with a priority above 0 out until asked for more."""

    name: str = always(factory=str)
    type: str = always(factory=str)
    format: str = always(factory=str)
    description: str = always(factory=str)
    priority: Int32 = always(factory=int)


class TableRowCondition(Object):
    """What a client may show a row differently for."""

    type: names.RowConditionType = always(factory=str)
    status: names.ConditionStatus = always(factory=str)
    reason: str = ""
    message: str = ""


class PartialObjectMetadata(Object):
    """The metadata of an object of any kind."""

    kind: str = ""
    api_version: str = ""
    metadata: ObjectMeta = always(factory=ObjectMeta)


class TableRow(Object):
    """One object: its cells, one for each column, and as much of itself as was asked for."""

    cells: tuple[Any, ...] = always(factory=tuple)
    conditions: tuple[TableRowCondition, ...] = ()
    object_: Any = msgspec.field(name="object", default=None)


class Table(Object):
    """Columns and rows."""

    kind: str = ""
    api_version: str = ""
    metadata: ListMeta = always(factory=ListMeta)
    column_definitions: tuple[TableColumnDefinition, ...] = always(factory=tuple)
    rows: tuple[TableRow, ...] = always(factory=tuple)
