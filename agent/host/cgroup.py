"""One cgroup per container run, where the host lets the agent have cgroups (v2)."""

from __future__ import annotations

import asyncio
import os
import select
from collections.abc import Collection, Iterable, Iterator
from contextlib import suppress

from agent.host import cgroup_files as files
from agent.host import limits as limit_rules
from agent.host.clock import Clock
from agent.host.limits import Limits
from agent.host.reactor import Reactor

_KILL_AGAIN = 0.5
_WANTED = ("memory", "cpu", "pids")
_OWN = "barepod-agent"


class Cgroup:
    """The cgroup of one run; `fd` is its directory, for CLONE_INTO_CGROUP."""

    __slots__ = ("_clock", "_events", "_reactor", "_waiter", "fd", "limited", "path")

    def __init__(self, path: str, reactor: Reactor, clock: Clock) -> None:
        """Open the one at `path` (OSError)."""
        self.path = path
        self.limited = False
        self._reactor = reactor
        self._clock = clock
        self._waiter: asyncio.Future[None] | None = None
        self.fd = os.open(path, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            self._events = os.open(f"{path}/cgroup.events", os.O_RDONLY | os.O_CLOEXEC)
        except OSError:
            os.close(self.fd)
            raise

    @classmethod
    def make(cls, path: str, reactor: Reactor, clock: Clock) -> Cgroup:
        """Create one (OSError)."""
        os.mkdir(path)
        try:
            return cls(path, reactor, clock)
        except OSError:
            os.rmdir(path)
            raise

    def pids(self) -> list[int]:
        """Who is in it or below it."""
        return files.processes(self.path)

    def populated(self) -> bool:
        """Whether anybody living is in it or below it."""
        return files.value(os.pread(self._events, 256, 0).decode(), "populated") == 1

    def oom_killed(self) -> bool:
        """Whether the kernel killed somebody here for lack of memory."""
        return files.value(files.read(f"{self.path}/memory.events"), "oom_kill") > 0

    async def kill(self, seconds: float) -> None:
        """SIGKILL everything at once, wait until it is gone or the time is over."""
        if not self.populated():
            return
        deadline = self._clock.monotonic() + seconds
        waiter = self._waiter = asyncio.get_running_loop().create_future()
        self._reactor.register(self._events, self, select.EPOLLPRI)
        try:
            while not waiter.done() and self._clock.monotonic() < deadline:
                files.kill(self.path)  # again: without a free descriptor nothing was killed
                with suppress(TimeoutError):
                    async with self._clock.timeout(_KILL_AGAIN):
                        self.ready(0)
                        await asyncio.shield(waiter)
        finally:
            self._waiter = None
            self._reactor.unregister(self._events)

    def ready(self, events: int) -> None:
        """The kernel changed cgroup.events."""
        if self._waiter is not None and not self._waiter.done() and not self.populated():
            self._waiter.set_result(None)

    def close(self) -> None:
        """Remove it; if something resisted, the hierarchy's end tries again."""
        self.detach()
        files.remove(self.path)

    def detach(self) -> None:
        """Leave it to the next agent."""
        os.close(self._events)
        os.close(self.fd)


class Hierarchy:
    """The directory of all cgroups of this agent."""

    __slots__ = ("_base", "_clock", "_reactor", "controllers", "path", "warnings")

    def __init__(
        self,
        base: str,
        reactor: Reactor,
        clock: Clock,
        own_pids: Iterable[int],
        name: str | None = None,
    ) -> None:
        """Make it below `base`, the agent's own cgroup or one made for its pods (OSError).

        `own_pids` are the agent's processes: if nobody else is in `base`, they move aside so that
        controllers can be handed down. One with a `name` outlives the agent, and may be there
        already.
        """
        self._base = base
        self._reactor = reactor
        self._clock = clock
        _tidy(base)
        self.path = f"{base}/{name or f'barepod-{os.getpid()}-{os.urandom(3).hex()}'}"
        _make(self.path, may_exist=name is not None)
        self.controllers = _enable(base, self.path, frozenset(own_pids))
        missing = [name for name in _WANTED if name not in self.controllers]
        self.warnings: tuple[str, ...] = ()
        if missing:
            self.warnings = (
                f"cgroup {base} hands down no {', '.join(missing)} controller: "
                "limits of these are not enforced",
            )

    def create(self, name: str, limits: Limits) -> tuple[Cgroup, tuple[str, ...]]:
        """A cgroup with its limits set, and what could not be set (OSError: no cgroup)."""
        cgroup = Cgroup.make(f"{self.path}/{name}", self._reactor, self._clock)
        problems = list(limit_rules.unenforced(limits, self.controllers))
        for controller, file, text in limit_rules.settings(limits):
            if controller not in self.controllers:
                continue
            try:
                files.write(f"{cgroup.path}/{file}", text)
                cgroup.limited = True
            except OSError as exc:
                problems.append(f"cannot set {file} to {text}: {(exc.strerror or '').lower()}")
        return cgroup, tuple(problems)

    def adopt(self, name: str, path: str, limits: Limits) -> Cgroup | None:
        """The cgroup at `path` that an earlier agent made for `name`; None if it is gone.

        A record that names another directory is not believed: everything in it would be killed.
        """
        if os.path.basename(path) != name:
            return None
        try:
            cgroup = Cgroup(path, self._reactor, self._clock)
        except OSError:
            return None
        cgroup.limited = any(
            controller in self.controllers for controller, _, _ in limit_rules.settings(limits)
        )
        return cgroup

    def house(self, pid: int) -> None:
        """Give a process of the agent a place beside the fences, where it may outlive the agent.

        A cgroup that hands down controllers can hold no process itself. One that lives there, or
        cannot be moved, stays where it is.
        """
        now = directory_of(files.read("/proc/self/mountinfo"), files.read(f"/proc/{pid}/cgroup"))
        if now is None or f"{now}/".startswith(f"{self._base}/"):
            return
        with suppress(OSError):
            files.write(f"{own_place(self._base)}/cgroup.procs", str(pid))

    def remove_others(self, kept: Collection[str]) -> None:
        """Remove all empty cgroups but these paths."""
        with suppress(OSError), os.scandir(self.path) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False) and entry.path not in kept:
                    files.remove(entry.path)

    def close(self) -> None:
        """Remove everything."""
        files.remove(self.path)


