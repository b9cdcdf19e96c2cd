"""Pods that come from manifest files."""

from __future__ import annotations

from msgspec.structs import replace

from agent.model.meta import ObjectMeta
from agent.rules import mirror
from tests.support.builders import pod


def test_a_pod_of_a_file_shows_it() -> None:
    shown = mirror.marked(pod())

    assert mirror.is_mirror(shown)
    assert not mirror.is_mirror(pod())
    assert shown.metadata.annotations[mirror.SOURCE] == "file"


def test_the_mark_changes_with_the_content_alone() -> None:
    changed = replace(pod(), metadata=replace(pod().metadata, labels={"x": "y"}))

    def mark(of: object) -> str:
        return mirror.marked(of).metadata.annotations[mirror.MIRROR]  # type: ignore[arg-type]

    assert mark(pod()) == mark(pod())
    assert mark(pod()) != mark(changed)


def test_a_successor_has_not_lived() -> None:
    lived = mirror.marked(pod())
    metadata = replace(lived.metadata, uid="u", resource_version="7", generation=3)
    next_one = mirror.successor(replace(lived, metadata=metadata))

    assert mirror.is_mirror(next_one)
    meta = next_one.metadata
    assert (meta.uid, meta.resource_version, meta.generation) == ("", "", 0)
    assert next_one.spec == lived.spec
    assert isinstance(meta, ObjectMeta)
