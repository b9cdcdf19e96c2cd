"""How many descriptors may the agent have open? A service needs more than a shell gives it.

Each pod costs the agent some six descriptors and the helper some three. The soft limit is for
programs that use select(2), and anybody may raise it up to the hard one; the main processes of
containers get theirs back.
"""

from __future__ import annotations

import resource
from contextlib import suppress

#: Enough for some ten thousand pods.
WANTED = 65_536

RLimit = tuple[int, int, int]


def raise_limit(wanted: int = WANTED) -> tuple[RLimit, ...]:
    """Let this process, and what it starts, have as many as it may (at most `wanted`).

    Returns what gives a child the limit that was found, as `Command.rlimits` has it; nothing if
    that was high enough.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    raised = min(wanted, hard) if hard != resource.RLIM_INFINITY else wanted
    if soft == resource.RLIM_INFINITY or soft >= raised:
        return ()
    with suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (raised, hard))
        return ((resource.RLIMIT_NOFILE, soft, hard),)
    return ()


def give_back(found: tuple[RLimit, ...]) -> None:
    """Have the limit again that was found: the next program in this process decides anew."""
    for number, soft, hard in found:
        with suppress(OSError, ValueError):
            resource.setrlimit(number, (soft, hard))
