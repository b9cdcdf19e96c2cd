"""How does a copy of the helper become the program of a `wire.Spec`? Used by the helper process.

Each page of memory that a copy touches first costs a fault of some microseconds, and half of a
start was spent on them. So whatever can be known before its birth is done before: which steps there
are, and what execve gets. What is left for the copy is a list of calls.
"""

from __future__ import annotations

import ctypes
import os
import resource
from errno import EACCES, EINVAL, EISDIR, ENOENT, EPERM

from agent.host.clone import Failure, libc

TYPE_CHECKING = False  # importing `typing` would double the helper's memory
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any, NoReturn

    from agent.host.wire import Spec

    #: What a failure of it is called, the function, its arguments.
    Step = tuple[str, Callable[..., object], tuple[Any, ...]]

PR_SET_PDEATHSIG = 1
PR_CAPBSET_DROP = 24
PR_SET_NO_NEW_PRIVS = 38
SIGKILL = 9
TIOCSCTTY = 0x540E
_FAILED = 127
_REPORT_SIZE = 4096


class Plan:
    """What a new process does between its birth and its program; made before it is born."""

    __slots__ = ("_env", "_program", "_report", "_search", "_steps", "_words")

    def __init__(self, spec: Spec, stdio: tuple[int, int, int], report: int, parent: int) -> None:
        """`report` (close-on-exec) tells its maker of a failure; `parent` is its parent's pid.

        `Failure` when execve could not take the words or the environment.
        """
        self._report = report
        self._program = spec.argv[0]
        self._search = spec.env.get("PATH", "")
        self._words = array(spec.argv, self._program)
        self._env = array(variables(spec.env, self._program), self._program)
        steps = _steps(spec, stdio, parent)
        if "/" in self._program:
            # By libc: `os.execve` would make texts into bytes again.
            arguments = (os.fsencode(self._program), self._words, self._env)
            steps.append(("exec", libc.execve, arguments))
        else:
            steps.append(("exec", self._search_and_execute, ()))
        self._steps = tuple(steps)

    def follow(self, join_fd: int) -> NoReturn:
        """In the child: become the program. `join_fd` is the cgroup still to be joined, or -1."""
        stage = "cgroup"
        try:
            if join_fd >= 0:
                _join(join_fd)
            for stage, action, arguments in self._steps:  # noqa: B007 - told when one fails
                action(*arguments)
            raise refused(self._program, ctypes.get_errno())
        except Failure as exc:
            _tell(self._report, exc)
        except ValueError:  # resource: "not allowed to raise maximum limit"
            _tell(self._report, Failure(stage, EPERM))
        except OSError as exc:
            _tell(self._report, Failure(stage, exc.errno or 0))
        except BaseException as exc:  # noqa: BLE001 - the copy must never return into the loop
            _tell(self._report, Failure("internal", 0, repr(exc)))
        finally:
            os._exit(_FAILED)

    def _search_and_execute(self) -> None:
        path = look_up(self._program, self._search)
        libc.execve(os.fsencode(path), self._words, self._env)
        raise refused(path, ctypes.get_errno())


def read_report(fd: int) -> Failure | None:
    """What `Plan.follow` wrote before it gave up; None if the program was executed (the end)."""
    text = os.read(fd, _REPORT_SIZE)
    if not text:
        return None
    stage, errno, detail = os.fsdecode(text).split("\0", 2)
    return Failure(stage, int(errno), detail)


def _tell(fd: int, failure: Failure) -> None:
    text = f"{failure.stage}\0{failure.errno}\0{failure.detail}"
    os.write(fd, os.fsencode(text)[:_REPORT_SIZE])


def _steps(spec: Spec, stdio: tuple[int, int, int], parent: int) -> list[Step]:
    steps: list[Step] = [("session", os.setsid, ())]
    steps += [("session", os.dup2, (fd, number)) for number, fd in enumerate(stdio)]
    if spec.tty:
        steps.append(("session", _call, (libc.ioctl, 0, TIOCSCTTY, 0)))
    if spec.changes_view:
        steps.append(_view(spec))
    steps += [("rlimit", resource.setrlimit, (which, limits)) for which, *limits in spec.rlimits]
    steps += [
        ("capability", _call, (libc.prctl, PR_CAPBSET_DROP, number, 0, 0, 0))
        for number in spec.cap_drop
    ]
    if (user := spec.user) is not None:
        uid, gid, groups = user
        steps.append(("user", os.setgroups, (groups,)))
        steps.append(("user", os.setresgid, (gid, gid, gid)))
        steps.append(("user", os.setresuid, (uid, uid, uid)))
    if spec.no_new_privs:
        steps.append(("user", _call, (libc.prctl, PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)))
    if spec.die:  # after the change of user, which clears it
        steps.append(("session", libc.prctl, (PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0)))
        steps.append(("session", _go_on_with, (parent,)))
    steps.append(("cwd", os.chdir, (spec.cwd,)))
    return steps


def _view(spec: Spec) -> Step:
    from agent.host import mounting  # here once, not in every child

    if spec.inside >= 0:
        return "inside", mounting.enter, (spec.inside,)
    return "mount", mounting.mount_all, (spec.mounts,)


def _join(cgroup_fd: int) -> None:
    fd = os.open("cgroup.procs", os.O_WRONLY | os.O_CLOEXEC, dir_fd=cgroup_fd)
    os.write(fd, b"0")
    os.close(fd)


def _go_on_with(parent: int) -> None:
    if os.getppid() != parent:  # gone before we asked to die with it
        os._exit(_FAILED)


def _call(function: Callable[..., int], *arguments: int) -> None:
    if function(*arguments) < 0:
        errno = ctypes.get_errno()
        raise OSError(errno, os.strerror(errno))


def variables(env: dict[str, str], program: str) -> list[str]:
    """What execve takes for the environment (`Failure`: impossible names)."""
    if "" in env or "=" in "".join(env):
        raise Failure("exec", EINVAL, program)
    return [f"{name}={value}" for name, value in env.items()]


def array(texts: Sequence[str], program: str) -> ctypes.Array[ctypes.c_char_p]:
    """As execve takes them: pointers to their bytes, and a null pointer at the end (`Failure`)."""
    try:
        encoded = os.fsencode("\0".join(texts)).split(b"\0") if texts else []
    except UnicodeEncodeError:  # half a surrogate pair
        raise Failure("exec", EINVAL, program) from None
    if len(encoded) != len(texts):  # one of them has a null inside
        raise Failure("exec", EINVAL, program)
    return (ctypes.c_char_p * (len(encoded) + 1))(*encoded, None)


def file_of(spec: Spec) -> str:
    """The file to execute (`Failure`); one that is named by its path is for execve to look at."""
    program = spec.argv[0]
    return program if "/" in program else look_up(program, spec.env.get("PATH", ""))


def refused(path: str, errno: int) -> Failure:
    """To be raised when execve has failed; `Failure` if the file has a reason of its own."""
    look_up(path, "")
    return Failure("exec", errno, path)


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
