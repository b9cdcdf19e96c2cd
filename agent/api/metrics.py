"""Everything that is counted, in the Prometheus text format.

Imports prometheus_client: import this late. Names of the kubelet and of cAdvisor where they have
one for the same thing, ours begin with barepod_.
"""

from __future__ import annotations

import platform
from collections.abc import Callable, Iterable, Iterator

import msgspec
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import choose_encoder
from prometheus_client.metrics_core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.process_collector import ProcessCollector
from prometheus_client.registry import Collector

from agent.api.pods import FindsPods
from agent.host.clock import Clock
from agent.host.usage import Usage, usage
from agent.model.pod import Pod
from agent.model.status import ContainerStatus
from agent.pod.facts import PodFacts
from agent.pod.metrics import DURATION_BUCKETS, Histogram, Metrics
from agent.rules.traffic import Traffic, pod_standing

PHASES = ("Pending", "Running", "Succeeded", "Failed")

_CONTAINER = ("namespace", "pod", "pod_uid", "container")
#: cAdvisor's labels.
_USAGE = ("container", "pod", "namespace")
#: Looking into /proc takes a while: others get their turn after so many containers.
_BATCH = 10
_BACK_OFF = "CrashLoopBackOff"


class MetricsParts(msgspec.Struct, frozen=True, kw_only=True):
    """Where the numbers come from; `facts` are those of the pods that run."""

    counted: Metrics
    pods: FindsPods
    facts: Callable[[], Iterable[tuple[Pod, PodFacts]]]
    lag: Histogram
    clock: Clock
    version: str
    kubernetes_version: str


class Exposition:
    """Renders the metrics of one agent."""

    def __init__(self, parts: MetricsParts) -> None:
        self._parts = parts
        self._usage = UsageMeter(parts.facts, parts.clock)
        self._registry = CollectorRegistry(auto_describe=False)
        self._registry.register(_Collector(parts, self._usage))
        ProcessCollector(registry=self._registry)

    async def render(self, accept: str) -> tuple[bytes, str]:
        """The text, in the format that an Accept header asks for, and its content type."""
        await self._usage.look()
        encode, content_type = choose_encoder(accept)
        return encode(self._registry), content_type


class UsageMeter:
    """What each container uses; `seen` is by container, pod and namespace, as of the last look."""

    def __init__(
        self,
        facts: Callable[[], Iterable[tuple[Pod, PodFacts]]],
        clock: Clock,
        measure: Callable[[Iterable[int]], Usage] = usage,
    ) -> None:
        self.seen: dict[tuple[str, str, str], Usage] = {}
        self._facts = facts
        self._clock = clock
        self._measure = measure
        self._cpu: dict[str, float] = {}

    async def look(self) -> None:
        """Look anew at all that run."""
        live = [
            ((name, pod.metadata.name, pod.metadata.namespace), instance)
            for pod, facts in self._facts()
            for name, instance in facts.live.items()
        ]
        seen: dict[tuple[str, str, str], Usage] = {}
        cpu: dict[str, float] = {}
        for number, (labels, instance) in enumerate(live, 1):
            found, before = (
                self._measure(instance.pids()),
                self._cpu.get(instance.container_id, 0.0),
            )
            # What an orphan used is lost with it, and a counter must not run backwards.
            cpu[instance.container_id] = max(found.cpu_seconds, before)
            seen[labels] = msgspec.structs.replace(found, cpu_seconds=cpu[instance.container_id])
            if number % _BATCH == 0:
                await self._clock.sleep(0)
        self.seen, self._cpu = seen, cpu


class _Collector(Collector):
    def __init__(self, parts: MetricsParts, meter: UsageMeter) -> None:
        self._parts = parts
        self._meter = meter

    def collect(self) -> Iterator[Metric]:
        counted = self._parts.counted
        yield from _probes(counted)
        yield from _starts(counted)
        yield from _pods(self._parts)
        yield from _used(self._meter.seen)
        yield _histogram(
            "barepod_probe_lateness_seconds",
            "How long after it was due a probe began.",
            counted.lateness,
        )
        yield _histogram(
            "barepod_event_loop_lag_seconds",
            "How late the event loop came to something that was due.",
            self._parts.lag,
        )
        build = GaugeMetricFamily(
            "barepod_build_info",
            "1, labelled with the versions of barepod, Python and the Kubernetes it speaks.",
            labels=("version", "python_version", "kubernetes_version"),
        )
        versions = (self._parts.version, platform.python_version(), self._parts.kubernetes_version)
        build.add_metric(versions, 1)
        yield build


