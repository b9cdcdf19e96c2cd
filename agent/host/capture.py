"""One command run to its end inside the helper process, with what it printed.

It is over when the command has exited and nobody holds its stdout and stderr any more; a command
that leaves a background process with the pipes is therefore waited for (kubelet and containerd
do the same).
"""

from __future__ import annotations

import os
from errno import EINVAL
from select import EPOLLIN, epoll

from agent.host import becoming, clone, descendants, marks
from agent.host.wire import CAPTURED, close_all

TYPE_CHECKING = False  # importing `typing` would double the helper's memory
if TYPE_CHECKING:
    from collections.abc import Callable

    from agent.host.vfork import Vfork
    from agent.host.wire import Message, Spec

    Ready = Callable[[], None]
    Begin = Callable[[Spec, "Pipes", int, int], tuple[int, int]]

_READ = 64 * 1024
_KEEP = 10 * 1024
_SIGKILL = 9
_KILL_ROUNDS = 50
_CLEAN_ROUNDS = 3


class Pipe:
    """What one stream said: the first 10 KiB are kept, the rest is read and forgotten."""

    __slots__ = ("_on_end", "_watch", "data", "fd", "truncated")

    def __init__(self, fd: int, watch: Watch, on_end: Ready) -> None:
        self.fd = fd
        self.data = b""
        self.truncated = False
        self._watch = watch
        self._on_end = on_end
        os.set_blocking(fd, False)
        watch.add(fd, self.ready)

    def ready(self) -> None:
        """Take one chunk; the others want their turn too."""
        try:
            chunk = os.read(self.fd, _READ)
        except BlockingIOError:
            return
        if not chunk:
            self.close()
            self._on_end()
            return
        room = _KEEP - len(self.data)
        self.data += chunk[:room]
        self.truncated = self.truncated or len(chunk) > room

    def close(self) -> None:
        """Stop listening."""
        if self.fd >= 0:
            self._watch.remove(self.fd)
            os.close(self.fd)
            self.fd = -1


class Watch:
    """The descriptors that the helper waits for."""

    __slots__ = ("_epoll", "_ready")

    def __init__(self) -> None:
        self._epoll = epoll()
        self._ready: dict[int, Ready] = {}

    def add(self, fd: int, ready: Ready) -> None:
        """Call `ready` whenever `fd` is readable or closed at its other end."""
        self._epoll.register(fd, EPOLLIN)
        self._ready[fd] = ready

    def remove(self, fd: int) -> None:
        """Before `fd` is closed: a child on its way to execve still shares it."""
        del self._ready[fd]
        self._epoll.unregister(fd)

    def turn(self, timeout: float) -> None:
        """Wait once (seconds, -1 for ever), then call everyone who is ready."""
        for fd, _events in self._epoll.poll(timeout, 64):
            ready = self._ready.get(fd)
            if ready is not None:
                ready()


class Pipes:
    """stdout and stderr, and the report of a failed start if one is written.

    The far ends are the command's.
    """

    __slots__ = ("_far", "err", "err_end", "out", "out_end", "report")

    def __init__(self) -> None:
        self.report = -1
        self.out, self.out_end = os.pipe()
        try:
            self.err, self.err_end = os.pipe()
        except OSError:
            close_all((self.out, self.out_end))
            raise
        self._far = [self.out_end, self.err_end]

    def add_report(self) -> int:
        """The far end of a third one (OSError)."""
        self.report, report_end = os.pipe()
        self._far.append(report_end)
        return report_end

    def close_far_ends(self) -> None:
        """The command has its own copies now."""
        close_all(self._far)

    def close_all(self) -> None:
        """There is no command."""
        self.close_far_ends()
        close_all([fd for fd in (self.out, self.err, self.report) if fd >= 0])


def by_clone(spec: Spec, pipes: Pipes, cgroup_fd: int, stdin: int) -> tuple[int, int]:
    """Start through a copy of this process, which can take any preparation; pid and pidfd."""
    stdio = (stdin, pipes.out_end, pipes.err_end)
    plan = becoming.Plan(spec, stdio, pipes.add_report(), os.getpid())
    born = clone.clone(plan.follow, cgroup_fd=cgroup_fd, as_sibling=False)
    return born.pid, born.pidfd


def by_vfork(vfork: Vfork) -> Begin:
    """Start in memory of this process, which stands still until the program is executed."""

    def begin(spec: Spec, pipes: Pipes, cgroup_fd: int, stdin: int) -> tuple[int, int]:
        stdio = (stdin, pipes.out_end, pipes.err_end)
        born = vfork.start(spec, stdio, cgroup_fd, as_sibling=False)
        return by_clone(spec, pipes, cgroup_fd, stdin) if born is None else (born.pid, born.pidfd)

    return begin


