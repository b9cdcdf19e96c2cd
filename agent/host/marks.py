"""How is a process recognised as ours, whatever it does to its session, parent or environment?

By its soft RLIMIT_RTTIME: the kernel hands it on through fork, exec, setsid and setuid, it has no
effect at these values (it is counted in microseconds: 73,000 years), and /proc/PID/limits shows it
to every user, also for zombies. The number names the agent, the container run and the command:

    2**61 | agent (24 bits) | run (24 bits) | start (13 bits; main process or command)

Imported by the helper process: keep it free of heavy imports.
"""

from __future__ import annotations

import os

from agent.host import descendants

TYPE_CHECKING = False  # importing `typing` would double the helper's memory
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

RLIMIT_RTTIME = 15
_BASE = 1 << 61
_START_BITS = 13
_RUN_BITS = 24
_AGENT_BITS = 24
_AGENT_SHIFT = _START_BITS + _RUN_BITS
_STARTS = 1 << _START_BITS
_RUNS = 1 << _RUN_BITS
_LIMITS_SIZE = 4096
_LABEL = b"Max realtime timeout"
_LISTINGS = 64
_BIRTHS = 16


def new_agent_mark() -> int:
    """The mark of one life of an agent; random, so that two agents do not meet."""
    return _BASE | int.from_bytes(os.urandom(_AGENT_BITS // 8), "big") << _AGENT_SHIFT


def lasting_agent_mark(state_dir: str) -> int:
    """The mark of all agents that ever use this state directory, by its real path."""
    from hashlib import blake2b

    path = os.fsencode(os.path.realpath(state_dir))
    digest = blake2b(path, digest_size=_AGENT_BITS // 8, person=b"barepod").digest()
    return _BASE | int.from_bytes(digest, "big") << _AGENT_SHIFT


def run_mark(agent_mark: int, run: int) -> int:
    """What the marks of a container run have in common; `run` counts up and may wrap."""
    return agent_mark | (run % _RUNS) << _START_BITS


def run_number(mark: int) -> int:
    """Which run of its agent a mark belongs to; the reverse of `run_mark`."""
    return mark >> _START_BITS & _RUNS - 1


def run_of(mark: int) -> int:
    """What `mark` has in common with all others of its run."""
    return mark >> _START_BITS << _START_BITS


def start_mark(run: int, start: int) -> int:
    """The mark of what is started inside a run: 0 is its main process; hooks and probes count up.

    They may wrap, but no command ever bears the mark of the main process.
    """
    return run | (start if start < _STARTS else 1 + (start - 1) % (_STARTS - 1))


def is_mark(value: int) -> bool:
    """Whether any agent made this number."""
    return value >> 61 == 1


def same_agent(value: int, agent_mark: int) -> bool:
    """Whether `value` was made under `agent_mark`."""
    return value >> _AGENT_SHIFT == agent_mark >> _AGENT_SHIFT


def same_run(value: int, mark: int) -> bool:
    """Whether both marks belong to one container run."""
    return value >> _START_BITS == mark >> _START_BITS


def read_mark(pid: int) -> int:
    """The mark that a process bears; 0 for none, and for a process that is gone."""
    return find_mark(pid) or 0


def find_mark(pid: int) -> int | None:
    """The mark that a process bears; 0 for none, None for a process that is gone."""
    try:
        fd = os.open(f"/proc/{pid}/limits", os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        text = os.read(fd, _LIMITS_SIZE)
    except OSError:
        return None
    finally:
        os.close(fd)
    soft = text.partition(_LABEL)[2].split(None, 1)
    if not soft or not soft[0].isdigit():
        return 0
    value = int(soft[0])
    return value if is_mark(value) else 0


def bearers(matches: Callable[[int], bool]) -> Iterator[tuple[int, int]]:
    """All processes of the host, ended ones included, whose marks match: pids and marks.

    One that forks and exits for ever would be gone by the time its mark is read in a listing: the
    newest of all are looked at before, as long as there are new ones, and as long as somebody
    vanished, whoever came meanwhile is looked at as well. Who wants to kill it should do so as soon
    as it is named.
    """
    seen: set[int] = set()
    for _ in range(_LISTINGS):
        yield from _newborn(matches, seen)
        new = [pid for pid in descendants.everyone() if pid not in seen]
        seen.update(new)
        vanished = False
        for pid in new:
            mark = find_mark(pid)
            vanished = vanished or mark is None
            if mark and matches(mark):
                yield pid, mark
        if not vanished:
            return


def _newborn(matches: Callable[[int], bool], seen: set[int]) -> Iterator[tuple[int, int]]:
    """The bearers among those born at this moment, which `seen` learns."""
    last = 0
    for _ in range(_BIRTHS):
        pid = descendants.newest_pid()
        if pid == last or pid in seen:
            return
        mark = find_mark(pid)
        last = pid if mark is not None else 0  # it has its number before it can be seen
        if mark and matches(mark) and descendants.is_process(pid):
            seen.add(pid)
            yield pid, mark
