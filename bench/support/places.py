"""Where benchmarks keep what they build and what their agents write.

State and logs lie on a disk. What supervisors keep in /run lies in memory, as /run does on a
machine with systemd, though not in every container.
"""

from __future__ import annotations

import os
from pathlib import Path

_MEMORY = Path("/dev/shm")


def cache() -> Path:
    """A directory of ours in the user's cache."""
    home = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    folder = Path(home) / "barepod-bench"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def memory() -> Path | None:
    """A directory in memory; None where there is none."""
    return _MEMORY if _MEMORY.is_dir() else None