def _probes(counted: Metrics) -> Iterator[Metric]:
    total = CounterMetricFamily(
        "prober_probe_total",
        "Cumulative number of a liveness, readiness or startup probe for a container by result.",
        labels=("probe_type", "result", "container", "pod", "namespace", "pod_uid"),
    )
    duration = HistogramMetricFamily(
        "prober_probe_duration_seconds",
        "Duration in seconds for a probe response.",
        labels=("probe_type", "container", "pod", "namespace"),
    )
    for series in counted.probes:
        about = (series.container, series.pod, series.namespace)
        for result, number in series.totals.items():
            total.add_metric((series.kind, result, *about, series.pod_uid), number)
        if any(series.buckets):
            duration.add_metric((series.kind, *about), _buckets(series), series.sum)
    yield total
    yield duration


def _starts(counted: Metrics) -> Iterator[Metric]:
    started = CounterMetricFamily(
        "kubelet_started_containers_total",
        "Cumulative number of containers started",
        labels=("container_type",),
    )
    for kind, number in counted.started_containers.items():
        started.add_metric((kind,), number)
    yield started
    errors = CounterMetricFamily(
        "kubelet_started_containers_errors_total",
        "Cumulative number of errors when starting containers",
        labels=("container_type", "code"),
    )
    for labels, number in counted.start_errors.items():
        errors.add_metric(labels, number)
    yield errors
    yield CounterMetricFamily(
        "kubelet_lifecycle_handler_http_fallbacks_total",
        "The number of times lifecycle handlers successfully fell back to http from https.",
        value=counted.http_fallbacks,
    )


def _pods(parts: MetricsParts) -> Iterator[Metric]:
    restarts = CounterMetricFamily(
        "barepod_container_restarts_total", "Restarts of a container.", labels=_CONTAINER
    )
    back_off = GaugeMetricFamily(
        "barepod_container_back_off_seconds",
        "The delay that holds back the next start of a container; 0 if nothing does.",
        labels=_CONTAINER,
    )
    delays = _delays(parts)
    numbers = {(phase, ready): 0 for phase in PHASES for ready in ("true", "false")}
    for pod in parts.pods.list(Pod):
        meta = pod.metadata
        ready = "true" if pod_standing(pod).traffic is Traffic.SEND else "false"
        key = pod.status.phase or "Pending", ready
        numbers[key] = numbers.get(key, 0) + 1
        for status in _statuses(pod):
            labels = (meta.namespace, meta.name, meta.uid, status.name)
            restarts.add_metric(labels, status.restart_count)
            held = _is_held(status)
            back_off.add_metric(labels, delays.get((meta.uid, status.name), 0.0) if held else 0.0)
    yield restarts
    yield back_off
    pods = GaugeMetricFamily(
        "barepod_pods",
        "Pods by phase, and by whether requests may be sent to them.",
        labels=("phase", "ready"),
    )
    for key, number in numbers.items():
        pods.add_metric(key, number)
    yield pods


def _delays(parts: MetricsParts) -> dict[tuple[str, str], float]:
    return {
        (pod.metadata.uid, name): entry.delay
        for pod, facts in parts.facts()
        for name, entry in facts.back_off.items()
    }


def _statuses(pod: Pod) -> tuple[ContainerStatus, ...]:
    return (*pod.status.init_container_statuses, *pod.status.container_statuses)


def _is_held(status: ContainerStatus) -> bool:
    return status.state.waiting is not None and status.state.waiting.reason == _BACK_OFF


def _used(seen: dict[tuple[str, str, str], Usage]) -> Iterator[Metric]:
    cpu = CounterMetricFamily(
        "container_cpu_usage_seconds_total",
        "CPU time of a container's processes and of the children they waited for.",
        labels=_USAGE,
    )
    memory = GaugeMetricFamily(
        "container_memory_rss",
        "Resident memory of a container's processes in bytes.",
        labels=_USAGE,
    )
    files = GaugeMetricFamily(
        "container_file_descriptors", "Open file descriptors of a container.", labels=_USAGE
    )
    processes = GaugeMetricFamily(
        "container_processes", "Number of processes of a container.", labels=_USAGE
    )
    for labels, found in seen.items():
        cpu.add_metric(labels, found.cpu_seconds)
        memory.add_metric(labels, found.rss_bytes)
        files.add_metric(labels, found.open_files)
        processes.add_metric(labels, found.processes)
    yield from (cpu, memory, files, processes)


def _histogram(name: str, documentation: str, histogram: Histogram) -> Metric:
    return HistogramMetricFamily(
        name, documentation, buckets=_buckets(histogram), sum_value=histogram.sum
    )


def _buckets(histogram: Histogram) -> list[tuple[str, float]]:
    """Cumulative, as Prometheus wants them."""
    bounds = (*map(str, DURATION_BUCKETS), "+Inf")
    total = 0
    found: list[tuple[str, float]] = []
    for bound, number in zip(bounds, histogram.buckets, strict=True):
        total += number
        found.append((bound, total))
    return found
