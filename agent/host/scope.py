"""Where do pods live that outlive the agent's service? In a systemd scope of their own.

systemd owns the cgroup of a service: what is left in it when the main process has gone is killed
(KillMode=), or stands in the way of the next main process. A scope is a cgroup that systemd only
watches: it is there for as long as a process is in it. `systemd-run --scope` registers one around
a command (an anchor: `cat`); once a helper of the agent has moved in, the anchor may go.
"""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable, Mapping
from contextlib import suppress

from agent.host import cgroup_files as files
from agent.host.cgroup import directory_of, own_place
from agent.host.clock import Clock
from agent.host.process import Child
from agent.host.reactor import Reactor

_SECONDS = 5.0
_PAUSE = 0.05
_WORD = b"barepod is here\n"
#: What systemd-run needs; above all not NOTIFY_SOCKET, which the anchor would inherit.
_KEPT = ("PATH", "XDG_RUNTIME_DIR", "DBUS_SESSION_BUS_ADDRESS")
_TAKEN = b"was already loaded"


class ScopeError(Exception):
    """There can be no scope; `str()` tells why."""


async def open_scope(
    reactor: Reactor,
    clock: Clock,
    problem: Callable[[str], None],
    *,
    helper_pid: int,
    recorded: str = "",
    environ: Mapping[str, str] = os.environ,
) -> str | None:
    """The cgroup directory for the pods of this service, with `helper_pid` in it.

    None if this process is no service of systemd, or if there can be no scope: `problem` is told
    why then. `recorded` is the directory above the fences that an earlier agent left, or empty: as
    long as something lives in it, the scope around it is the one. To be called before the agent
    has a reaper.
    """
    own = files.read("/proc/self/cgroup")
    unit = service_of(own, environ, os.getpid())
    mountinfo = files.read("/proc/self/mountinfo")
    here = directory_of(mountinfo, own)
    if unit is None or here is None:
        return None
    try:
        if recorded and files.populated(recorded):
            path = os.path.dirname(recorded)
            _move_in(path, helper_pid)
            return path
        place = f"{os.path.dirname(here)}/{scope_name(unit)}"
        argv = arguments(unit, here, is_user=_is_user(own))
        return await _Opening(reactor, clock, argv, environ).open(place, mountinfo, helper_pid)
    except (ScopeError, OSError) as exc:
        problem(
            f"systemd gives {unit} no scope for its pods: {exc}; "
            "they end with the agent, and the next one starts them again"
        )
        return None


def service_of(own: str, environ: Mapping[str, str], pid: int) -> str | None:
    """The unit whose main process `pid` is; `own` is the text of its /proc/PID/cgroup.

    A program that a service or a terminal started inherits INVOCATION_ID as well, but not the pid
    that systemd executed (man systemd.exec: SYSTEMD_EXEC_PID, since version 248).
    """
    path = next((line[3:] for line in own.splitlines() if line.startswith("0::")), "")
    name = path.rpartition("/")[2]
    executed = environ.get("SYSTEMD_EXEC_PID", str(pid))
    is_service = "INVOCATION_ID" in environ and name.endswith(".service")
    return name if is_service and executed == str(pid) else None


def scope_name(unit: str) -> str:
    """The name of a service's scope; an @, which no scope may have, is escaped (systemd-escape)."""
    return unit.removesuffix(".service").replace("@", "\\x40") + "-pods.scope"


def arguments(unit: str, directory: str, *, is_user: bool) -> tuple[str, ...]:
    """The command that registers the scope; `directory` is the cgroup of the service.

    Units stop in the reverse of their order: `Before` lets the service end its pods before systemd
    does, `After` lets systemd end kept ones before the network and the mounts go.
    """
    folder = os.path.basename(os.path.dirname(directory))
    after = "basic.target" if is_user else "basic.target network.target remote-fs.target"
    return (
        "systemd-run",
        *(("--user",) if is_user else ()),
        "--scope",
        "--quiet",
        "--collect",  # or its name would be taken after a failure
        f"--unit={scope_name(unit)}",
        *((f"--slice={folder}",) if folder.endswith(".slice") else ()),
        f"--description=Pods of {unit}",
        "--property=Delegate=yes",
        "--property=TasksMax=infinity",
        f"--property=Before={unit}",
        f"--property=After={after}",
        "--",
        "cat",
    )


