"""How is a process recognised as ours, whatever it does to its session, parent or environment?

By its soft RLIMIT_RTTIME: the kernel hands it on through fork, exec, setsid and setuid, it has no
effect at these values (it is counted in microseconds: 73,000 years), and /proc/PID/limits shows it
to every user, also for zombies. The number names the agent, the container run and the command:

    2**61 | agent (24 bits) | run (24 bits) | start (13 bits; main process or command)

Imported by the helper process: keep it free of heavy imports.
"""

from __future__ import annotations

import os

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


def new_agent_mark() -> int:
    """The mark of one life of an agent; random, so that two agents do not meet."""
    return _BASE | int.from_bytes(os.urandom(_AGENT_BITS // 8), "big") << _AGENT_SHIFT


def run_mark(agent_mark: int, run: int) -> int:
    """What the marks of a container run have in common; `run` counts up and may wrap."""
    return agent_mark | (run % _RUNS) << _START_BITS


def start_mark(run: int, start: int) -> int:
    """The mark of what is started inside a run: its main process, a hook or a probe command."""
    return run | start % _STARTS


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
    try:
        fd = os.open(f"/proc/{pid}/limits", os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return 0
    try:
        text = os.read(fd, _LIMITS_SIZE)
    except OSError:
        return 0
    finally:
        os.close(fd)
    soft = text.partition(_LABEL)[2].split(None, 1)
    if not soft or not soft[0].isdigit():
        return 0
    value = int(soft[0])
    return value if is_mark(value) else 0
