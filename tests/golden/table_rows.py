"""One object and the row that Kubernetes prints of it: what the replays of tables share."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from agent.api import tables
from agent.manifest.decode import decode
from agent.manifest.kinds import type_of
from tests.golden.compare import difference

NOW = datetime(2025, 6, 1, 12, tzinfo=UTC)


def replay_row(kind: str, case: dict[str, Any]) -> str | None:
    """Compare all cells, those that are always shown, and the conditions of the row."""
    cls = type_of("v1", kind)
    assert cls is not None
    obj: Any = decode(cls, case["input"]).object
    made = tables.table(kind, [obj], NOW)
    (row,) = made["rows"]
    shown = [column["priority"] == 0 for column in made["columnDefinitions"]]
    seen = {
        "narrow": [cell for cell, is_shown in zip(row["cells"], shown, strict=True) if is_shown],
        "wide": list(row["cells"]),
    }
    if "conditions" in row:
        seen["rowConditions"] = list(row["conditions"])
    return difference(seen, case["expected"])