def own_place(base: str) -> str:
    """The directory below `base` for the agent's own processes, made if need be (OSError)."""
    path = f"{base}/{_OWN}"
    _make(path, may_exist=True)
    return path


def lasting_place(recorded: str, base: str, name: str) -> tuple[str, str]:
    """Where a hierarchy that outlives its agent is, as (directory, name below it).

    `recorded` is the path of the earlier agent's, or empty: it goes on to be used wherever it is as
    long as something lives in it. Otherwise it is `name` below `base`.
    """
    if recorded and files.populated(recorded) and is_usable(recorded):
        return os.path.split(recorded)
    old_base, old_name = os.path.split(recorded)
    if old_name.startswith("barepod-") and old_base != base:
        files.remove(recorded)
    return base, name


def is_usable(path: str) -> bool:
    """Whether cgroups can be made in this directory and processes moved into it."""
    return os.access(path, os.W_OK) and os.access(f"{path}/cgroup.procs", os.W_OK)


def find_base(mountinfo: str, own: str) -> str | None:
    """The agent's own cgroup v2 directory, if it may make cgroups there."""
    base = directory_of(mountinfo, own)
    return base if base is not None and is_usable(base) else None


def directory_of(mountinfo: str, own: str) -> str | None:
    """The cgroup v2 directory of a process; None if it cannot be seen from here.

    `mountinfo` is the text of /proc/self/mountinfo, `own` that of the process' /proc/PID/cgroup.
    Also finds the v2 mount beside v1 on a hybrid host.
    """
    path = next((line[3:] for line in own.splitlines() if line.startswith("0::")), None)
    mount = next(_mounts(mountinfo), None)
    if path is None or mount is None:
        return None
    root, point = mount
    if root != "/":  # only a part of the tree is mounted here
        if path != root and not path.startswith(f"{root}/"):
            return None
        path = path[len(root) :]
    return f"{point}{path}".rstrip("/")


def _mounts(mountinfo: str) -> Iterator[tuple[str, str]]:
    for line in mountinfo.splitlines():
        before, _, after = line.partition(" - ")
        if after.startswith("cgroup2 "):
            fields = before.split()
            yield _unescape(fields[3]), _unescape(fields[4])


def _tidy(base: str) -> None:
    """Remove what agents left here that were killed together with their helper, if it is empty."""
    for name in os.listdir(base):
        prefix, _, rest = name.partition("-")
        pid = rest.partition("-")[0]
        if prefix == "barepod" and pid.isdigit() and not os.path.exists(f"/proc/{pid}"):
            files.remove(f"{base}/{name}")


def _unescape(text: str) -> str:
    """The kernel writes these four in octal (proc_pid_mountinfo(5))."""
    for character in " \t\n\\":
        text = text.replace(f"\\{ord(character):03o}", character)
    return text


def _enable(base: str, path: str, own_pids: frozenset[int]) -> frozenset[str]:
    """Hand controllers down from `base` to the children of `path`; which of them it worked for."""
    offered = files.read(f"{base}/cgroup.controllers").split()
    wanted = [name for name in _WANTED if name in offered]
    handed = files.read(f"{base}/cgroup.subtree_control").split()
    if any(name not in handed and not _hand_down(base, name) for name in wanted):
        _move_aside(base, own_pids)
    return frozenset(name for name in wanted if _hand_down(base, name) and _hand_down(path, name))


def _make(path: str, *, may_exist: bool) -> None:
    try:
        os.mkdir(path)
    except FileExistsError:
        if not may_exist:
            raise


def _hand_down(path: str, controller: str) -> bool:
    try:
        files.write(f"{path}/cgroup.subtree_control", f"+{controller}")
    except OSError:
        return False
    return True


def _move_aside(base: str, own_pids: frozenset[int]) -> None:
    """A cgroup with processes hands nothing down; ours alone may go one level deeper."""
    present = set(map(int, files.read(f"{base}/cgroup.procs").split()))
    if not present or not present <= own_pids:
        return
    try:
        aside = own_place(base)
        for pid in present:
            files.write(f"{aside}/cgroup.procs", str(pid))
    except OSError:
        return
