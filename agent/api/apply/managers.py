"""Who owns which fields: `metadata.managedFields` (apimachinery: pkg/util/managedfields)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Final

import msgspec

from agent.api.apply.paths import Path, Paths, of_fields, show, to_fields
from agent.api.patch.error import PatchError
from agent.manifest import body
from agent.model.gotext import quote
from agent.model.meta import ManagedFieldsEntry

APPLY: Final = "Apply"
UPDATE: Final = "Update"


class Manager(msgspec.Struct, frozen=True):
    """One who writes; the same name is another manager for each way of writing."""

    name: str
    operation: str
    api_version: str
    subresource: str = ""

    def __str__(self) -> str:
        """How conflicts name the manager, without the time."""
        text = quote(self.name)
        if self.subresource:
            text += f" with subresource {quote(self.subresource)}"
        return f"{text} using {self.api_version}" if self.operation == UPDATE else text


class Owned(msgspec.Struct, frozen=True):
    """The fields of one manager, and when they changed last."""

    paths: Paths
    time: datetime | None


Owners = dict[Manager, Owned]
Conflict = tuple[Manager, Path]


def read(entries: Iterable[ManagedFieldsEntry]) -> Owners:
    """Return the owners that managedFields tell of."""
    return {
        Manager(entry.manager, entry.operation, entry.api_version, entry.subresource): Owned(
            of_fields(entry.fields_v1), entry.time
        )
        for entry in entries
    }


def write(owners: Owners) -> tuple[ManagedFieldsEntry, ...]:
    """Return managedFields; managers that own nothing are left out, appliers come first."""
    ordered = sorted(
        ((manager, owned) for manager, owned in owners.items() if owned.paths),
        key=lambda pair: (
            pair[0].operation,
            str(pair[1].time or ""),
            pair[0].name,
            pair[0].api_version,
            pair[0].subresource,
        ),
    )
    return tuple(
        ManagedFieldsEntry(
            manager=manager.name,
            operation=manager.operation,
            api_version=manager.api_version,
            time=owned.time,
            fields_type="FieldsV1",
            fields_v1=to_fields(owned.paths),
            subresource=manager.subresource,
        )
        for manager, owned in ordered
    )


def conflict_error(conflicts: list[Conflict], owners: Owners) -> PatchError:
    """The answer to an apply that would take fields from others (NewConflictError)."""
    causes: list[dict[str, Any]] = [
        {
            "reason": "FieldManagerConflict",
            "message": f"conflict with {_shown(manager, owners)}",
            "field": show(path),
        }
        for manager, path in conflicts
    ]
    status = body.status(_message(conflicts, owners), code=409, reason="Conflict")
    status["details"] = {"causes": causes}
    return PatchError(status)


def _shown(manager: Manager, owners: Owners) -> str:
    time = owners[manager].time
    if manager.operation != UPDATE or time is None:
        return str(manager)
    return f"{manager} at {time:%Y-%m-%dT%H:%M:%SZ}"


def _message(conflicts: list[Conflict], owners: Owners) -> str:
    if len(conflicts) == 1:
        manager, path = conflicts[0]
        shown = f"conflict with {_shown(manager, owners)}: {show(path)}"
        return f"Apply failed with 1 conflict: {shown}"
    lines: list[str] = []
    for manager in dict.fromkeys(manager for manager, _ in conflicts):
        lines.append(f"conflicts with {_shown(manager, owners)}:")
        lines += [f"- {show(path)}" for other, path in conflicts if other == manager]
    return f"Apply failed with {len(conflicts)} conflicts: " + "\n".join(lines)
