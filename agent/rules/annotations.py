"""What do the annotations under barepod.dev/ ask for?"""

from __future__ import annotations

import msgspec

from agent.model.pod import Pod

DRAIN_SECONDS = "barepod.dev/drain-seconds"
ON_READY = "barepod.dev/on-ready"
ON_NOT_READY = "barepod.dev/on-not-ready"

LONGEST_DRAIN = 86400.0


class AnnotationError(ValueError):
    """An annotation that cannot be used; the text names it."""


def drain_seconds(pod: Pod) -> float:
    """How long a pod goes on serving after its end was asked for (AnnotationError)."""
    text = pod.metadata.annotations.get(DRAIN_SECONDS)
    if text is None:
        return 0.0
    digits = text.replace(".", "", 1)
    if not (digits.isascii() and digits.isdigit() and float(text) <= LONGEST_DRAIN):
        wanted = f"must be a number of seconds from 0 to {LONGEST_DRAIN:.0f}"
        raise AnnotationError(f"annotation {DRAIN_SECONDS}: {_shown(text)}: {wanted}")
    return float(text)


def readiness_command(pod: Pod, *, ready: bool) -> tuple[str, ...]:
    """What to run when the pod becomes ready, or unready; empty for nothing (AnnotationError)."""
    name = ON_READY if ready else ON_NOT_READY
    text = pod.metadata.annotations.get(name)
    if text is None:
        return ()
    try:
        argv = msgspec.json.decode(text, type=tuple[str, ...])
    except msgspec.MsgspecError:
        argv = ()
    if not argv or not argv[0] or any("\0" in word for word in argv):
        wanted = "must be a command as a JSON array of strings"
        raise AnnotationError(f"annotation {name}: {_shown(text)}: {wanted}")
    return argv


def problems(pod: Pod) -> tuple[str, ...]:
    """What is wrong with the pod's annotations, one sentence each; they are ignored."""
    found: list[str] = []
    for read in (
        drain_seconds,
        lambda pod: readiness_command(pod, ready=True),
        lambda pod: readiness_command(pod, ready=False),
    ):
        try:
            read(pod)
        except AnnotationError as exc:
            found.append(str(exc))
    return tuple(found)


def _shown(text: str) -> str:
    return f'"{text}"' if len(text) <= 100 else f'"{text[:100]}..."'
