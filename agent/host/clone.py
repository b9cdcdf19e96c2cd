"""Turn a `wire.Spec` into a running process: clone, prepare, execve. Used by the helper process.

`clone3` is called directly for what fork cannot do: make the child a child of our parent
(CLONE_PARENT), be born inside a cgroup, hand out a pidfd without a race. The child is a copy of
this small single-threaded process and runs Python until execve.
"""

from __future__ import annotations

import ctypes
import os
import resource
from errno import EACCES, EINVAL, EISDIR, ENOENT, ENOSYS, EPERM

from agent.host.marks import RLIMIT_RTTIME

TYPE_CHECKING = False  # importing `typing` would double the helper's memory
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import NoReturn

    from agent.host.wire import Spec

_CLONE_PIDFD = 0x1000
_CLONE_PARENT = 0x8000
_CLONE_INTO_CGROUP = 0x2_0000_0000
_SIGCHLD = 17
_SYS_CLONE3 = 435
_SYS_CLONE = {"x86_64": 56, "aarch64": 220, "riscv64": 220}
_CLONE_ARGS = 11
_PR_SET_PDEATHSIG = 1
_PR_CAPBSET_DROP = 24
_PR_SET_NO_NEW_PRIVS = 38
_SIGKILL = 9
_TIOCSCTTY = 0x540E
_FAILED = 127
_REPORT_SIZE = 4096

# PyDLL: the child must come out of the system call holding the interpreter lock.
_libc = ctypes.PyDLL(None, use_errno=True)
_libc.syscall.restype = ctypes.c_long


class Failure(Exception):
    """A step on the way to execve failed; `detail` is the path concerned, if any."""

    def __init__(self, stage: str, errno: int, detail: str = "") -> None:
        super().__init__(stage, errno, detail)
        self.stage = stage
        self.errno = errno
        self.detail = detail


class Born:
    """A new process: `pid` is 0 in the child. `joined` tells whether it is in its cgroup."""

    __slots__ = ("joined", "pid", "pidfd")

    def __init__(self, pid: int, pidfd: int, *, joined: bool) -> None:
        self.pid = pid
        self.pidfd = pidfd
        self.joined = joined


class Inherited:
    """What a new process takes over from this one: its mark and umask, from birth on."""

    __slots__ = ("_mark", "_umask")

    def __init__(self, spec: Spec) -> None:
        self._umask = spec.umask
        self._mark = spec.mark

    def __enter__(self) -> None:
        os.umask(self._umask)
        step("mark", lambda: _limit(((RLIMIT_RTTIME, self._mark, resource.RLIM_INFINITY),)))

    def __exit__(self, *_: object) -> None:
        resource.setrlimit(RLIMIT_RTTIME, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))


def clone(*, cgroup_fd: int, as_sibling: bool) -> Born:
    """Make a copy of this process, in the cgroup if `cgroup_fd` is not negative.

    A sibling is a child of our parent, which reaps it. Raises `Failure`.
    """
    pidfd = ctypes.c_int(-1)
    flags = _CLONE_PIDFD | (_CLONE_PARENT if as_sibling else 0)
    exit_signal = 0 if as_sibling else _SIGCHLD
    args = (ctypes.c_uint64 * _CLONE_ARGS)(flags, ctypes.addressof(pidfd))
    args[4] = exit_signal
    if cgroup_fd >= 0:
        args[0] |= _CLONE_INTO_CGROUP
        args[10] = cgroup_fd
    pid = _libc.syscall(_SYS_CLONE3, ctypes.byref(args), ctypes.sizeof(args))
    if pid >= 0:
        return Born(pid, pidfd.value, joined=True)
    errno = ctypes.get_errno()
    if errno not in (ENOSYS, EPERM, EACCES, EINVAL):
        raise Failure("clone", errno)
    # An old kernel or a seccomp filter: the older call can do all but the cgroup.
    number = _SYS_CLONE.get(os.uname().machine)
    if number is None:
        raise Failure("clone", errno)
    pid = _libc.syscall(number, ctypes.c_long(flags | exit_signal), None, ctypes.byref(pidfd), 0, 0)
    if pid < 0:
        raise Failure("clone", ctypes.get_errno())
    return Born(pid, pidfd.value, joined=cgroup_fd < 0)


