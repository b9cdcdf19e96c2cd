"""Where benchmarks keep what they build and what their agents write."""

from __future__ import annotations

import os
from pathlib import Path


def cache() -> Path:
    """A directory of ours in the user's cache."""
    home = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    folder = Path(home) / "barepod-bench"
    folder.mkdir(parents=True, exist_ok=True)
    return folder
