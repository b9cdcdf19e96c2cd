"""How many system calls does a line of output make that comes alone? Most of its cost is there."""

from __future__ import annotations

import os
import threading
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tests.support.logs import pumping, wait_for_text
from tests.support.memory import in_memory

pytestmark = [pytest.mark.integration, pytest.mark.asyncio]

_LINES = 50
_CALLS = ("fstat", "ftruncate", "pread", "pwrite", "read", "splice", "stat", "write")


@pytest.mark.parametrize(
    ("is_lasting", "calls"),
    [
        (False, {"read": _LINES, "write": _LINES}),
        (True, {"splice": _LINES, "pread": _LINES, "write": _LINES}),
    ],
    ids=["pipes", "lasting"],
)
async def test_a_line_makes_no_more_calls_than_it_needs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_lasting: bool, calls: dict[str, int]
) -> None:
    monkeypatch.setattr("agent.host.log_sink._LOOK_AGAIN", 1e9)  # else once in a while
    monkeypatch.setattr("agent.host.ledger.QUIET", 1)  # as for one that has written for a while
    with in_memory() as run:
        async with pumping() as pump:
            lasting = str(run / "web.0.output") if is_lasting else None
            capture = pump.open(tmp_path, 0, max_size=10**6, max_files=5, lasting=lasting)
            os.write(capture.stdout_fd, b"the first\n")
            await wait_for_text(capture.path, b"the first")
            await pump.call(lambda: None)
            with monkeypatch.context() as patch:
                made = counted(patch)
                for number in range(_LINES):
                    os.write(capture.stdout_fd, b"line %d\n" % number)
                    await wait_for_text(capture.path, b"line %d\n" % number)
            capture.started()
            await capture.drained()

    assert dict(made) == calls


def counted(patch: pytest.MonkeyPatch) -> Counter[str]:
    """What the log thread calls from now on."""
    made: Counter[str] = Counter()

    def counting(name: str) -> Any:
        call = getattr(os, name)

        def do(*args: Any, **kwargs: Any) -> Any:
            if threading.current_thread().name == "logs":
                made[name] += 1
            return call(*args, **kwargs)

        return do

    for name in _CALLS:
        patch.setattr(os, name, counting(name))
    return made
