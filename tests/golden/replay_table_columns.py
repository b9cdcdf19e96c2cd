"""The columns of tables; their descriptions are our own."""

from __future__ import annotations

from typing import Any

from agent.api import tables
from tests.golden.compare import difference


def replay(case: dict[str, Any]) -> str | None:
    """Compare the columns of each kind that is listed."""
    seen = {
        kind: [
            {
                "name": column.name,
                "type": column.type,
                "format": column.format,
                "priority": column.priority,
            }
            for column in tables.columns(kind)
        ]
        for kind in case["expected"]
    }
    return difference(seen, case["expected"])
