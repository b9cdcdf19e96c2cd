"""One supervised process as the agent sees it: what to start, how it ended, how to signal it."""

from __future__ import annotations

import asyncio
import errno
import os
import signal
from collections.abc import Callable, Mapping

import msgspec

from agent.host.reactor import Reactor

_STOPPED_BY_SIGNAL = 128
_START_ERROR = 128
_NOT_EXECUTABLE = 126
_NOT_FOUND = 127
_TRANSIENT = frozenset({errno.EAGAIN, errno.ENOMEM, errno.EMFILE, errno.ENFILE, errno.ENOBUFS})


class Identity(msgspec.Struct, frozen=True, kw_only=True):
    """Whom a process runs as; `groups` are the supplementary groups."""

    uid: int
    gid: int
    groups: tuple[int, ...] = ()


class Mount(msgspec.Struct, frozen=True, kw_only=True):
    """A file or directory that a process, and what it starts, sees at `target`; nobody else does.

    `sub_path` selects a part of `source`; no link may lead out of it. `flags` are those of wire.py.
    """

    source: str
    target: str
    sub_path: str = ""
    flags: int = 0


class Command(msgspec.Struct, frozen=True, kw_only=True):
    """What to execute and under which conditions.

    A program without a slash is looked up in the PATH of `env`. `user` None keeps the agent's
    identity. `rlimits` are (resource, soft, hard) as `resource.setrlimit` takes them.
    `cap_drop` are capability numbers taken from the bounding set. `mounts` are made in order, in a
    mount namespace of the process' own.
    """

    argv: tuple[str, ...]
    env: Mapping[str, str]
    cwd: str = "/"
    user: Identity | None = None
    umask: int = 0o022
    rlimits: tuple[tuple[int, int, int], ...] = ()
    no_new_privs: bool = False
    cap_drop: tuple[int, ...] = ()
    mounts: tuple[Mount, ...] = ()

    def __post_init__(self) -> None:
        """There must be something to execute."""
        if not self.argv:
            raise ValueError("a command needs at least the program's name")


class ExitStatus(msgspec.Struct, frozen=True):
    """How a process ended: `code` is 128 + signal for one that a signal ended.

    `known` is false when nobody can tell any more; the code is then that of SIGKILL.
    """

    code: int
    signal: int | None = None
    oom_killed: bool = False
    known: bool = True


class SpawnError(Exception):
    """A program could not be started; `str()` is the text that Kubernetes users know.

    `stage` names the step that failed ("exec", "cwd", "user", ...), `errno` the system's reason
    (0 if none). `transient`: the machine lacked something for the moment, so try again later.
    """

    def __init__(self, message: str, *, stage: str, errno: int = 0) -> None:
        super().__init__(message)
        self.message = message
        self.stage = stage
        self.errno = errno
        self.transient = errno in _TRANSIENT or stage == "helper"

    @property
    def exit_code(self) -> int:
        """What a shell would exit with: 127 not found, 126 not executable, else 128."""
        if self.stage not in ("lookup", "exec"):
            return _START_ERROR
        if self.errno == errno.ENOENT:
            return _NOT_FOUND
        if self.errno in (errno.EACCES, errno.EISDIR, errno.ENOEXEC, errno.EPERM):
            return _NOT_EXECUTABLE
        return _START_ERROR


class Captured(msgspec.Struct, frozen=True):
    """How a captured command ended.

    `exit_code` is None if it did not end by itself (timed out, cancelled, never started); 128 + n
    for signal n. `output` is stdout, then stderr, 10 KiB at most (`truncated`).
    """

    exit_code: int | None
    output: bytes = b""
    timed_out: bool = False
    error: SpawnError | None = None
    truncated: bool = False
    signal: int | None = None


