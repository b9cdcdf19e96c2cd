"""How is a process recognised as ours, whatever it does to its session, parent or environment?

By its soft RLIMIT_RTTIME: the kernel hands it on through fork, exec, setsid and setuid, it has no
effect at these values (it is counted in microseconds: 73,000 years), and /proc/PID/limits shows it
to every user, also for zombies. The number names the agent, the container run and the command:

    2**61 | agent (24 bits) | run (24 bits) | command (13 bits; 0 is the main process)

Imported by the helper process: keep it free of heavy imports.
"""

from __future__ import annotations

import os

RLIMIT_RTTIME = 15
_BASE = 1 << 61
_COMMAND_BITS = 13
_RUN_BITS = 24
_AGENT_BITS = 24
_AGENT_SHIFT = _COMMAND_BITS + _RUN_BITS
COMMANDS = 1 << _COMMAND_BITS
_RUNS = 1 << _RUN_BITS
_LIMITS_SIZE = 4096
_LABEL = b"Max realtime timeout"


def new_agent_mark() -> int:
    """The mark of one life of an agent; random, so that two agents do not meet."""
    return _BASE | int.from_bytes(os.urandom(_AGENT_BITS // 8), "big") << _AGENT_SHIFT


def run_mark(agent_mark: int, run: int) -> int:
    """The mark of a container run's main process; `run` counts up and may wrap."""
    return agent_mark | (run % _RUNS) << _COMMAND_BITS


def command_mark(run_mark_: int, command: int) -> int:
    """The mark of one hook or probe command inside a run; never the main process' own."""
    return run_mark_ | 1 + command % (COMMANDS - 1)


def is_mark(value: int) -> bool:
    """Whether any agent made this number."""
    return value >> 61 == 1


def same_agent(value: int, agent_mark: int) -> bool:
    """Whether `value` was made under `agent_mark`."""
    return value >> _AGENT_SHIFT == agent_mark >> _AGENT_SHIFT


def same_run(value: int, mark: int) -> bool:
    """Whether both marks belong to one container run."""
    return value >> _COMMAND_BITS == mark >> _COMMAND_BITS


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
