"""What a client command says when there is nobody to ask."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support import barepod

pytestmark = pytest.mark.integration

_COMMANDS = (
    ("get", "pods"),
    ("describe", "pod", "web"),
    ("logs", "web"),
    ("events",),
    ("exec", "web", "--", "ls"),
    ("delete", "pod", "web"),
    ("wait", "pod/web", "--for=delete"),
    ("top", "pod"),
    ("explain", "pod"),
)


def _run(folder: Path, *arguments: str, config: str = "") -> subprocess.CompletedProcess[str]:
    file = folder / "barepod.toml"
    file.write_text(config or f'[node]\nrun_dir = "{folder}"\n')
    return subprocess.run(
        [sys.executable, "-m", "agent", *arguments],
        cwd=barepod.ROOT,
        env={**os.environ, "BAREPOD_CONFIG": str(file)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=25,
        check=False,
    )


@pytest.mark.parametrize("arguments", _COMMANDS, ids=lambda arguments: arguments[0])
def test_no_socket(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    done = _run(tmp_path, *arguments)

    assert done.returncode == 1
    first, *rest = done.stderr.splitlines()
    assert first == f"barepod: no agent listens on {tmp_path}/api.sock."
    assert "barepod agent" in " ".join(rest)
    assert done.stdout == ""


def test_a_socket_that_a_dead_agent_left(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(tmp_path / "api.sock"))

    done = _run(tmp_path, "get", "pods")

    assert done.returncode == 1
    assert done.stderr.startswith(f"barepod: no agent listens on {tmp_path}/api.sock.")


def test_an_agent_that_dies_while_it_is_asked(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(tmp_path / "api.sock"))
        listening.listen()
        process = subprocess.Popen(
            [sys.executable, "-m", "agent", "get", "pods"],
            cwd=barepod.ROOT,
            env={**os.environ, "BAREPOD_CONFIG": _config(tmp_path)},
            stderr=subprocess.PIPE,
            text=True,
        )
        asked, _ = listening.accept()
        asked.close()
        _, err = process.communicate(timeout=20)

    assert process.returncode == 1
    assert err.startswith(f"barepod: the agent on {tmp_path}/api.sock broke the connection: ")


def test_a_configuration_that_cannot_be_read(tmp_path: Path) -> None:
    done = _run(tmp_path, "get", "pods", config="[node]\nrun_dri = 1\n")

    assert done.returncode == 2
    assert "node.run_dri: unknown key (did you mean run_dir?)" in done.stderr


def _config(folder: Path) -> str:
    file = folder / "barepod.toml"
    file.write_text(f'[node]\nrun_dir = "{folder}"\n')
    return str(file)
