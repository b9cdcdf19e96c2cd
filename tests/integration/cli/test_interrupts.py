"""What does Ctrl-C do before a command has begun?"""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support import barepod

pytestmark = pytest.mark.integration

#: Interrupts itself in the middle of an import, as Ctrl-C in the first tenth of a second does.
_INTERRUPTED = """
import os, signal, sys
from importlib.abc import MetaPathFinder

class Interrupt(MetaPathFinder):
    def find_spec(self, name, path, target=None):
        if name == {module!r}:
            os.kill(os.getpid(), signal.SIGINT)

sys.meta_path.insert(0, Interrupt())
from agent.__main__ import main
main()
"""

_POD = """
apiVersion: v1
kind: Pod
metadata: {name: p}
spec: {containers: [{name: c, image: i, command: ["true"]}]}
"""


@pytest.mark.parametrize(
    ("module", "arguments"),
    [
        ("agent.config", ["run", "pod.yaml"]),
        ("agent.cli.foreground", ["run", "pod.yaml"]),
        ("agent.cli.main", ["agent"]),
        ("agent.config", ["agent"]),
        ("agent.cli.get", ["get", "pods"]),
        ("agent.config", ["validate", "pod.yaml"]),
    ],
)
def test_an_interrupted_start_ends_by_the_signal_without_a_traceback(
    tmp_path: Path, module: str, arguments: list[str]
) -> None:
    (tmp_path / "pod.yaml").write_text(_POD)
    done = subprocess.run(
        [sys.executable, "-c", _INTERRUPTED.format(module=module), *arguments],
        cwd=tmp_path,
        env={"PYTHONPATH": str(barepod.ROOT)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=25,
    )

    assert (done.returncode, done.stderr) == (-signal.SIGINT, "")


def test_an_interrupt_that_was_ignored_stays_ignored(tmp_path: Path) -> None:
    program = _INTERRUPTED.format(module="agent.cli.main")
    done = subprocess.run(
        ["sh", "-c", 'trap "" INT; exec "$0" -c "$1" version', sys.executable, program],
        cwd=tmp_path,
        env={"PYTHONPATH": str(barepod.ROOT)},
        capture_output=True,
        text=True,
        timeout=25,
    )

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("barepod ")
