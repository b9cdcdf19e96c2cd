"""How does an agent replace itself by its new version, without ending?

The process stays, and with it its pid and its children: only the program is another one. So the
exit codes of children are never lost, and the service manager notices nothing.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import NoReturn

from agent.host.containment import Boundary
from agent.host.process import Captured, Command
from agent.host.spawner import Spawner

_PREFLIGHT_SECONDS = 30.0
_STANDARD = 3
_SAID = 500
#: What would let a trial start speak to the service manager in our name.
_MANAGER = ("NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID")


def own_command() -> tuple[tuple[str, ...], tuple[str, ...]]:
    """How this program was called: interpreter and script (or module), and the arguments."""
    return split_command(sys.executable, sys.orig_argv, sys.argv)


def split_command(
    executable: str, orig_argv: Sequence[str], argv: Sequence[str]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """See `own_command`; `orig_argv` and `argv` are those of `sys`."""
    arguments = tuple(argv[1:])
    end = len(orig_argv) - len(arguments)
    return (executable, *orig_argv[1:end]), arguments


def first_environment() -> dict[str, str]:
    """The environment that we were given, also what was taken out of `os.environ` since.

    $NOTIFY_SOCKET, for one, is the next version's again.
    """
    try:
        with open("/proc/self/environ", "rb") as file:
            return parse_environment(file.read())
    except OSError:
        return dict(os.environ)


def parse_environment(text: bytes) -> dict[str, str]:
    """What /proc/PID/environ says."""
    pairs = (item.partition("=") for item in os.fsdecode(text).split("\0"))
    return {name: value for name, separator, value in pairs if separator}


async def preflight(spawner: Spawner, boundary: Boundary, program: Sequence[str]) -> str:
    """Whether the version that is installed now starts: "" or why not.

    `program` is the first part of `own_command`. It is asked for its version, inside the fence.
    """
    environment = {k: v for k, v in first_environment().items() if k not in _MANAGER}
    command = Command(argv=(*program, "version"), env=environment, cwd=os.getcwd())
    answer: asyncio.Future[Captured] = asyncio.get_running_loop().create_future()
    running = spawner.capture(command, boundary, _PREFLIGHT_SECONDS, answer.set_result)
    try:
        return preflight_problem(" ".join(command.argv), await answer)
    finally:
        running.cancel()


def preflight_problem(command: str, captured: Captured) -> str:
    """What to tell the user about the trial start; "" if all is well."""
    if captured.error is not None:
        return f"the new version does not start: {captured.error}"
    if captured.timed_out:
        return f'the new version does not start: "{command}" takes over {_PREFLIGHT_SECONDS:.0f} s'
    if captured.exit_code == 0:
        return ""
    said = captured.output.decode("utf-8", "replace").strip()[-_SAID:]
    return (
        f'the new version does not start: "{command}" exited with {captured.exit_code}'
        f"{': ' if said else ''}{said}"
    )


def reexec(
    argv: Sequence[str],
    environment: Mapping[str, str] | None = None,
    keep_fds: Iterable[int] = (),
) -> NoReturn:
    """Become another program: the very last step, in the main thread (OSError: still this one).

    `argv` begins with the path of the program. The environment is that which we were given. Of the
    descriptors, the standard ones and `keep_fds` stay open. No signal stays blocked; execve itself
    resets handlers.
    """
    kept = set(keep_fds)
    for name in os.listdir("/proc/self/fd"):
        if (fd := int(name)) >= _STANDARD:
            _set_inheritable(fd, inheritable=fd in kept)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())
    os.execve(argv[0], tuple(argv), first_environment() if environment is None else environment)


def _set_inheritable(fd: int, *, inheritable: bool) -> None:
    try:
        os.set_inheritable(fd, inheritable)
    except OSError:  # the listing's own descriptor is gone already
        return
