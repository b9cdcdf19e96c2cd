"""A process that borrows the helper's memory until its program is executed, as vfork makes it.

A copy of the helper (clone.py) costs a millisecond: its page tables are copied, each page that it
touches is copied, and execve takes all that down again. Here nothing is copied; the helper stands
still meanwhile, which the agent avoids for programs that may hang (see `Spawner.spawn`).

posix_spawn is no choice, since a main process must be born as a child of the agent and inside its
cgroup. Nor can Python run in borrowed memory: whatever the child did to the interpreter, the helper
would find. So the child makes a list of calls of the C library and nothing else. They are strung
together with the library's own means: each call is a context (makecontext(3)) on a stack of its
own, that continues with the next one. What the library lacks is clone3 with a stack: these few
instructions are ours, for the one kind of processor that they have been tried on.

There is nobody to look at what a call returns. Only calls that cannot fail come before execve, and
when that fails, `errno` tells, which is borrowed too.
"""

from __future__ import annotations

import ctypes
import os
import resource
from _signal import (  # type: ignore[import-not-found]
    SIG_SETMASK,
    pthread_sigmask,
    valid_signals,
)

from agent.host import becoming
from agent.host.clone import (
    CLONE_PARENT,
    CLONE_PIDFD,
    REFUSED,
    Born,
    Failure,
    clone_args,
    libc,
    step,
)

TYPE_CHECKING = False  # importing `typing` would double the helper's memory
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

    from agent.host.wire import Spec

    #: A function of the C library, and its arguments.
    Call = tuple[Any, ...]

_MACHINE = "x86_64"
#: clone3 with the arguments as they come; the child calls the third with the fourth, for good.
_CLONE3 = bytes.fromhex(
    "4989c8"  # mov r8, rcx         the system call uses rcx itself
    "b8b3010000"  # mov eax, 435
    "0f05"  # syscall
    "4885c0"  # test rax, rax
    "7401"  # jz child
    "c3"  # ret
    "31ed"  # child: xor ebp, ebp   the outermost frame
    "4c89c7"  # mov rdi, r8
    "ffd2"  # call rdx
    "f4"  # hlt
)
_PAGE = 4096
_PROT_READ, _PROT_WRITE, _PROT_EXEC = 1, 2, 4
_MAP_PRIVATE_ANONYMOUS = 0x22
_MAP_FAILED = (1 << 64) - 1
_CLONE_VM = 0x100
_CLONE_VFORK = 0x4000
#: A `ucontext_t`, rounded up; in words of it, where it continues, and its stack.
_CONTEXT = 1024
_LINK, _STACK, _STACK_SIZE = 1, 2, 4
#: What a call keeps on its stack while the next one is prepared.
_FRAME = 256
#: Room for a signal that arrives before execve: its frame holds all registers.
_ROOM = 16 * 1024
_ALIGNMENT = 64
_FAILED = 127
_ALL_SIGNALS = valid_signals()


def available() -> Vfork | None:
    """None on another processor, with another C library, or where code may not be made."""
    if os.uname().machine != _MACHINE or not hasattr(libc, "makecontext"):
        return None
    page = ctypes.c_size_t(_PAGE)
    libc.mmap.restype = ctypes.c_void_p
    address = libc.mmap(None, page, _PROT_READ | _PROT_WRITE, _MAP_PRIVATE_ANONYMOUS, -1, 0)
    if address == _MAP_FAILED:
        return None
    ctypes.memmove(address, _CLONE3, len(_CLONE3))
    if libc.mprotect(ctypes.c_void_p(address), page, _PROT_READ | _PROT_EXEC) < 0:
        libc.munmap(ctypes.c_void_p(address), page)
        return None
    types = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_void_p, ctypes.c_void_p]
    return Vfork(ctypes.CFUNCTYPE(ctypes.c_long, *types, use_errno=True)(address))