def _is_user(own: str) -> bool:
    """Whether the service belongs to a user's manager."""
    return "/user@" in own


def _move_in(scope: str, pid: int) -> None:
    """Beside the fences: a cgroup that hands down controllers can hold no process itself."""
    files.write(f"{own_place(scope)}/cgroup.procs", str(pid))


class _Opening:
    """One attempt after another, until there is a scope or the time is over."""

    def __init__(
        self, reactor: Reactor, clock: Clock, argv: tuple[str, ...], environ: Mapping[str, str]
    ) -> None:
        self._reactor = reactor
        self._clock = clock
        self._argv = argv
        self._env = {name: environ[name] for name in _KEPT if name in environ}

    async def open(self, place: str, mountinfo: str, helper_pid: int) -> str:
        """The scope's directory, expected at `place` (ScopeError, OSError)."""
        deadline = self._clock.monotonic() + _SECONDS
        while True:
            anchor = Anchor(self._reactor, self._argv, self._env)
            try:
                said = await self._said(anchor)
                if said == _WORD:
                    own = files.read(f"/proc/{anchor.child.pid}/cgroup")
                    path = directory_of(mountinfo, own)
                    if path is None:
                        raise ScopeError("its cgroup cannot be seen from here")
                    _move_in(path, helper_pid)
                    return path
            finally:
                await anchor.close()
            if _TAKEN not in said or self._clock.monotonic() > deadline:
                raise ScopeError(_line(said) or "systemd-run ended without a word")
            # It is about to go, or belongs to an agent that left no record: nobody would ever
            # adopt what lives there.
            files.kill(place)
            await self._clock.sleep(_PAUSE)

    async def _said(self, anchor: Anchor) -> bytes:
        try:
            async with self._clock.timeout(_SECONDS):
                return await anchor.said()
        except TimeoutError:
            raise ScopeError(f"systemd-run did not answer within {_SECONDS:.0f} s") from None


class Anchor:
    """A process that repeats what it was told, and ends when we hang up."""

    def __init__(self, reactor: Reactor, argv: tuple[str, ...], environ: Mapping[str, str]) -> None:
        """Start it (OSError)."""
        self._reactor = reactor
        self._text = b""
        self._heard: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        stdin, self._tell = os.pipe2(os.O_CLOEXEC)
        self._listen, stdout = os.pipe2(os.O_CLOEXEC)
        try:
            actions = [
                (os.POSIX_SPAWN_DUP2, fd, to) for fd, to in ((stdin, 0), (stdout, 1), (stdout, 2))
            ]
            pid = os.posix_spawnp(argv[0], argv, environ, file_actions=actions, setsid=True)
            self.child = Child(reactor, pid, os.pidfd_open(pid))
        except OSError:
            os.close(self._tell)
            os.close(self._listen)
            raise
        finally:
            os.close(stdin)
            os.close(stdout)
        reactor.register(self._listen, self)
        with suppress(BrokenPipeError):  # it has ended already: `said` tells why
            os.write(self._tell, _WORD)

    async def said(self) -> bytes:
        """The word, as soon as it is back; anything else is an error's text, when it has ended."""
        return await self._heard

    def ready(self, events: int) -> None:
        """It said something, or ended."""
        chunk = os.read(self._listen, 4096)
        self._text += chunk
        if not self._heard.done() and (not chunk or self._text == _WORD):
            self._heard.set_result(self._text)

    async def close(self) -> None:
        """Let it go, and collect it."""
        os.close(self._tell)
        if not self._heard.done() or self._heard.cancelled():
            self.child.signal(signal.SIGKILL)  # it hangs
        await self.child.wait()
        self._reactor.unregister(self._listen)
        os.close(self._listen)


def _line(said: bytes) -> str:
    return " ".join(said.decode("utf-8", "replace").split())
