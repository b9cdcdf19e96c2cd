"""`barepod` with its probes' lateness written down: FILE, then the arguments of the command.

A scrape of /metrics would tell as well, but it disturbs what it measures.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

from agent.pod import metrics

seen: list[tuple[float, float]] = []


class _Observed(metrics.Histogram):
    def observe(self, seconds: float) -> None:
        seen.append((time.monotonic(), seconds * 1000))
        super().observe(seconds)


class _Metrics(metrics.Metrics):
    def __init__(self) -> None:
        super().__init__()
        self.lateness = _Observed()


def install() -> None:
    """From now on `seen` has when each probe began (monotonic seconds) and how late (ms)."""
    metrics.Metrics = _Metrics  # type: ignore[misc]


def main() -> None:
    """Run the command, then write what was seen as JSON."""
    target = Path(sys.argv.pop(1))
    install()
    from agent.__main__ import main as command

    try:
        command()
    finally:
        target.write_text(json.dumps(seen))


if __name__ == "__main__":
    main()
