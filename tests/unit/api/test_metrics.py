"""The exposition, read back with prometheus_client's own parsers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import pytest
from prometheus_client import Metric
from prometheus_client.openmetrics import parser as openmetrics_parser
from prometheus_client.parser import text_string_to_metric_families

from agent.api.metrics import Exposition, MetricsParts, UsageMeter
from agent.host.usage import Usage
from agent.model.pod import Pod
from agent.model.runtime import ProbeKind
from agent.pod.facts import PodFacts
from agent.pod.metrics import Histogram, Metrics
from agent.rules.backoff import BackOffEntry
from agent.store.memory import MemoryStore
from tests.support.builders import pod
from tests.support.lifecycle import pod as published
from tests.support.node import FakeInstance, Node
from tests.support.traffic import pods
from tests.support.virtual_loop import VirtualClock

pytestmark = pytest.mark.asyncio

Labels = Mapping[str, str]


class Scraped:
    """What a scrape gives: families by name, and single samples."""

    def __init__(self, families: Iterable[Metric]) -> None:
        self.families = {family.name: family for family in families}

    def value(self, name: str, **labels: str) -> float:
        (found,) = (value for one, value in self.samples(name) if one == labels)
        return found

    def samples(self, name: str) -> list[tuple[Labels, float]]:
        return [
            (sample.labels, sample.value)
            for family in self.families.values()
            for sample in family.samples
            if sample.name == name
        ]


async def scrape(
    counted: Metrics | None = None,
    *,
    store: MemoryStore | None = None,
    facts: Iterable[tuple[Pod, PodFacts]] = (),
    lag: Histogram | None = None,
) -> Scraped:
    exposition = Exposition(
        MetricsParts(
            counted=counted or Metrics(),
            pods=store or MemoryStore(),
            facts=lambda: tuple(facts),
            lag=lag or Histogram(),
            clock=VirtualClock(),
            version="1.2.3",
            kubernetes_version="v1.34.0",
        )
    )
    text, content_type = await exposition.render("")
    assert content_type.startswith("text/plain; version=")
    strict, strict_type = await exposition.render("application/openmetrics-text; version=1.0.0")
    assert strict_type.startswith("application/openmetrics-text")
    parsed = openmetrics_parser.text_string_to_metric_families(strict.decode())  # type: ignore[no-untyped-call]
    names = {one.name for one in parsed}
    families = text_string_to_metric_families(text.decode())
    scraped = Scraped(families)
    assert len(names) == len(scraped.families)
    return scraped


async def test_probes_are_counted_by_type_and_result_and_timed_when_they_succeed() -> None:
    counted = Metrics()
    series = counted.probe(ProbeKind.LIVENESS, "default", "web", "u-1", "c")
    series.observe(0.02)
    series.observe(20)
    for _ in range(3):
        series.failed()

    scraped = await scrape(counted)

    about = {"container": "c", "pod": "web", "namespace": "default", "probe_type": "Liveness"}
    total = "prober_probe_total"
    assert scraped.value(total, **about, pod_uid="u-1", result="failed") == 3
    assert scraped.value(total, **about, pod_uid="u-1", result="successful") == 2
    duration = "prober_probe_duration_seconds"
    assert scraped.value(f"{duration}_count", **about) == 2
    assert scraped.value(f"{duration}_sum", **about) == 20.02
    assert scraped.value(f"{duration}_bucket", **about, le="0.01") == 0
    assert scraped.value(f"{duration}_bucket", **about, le="0.025") == 1
    assert scraped.value(f"{duration}_bucket", **about, le="10.0") == 1
    assert scraped.value(f"{duration}_bucket", **about, le="+Inf") == 2


async def test_a_probe_that_never_ran_or_ended_has_no_series() -> None:
    counted = Metrics()
    counted.probe(ProbeKind.READINESS, "default", "web", "u-1", "c")
    series = counted.probe(ProbeKind.LIVENESS, "default", "old", "u-0", "c")
    series.observe(1)
    counted.drop(series)

    scraped = await scrape(counted)

    assert scraped.samples("prober_probe_total") == []
    assert scraped.samples("prober_probe_duration_seconds_count") == []


async def test_starts_their_errors_and_fallbacks_are_counted() -> None:
    counted = Metrics()
    counted.container_started("container")
    counted.container_started("container")
    counted.container_started("init_container")
    counted.start_failed("container", "ErrImagePull")
    counted.http_fallbacks = 3

    scraped = await scrape(counted)

    started = "kubelet_started_containers_total"
    assert scraped.value(started, container_type="container") == 2
    assert scraped.value(started, container_type="init_container") == 1
    errors = "kubelet_started_containers_errors_total"
    assert scraped.samples(errors) == [({"container_type": "container", "code": "ErrImagePull"}, 1)]
    assert scraped.value("kubelet_lifecycle_handler_http_fallbacks_total") == 3


async def test_pods_are_counted_by_phase_and_readiness() -> None:
    scraped = await scrape(store=pods("a", "b", "c -", "d x", "e +"))

    counts = {(one["phase"], one["ready"]): n for one, n in scraped.samples("barepod_pods")}
    assert counts == {
        **{(phase, ready): 0 for phase in ("Pending", "Failed") for ready in ("true", "false")},
        ("Running", "true"): 2,
        ("Running", "false"): 2,
        ("Succeeded", "true"): 0,
        ("Succeeded", "false"): 1,
    }


async def test_restarts_and_the_delay_of_what_is_held_back_are_shown() -> None:
    store, held, going = MemoryStore(), "held", "going"
    waiting = {"waiting": {"reason": "CrashLoopBackOff"}}
    status = {
        "initContainerStatuses": [{"name": "init", "restartCount": 1}],
        "containerStatuses": [
            {"name": held, "restartCount": 4, "state": waiting},
            {"name": going, "restartCount": 2, "state": {"running": {}}},
        ],
    }
    stored = store.put(published([held, going], init=["init"], status=status))
    facts = PodFacts(clock=VirtualClock())
    facts.back_off = {held: BackOffEntry(40.0, 0.0), going: BackOffEntry(20.0, 0.0)}

    scraped = await scrape(store=store, facts=[(stored, facts)])

    about = {"namespace": "default", "pod": "web", "pod_uid": "u-1"}
    restarts, delay = "barepod_container_restarts_total", "barepod_container_back_off_seconds"
    assert scraped.value(restarts, **about, container=held) == 4
    assert scraped.value(restarts, **about, container=going) == 2
    assert scraped.value(restarts, **about, container="init") == 1
    assert scraped.value(delay, **about, container=held) == 40
    assert scraped.value(delay, **about, container=going) == 0


async def test_lateness_lag_and_versions_are_shown() -> None:
    counted, lag = Metrics(), Histogram()
    counted.lateness.observe(0.3)
    lag.observe(2.0)

    scraped = await scrape(counted, lag=lag)

    assert scraped.value("barepod_probe_lateness_seconds_sum") == 0.3
    assert scraped.value("barepod_event_loop_lag_seconds_count") == 1
    ((labels, one),) = scraped.samples("barepod_build_info")
    assert (labels["version"], labels["kubernetes_version"], one) == ("1.2.3", "v1.34.0", 1)


async def test_every_family_has_its_type_and_a_help_text() -> None:
    scraped = await scrape()

    types = {name: family.type for name, family in scraped.families.items()}
    assert {name: types.get(name) for name in TYPES} == TYPES
    assert all(family.documentation for family in scraped.families.values())


#: Names as the parser gives them: a counter's _total belongs to its sample.
TYPES = {
    "prober_probe": "counter",
    "prober_probe_duration_seconds": "histogram",
    "kubelet_started_containers": "counter",
    "kubelet_started_containers_errors": "counter",
    "kubelet_lifecycle_handler_http_fallbacks": "counter",
    "barepod_container_restarts": "counter",
    "barepod_container_back_off_seconds": "gauge",
    "barepod_pods": "gauge",
    "barepod_probe_lateness_seconds": "histogram",
    "barepod_event_loop_lag_seconds": "histogram",
    "barepod_build_info": "gauge",
    "container_cpu_usage_seconds": "counter",
    "container_memory_rss": "gauge",
    "container_file_descriptors": "gauge",
    "container_processes": "gauge",
    "process_cpu_seconds": "counter",
    "process_open_fds": "gauge",
}


async def test_odd_names_are_escaped() -> None:
    counted = Metrics()
    counted.start_failed("container", 'quote " backslash \\ newline \n')

    scraped = await scrape(counted)

    ((labels, _),) = scraped.samples("kubelet_started_containers_errors_total")
    assert labels["code"] == 'quote " backslash \\ newline \n'


class Meter:
    """Looks at a container that uses what is said, one look after the other."""

    def __init__(self, *found: Usage) -> None:
        self._node = Node(pod())
        self._found = iter(found)
        self._facts = PodFacts(clock=self._node.clock)
        self._meter = UsageMeter(
            lambda: [(self._node.pod, self._facts)], self._node.clock, lambda _: next(self._found)
        )

    async def look(self, container_id: str) -> Usage:
        instance = FakeInstance(self._node, "c", container_id, None, 0)
        self._facts.live = {"c": instance}
        await self._meter.look()
        return self._meter.seen["c", "p", "default"]


async def test_cpu_time_never_runs_backwards() -> None:
    meter = Meter(Usage(2, 5.0, 100, 3), Usage(1, 4.0, 50, 2), Usage(1, 6.0, 60, 2))

    seen = [await meter.look("c-1") for _ in range(3)]

    assert [one.cpu_seconds for one in seen] == [5.0, 5.0, 6.0]
    assert [one.rss_bytes for one in seen] == [100, 50, 60]


async def test_a_new_run_of_a_container_counts_from_nothing() -> None:
    meter = Meter(Usage(cpu_seconds=5.0), Usage(cpu_seconds=0.5))

    await meter.look("c-1")

    assert (await meter.look("c-2")).cpu_seconds == 0.5
