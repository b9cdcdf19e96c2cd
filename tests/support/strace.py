"""How many system calls does a process make? Counted by strace."""

from __future__ import annotations

import re
import shutil
import signal
import subprocess
import tempfile
from collections import Counter
from collections.abc import Callable, Sequence

from tests.support.barepod import ROOT
from tests.support.needs import missing

#: A row of the table: share, seconds, usecs/call, calls, maybe errors, name.
_ROW = re.compile(r"^\s*[\d.]+\s+[\d.]+\s+\d+\s+(\d+)\s+(?:\d+\s+)?(\w+)$", re.MULTILINE)
_ATTACHED = "attached"


def calls_of(argv: Sequence[str]) -> Counter[str]:
    """The calls of one program, from its execve to its end; its children are not followed."""
    with tempfile.NamedTemporaryFile("r") as table:
        done = subprocess.run(
            [_strace(), "-c", "-o", table.name, *argv], cwd=ROOT, capture_output=True, check=False
        )
        assert done.returncode == 0, done.stderr.decode()
        return _counted(table.read())


def calls_during(pid: int, wait: Callable[[], object]) -> Counter[str]:
    """The calls of a running process's first thread while `wait` waits."""
    with tempfile.NamedTemporaryFile("r") as table:
        argv = [_strace(), "-c", "-o", table.name, "-p", str(pid)]
        tracer = subprocess.Popen(argv, stderr=subprocess.PIPE, text=True)
        assert tracer.stderr is not None
        with tracer.stderr:
            said = tracer.stderr.readline()
            if _ATTACHED not in said:
                tracer.wait()
                missing(f"strace may not look at a process here: {said.strip()}")
            try:
                wait()
            finally:
                tracer.send_signal(signal.SIGINT)
                tracer.wait()
        return _counted(table.read())


def _strace() -> str:
    found = shutil.which("strace")
    if found is None:
        missing("no strace here: apt-get install strace")
    return found


def _counted(table: str) -> Counter[str]:
    return Counter({name: int(calls) for calls, name in _ROW.findall(table) if name != "total"})
