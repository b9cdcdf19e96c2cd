"""What is known of this machine."""

from __future__ import annotations

import os

import pytest

from agent.host.machine_info import available_memory, disk_left, machine_info

pytestmark = pytest.mark.integration


def test_this_machine() -> None:
    info = machine_info("/")

    assert info.kernel == os.uname().release
    assert info.boot_id
    assert 0 < available_memory() <= info.memory
    free, total = disk_left("/")
    assert 0 <= free <= total == info.disk


def test_what_cannot_be_read_is_nothing() -> None:
    assert disk_left("/no/such/place") == (0, 0)
    assert machine_info("/no/such/place").disk == 0
