"""The rows of `kubectl get nodes`."""

from __future__ import annotations

from typing import Any

from tests.golden.table_rows import replay_row


def replay(case: dict[str, Any]) -> str | None:
    """Compare the row."""
    return replay_row("Node", case)
