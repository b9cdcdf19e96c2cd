"""A process that borrows the helper's memory until its program is executed, as vfork makes it.

A copy of the helper (clone.py) costs a millisecond: its page tables are copied, each page that it
touches is copied, and execve takes all that down again. Here nothing is copied; the helper stands
still meanwhile, which the agent avoids for programs that may hang (see `Spawner.spawn`).

posix_spawn is no choice, since a main process must be born as a child of the agent and inside its
cgroup. Nor can Python run in borrowed memory: whatever the child did to the interpreter, the helper
would find. So the child goes through a table of system calls, up to execve or the first that fails;
that takes 72 bytes of machine code, for the one kind of processor that they have been tried on.

Whoever changes its user is left to the copy: between setuid and execve, the new user could reach
into memory that is the helper's.
"""

from __future__ import annotations

import ctypes
import os

from agent.host import becoming
from agent.host.clone import (
    CLONE_PARENT,
    CLONE_PIDFD,
    REFUSED,
    SIGCHLD,
    Born,
    Failure,
    clone_args,
    libc,
    step,
)

TYPE_CHECKING = False  # importing `typing` would double the helper's memory
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from typing import Any

    from agent.host.wire import Spec

    #: What a failure of it is called, the system call, its arguments.
    Row = tuple[str, int, tuple[Any, ...]]

_MACHINE = "x86_64"
#: The parameters are those of clone3, and the table.
_CODE = bytes.fromhex(
    "4989d0"  # mov r8, rdx
    "b8b3010000"  # mov eax, 435            clone3
    "0f05"  # syscall
    "4885c0"  # test rax, rax
    "7401"  # jz child
    "c3"  # ret
    "31ed"  # child: xor ebp, ebp
    "4c89c3"  # mov rbx, r8
    "488b03"  # next: mov rax, [rbx]
    "488b7b08"  # mov rdi, [rbx + 8]
    "488b7310"  # mov rsi, [rbx + 16]
    "488b5318"  # mov rdx, [rbx + 24]
    "4c8b5320"  # mov r10, [rbx + 32]
    "4c8b4328"  # mov r8, [rbx + 40]
    "0f05"  # syscall
    "4885c0"  # test rax, rax
    "7806"  # js failed
    "4883c330"  # add rbx, 48
    "ebdc"  # jmp next
    "488903"  # failed: mov [rbx], rax      for the helper to see
    "bf7f000000"  # mov edi, 127
    "b8e7000000"  # mov eax, 231            exit_group
    "0f05"  # syscall
)
_WORDS = 6
_IOCTL, _DUP2, _EXECVE, _SETSID, _PRCTL, _SETRLIMIT = 16, 33, 59, 112, 157, 160
_PAGE = 4096
_PROT_READ, _PROT_WRITE, _PROT_EXEC = 1, 2, 4
_MAP_PRIVATE_ANONYMOUS = 0x22
_MAP_FAILED = (1 << 64) - 1
_CLONE_VM = 0x100
_CLONE_VFORK = 0x4000
#: Nothing is on it but the frame of a signal that arrives before execve: that holds all registers.
_STACK = 16 * 1024


def available() -> Vfork | None:
    """None on another kind of processor, or where no code may be made."""
    if os.uname().machine != _MACHINE:
        return None
    page = ctypes.c_size_t(_PAGE)
    libc.mmap.restype = ctypes.c_void_p
    address = libc.mmap(None, page, _PROT_READ | _PROT_WRITE, _MAP_PRIVATE_ANONYMOUS, -1, 0)
    if address == _MAP_FAILED:
        return None
    ctypes.memmove(address, _CODE, len(_CODE))
    if libc.mprotect(ctypes.c_void_p(address), page, _PROT_READ | _PROT_EXEC) < 0:
        libc.munmap(ctypes.c_void_p(address), page)
        return None
    types = (ctypes.c_void_p, ctypes.c_size_t, ctypes.c_void_p)
    return Vfork(ctypes.PYFUNCTYPE(ctypes.c_long, *types)(address))


def can_take(spec: Spec) -> bool:
    """Whether all that has to be done for it is a list of calls, and safe in this way."""
    return spec.user is None and not spec.changes_view


