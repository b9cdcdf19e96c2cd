"""One machine for all tests of this folder; it takes seconds to boot."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.needs import missing
from tests.systemd import machine as machines
from tests.systemd.machine import Machine


@pytest.fixture(scope="session")
def booted() -> Iterator[Machine]:
    """A machine that runs; skipped where there can be none, except in CI."""
    why = machines.missing()
    if why:
        missing(why)
    with tempfile.TemporaryDirectory(prefix="barepod-machine-") as folder:
        with machines.boot(Path(folder)) as machine:
            yield machine


@pytest.fixture
def machine(booted: Machine) -> Iterator[Machine]:
    """The machine with the agent started and without manifests; stopped afterwards."""
    booted.run("systemctl", "reset-failed")
    booted.run("systemctl", "enable", "--now", "barepod.service")
    yield booted
    booted.run("systemctl", "stop", "barepod.service", check=False)
    for file in (booted.root / "etc/barepod/manifests").iterdir():
        file.unlink()
