"""What the kubelet counts about probes and containers, ready to be exposed.

Plain numbers: prometheus_client costs 36 ms of start-up, which only those who serve metrics pay.
Kubernetes: pkg/kubelet/prober/prober_manager.go and pkg/kubelet/metrics/metrics.go.
"""

from __future__ import annotations

import bisect
from collections.abc import Callable

import msgspec

from agent.model.runtime import ProbeKind

#: Upper bounds in seconds (Prometheus' defaults).
DURATION_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


class Histogram(msgspec.Struct):
    """Observations in seconds: their sum, and how many there were up to each bound."""

    sum: float = 0.0
    buckets: list[int] = msgspec.field(default_factory=lambda: [0] * (len(DURATION_BUCKETS) + 1))

    def observe(self, seconds: float) -> None:
        """One more."""
        self.sum += seconds
        self.buckets[bisect.bisect_left(DURATION_BUCKETS, seconds)] += 1


class ProbeSeries(msgspec.Struct):
    """The series of one probe: executions by result, and the durations of successful ones."""

    kind: ProbeKind
    namespace: str
    pod: str
    pod_uid: str
    container: str
    totals: dict[str, int] = msgspec.field(default_factory=dict)
    durations: Histogram = msgspec.field(default_factory=Histogram)

    def count(self, result: str) -> None:
        """prober_probe_total: one more execution that ended `successful` or `failed`."""
        self.totals[result] = self.totals.get(result, 0) + 1

    def time(self, seconds: float) -> None:
        """prober_probe_duration_seconds: how long a successful execution took."""
        self.durations.observe(seconds)


class Metrics:
    """All series of this process; a probe's series end with its worker."""

    def __init__(self) -> None:
        self._probes: dict[int, ProbeSeries] = {}
        self.started_containers: dict[str, int] = {}
        self.start_errors: dict[tuple[str, str], int] = {}
        self.http_fallbacks = 0
        #: How long after it was due each probe began, over all probes.
        self.lateness = Histogram()
        self._numbers = 0

    @property
    def probes(self) -> list[ProbeSeries]:
        """The series of all probe workers, in the order in which they came."""
        return list(self._probes.values())

    def probe(
        self, kind: ProbeKind, namespace: str, pod: str, uid: str, container: str
    ) -> tuple[ProbeSeries, Callable[[], None]]:
        """The series of a new probe worker, and how to drop it."""
        series = ProbeSeries(kind, namespace, pod, uid, container)
        number = self._numbers = self._numbers + 1
        self._probes[number] = series
        return series, lambda: self._drop(number)

    def container_started(self, kind: str) -> None:
        """kubelet_started_containers_total: starts that were tried once their back-off was over.

        `kind` is container or init_container.
        """
        self.started_containers[kind] = self.started_containers.get(kind, 0) + 1

    def start_failed(self, kind: str, code: str) -> None:
        """kubelet_started_containers_errors_total: `code` is the waiting reason."""
        self.start_errors[kind, code] = self.start_errors.get((kind, code), 0) + 1

    def _drop(self, number: int) -> None:
        self._probes.pop(number, None)
