"""What does `barepod run` import before it starts the first process? That is most of its start."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from agent.boot import LATER
from tests.support.barepod import ROOT, container, pod
from tests.support.barepod_setup import Setup

pytestmark = pytest.mark.integration

#: Writes down what is loaded when the first main process is asked for.
_OBSERVED = """
import sys
def observe(event, arguments):
    if event != "socket.sendmsg" or seen:
        return
    frame = sys._getframe(1)
    while frame is not None and frame.f_code.co_qualname != "Spawner.spawn":
        frame = frame.f_back
    if frame is not None:
        seen.extend(n for n, m in sys.modules.items() if m and type(m).__name__ != "_Empty")
seen = []
sys.path.insert(0, sys.argv.pop(1))
sys.addaudithook(observe)
from agent.__main__ import main
try:
    main()
finally:
    print(*seen, file=sys.__stdout__)
"""
#: Each of these costs 1 to 170 ms (bench/README.md) and has no part in starting a process.
_TOO_HEAVY = {
    "aiohttp",
    "click",
    "cryptography",
    "ctypes",
    "email",
    "hashlib",
    "hpack",
    "http",
    "inotify_simple",
    "inspect",
    "logging",
    "pathlib",
    "platform",
    "prometheus_client",
    "psutil",
    "random",
    "shutil",
    "sqlite3",
    "ssl",
    "structlog",
    "subprocess",
    "tempfile",
    "typing_extensions",
    "urllib",
    "yaml.constructor",
    "yaml.reader",
    "yaml.resolver",
}
#: Ours were 166, all 302 with Python 3.11, when this was written. One more costs 0.1 to 0.3 ms.
_OURS, _ALL = 170, 308


def test_a_run_imports_little_before_its_first_process(tmp_path: Path) -> None:
    loaded = _loaded_at_first_spawn(tmp_path)

    packages = {name.partition(".")[0] for name in loaded}.union(loaded)
    ours = [name for name in loaded if name.partition(".")[0] == "agent"]
    assert ours
    assert not packages & _TOO_HEAVY
    assert not LATER.intersection(loaded)
    assert len(ours) <= _OURS, sorted(ours)
    assert len(loaded) <= _ALL, sorted(loaded)


def _loaded_at_first_spawn(folder: Path) -> list[str]:
    manifest, config = folder / "pod.yaml", folder / "barepod.toml"
    manifest.write_text(yaml.safe_dump(pod(container("true"), restartPolicy="Never")))
    config.write_text(Setup().config_text(folder))
    done = subprocess.run(
        [sys.executable, "-I", "-c", _OBSERVED, str(ROOT), "run", str(manifest)],
        env={"BAREPOD_CONFIG": str(config), "PATH": "/usr/bin:/bin"},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return done.stdout.splitlines()[-1].split()


def test_an_agent_without_a_tls_listener_does_without_large_libraries() -> None:
    script = (
        "import sys, agent.daemon.agent, agent.daemon.api, agent.daemon.logs; print(*sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True
    )
    packages = {name.partition(".")[0] for name in done.stdout.split()}

    assert "aiohttp" in packages
    assert not packages & {"cryptography", "prometheus_client", "rich", "yaml"}
