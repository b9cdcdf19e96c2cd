"""One more command in a running container, for somebody who talks to it (CRI: Exec).

Unlike a probe's command its output is not kept but handed on as it comes. It has a mark of its own
within the run, so that all it started can be ended without touching the rest of the container.
"""

from __future__ import annotations

import fcntl
import os
import signal
import struct
import termios
from collections.abc import Callable
from contextlib import ExitStack
from typing import Self

from agent.host.census import Census, Sweep
from agent.host.containment import Boundary
from agent.host.pipe_ends import ReadEnd, WriteEnd
from agent.host.process import Child, Command, ExitStatus
from agent.host.reactor import Reactor
from agent.host.reaper import Reaper
from agent.host.scheduler import Scheduler
from agent.host.spawner import Spawner

#: What a terminal in its usual mode takes as the end of the input (VEOF).
_END_OF_INPUT = b"\x04"
_MOST = 0xFFFF


class Ends:
    """The streams of one command: `child` are its stdin, stdout and stderr, the rest is ours."""

    def __init__(
        self,
        child: tuple[int | None, int, int],
        *,
        stdin: WriteEnd | None,
        stdout: ReadEnd,
        stderr: ReadEnd | None = None,
        terminal: int | None = None,
    ) -> None:
        self.child = child
        self.stdin = stdin
        self.stdout = stdout
        self.stderr = stderr
        self.terminal = terminal

    @classmethod
    def pipes(cls, reactor: Reactor, *, stdin: bool) -> Self:
        """A pipe for each stream (OSError)."""
        with ExitStack() as opened:
            (out, out_end), (err, err_end) = _pipe(opened), _pipe(opened)
            in_end, in_ = _pipe(opened) if stdin else (None, None)
            opened.pop_all()
        return cls(
            (in_end, out_end, err_end),
            stdin=None if in_ is None else WriteEnd(reactor, in_),
            stdout=ReadEnd(reactor, out),
            stderr=ReadEnd(reactor, err),
        )

    @classmethod
    def on_terminal(cls, reactor: Reactor, owner: int | None, *, stdin: bool) -> Self:
        """One terminal for all, which belongs to the user `owner` (OSError)."""
        with ExitStack() as opened:
            terminal, slave = os.openpty()
            opened.callback(os.close, terminal)
            opened.callback(os.close, slave)
            if owner is not None:
                os.fchown(slave, owner, -1)
            out = os.dup(terminal)
            opened.callback(os.close, out)
            in_ = os.dup(terminal) if stdin else None
            opened.pop_all()
        return cls(
            (slave, slave, slave),
            stdin=None if in_ is None else WriteEnd(reactor, in_),
            stdout=ReadEnd(reactor, out),
            terminal=terminal,
        )

    def started(self) -> None:
        """The command has its ends, or never will: close ours of them."""
        for fd in set(self.child):
            if fd is not None:
                os.close(fd)

    def close(self) -> None:
        """Close what is ours. May be called again."""
        for end in (self.stdin, self.stdout, self.stderr):
            if end is not None:
                end.close()
        if self.terminal is not None:
            os.close(self.terminal)
            self.terminal = None


class ExecSession:
    """A running command and our ends of its streams; whoever opened it closes it.

    `stdin` is None if it has none; `stderr` is None on a terminal, where all is `stdout`.
    """

    def __init__(self, child: Child, ends: Ends, sweep: Callable[[], None]) -> None:
        """`sweep` kills, in the background, all that bear the session's mark."""
        self._child = child
        self._ends = ends
        self._sweep = sweep
        self._is_closed = False
        self.stdin = ends.stdin
        self.stdout = ends.stdout
        self.stderr = ends.stderr

    @property
    def pid(self) -> int:
        """The command itself."""
        return self._child.pid

    async def wait(self) -> ExitStatus:
        """Wait for the end of the command; what it left behind may still hold its output."""
        return await self._child.wait()

    async def end_input(self) -> None:
        """Let the command see the end of its input; what was written comes first."""
        if self.stdin is None:
            return
        if self._ends.terminal is not None:
            await self.stdin.write(_END_OF_INPUT)
        else:
            self.stdin.close()

    def resize(self, columns: int, rows: int) -> None:
        """The terminal has this size now; the kernel tells the command (SIGWINCH)."""
        if self._ends.terminal is not None:
            resize(self._ends.terminal, columns, rows)

    def kill(self) -> None:
        """SIGKILL to the command and to all that it started; it goes on in the background."""
        self._child.signal(signal.SIGKILL)
        self._sweep()

    def close(self) -> None:
        """Let go of the streams; a command that has not ended is killed. May be called again.

        What a command that has ended left behind stays in the container, as it does in Kubernetes.
        """
        if not self._is_closed:
            self._is_closed = True
            if not self._child.exited:
                self.kill()
            self._ends.close()


class Sessions:
    """Opens sessions on this machine."""

    def __init__(
        self, spawner: Spawner, reactor: Reactor, scheduler: Scheduler, reaper: Reaper
    ) -> None:
        self._spawner = spawner
        self._reactor = reactor
        self._scheduler = scheduler
        self._reaper = reaper

    async def open(
        self, command: Command, boundary: Boundary, inside: Child | None, *, stdin: bool, tty: bool
    ) -> ExecSession:
        """Start a command inside the fence, on a terminal of its own if `tty`.

        `inside` is the main process whose mounts it is to see. `SpawnError` and `OSError` (no free
        descriptors) leave nothing behind.
        """
        ends = self._ends(command, stdin=stdin, tty=tty)
        mark = boundary.take_mark()
        try:
            child = await self._spawner.spawn(
                command,
                boundary,
                stdin=ends.child[0],
                stdout=ends.child[1],
                stderr=ends.child[2],
                controlling_tty=tty,
                mark=mark,
                inside=inside,
            )
        except BaseException:
            ends.close()
            raise
        finally:
            ends.started()
        census = Census(self._reaper, mark.__eq__)
        return ExecSession(child, ends, lambda: Sweep(self._scheduler, census).begin())

    def _ends(self, command: Command, *, stdin: bool, tty: bool) -> Ends:
        if not tty:
            return Ends.pipes(self._reactor, stdin=stdin)
        owner = None if command.user is None else command.user.uid
        return Ends.on_terminal(self._reactor, owner, stdin=stdin)


def resize(terminal: int, columns: int, rows: int) -> None:
    """Give a terminal its size; what does not fit is cut."""
    size = struct.pack("HHHH", _cut(rows), _cut(columns), 0, 0)
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, size)


def _cut(number: int) -> int:
    return min(max(number, 0), _MOST)


def _pipe(opened: ExitStack) -> tuple[int, int]:
    ends = os.pipe()
    for fd in ends:
        opened.callback(os.close, fd)
    return ends
