"""`$(VAR)` expansion behaves as the tests of Kubernetes say."""

from __future__ import annotations

from typing import Any

from agent.rules.expand import expand
from tests.support import tables

KNOWN = {"VAR_A": "A", "VAR_B": "B", "VAR_C": "C", "VAR_REF": "$(VAR_A)", "VAR_EMPTY": ""}


@tables.rows("expansion")
def test_a_text_is_expanded(row: dict[str, Any]) -> None:
    expected = row["text"] if row.get("same") else row["becomes"]

    assert expand(row["text"], KNOWN) == expected
