"""Usage as rates."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from agent.api.resources.metrics import Sample, Usages, advanced
from agent.host.usage import Usage
from agent.model.pod import Pod
from agent.pod.facts import PodFacts
from tests.support.builders import pod
from tests.support.virtual_loop import VirtualClock

pytestmark = pytest.mark.asyncio


@pytest.mark.parametrize(
    ("now", "cpu", "rate"), [(2.0, 1.0, 0.5), (10.0, 0.0, 0.0), (0.5, 9.0, 0.25)]
)
async def test_a_rate_is_over_a_while(now: float, cpu: float, rate: float) -> None:
    before = Sample(at=0.0, cpu_seconds=0.0, rate=0.25)

    assert advanced(before, now, cpu).rate == rate


async def test_what_runs_backwards_is_nothing() -> None:
    assert advanced(Sample(0.0, 5.0), 2.0, 1.0).rate == 0


class _Instance:
    container_id = "id"

    def pids(self) -> tuple[int, ...]:
        return (1,)


async def test_pods_are_measured_when_asked() -> None:
    clock = VirtualClock()
    facts = PodFacts(clock=clock)
    facts.live = {"main": _Instance()}  # type: ignore[dict-item]
    used = [Usage(cpu_seconds=1.0, rss_bytes=2048), Usage(cpu_seconds=2.0, rss_bytes=4096)]

    def running() -> Iterable[tuple[Pod, PodFacts]]:
        return ((pod(), facts),)

    usages = Usages(running, clock, "vm", measure=lambda _: used.pop(0))
    meta = pod().metadata
    (first,) = await usages.pods(meta.namespace, meta.name)
    await clock.sleep(4)
    (second,) = await usages.pods("", "")
    assert await usages.pods("elsewhere", "") == ()

    assert first.containers[0].name == "main"
    assert first.containers[0].usage["memory"] == "2Ki"
    assert second.containers[0].usage == {"cpu": "250000000n", "memory": "4Ki"}
    assert second.window == "4.000s"


@pytest.mark.parametrize("count", [3, 300])
async def test_each_container_is_looked_at_as_often_with_many_as_with_few(count: int) -> None:
    clock = VirtualClock()
    looks = 0

    class Counted(_Instance):
        def __init__(self, id_: str) -> None:
            self._id = id_

        @property
        def container_id(self) -> str:  # type: ignore[override]
            nonlocal looks
            looks += 1
            return self._id

    running = []
    for number in range(count):
        facts = PodFacts(clock=clock)
        facts.live = {"main": Counted(f"id{number}")}  # type: ignore[dict-item]
        running.append((pod(), facts))
    usages = Usages(lambda: running, clock, "vm", measure=lambda _: Usage())
    await usages.pods("", "")
    looks = 0

    await usages.pods("", "")

    assert count <= looks <= 4 * count


async def test_there_is_one_node() -> None:
    usages = Usages(lambda: (), VirtualClock(), "vm")

    (found,) = await usages.nodes("", "vm")
    assert found.metadata.name == "vm"
    assert set(found.usage) == {"cpu", "memory"}
    assert await usages.nodes("", "other") == ()
