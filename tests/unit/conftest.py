"""Unit tests run on virtual time and may not touch the machine."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from tests.support.virtual_loop import VirtualLoop


def pytest_asyncio_loop_factories(
    config: pytest.Config, item: pytest.Item
) -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    """Every coroutine test below this folder gets a virtual loop."""
    return {"virtual": VirtualLoop}


@pytest.fixture(autouse=True)
def no_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """A unit test that starts a process or opens a connection fails."""

    def refuse(*args: Any, **kwargs: Any) -> None:
        pytest.fail("a unit test may not start processes or open connections")

    for name in ("create_subprocess_exec", "create_subprocess_shell", "open_connection"):
        monkeypatch.setattr(asyncio, name, refuse)
    monkeypatch.setattr("subprocess.Popen", refuse)
    monkeypatch.setattr("os.posix_spawn", refuse)
    monkeypatch.setattr("os.fork", refuse)
