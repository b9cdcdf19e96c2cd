"""Metadata in updates."""

from __future__ import annotations

from datetime import UTC, datetime

from msgspec.structs import replace

from tests.support.updates import pod, texts, update


def test_what_a_client_may_leave_out_is_kept() -> None:
    now = datetime(2025, 6, 1, tzinfo=UTC)
    old = pod()
    meta = replace(old.metadata, creation_timestamp=now, deletion_timestamp=now)
    old = replace(old, metadata=replace(meta, deletion_grace_period_seconds=5))
    sent = replace(pod(), metadata=replace(pod().metadata, uid="", generation=0))
    updated = update(sent, old)
    assert updated.errors == ()
    assert updated.object.metadata == old.metadata
    assert updated.object.status == old.status


def test_an_update_needs_a_resource_version() -> None:
    found = texts(update(pod({"resourceVersion": ""}), pod()))
    wrong = 'metadata.resourceVersion: Invalid value: "": must be specified for an update'
    assert found == [wrong]


def test_an_object_being_deleted_takes_no_new_finalizers() -> None:
    deleted = {"deletionTimestamp": "2025-06-01T00:00:00Z"}
    new = pod({**deleted, "finalizers": ["x/y"]})
    (wrong,) = texts(update(new, pod(deleted)))
    assert wrong.startswith("metadata.finalizers: Forbidden: no new finalizers can be added")
