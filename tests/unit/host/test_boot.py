"""Which boot is it?"""

from __future__ import annotations

import uuid

import pytest

from agent.host.boot import boot_id


def test_a_boot_has_one_name() -> None:
    assert uuid.UUID(boot_id()).version == 4
    assert boot_id() == boot_id()


def test_a_machine_that_does_not_tell_has_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("agent.host.boot._PATH", "/nowhere/boot_id")

    assert boot_id() == ""
