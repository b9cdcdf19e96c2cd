"""kill -9 in the middle of writing: what was reported durable is there, versions never go back."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from agent.model.pod import Pod
from agent.store.records import ContainerRecord
from tests.support.stores import opened

pytestmark = [pytest.mark.asyncio, pytest.mark.integration]

_ROUNDS = 8
_SEED = 20250601


@pytest.mark.timeout(120)
async def test_nothing_durable_is_lost_when_the_agent_is_killed(tmp_path: Path) -> None:
    chance = random.Random(_SEED)
    durable: dict[str, int] = {}
    newest = 0

    for _ in range(_ROUNDS):
        lines = _write_until_killed(tmp_path, chance.randrange(2**32), chance.randrange(5, 400))
        accepted, newest = _follow(lines, durable, newest)

        async with opened(tmp_path) as store:
            found = {obj.metadata.name: _version(obj) for obj in store.list(Pod)}
            assert store.version > newest
        for name, version in durable.items():
            latest = max(accepted.get(name, 0), version)
            assert name in found, f"{name} was durable at {version}"
            assert found[name] >= version
            assert found[name] <= latest or found[name] > newest  # killed before it was told
        durable.update(found)

    async with opened(tmp_path) as store:
        assert store.records.of_pod(ContainerRecord, "uid")


def _version(pod: Pod) -> int:
    return int(pod.metadata.resource_version)


def _write_until_killed(folder: Path, seed: int, lines: int) -> list[str]:
    """What the writer said before it was killed after so many lines."""
    with subprocess.Popen(
        [sys.executable, "-m", "tests.support.store_writer", str(folder), str(seed)],
        stdout=subprocess.PIPE,
        text=True,
    ) as writer:
        assert writer.stdout is not None
        heard = [writer.stdout.readline() for _ in range(lines)]
        writer.send_signal(signal.SIGKILL)
        heard += writer.stdout.readlines()
    assert heard[0] == "ready\n"
    return [line for line in heard[1:] if line.endswith("\n")]


def _follow(lines: list[str], durable: dict[str, int], newest: int) -> tuple[dict[str, int], int]:
    """What was accepted last; moves what was reported durable into `durable`."""
    accepted: dict[str, int] = {}
    for line in lines:
        verb, name, number = line.split()
        version = int(number)
        if verb == "accepted":
            assert version > newest
            newest = version
            accepted[name] = version
            continue
        for known, at in accepted.items():
            if at <= version:
                durable[known] = at
    return accepted, newest
