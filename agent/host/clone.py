"""A copy of the helper process, on its way to become a program (becoming.py).

`clone3` is called directly for what fork cannot do: make the child a child of our parent
(CLONE_PARENT), be born inside a cgroup, hand out a pidfd without a race. The child is a copy of
this small single-threaded process and runs Python until execve.
"""

from __future__ import annotations

import ctypes
import os
import resource
from errno import EACCES, EINVAL, ENOSYS, EPERM

from agent.host.marks import RLIMIT_RTTIME

TYPE_CHECKING = False  # importing `typing` would double the helper's memory
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import NoReturn

    from agent.host.wire import Spec

CLONE_PIDFD = 0x1000
CLONE_PARENT = 0x8000
_CLONE_INTO_CGROUP = 0x2_0000_0000
SIGCHLD = 17
_SYS_CLONE3 = 435
_SYS_CLONE = {"x86_64": 56, "aarch64": 220, "riscv64": 220}
_CLONE_ARGS = 11
#: An old kernel or a seccomp filter: there may be another way.
REFUSED = (ENOSYS, EPERM, EACCES, EINVAL)

# PyDLL: the child must come out of the system call holding the interpreter lock.
libc = ctypes.PyDLL(None, use_errno=True)
libc.syscall.restype = ctypes.c_long


class Failure(Exception):
    """A step on the way to execve failed; `detail` is the path concerned, if any."""

    def __init__(self, stage: str, errno: int, detail: str = "") -> None:
        super().__init__(stage, errno, detail)
        self.stage = stage
        self.errno = errno
        self.detail = detail


class Born:
    """A new process."""

    __slots__ = ("pid", "pidfd")

    def __init__(self, pid: int, pidfd: int) -> None:
        self.pid = pid
        self.pidfd = pidfd


class Inherited:
    """What a new process takes over from this one: its mark and umask, from birth on."""

    __slots__ = ("_mark", "_umask")

    def __init__(self, spec: Spec) -> None:
        self._umask = spec.umask
        self._mark = spec.mark

    def __enter__(self) -> None:
        os.umask(self._umask)
        limits = (self._mark, resource.RLIM_INFINITY)
        step("mark", lambda: resource.setrlimit(RLIMIT_RTTIME, limits))

    def __exit__(self, *_: object) -> None:
        resource.setrlimit(RLIMIT_RTTIME, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))


def clone(become: Callable[[int], NoReturn], *, cgroup_fd: int, as_sibling: bool) -> Born:
    """Make a copy of this process, in the cgroup if `cgroup_fd` is not negative. Raises `Failure`.

    The copy goes on with `become`, and with the cgroup that it must join itself, or -1. A sibling
    is a child of our parent, which reaps it.
    """
    pidfd = ctypes.c_int(-1)
    flags = CLONE_PIDFD | (CLONE_PARENT if as_sibling else 0)
    exit_signal = 0 if as_sibling else SIGCHLD
    args = clone_args(flags, pidfd, cgroup_fd, exit_signal=exit_signal)
    pid = libc.syscall(_SYS_CLONE3, ctypes.byref(args), ctypes.sizeof(args))
    if pid == 0:
        become(-1)
    if pid > 0:
        return Born(pid, pidfd.value)
    errno = ctypes.get_errno()
    if errno not in REFUSED:
        raise Failure("clone", errno)
    # The older call can do all but the cgroup.
    number = _SYS_CLONE.get(os.uname().machine)
    if number is None:
        raise Failure("clone", errno)
    pid = libc.syscall(number, ctypes.c_long(flags | exit_signal), None, ctypes.byref(pidfd), 0, 0)
    if pid == 0:
        become(cgroup_fd)
    if pid < 0:
        raise Failure("clone", ctypes.get_errno())
    return Born(pid, pidfd.value)


def clone_args(
    flags: int,
    pidfd: ctypes.c_int,
    cgroup_fd: int,
    *,
    exit_signal: int = 0,
    stack: tuple[int, int] = (0, 0),
) -> ctypes.Array[ctypes.c_uint64]:
    """What clone3 takes; `cgroup_fd` negative: no cgroup; `stack`: its lower end and size."""
    if cgroup_fd >= 0:
        flags |= _CLONE_INTO_CGROUP
    where, size = stack
    pidfd_at = ctypes.addressof(pidfd)
    return (ctypes.c_uint64 * _CLONE_ARGS)(
        flags, pidfd_at, 0, 0, exit_signal, where, size, 0, 0, 0, max(cgroup_fd, 0)
    )


def step(stage: str, action: Callable[[], None]) -> None:
    """Do it, or raise `Failure` of this stage."""
    try:
        action()
    except ValueError:  # resource: "not allowed to raise maximum limit"
        raise Failure(stage, EPERM) from None
    except OSError as exc:
        raise Failure(stage, exc.errno or 0) from None
