"""What do the annotations under barepod.dev/ ask for?

What cannot be used asks for nothing; `problems` says what is wrong with it.
"""

from __future__ import annotations

import msgspec

from agent.model.pod import Pod

DRAIN_SECONDS = "barepod.dev/drain-seconds"
ON_READY = "barepod.dev/on-ready"
ON_NOT_READY = "barepod.dev/on-not-ready"

LONGEST_DRAIN = 86400.0


def drain_seconds(pod: Pod) -> float:
    """Return how long a pod goes on serving after its end was asked for."""
    return _drain(pod.metadata.annotations.get(DRAIN_SECONDS, "0")) or 0.0


def readiness_command(pod: Pod, *, ready: bool) -> tuple[str, ...]:
    """Return what to run when the pod becomes ready, or unready; empty for nothing."""
    text = pod.metadata.annotations.get(ON_READY if ready else ON_NOT_READY)
    return () if text is None else _command(text) or ()


def problems(pod: Pod) -> tuple[str, ...]:
    """Return what is wrong with the pod's annotations, one sentence each."""
    given = pod.metadata.annotations
    found: list[str] = []
    if DRAIN_SECONDS in given and _drain(given[DRAIN_SECONDS]) is None:
        wanted = f"must be a number of seconds from 0 to {LONGEST_DRAIN:.0f}"
        found.append(_problem(DRAIN_SECONDS, given[DRAIN_SECONDS], wanted))
    for name in (ON_READY, ON_NOT_READY):
        if name in given and _command(given[name]) is None:
            wanted = "must be a command as a JSON array of strings"
            found.append(_problem(name, given[name], wanted))
    return tuple(found)


def _drain(text: str) -> float | None:
    digits = text.replace(".", "", 1)
    if not (digits.isascii() and digits.isdigit() and float(text) <= LONGEST_DRAIN):
        return None
    return float(text)


def _command(text: str) -> tuple[str, ...] | None:
    try:
        argv = msgspec.json.decode(text, type=tuple[str, ...])
    except msgspec.MsgspecError:
        return None
    if not argv or not argv[0] or any("\0" in word for word in argv):
        return None
    return argv


def _problem(name: str, text: str, wanted: str) -> str:
    shown = text if len(text) <= 100 else f"{text[:100]}..."
    return f'annotation {name}: "{shown}": {wanted}'
