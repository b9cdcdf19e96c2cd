"""Conflicts of two patches."""

from __future__ import annotations

import pytest

from agent.api.patch import diff
from agent.api.patch.error import PatchError
from agent.model.pod import Pod


def test_a_conflict_is_told_when_nothing_may_be_overwritten() -> None:
    base, ours, theirs = ({"spec": {"hostname": name}} for name in ("a", "b", "c"))
    with pytest.raises(PatchError, match="conflicts with changes made from original to current"):
        diff.three_way(Pod, base, ours, theirs, overwrite=False)
    assert diff.three_way(Pod, base, ours, base, overwrite=False) == {"spec": {"hostname": "b"}}
