"""What does Ctrl-C do while `barepod run` is still loading?"""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.barepod import ROOT, container, pod
from tests.support.barepod_setup import Setup

pytestmark = pytest.mark.integration

#: Interrupts itself when a module is first asked for; `handler` is how SIGINT was inherited.
_INTERRUPTED = """
import os, signal, sys
root, wanted, handler = sys.argv[1:4]
del sys.argv[1:4]
sys.path.insert(0, root)
if handler == "ignored":
    signal.signal(signal.SIGINT, signal.SIG_IGN)
def observe(event, arguments):
    if event == "import" and arguments[0] == wanted:
        os.kill(os.getpid(), signal.SIGINT)
sys.addaudithook(observe)
from agent.__main__ import main
main()
"""


@pytest.mark.parametrize("module", ["agent.boot", "agent.cli.foreground", "agent.daemon.node"])
def test_it_ends_at_once_and_says_nothing(place: Path, module: str) -> None:
    done = _interrupted(place, module, "default")

    assert done.returncode == -signal.SIGINT
    assert done.stderr == ""
    assert not (place / "ran").exists()


def test_it_goes_on_where_interrupts_are_ignored(place: Path) -> None:
    done = _interrupted(place, "agent.cli.foreground", "ignored")

    assert done.returncode == 0, done.stderr
    assert (place / "ran").exists()


def _interrupted(place: Path, module: str, handler: str) -> subprocess.CompletedProcess[str]:
    manifest, config = place / "pod.json", place / "barepod.toml"
    touch = container("touch", str(place / "ran"))
    manifest.write_text(json.dumps(pod(touch, restartPolicy="Never")))
    config.write_text(Setup().config_text(place))
    return subprocess.run(
        [
            sys.executable,
            "-I",
            "-c",
            _INTERRUPTED,
            str(ROOT),
            module,
            handler,
            "run",
            str(manifest),
        ],
        env={"BAREPOD_CONFIG": str(config), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )
