"""Kill everything at random, in every phase; in the end the store and the machine agree.

Short by default; `make chaos` does a thousand kills. A failure prints the seed that repeats its
decisions (BAREPOD_CHAOS_SEED), though not the moments of the kernel.
"""

from __future__ import annotations

import json
import os
import random
import signal
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path

import pytest

from agent.host import marks
from tests.support import service
from tests.support.barepod import Fields, Setup, pod, probe, sh
from tests.support.service import Lives

pytestmark = [pytest.mark.integration, pytest.mark.timeout(1800)]

KILLS = int(os.environ.get("BAREPOD_CHAOS_KILLS", "40"))
SEED = int(os.environ.get("BAREPOD_CHAOS_SEED", "0")) or random.SystemRandom().randrange(1 << 32)
_PODS = ("one", "two", "three")
#: A main that finds another one of its container alive says so; flock(1) lets go when it dies.
_MAIN = """
exec 9>>{place}/{name}.lock
flock -n 9 || echo {name} >> {place}/double
echo $$$$ >> {place}/{name}.starts
setsid sh -c 'sleep 2100; :' &
trap 'exit 0' TERM
while :; do sleep 0.05 9>&-; done
"""


def manifest(place: Path, name: str, version: int = 0) -> Fields:
    healthy = probe("true", periodSeconds=1, failureThreshold=100)
    main = {
        **sh("", readinessProbe=healthy, livenessProbe=healthy),
        "command": ["sh", "-c", _MAIN.format(place=place, name=name)],
        "env": [{"name": "VERSION", "value": str(version)}],
    }
    sidecar = sh("exec sleep 2101", name="s", restartPolicy="Always")
    init = sh(f"echo init >> {place}/{name}.inits", name="i")
    return pod(main, name=name, initContainers=[init, sidecar], restartPolicy="Always")


class Chaos:
    """What may happen, and what was seen of it."""

    def __init__(self, lives: Lives, place: Path) -> None:
        self.lives = lives
        self.place = place
        self.random = random.Random(SEED)
        self.agent_kills = 0
        self.versions = dict.fromkeys(_PODS, 0)
        self.steps: list[str] = []

    def step(self) -> None:
        """One kill, or one change, at once or after a while."""
        weighted: dict[Callable[[], None], int] = {
            self.kill_agent: 6,
            self.kill_agent_and_helper: 3,
            self.kill_helper: 2,
            self.kill_main: 6,
            self.kill_others: 4,
            self.edit: 2,
            self.replace: 1,
        }
        (action,) = self.random.choices(list(weighted), list(weighted.values()))
        self.steps.append(action.__name__)
        action()
        time.sleep(self.random.choice((0, 0, 0.01, 0.1, 0.4)))  # kills come at any moment

    def kill_agent(self) -> None:
        self._next(helper=False)

    def kill_agent_and_helper(self) -> None:
        self._next(helper=True)

    def _next(self, *, helper: bool) -> None:
        self.agent_kills += 1
        self.lives.kill(helper=helper)
        if self.random.random() < 0.3:
            self.kill_main()
        if self.random.random() < 0.5:
            self.lives.begin()
        else:
            self.lives.next()

    def kill_helper(self) -> None:
        self._kill(self.lives.agent.run.helper_pid())

    def kill_main(self) -> None:
        starts = self.starts(self.random.choice(_PODS))
        if starts:
            self._kill(starts[-1])

    def kill_others(self) -> None:
        own = (self.lives.agent.run.pid, self.lives.agent.run.helper_pid())
        others = [pid for pid in self.lives.agent.run.processes() if pid not in own]
        for pid in self.random.sample(others, min(2, len(others))):
            self._kill(pid)

    def edit(self) -> None:
        name = self.random.choice(_PODS)
        self.versions[name] += 1
        self.lives.agent.write(f"{name}.json", manifest(self.place, name, self.versions[name]))

    def replace(self) -> None:
        agent = self.lives.agent
        agent.until_told("agent is ready")
        agent.run.signal(signal.SIGUSR2)

    def starts(self, name: str) -> list[int]:
        with suppress(FileNotFoundError):
            return [int(line) for line in (self.place / f"{name}.starts").read_text().split()]
        return []

    def _kill(self, pid: int) -> None:
        """SIGKILL to a process of this test, and to no other that has its number by now."""
        if pid in self.lives.agent.run.processes():
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


def stored(place: Path) -> dict[str, Fields]:
    """The pods as they are on disk."""
    with closing(sqlite3.connect(f"file:{place}/state/state.db?mode=ro", uri=True)) as database:
        rows = database.execute("select body from objects where kind = 'Pod'").fetchall()
    pods = [json.loads(body) for (body,) in rows]
    return {one["metadata"]["name"]: one for one in pods}


def main_status(one: Fields) -> Fields:
    found: Fields = one.get("status", {}).get("containerStatuses", [{}])[0]
    return found


def test_whatever_is_killed_store_and_machine_agree_in_the_end(place: Path) -> None:
    setup = Setup(crash_loop=(0.05, 0.2))
    with service.lives(place, setup) as lives:
        chaos = Chaos(lives, place)
        for name in _PODS:
            lives.agent.write(f"{name}.json", manifest(place, name))
        try:
            for _ in range(KILLS):
                chaos.step()
            settle(chaos)
            check(chaos)
        except BaseException:
            print(f"BAREPOD_CHAOS_SEED={SEED}", chaos.steps)
            raise


def settle(chaos: Chaos) -> None:
    """Wait until every pod is as its file wants it, and ready; the machine tells the same.

    What is stored may be of the agent before, whose main was killed after it.
    """
    agent = chaos.lives.agent
    agent.until_told("agent is ready")

    def is_settled() -> bool:
        pods = stored(chaos.place)
        living = set(agent.run.processes())
        return set(pods) == set(_PODS) and all(
            "deletionTimestamp" not in one["metadata"]
            and main_status(one).get("ready")
            and chaos.starts(name)[-1] in living
            and one["spec"]["containers"][0]["env"][0]["value"] == str(chaos.versions[name])
            for name, one in pods.items()
        )

    agent.run.until(is_settled, 60)


def check(chaos: Chaos) -> None:
    """No orphan, no double start, no wrong count."""
    run = chaos.lives.agent.run
    assert not (chaos.place / "double").exists()
    mains = {chaos.starts(name)[-1] for name in _PODS}
    living = set(run.processes())
    assert mains <= living
    run.until(lambda: len(chaos.lives.agent.running("2101")) == len(_PODS))
    sidecars = set(chaos.lives.agent.running("2101"))
    own = {run.pid, run.helper_pid(), *mains, *sidecars}
    run.until(lambda: not _strangers(run.processes(), own))
    for name, one in stored(chaos.place).items():
        if chaos.versions[name] == 0:
            counted = main_status(one)["restartCount"] + 1
            assert counted <= len(chaos.starts(name)) <= counted + chaos.agent_kills


def _strangers(pids: list[int], own: set[int]) -> list[int]:
    """Those that are neither one of these nor of the same run as one of these."""
    runs = {marks.run_of(mark) for pid in own if (mark := marks.read_mark(pid))}
    return [
        pid for pid in pids if pid not in own and marks.run_of(marks.read_mark(pid)) not in runs
    ]