class Child:
    """A direct child of the agent, watched through its pidfd; reaped at once when it ends."""

    __slots__ = (
        "_callbacks",
        "_oom_killed",
        "_reactor",
        "pid",
        "pidfd",
        "start_time",
        "status",
    )

    def __init__(
        self,
        reactor: Reactor,
        pid: int,
        pidfd: int,
        *,
        oom_killed: Callable[[], bool] | None = None,
    ) -> None:
        """Take over `pidfd` of the unreaped child `pid`; `oom_killed` is asked after its end."""
        self._reactor = reactor
        self._oom_killed = oom_killed
        self._callbacks: list[Callable[[ExitStatus], None]] = []
        self.pid = pid
        self.pidfd = pidfd
        self.start_time = start_time(pid)
        self.status: ExitStatus | None = None
        reactor.register(pidfd, self)

    @property
    def exited(self) -> bool:
        """Whether the process has ended; `status` is set then."""
        return self.status is not None

    def on_exit(self, callback: Callable[[ExitStatus], None]) -> None:
        """Call back in the loop when the process ends; at once if it has ended."""
        if self.status is not None:
            callback(self.status)
        else:
            self._callbacks.append(callback)

    async def wait(self) -> ExitStatus:
        """Wait for the end of the process; may be cancelled without consequence."""
        if self.status is not None:
            return self.status
        ended: asyncio.Future[ExitStatus] = asyncio.get_running_loop().create_future()

        def settle(status: ExitStatus) -> None:
            if not ended.done():
                ended.set_result(status)

        self._callbacks.append(settle)
        return await ended

    def signal(self, signum: int) -> bool:
        """Send a signal; False if the process has ended. Never reaches a recycled pid."""
        if self.status is not None:
            return False
        try:
            signal.pidfd_send_signal(self.pidfd, signum)
        except ProcessLookupError:
            return False
        return True

    def ready(self, events: int) -> None:
        """The pidfd became readable: the process has ended."""
        if self.status is not None:
            return
        result = os.waitid(os.P_PIDFD, self.pidfd, os.WEXITED | os.WNOHANG)
        if result is not None:
            self._end(
                exited(result.si_status)
                if result.si_code == os.CLD_EXITED
                else signalled(result.si_status)
            )

    def _end(self, status: ExitStatus) -> None:
        """The process has ended, and this is how; everyone who waits is told."""
        self._reactor.unregister(self.pidfd)
        os.close(self.pidfd)
        if status.signal == signal.SIGKILL and self._oom_killed is not None and self._oom_killed():
            status = msgspec.structs.replace(status, oom_killed=True)
        self.status = status
        callbacks, self._callbacks = self._callbacks, []
        for callback in callbacks:
            callback(status)


def exited(code: int) -> ExitStatus:
    """It called exit."""
    return ExitStatus(code)


def signalled(signum: int) -> ExitStatus:
    """A signal ended it."""
    return ExitStatus(_STOPPED_BY_SIGNAL + signum, signum)


def from_wait_status(status: int) -> ExitStatus:
    """The kernel's own encoding, as wait(2) has it."""
    if os.WIFSIGNALED(status):
        return signalled(os.WTERMSIG(status))
    return exited(os.WEXITSTATUS(status))


def start_time(pid: int) -> int:
    """When the kernel started the process, in clock ticks since boot; 0 if it is gone.

    Together with the pid it names a process for as long as the machine is up.
    """
    try:
        fd = os.open(f"/proc/{pid}/stat", os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return 0
    try:
        text = os.read(fd, 1024)
    except OSError:
        return 0
    finally:
        os.close(fd)
    return int(text.rpartition(b")")[2].split()[19])


def parse_signal(text: str) -> int:
    """The number of a stop signal as images and manifests write it: SIGQUIT, QUIT, SIGRTMIN+3, 3.

    ValueError with containerd's text for anything else (signals.go: ParseSignal).
    """
    if text.isascii() and text.isdigit():
        number = int(text)
        if 0 < number <= signal.SIGRTMAX:
            return number
        raise ValueError(f'unknown signal "{text}"')
    name, sign, offset = text.upper().removeprefix("SIG").replace("-", "+-").partition("+")
    try:
        number = signal.Signals["SIG" + name].value + (int(offset) if sign else 0)
    except (KeyError, ValueError):
        raise ValueError(f'unknown signal "{text}"') from None
    if sign and not signal.SIGRTMIN <= number <= signal.SIGRTMAX:
        raise ValueError(f'unknown signal "{text}"')
    return number
