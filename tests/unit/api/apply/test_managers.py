"""The owners that managedFields tell of."""

from __future__ import annotations

from datetime import UTC, datetime

from agent.api.apply.managers import Manager, Owned, conflict_error, read, write

NOW = datetime(2025, 6, 1, 12, tzinfo=UTC)
EDITOR = Manager("kubectl-edit", "Update", "v1", "status")
APPLIER = Manager("me", "Apply", "v1")
OWNERS = {
    EDITOR: Owned(frozenset({("f:b",)}), NOW),
    APPLIER: Owned(frozenset({("f:a",)}), None),
}


def test_owners_come_back_with_appliers_first() -> None:
    entries = write(OWNERS)
    assert [entry.manager for entry in entries] == ["me", "kubectl-edit"]
    assert read(entries) == OWNERS


def test_who_owns_nothing_is_not_told_of() -> None:
    assert write({APPLIER: Owned(frozenset(), NOW)}) == ()


def test_a_conflict_names_manager_subresource_version_and_time() -> None:
    error = conflict_error([(EDITOR, ("f:b",)), (APPLIER, ("f:a",))], OWNERS)
    assert str(error) == (
        'Apply failed with 2 conflicts: conflicts with "kubectl-edit" with subresource "status" '
        'using v1 at 2025-06-01T12:00:00Z:\n- .b\nconflicts with "me":\n- .a'
    )
