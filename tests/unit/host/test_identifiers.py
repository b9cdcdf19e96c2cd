"""Identifiers have the shape that others expect, and differ."""

from __future__ import annotations

import re
import uuid

from agent.host.identifiers import new_container_id, new_uid


def test_a_uid_is_a_random_uuid() -> None:
    parsed = uuid.UUID(new_uid())

    assert (parsed.version, parsed.variant) == (4, uuid.RFC_4122)
    assert len({new_uid() for _ in range(100)}) == 100


def test_a_container_id_is_64_hexadecimal_digits() -> None:
    assert re.fullmatch(r"[0-9a-f]{64}", new_container_id())
    assert new_container_id() != new_container_id()
