"""How often does an agent look at the processes when many containers end at the same moment?"""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec
import pytest

from agent.config import Config, Node
from agent.daemon.node import Hooks, open_node
from agent.host import descendants
from agent.manifest.defaults import default_pod
from agent.model.pod import Pod
from agent.rules.phase import TERMINAL
from agent.store.memory import MemoryStore

pytestmark = [pytest.mark.integration, pytest.mark.asyncio]

_PODS = 30
_PATIENCE = 20.0


def sleeper(number: int) -> Pod:
    """A pod that is over when its process is."""
    container = {"name": "c", "image": "none", "command": ["sleep", "1000"]}
    spec = {"containers": [container], "restartPolicy": "Never"}
    metadata = {"name": f"p{number}", "namespace": "default"}
    return default_pod(msgspec.convert({"metadata": metadata, "spec": spec}, Pod))


async def until(fact: Callable[[], bool]) -> None:
    while not fact():
        await asyncio.sleep(0.01)


def mains() -> Sequence[int]:
    """The main processes of the pods."""
    return [pid for pid in descendants.children(os.getpid()) if name(pid) == "sleep"]


def name(pid: int) -> str:
    return Path(f"/proc/{pid}/comm").read_text().strip()


async def test_what_ends_at_the_same_moment_is_looked_for_together(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    places = {
        f"{place}_dir": str(tmp_path / place) for place in ("manifest", "state", "log", "run")
    }
    hooks = Hooks(follower=lambda *_: None, problem=pytest.fail)
    store, looks, children, me = MemoryStore(), 0, descendants.children_of_leader, os.getpid()

    def counted(pid: int) -> list[int]:
        nonlocal looks
        looks += pid == me
        return children(pid)

    config = Config(node=Node(name="vm", **places))
    async with asyncio.timeout(_PATIENCE), open_node(config, store, hooks, None) as node:
        for number in range(_PODS):
            node.manager.add(sleeper(number))
        await until(lambda: len(mains()) == _PODS)
        monkeypatch.setattr(descendants, "children_of_leader", counted)

        pids = mains()
        for pid in pids:
            os.kill(pid, signal.SIGKILL)
        for pid in pids:
            os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)  # while the loop stands still
        looks = 0
        await until(lambda: all(one.status.phase in TERMINAL for one in store.list(Pod)))
        seen = looks
        node.manager.delete_all()

    assert 0 < seen < _PODS / 2
