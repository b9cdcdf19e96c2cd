"""What pods and the node use, as metrics-server tells it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import msgspec
import psutil

from agent.host.clock import Clock
from agent.host.usage import Usage, usage
from agent.model.meta import ObjectMeta
from agent.model.metrics import ContainerMetrics, NodeMetrics, PodMetrics
from agent.model.pod import Pod
from agent.pod.facts import PodFacts

#: A rate is measured over at least so many seconds.
WINDOW = 1.0


class Sample(msgspec.Struct, frozen=True):
    """CPU seconds at a time, and the rate (cores) over the `window` that ended there."""

    at: float
    cpu_seconds: float
    rate: float = 0.0
    window: float = WINDOW


def advanced(before: Sample, now: float, cpu_seconds: float) -> Sample:
    """The next sample; one that comes too soon tells what is known already."""
    window = now - before.at
    if window < WINDOW:
        return before
    rate = max(cpu_seconds - before.cpu_seconds, 0.0) / window
    return Sample(now, cpu_seconds, rate, window)


class Usages:
    """Measures when it is asked; the first answer about a container is about its whole life."""

    def __init__(
        self,
        facts: Callable[[], Iterable[tuple[Pod, PodFacts]]],
        clock: Clock,
        node_name: str,
        measure: Callable[[Iterable[int]], Usage] = usage,
    ) -> None:
        self._facts = facts
        self._clock = clock
        self._node_name = node_name
        self._measure = measure
        self._samples: dict[str, Sample] = {}
        self._node: Sample | None = None

    async def pods(self, namespace: str, name: str) -> tuple[Any, ...]:
        """Those that run; all of them with an empty namespace or name."""
        found: list[PodMetrics] = []
        kept: dict[str, Sample] = {}
        for pod, facts in self._facts():
            meta = pod.metadata
            ids = (instance.container_id for instance in facts.live.values())
            kept |= {id_: self._samples[id_] for id_ in ids if id_ in self._samples}
            if namespace not in ("", meta.namespace) or name not in ("", meta.name):
                continue
            if facts.live:
                found.append(self._pod(pod, facts, kept))
                await self._clock.sleep(0)
        self._samples = kept
        return tuple(found)

    def _pod(self, pod: Pod, facts: PodFacts, kept: dict[str, Sample]) -> PodMetrics:
        now = self._clock.monotonic()
        containers: list[ContainerMetrics] = []
        window = WINDOW
        for name, instance in facts.live.items():
            seen = self._measure(instance.pids())
            before = kept.get(instance.container_id) or Sample(self._began(pod, name), 0.0)
            sample = kept[instance.container_id] = advanced(before, now, seen.cpu_seconds)
            window = max(window, sample.window)
            containers.append(
                ContainerMetrics(name=name, usage=_quantities(sample.rate, seen.rss_bytes))
            )
        meta = pod.metadata
        return PodMetrics(
            metadata=ObjectMeta(
                name=meta.name,
                namespace=meta.namespace,
                labels=meta.labels,
                creation_timestamp=self._clock.now().replace(microsecond=0),
            ),
            timestamp=self._clock.now().replace(microsecond=0),
            window=f"{window:.3f}s",
            containers=tuple(containers),
        )

    async def nodes(self, namespace: str, name: str) -> tuple[Any, ...]:
        """The one node, unless another is asked for."""
        if name not in ("", self._node_name):
            return ()
        times = psutil.cpu_times()
        cpu = sum(times[:3]) + sum(getattr(times, one, 0.0) for one in ("irq", "softirq"))
        now = self._clock.monotonic()
        before = self._node or Sample(now - _uptime(), 0.0)
        self._node = advanced(before, now, cpu)
        memory = psutil.virtual_memory()
        stamp = self._clock.now().replace(microsecond=0)
        made = NodeMetrics(
            metadata=ObjectMeta(name=self._node_name, creation_timestamp=stamp),
            timestamp=stamp,
            window=f"{self._node.window:.3f}s",
            usage=_quantities(self._node.rate, memory.total - memory.available),
        )
        return (made,)

    def _began(self, pod: Pod, container: str) -> float:
        """When the run of a container began, on the monotonic clock."""
        for status in (*pod.status.init_container_statuses, *pod.status.container_statuses):
            running = status.state.running
            if status.name == container and running is not None and running.started_at is not None:
                lived = (self._clock.now() - running.started_at).total_seconds()
                return self._clock.monotonic() - max(lived, WINDOW)
        return self._clock.monotonic() - WINDOW


def _uptime() -> float:
    """Seconds since the machine was started."""
    return float(Path("/proc/uptime").read_text(encoding="ascii").split()[0])


def _quantities(cores: float, memory: int) -> dict[str, str]:
    return {"cpu": f"{round(cores * 1e9)}n" if cores else "0", "memory": f"{memory // 1024}Ki"}
