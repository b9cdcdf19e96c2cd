"""What did an earlier agent leave behind that nobody adopted, and how does it end?

A process that was being born when the agent was killed, a hook or a probe of a run that is no more,
what resisted the last SIGKILL. They are no descendants of ours: init has them now.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Collection, Iterator, Mapping

import msgspec

from agent.host import cgroup_files, descendants, marks
from agent.host.clock import Clock

_PAUSE = 0.005
_SECONDS = 10.0
#: Enough where something else keeps starting processes, so that no look is ever undisturbed.
_CLEAN_LOOKS = 10


class Stranger(msgspec.Struct, frozen=True, kw_only=True):
    """A process that was killed because it belongs to no container; `mark` 0 if it bore none."""

    pid: int
    name: str
    mark: int


class Strangers:
    """Finds and ends them. What lives in a run, by mark or by cgroup, is none of them."""

    __slots__ = ("_agent_mark", "_hierarchy", "_kept_cgroups", "_kept_pids", "_kept_runs")

    def __init__(
        self,
        agent_mark: int,
        hierarchy: str,
        *,
        runs: Mapping[int, str],
        pids: Collection[int],
    ) -> None:
        """`hierarchy` is the directory of all fences, or empty.

        `runs` are the living runs: marks and cgroups (empty: none). `pids` are the agent's own
        processes, spared whatever they bear: the agent may have been started from inside a pod.
        """
        self._agent_mark = agent_mark
        self._hierarchy = hierarchy
        self._kept_runs = frozenset(map(marks.run_of, runs))
        self._kept_cgroups = tuple(path for path in runs.values() if path)
        self._kept_pids = frozenset(pids)

    async def end(self, clock: Clock) -> tuple[Stranger, ...]:
        """SIGKILL until none is left, or for 10 s; those that were killed."""
        deadline = clock.monotonic() + _SECONDS
        killed: dict[tuple[int, int], Stranger] = {}
        corpses: set[int] = set()
        clean = 0
        while clock.monotonic() < deadline:
            newest = descendants.newest_pid()
            found = set()
            for pid, mark in self.look():
                found.add(pid)
                self._kill(pid, mark, killed)
            # One that forks and exits for ever is missed by a look between two of its processes,
            # and its corpses are there for as long as init likes: births give it away.
            clean = clean + 1 if found <= corpses and not descendants.alive(found) else 0
            if clean and (clean == _CLEAN_LOOKS or newest == descendants.newest_pid()):
                break
            corpses = found
            await clock.sleep(_PAUSE)
        return tuple(killed.values())

    def look(self) -> Iterator[tuple[int, int]]:
        """All of them, ended ones included: pids and marks."""
        kept = {pid for path in self._kept_cgroups for pid in cgroup_files.processes(path)}
        kept |= self._kept_pids
        for pid, mark in marks.bearers(self._is_strange):
            if pid not in kept:
                yield pid, mark
        for pid in cgroup_files.processes(self._hierarchy) if self._hierarchy else ():
            mark = marks.read_mark(pid)
            if pid not in kept and marks.run_of(mark) not in self._kept_runs:
                yield pid, mark

    def _is_strange(self, mark: int) -> bool:
        ours = marks.same_agent(mark, self._agent_mark)
        return ours and marks.run_of(mark) not in self._kept_runs

    def _kill(self, pid: int, mark: int, killed: dict[tuple[int, int], Stranger]) -> None:
        """At sight: it may be about to fork and exit."""
        before = descendants.stat(pid)
        if before is None or before.ended:
            return
        name = _name(pid)

        def belongs(pid: int) -> bool:
            now = descendants.stat(pid)
            return now is not None and now.started == before.started and not now.ended

        if descendants.send(pid, signal.SIGKILL, belongs):
            killed[pid, before.started] = Stranger(pid=pid, name=name, mark=mark)


def _name(pid: int) -> str:
    """What `ps` calls the process; empty if it is gone."""
    try:
        fd = os.open(f"/proc/{pid}/comm", os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return ""
    try:
        return os.fsdecode(os.read(fd, 64)).rstrip("\n")
    except OSError:
        return ""
    finally:
        os.close(fd)