def by_spawn(spec: Spec, pipes: Pipes, _cgroup_fd: int, stdin: int) -> tuple[int, int]:
    """Start by posix_spawn, which copies nothing: for commands that need no preparation.

    This process stands still until the program is executed.
    """
    try:
        os.chdir(spec.cwd)
    except OSError as exc:
        raise clone.Failure("cwd", exc.errno or 0) from None
    try:
        path = becoming.file_of(spec)
        actions = [
            (os.POSIX_SPAWN_DUP2, fd, number)
            for number, fd in enumerate((stdin, pipes.out_end, pipes.err_end))
        ]
        pid = _spawned(path, spec, actions)
    finally:
        os.chdir("/")  # keep no file system busy
    return pid, os.pidfd_open(pid)


def _spawned(path: str, spec: Spec, actions: list[tuple[int, int, int]]) -> int:
    try:
        return os.posix_spawn(path, spec.argv, spec.env, file_actions=actions, setsid=True)
    except (OSError, ValueError) as exc:
        raise becoming.refused(path, getattr(exc, "errno", None) or EINVAL) from None


class Capture:
    """A running command; answers once, through `answer`."""

    __slots__ = (
        "_answer",
        "_err",
        "_id",
        "_is_over",
        "_out",
        "_pidfd",
        "_report",
        "_status",
        "_watch",
        "mark",
        "pid",
    )

    def __init__(
        self,
        id_: int,
        spec: Spec,
        cgroup_fd: int,
        stdin: int,
        begin: Begin,
        watch: Watch,
        answer: Callable[[Message], None],
    ) -> None:
        """Start it (OSError: no free descriptors; clone.Failure: no process)."""
        self._id = id_
        self.mark = spec.mark
        self._watch = watch
        self._answer = answer
        self._status: tuple[int, int] | None = None
        self._is_over = False
        pipes = Pipes()
        try:
            self.pid, self._pidfd = begin(spec, pipes, cgroup_fd, stdin)
        except BaseException:
            pipes.close_all()
            raise
        pipes.close_far_ends()
        self._report = pipes.report
        watch.add(self._pidfd, self._exited)
        self._out = Pipe(pipes.out, watch, self._finish)
        self._err = Pipe(pipes.err, watch, self._finish)

    def kill(self, *, timed_out: bool) -> Killing:
        """Kill all that the command started, and answer with what there is."""
        killing = Killing(self.mark)
        if self._pidfd >= 0:
            os.kill(self.pid, _SIGKILL)  # our unreaped child: the pid is its own
        killing.round()
        self._reply(code=-1, signal=0, timed_out=timed_out)
        return killing

    def _exited(self) -> None:
        result = os.waitid(os.P_PIDFD, self._pidfd, os.WEXITED | os.WNOHANG)
        if result is None:
            return
        self._watch.remove(self._pidfd)
        os.close(self._pidfd)
        self._pidfd = -1
        if result.si_code == os.CLD_EXITED:
            self._status = (result.si_status, 0)
        else:
            self._status = (128 + result.si_status, result.si_status)
        for pipe in (self._out, self._err):  # mostly at their end already: spares a turn
            if pipe.fd >= 0:
                pipe.ready()
        self._finish()

    def _finish(self) -> None:
        if self._status is None or self._is_over:
            return
        if self._out.fd < 0 and self._err.fd < 0:
            self._reply(code=self._status[0], signal=self._status[1], timed_out=False)

    def _reply(self, *, code: int, signal: int, timed_out: bool) -> None:
        self._is_over = True
        failure = None
        if self._report >= 0:
            failure = becoming.read_report(self._report) if self._status is not None else None
            os.close(self._report)
        for pipe in (self._out, self._err):
            if pipe.fd >= 0:
                pipe.close()
        output = self._out.data + self._err.data
        truncated = self._out.truncated or self._err.truncated or len(output) > _KEEP
        error = (failure.stage, failure.errno, failure.detail) if failure else None
        self._answer(
            (CAPTURED, self._id, code, signal, timed_out, truncated, output[:_KEEP], error)
        )


class Killing:
    """SIGKILL for all that bear a mark, repeated until none has been seen for some time."""

    __slots__ = ("_clean", "_rounds", "mark")

    def __init__(self, mark: int) -> None:
        self.mark = mark
        self._rounds = 0
        self._clean = 0

    def round(self) -> bool:
        """Kill whom there is; whether it makes sense to look again."""
        self._rounds += 1
        # All of ours are below the agent, which adopts orphans.
        found = descendants.alive(filter(self._bears, descendants.descendants(os.getppid())))
        for pid in found:
            descendants.send(pid, _SIGKILL, self._bears)
        self._clean = 0 if found else self._clean + 1
        return self._clean < _CLEAN_ROUNDS and self._rounds < _KILL_ROUNDS

    def _bears(self, pid: int) -> bool:
        return marks.read_mark(pid) == self.mark