def become(
    spec: Spec, stdio: tuple[int, int, int], report: int, parent: int, join_fd: int
) -> NoReturn:
    """In the child: become the program. `report` (close-on-exec) tells the parent of a failure.

    `join_fd` is the cgroup still to be joined, or negative; `parent` the pid of the parent, in
    whose absence the process must not start if it is to die with it.
    """
    try:
        _prepare(spec, stdio, parent, join_fd)
        _execute(spec.argv, spec.env)
    except Failure as exc:
        _report(report, exc)
    except BaseException as exc:  # noqa: BLE001 - the copy must never return into the loop
        _report(report, Failure("internal", 0, repr(exc)))
    finally:
        os._exit(_FAILED)


def read_report(fd: int) -> Failure | None:
    """What `become` wrote before it gave up; None if the program was executed (end of file)."""
    text = os.read(fd, _REPORT_SIZE)
    if not text:
        return None
    stage, errno, detail = os.fsdecode(text).split("\0", 2)
    return Failure(stage, int(errno), detail)


def _report(fd: int, failure: Failure) -> None:
    text = f"{failure.stage}\0{failure.errno}\0{failure.detail}"
    os.write(fd, os.fsencode(text)[:_REPORT_SIZE])


def _prepare(spec: Spec, stdio: tuple[int, int, int], parent: int, join_fd: int) -> None:
    # Every page that the copy touches costs a fault: nothing is done that need not be.
    if join_fd >= 0:
        step("cgroup", lambda: _join(join_fd))
    step("session", lambda: _settle(stdio, tty=spec.tty))
    if spec.rlimits:
        step("rlimit", lambda: _limit(spec.rlimits))
    if spec.cap_drop:
        step("capability", lambda: _give_up(spec.cap_drop))
    if (user := spec.user) is not None:
        step("user", lambda: _change_user(*user))
    if spec.no_new_privs:
        step("user", lambda: _check(_libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)))
    if spec.die:  # after the change of user, which clears it
        step("session", lambda: _die_with(parent))
    step("cwd", lambda: os.chdir(spec.cwd))


def step(stage: str, action: Callable[[], None]) -> None:
    """Do it, or raise `Failure` of this stage."""
    try:
        action()
    except ValueError:  # resource: "not allowed to raise maximum limit"
        raise Failure(stage, EPERM) from None
    except OSError as exc:
        raise Failure(stage, exc.errno or 0) from None


def _join(cgroup_fd: int) -> None:
    fd = os.open("cgroup.procs", os.O_WRONLY | os.O_CLOEXEC, dir_fd=cgroup_fd)
    os.write(fd, b"0")
    os.close(fd)


def _settle(stdio: tuple[int, int, int], *, tty: bool) -> None:
    os.setsid()
    for number, fd in enumerate(stdio):
        os.dup2(fd, number)
    if tty:
        _check(_libc.ioctl(0, _TIOCSCTTY, 0))


def _limit(limits: tuple[tuple[int, int, int], ...]) -> None:
    for number, soft, hard in limits:
        resource.setrlimit(number, (soft, hard))


def _give_up(capabilities: tuple[int, ...]) -> None:
    for capability in capabilities:
        _check(_libc.prctl(_PR_CAPBSET_DROP, capability, 0, 0, 0))


def _change_user(uid: int, gid: int, groups: tuple[int, ...]) -> None:
    os.setgroups(groups)
    os.setresgid(gid, gid, gid)
    os.setresuid(uid, uid, uid)


def _die_with(parent: int) -> None:
    _check(_libc.prctl(_PR_SET_PDEATHSIG, _SIGKILL, 0, 0, 0))
    if os.getppid() != parent:  # gone before we asked
        os._exit(_FAILED)


def _execute(argv: tuple[str, ...], env: dict[str, str]) -> None:
    path = look_up(argv[0], env.get("PATH", ""))
    try:
        os.execve(path, argv, env)
    except (OSError, ValueError) as exc:
        raise Failure("exec", getattr(exc, "errno", None) or EINVAL, path) from None


def look_up(program: str, search: str) -> str:
    """The file to execute, as Go's exec.LookPath finds it (which runc uses)."""
    if "/" in program:
        errno = _problem(program)
        if errno:
            raise Failure("lookup", errno, program)
        return program
    for directory in search.split(":"):
        path = f"{directory or '.'}/{program}"
        if program and not _problem(path):
            return path
    raise Failure("lookup", ENOENT)


def _problem(path: str) -> int:
    """Why the file cannot be executed, as an errno; 0 if it can."""
    try:
        mode = os.stat(path).st_mode
    except OSError as exc:
        return exc.errno or ENOENT
    except ValueError:
        return EINVAL
    if mode & 0o170000 == 0o040000:
        return EISDIR
    return 0 if os.access(path, os.X_OK) else EACCES


def _check(result: int) -> None:
    if result < 0:
        errno = ctypes.get_errno()
        raise OSError(errno, os.strerror(errno))
