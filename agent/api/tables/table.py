"""How do objects become a Table? (pkg/printers/tablegenerator.go, apiserver's response.go)"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, Final, Literal

import msgspec

from agent.api.tables import event, manifest_file, node, pod, service, small
from agent.api.tables.column import Cells, HasMetadata
from agent.model.base import Object
from agent.model.meta import ListMeta
from agent.model.table import (
    PartialObjectMetadata,
    Table,
    TableColumnDefinition,
    TableRow,
    TableRowCondition,
)

#: How much of an object goes with its row (the query's `includeObject`).
IncludeObject = Literal["Metadata", "Object", "None"]

_VERSION = "meta.k8s.io/v1"


class _Printer(msgspec.Struct, frozen=True):
    """The columns of a kind, and what makes the cells and the conditions of a row of it."""

    columns: tuple[TableColumnDefinition, ...]
    cells: Callable[[Any, datetime], Cells]
    conditions: Callable[[Any], tuple[TableRowCondition, ...]] = lambda _: ()


_PRINTERS: Final = {
    "Pod": _Printer(pod.COLUMNS, pod.cells, pod.conditions),
    "Node": _Printer(node.COLUMNS, node.cells),
    "Event": _Printer(event.COLUMNS, event.cells),
    "Service": _Printer(service.COLUMNS, service.cells),
    "Namespace": _Printer(small.NAMESPACE, small.namespace_cells),
    "ConfigMap": _Printer(small.CONFIG_MAP, small.config_map_cells),
    "Secret": _Printer(small.SECRET, small.secret_cells),
    "ServiceAccount": _Printer(small.SERVICE_ACCOUNT, small.service_account_cells),
    "Lease": _Printer(small.LEASE, small.lease_cells),
    "ManifestFile": _Printer(manifest_file.COLUMNS, manifest_file.cells),
}
_ANY: Final = _Printer(small.ANY, small.any_cells)


def columns(kind: str) -> tuple[TableColumnDefinition, ...]:
    """The columns of a kind, those of `-o wide` included: clients hide what they do not want."""
    return _printer(kind).columns


def cells(kind: str, obj: HasMetadata, now: datetime) -> Cells:
    """The cells of one object of that kind, one for each column; ages as of `now`."""
    return _printer(kind).cells(obj, now)


def table(
    kind: str,
    objects: Sequence[HasMetadata],
    now: datetime,
    *,
    include_object: IncludeObject = "Metadata",
    list_metadata: ListMeta | None = None,
    with_columns: bool = True,
) -> dict[str, Any]:
    """Return the objects, all of one kind, as a Table in wire form; ages as of `now`.

    `list_metadata` is that of the list; without it the table is of one object and carries that
    object's version. A watch sends the columns in its first table only: `with_columns=False`.
    """
    if list_metadata is None:
        version = objects[0].metadata.resource_version if len(objects) == 1 else ""
        list_metadata = ListMeta(resource_version=version)
    printer = _printer(kind)
    made = Table(
        kind="Table",
        api_version=_VERSION,
        metadata=list_metadata,
        column_definitions=printer.columns if with_columns else (),
        rows=tuple(
            TableRow(
                cells=printer.cells(obj, now),
                conditions=printer.conditions(obj),
                object_=_included(obj, include_object),
            )
            for obj in objects
        ),
    )
    plain: dict[str, Any] = msgspec.to_builtins(made)
    return plain


def _printer(kind: str) -> _Printer:
    return _PRINTERS.get(kind, _ANY)


def _included(obj: HasMetadata, include: IncludeObject) -> Object | HasMetadata | None:
    """What the row says of its object; clients read namespace and labels from it."""
    match include:
        case "Object":
            return obj
        case "Metadata":
            return PartialObjectMetadata(
                kind="PartialObjectMetadata", api_version=_VERSION, metadata=obj.metadata
            )
        case "None":
            return None
