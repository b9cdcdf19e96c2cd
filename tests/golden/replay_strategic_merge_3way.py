"""Replays strategic-merge-3way.jsonl: what `apply` sends, and what comes of it."""

from __future__ import annotations

from typing import Any

from agent.api.patch import diff, strategic
from agent.api.patch.error import PatchError
from tests.golden.compare import difference
from tests.golden.replay_strategic_merge import type_of


def replay(case: dict[str, Any]) -> str | None:
    """Compare the patch, and the patch applied to the current object."""
    asked = case["input"]
    cls = type_of(asked["kind"])
    answer: dict[str, Any] = {}
    try:
        answer["patch"] = diff.three_way(
            cls,
            asked["original"],
            asked["modified"],
            asked["current"],
            overwrite=asked.get("overwrite", True),
        )
        answer["result"] = strategic.merge(cls, asked["current"], answer["patch"])
    except PatchError as exc:
        answer["error"] = str(exc)
    return difference(answer, case["expected"])
