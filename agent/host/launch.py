"""Start the spawner process, as early as possible: nothing heavy is imported here.

`barepod run` calls `launch` before it imports asyncio, so that the helper's start-up runs beside
the agent's own.
"""

from __future__ import annotations

import _socket
import os
import sys

_ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
_CODE = (
    "import sys; sys.path.append(sys.argv[2]); "
    "from agent.host.helper import main; main(int(sys.argv[1]), sys.argv[3:])"
)
_FD = 3
#: What a terminal or a service manager sends to everybody; the helper lets it pass.
SURVIVED = (1, 2, 3, 10, 12, 13, 14, 15)


class Launched:
    """A running helper process and our end of its socket."""

    __slots__ = ("pid", "sock")

    def __init__(self, pid: int, sock: _socket.socket) -> None:
        self.pid = pid
        self.sock = sock


def launch_if_possible() -> Launched | None:
    """Start a helper now if the machine lets us; who needs it tries again and tells why not."""
    try:
        return launch()
    except OSError:
        return None


def launch(guard: tuple[int, str] | None = None) -> Launched:
    """Start a helper (OSError: no descriptors or processes left).

    `guard` is what it guards from the first moment on: the agent's mark and the directory of its
    cgroups; one that is launched before these are known is told later.
    To be called in the agent's main thread: the processes it starts die with the thread that
    started the helper. It has its own session, so that Ctrl-C does not reach it.
    """
    ours, theirs = _socket.socketpair(_socket.AF_UNIX, _socket.SOCK_SEQPACKET)
    try:
        argv = (sys.executable, "-I", "-S", "-c", _CODE, str(_FD), _ROOT, *map(str, guard or ()))
        actions = [(os.POSIX_SPAWN_DUP2, theirs.fileno(), _FD)]
        pid = os.posix_spawn(
            sys.executable,
            argv,
            os.environ,
            file_actions=actions,
            setsid=True,
            setsigmask=SURVIVED,  # until it has handlers for them
        )
    except BaseException:
        ours.close()
        raise
    finally:
        theirs.close()
    return Launched(pid, ours)
