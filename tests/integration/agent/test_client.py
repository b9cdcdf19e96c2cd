"""The client commands of a host whose agent serves no kubectl: the socket is enough."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.support import barepod
from tests.support.barepod import pod, sh
from tests.support.service import Agent

pytestmark = pytest.mark.integration


def _client(agent: Agent, *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "agent", *arguments, "--config", f"{agent.run.folder}/barepod.toml"],
        cwd=barepod.ROOT,
        capture_output=True,
        text=True,
        timeout=25,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def test_a_broken_file_has_a_row_until_it_is_mended(agent: Agent) -> None:
    agent.write("web.yaml", "kind: [")
    agent.until_told("is not YAML")

    shown = _client(agent, "get", "manifests")
    assert _columns(shown) == ["web.yaml", "Broken", "<none>"]
    assert "<unknown>" not in shown
    assert f"{agent.manifests}/web.yaml:1: is not YAML" in _client(agent, "get", "mf")

    agent.write("web.yaml", pod(sh("exec sleep 1000"), name="web"))
    _client(agent, "wait", "mf/web.yaml", "--for=jsonpath={.status.state}=Active")
    assert _columns(_client(agent, "get", "manifests")) == ["web.yaml", "Active", "web"]

    _client(agent, "wait", "pod/web", "--for=create")
    _client(agent, "wait", "pod/web", "--for=condition=Ready")
    assert _columns(_client(agent, "get", "pods")) == ["web", "1/1", "Running"]

    agent.remove("web.yaml")
    _client(agent, "wait", "mf/web.yaml", "--for=delete")
    _client(agent, "wait", "pod/web", "--for=delete")


def _columns(table: str) -> list[str]:
    """The first columns of the only row."""
    (_, row) = table.splitlines()
    return row.split()[:3]