class Vfork:
    """Starts processes in borrowed memory."""

    __slots__ = ("_clone3",)

    def __init__(self, clone3: Callable[..., int]) -> None:
        self._clone3 = clone3

    @staticmethod
    def can_take(spec: Spec) -> bool:
        """Whether all that has to be done for it is among the calls that cannot fail."""
        return (
            spec.user is None
            and not (spec.tty or spec.cap_drop or spec.changes_view)
            and all(_can_be_set(*limit) for limit in spec.rlimits)
        )

    def start(
        self, spec: Spec, stdio: tuple[int, int, int], cgroup_fd: int, parent: int
    ) -> Born | None:
        """Start it as a child of our parent, in the cgroup if `cgroup_fd` is not negative.

        Its program is executed when this returns; `Failure` if it cannot be. None when the kernel
        refuses to do it in this way.
        """
        step("cwd", lambda: os.chdir(spec.cwd))
        try:
            path = becoming.look_up(spec.argv[0], spec.env.get("PATH", ""))
            born, errno = self._execute(path, spec, stdio, cgroup_fd)
        finally:
            os.chdir("/")  # keep no file system busy
        if born is None and errno in REFUSED:
            return None
        if born is None:
            raise Failure("clone", errno)
        if errno:
            os.close(born.pidfd)
            raise Failure("exec", errno, path)
        if spec.die and os.getppid() != parent:  # gone before the child asked to die with it
            os.kill(born.pid, becoming.SIGKILL)
        return born

    def _execute(
        self, path: str, spec: Spec, stdio: tuple[int, int, int], cgroup_fd: int
    ) -> tuple[Born | None, int]:
        """The child, if there is one; the errno of clone or execve."""
        words = becoming.array(spec.argv, path)
        env = becoming.array(becoming.variables(spec.env, path), path)
        calls = tuple(_preparation(spec, stdio))
        contexts = _Contexts(len(calls) + 2)
        contexts.add(libc._exit, _FAILED)
        contexts.add(libc.execve, ctypes.c_char_p(os.fsencode(path)), words, env)
        # Signals wait until the last context, where there is room for them.
        unblocked = pthread_sigmask(SIG_SETMASK, _ALL_SIGNALS)
        try:
            for call in reversed(calls):
                contexts.add(*call)
            return self._clone(contexts, cgroup_fd)
        finally:
            pthread_sigmask(SIG_SETMASK, unblocked)

    def _clone(self, contexts: _Contexts, cgroup_fd: int) -> tuple[Born | None, int]:
        pidfd = ctypes.c_int(-1)
        flags = CLONE_PARENT | CLONE_PIDFD | _CLONE_VM | _CLONE_VFORK
        args = clone_args(flags, pidfd, cgroup_fd, stack=contexts.stack)
        ctypes.set_errno(0)
        pid = self._clone3(args, ctypes.sizeof(args), libc.setcontext, contexts.first)
        if pid < 0:
            return None, -pid
        return Born(pid, pidfd.value), ctypes.get_errno()


class _Contexts:
    """Calls to be made one after the other; the last one is added first.

    The stack of the first call lies lowest: what later calls need there is above it, and a stack
    grows downwards, over those whose calls have been made.
    """

    __slots__ = ("_arguments", "_free", "_memory", "_stacks", "_top", "first", "stack")

    def __init__(self, count: int) -> None:
        size = count * (_CONTEXT + _FRAME) + _ROOM + _ALIGNMENT
        self._memory = ctypes.create_string_buffer(size)
        self._free = -(-ctypes.addressof(self._memory) // _ALIGNMENT) * _ALIGNMENT
        self._stacks = self._free + count * _CONTEXT
        self._top = self._stacks + _ROOM + count * _FRAME
        self._arguments: list[Any] = []  # they must exist as long as we do
        #: The call to begin with.
        self.first = 0
        #: Of a new process until that: the lowest address, and the size.
        self.stack = (self._stacks, _ROOM)

    def add(self, function: Any, *arguments: Any) -> None:
        """Make this call before those that were added; it has the signal mask of this moment."""
        context = ctypes.c_void_p(self._free)
        libc.getcontext(context)
        words = ctypes.cast(context, ctypes.POINTER(ctypes.c_size_t))
        words[_LINK] = self.first
        words[_STACK] = self._stacks
        words[_STACK_SIZE] = self._top - self._stacks
        passed = [ctypes.c_long(one) if isinstance(one, int) else one for one in arguments]
        libc.makecontext(context, function, len(passed), *passed)
        self._arguments += passed
        self.first = self._free
        self._free += _CONTEXT
        self._top -= _FRAME


def _preparation(spec: Spec, stdio: tuple[int, int, int]) -> Iterator[Call]:
    """What comes before execve; compare `becoming.Plan`."""
    yield (libc.setsid,)
    for number, fd in enumerate(stdio):
        yield libc.dup2, fd, number
    for which, *limit in spec.rlimits:
        yield libc.setrlimit, which, (ctypes.c_ulong * 2)(*limit)
    if spec.no_new_privs:
        yield libc.prctl, becoming.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0
    if spec.die:
        yield libc.prctl, becoming.PR_SET_PDEATHSIG, becoming.SIGKILL, 0, 0, 0


def _can_be_set(which: int, soft: int, hard: int) -> bool:
    """Whether no kernel refuses this limit."""
    return 0 <= soft <= hard == resource.getrlimit(which)[1]
