"""A directory in memory, which is where a run directory is on most machines."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.needs import missing

_SHARED = Path("/dev/shm")


@contextmanager
def in_memory() -> Iterator[Path]:
    """A new directory on a tmpfs for the block."""
    if not _SHARED.is_dir():
        missing(f"this test needs a tmpfs at {_SHARED}")
    with tempfile.TemporaryDirectory(dir=_SHARED, prefix="barepod-test-") as folder:
        yield Path(folder)
