"""What the kernel's texts say of an ended process; the rest is in integration/."""

from __future__ import annotations

import pytest

from agent.host.exit_code import zombie_status
from agent.host.process import ExitStatus, from_wait_status


def stat(state: str, *, started: int, status: int) -> bytes:
    """A line of /proc/PID/stat, of a program with a nasty name."""
    fields = [state, *["0"] * 49]
    fields[19], fields[49] = str(started), str(status)
    return f"42 (a) Z 1 (b) {' '.join(fields)}\n".encode()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (stat("Z", started=5, status=7 << 8), 7 << 8),
        (stat("Z", started=5, status=0), 0),
        (stat("X", started=5, status=9), 9),
        (stat("S", started=5, status=0), None),
        (stat("Z", started=6, status=0), None),
        (b"", None),
        (b"42 (old) Z 1 2 3\n", None),
    ],
    ids=["exited", "success", "dead", "alive", "another", "gone", "short"],
)
def test_a_zombie_tells_its_status(text: bytes, expected: int | None) -> None:
    assert zombie_status(text, 5) == expected


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (0, ExitStatus(0)),
        (7 << 8, ExitStatus(7)),
        (15, ExitStatus(143, 15)),
        (0x80 | 11, ExitStatus(139, 11)),
    ],
    ids=["success", "code", "signal", "core dump"],
)
def test_wait_statuses(status: int, expected: ExitStatus) -> None:
    assert from_wait_status(status) == expected