class Vfork:
    """Starts processes in borrowed memory."""

    __slots__ = ("_is_rehearsed", "_run", "_stack")

    def __init__(self, run: Callable[..., int]) -> None:
        self._run = run
        self._is_rehearsed = False
        self._stack = ctypes.create_string_buffer(_STACK)

    def rehearse(self, spec: Spec) -> None:
        """Do once, while nobody waits, what makes the first start slower than later ones."""
        if not self._is_rehearsed and can_take(spec):
            self._is_rehearsed = True
            _Table(_rows(spec.argv[0], spec, (0, 1, 2)))
            clone_args(0, ctypes.c_int(-1), -1)

    def start(
        self, spec: Spec, stdio: tuple[int, int, int], cgroup_fd: int, *, as_sibling: bool
    ) -> Born | None:
        """Start it, in the cgroup if `cgroup_fd` is not negative; a sibling is our parent's child.

        Its program is executed when this returns; `Failure` if that was impossible. None when the
        kernel does not let us do it in this way.
        """
        parent = os.getppid() if as_sibling else 0
        step("cwd", lambda: os.chdir(spec.cwd))
        try:
            born = self._execute(spec, stdio, cgroup_fd, as_sibling=as_sibling)
        finally:
            os.chdir("/")  # keep no file system busy
        if born is not None and parent and spec.die and os.getppid() != parent:
            os.kill(born.pid, becoming.SIGKILL)  # it asked too late to die with its parent
        return born

    def _execute(
        self, spec: Spec, stdio: tuple[int, int, int], cgroup_fd: int, *, as_sibling: bool
    ) -> Born | None:
        path = becoming.file_of(spec)
        table = _Table(_rows(path, spec, stdio))
        born = self._clone(table, cgroup_fd, as_sibling=as_sibling)
        if born is None or (failed := table.failed()) is None:
            return born
        os.close(born.pidfd)
        stage, errno = failed
        if stage != "exec":
            raise Failure(stage, errno)
        raise becoming.refused(path, errno)

    def _clone(self, table: _Table, cgroup_fd: int, *, as_sibling: bool) -> Born | None:
        pidfd = ctypes.c_int(-1)
        flags = CLONE_PIDFD | _CLONE_VM | _CLONE_VFORK | (CLONE_PARENT if as_sibling else 0)
        stack = (ctypes.addressof(self._stack), _STACK)
        signal = 0 if as_sibling else SIGCHLD
        args = clone_args(flags, pidfd, cgroup_fd, exit_signal=signal, stack=stack)
        result = self._run(ctypes.addressof(args), ctypes.sizeof(args), table.address)
        if result > 0:
            return Born(result, pidfd.value)
        if -result in REFUSED:
            return None
        raise Failure("clone", -result)


class _Table:
    """The calls as the code reads them."""

    __slots__ = ("_arguments", "_stages", "_words", "address")

    def __init__(self, rows: Iterable[Row]) -> None:
        self._stages: list[str] = []
        self._arguments: list[Any] = []  # what is pointed at must exist as long as we do
        words: list[int] = []
        for stage, number, arguments in rows:
            self._stages.append(stage)
            self._arguments += arguments
            words.append(number)
            words += [one if isinstance(one, int) else ctypes.addressof(one) for one in arguments]
            words += [0] * (_WORDS - 1 - len(arguments))
        self._words = (ctypes.c_int64 * len(words))(*words)
        self.address = ctypes.addressof(self._words)

    def failed(self) -> tuple[str, int] | None:
        """What the call that failed is called, and its errno."""
        for stage, result in zip(self._stages, self._words[::_WORDS], strict=True):
            if result < 0:
                return stage, -result
        return None


def _rows(path: str, spec: Spec, stdio: tuple[int, int, int]) -> Iterator[Row]:
    """The same as `becoming.Plan` does, in the same order."""
    words = becoming.array(spec.argv, path)
    env = becoming.array(becoming.variables(spec.env, path), path)
    yield "session", _SETSID, ()
    for number, fd in enumerate(stdio):
        yield "session", _DUP2, (fd, number)
    if spec.tty:
        yield "session", _IOCTL, (0, becoming.TIOCSCTTY, 0)
    for which, *limits in spec.rlimits:
        yield "rlimit", _SETRLIMIT, (which, (ctypes.c_ulong * 2)(*limits))
    for number in spec.cap_drop:
        yield "capability", _PRCTL, (becoming.PR_CAPBSET_DROP, number)
    if spec.no_new_privs:
        yield "user", _PRCTL, (becoming.PR_SET_NO_NEW_PRIVS, 1)
    if spec.die:
        yield "session", _PRCTL, (becoming.PR_SET_PDEATHSIG, becoming.SIGKILL)
    yield "exec", _EXECVE, (ctypes.create_string_buffer(os.fsencode(path)), words, env)
