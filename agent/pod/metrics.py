"""What the kubelet counts about probes and containers, ready to be exposed.

Plain numbers: prometheus_client costs 36 ms of start-up, which only those who serve metrics pay.
Kubernetes: pkg/kubelet/prober/prober_manager.go and pkg/kubelet/metrics/metrics.go.
"""

from __future__ import annotations

import bisect

from agent.model.runtime import ProbeKind

#: Upper bounds in seconds (Prometheus' defaults).
DURATION_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


_FIRST_BUCKET = DURATION_BUCKETS[0]


class Histogram:
    """Observations in seconds: their sum, and how many there were up to each bound."""

    __slots__ = ("_first", "_others", "sum")

    def __init__(self) -> None:
        self.sum = 0.0
        self._first = 0  # nearly all are: a healthy probe needs no list of its own
        self._others: list[int] | None = None

    @property
    def buckets(self) -> list[int]:
        """How many there were in each bucket; the last one has no bound."""
        return [self._first, *(self._others or [0] * len(DURATION_BUCKETS))]

    def observe(self, seconds: float) -> None:
        """One more."""
        self.sum += seconds
        if seconds <= _FIRST_BUCKET:
            self._first += 1
            return
        if self._others is None:
            self._others = [0] * len(DURATION_BUCKETS)
        self._others[bisect.bisect_left(DURATION_BUCKETS, seconds) - 1] += 1


class ProbeSeries(Histogram):
    """The series of one probe: executions by result, and the durations of successful ones.

    As a histogram it is prober_probe_duration_seconds, and `observe` counts one more success. There
    is one for each probe of the node.
    """

    __slots__ = ("_failed", "container", "kind", "namespace", "pod", "pod_uid")

    def __init__(
        self, kind: ProbeKind, namespace: str, pod: str, pod_uid: str, container: str
    ) -> None:
        super().__init__()
        self.kind = kind
        self.namespace = namespace
        self.pod = pod
        self.pod_uid = pod_uid
        self.container = container
        self._failed = 0

    @property
    def totals(self) -> dict[str, int]:
        """prober_probe_total: executions that ended so, without those that never happened."""
        counted = {"successful": sum(self.buckets), "failed": self._failed}
        return {result: number for result, number in counted.items() if number}

    def failed(self) -> None:
        """One more execution that failed; how long that took is not counted."""
        self._failed += 1


class Metrics:
    """All series of this process; a probe's series end with its worker."""

    def __init__(self) -> None:
        self._probes: dict[ProbeSeries, None] = {}
        self.started_containers: dict[str, int] = {}
        self.start_errors: dict[tuple[str, str], int] = {}
        self.http_fallbacks = 0
        #: How long after it was due each probe began, over all probes.
        self.lateness = Histogram()

    @property
    def probes(self) -> list[ProbeSeries]:
        """The series of all probe workers, in the order in which they came."""
        return list(self._probes)

    def probe(
        self, kind: ProbeKind, namespace: str, pod: str, uid: str, container: str
    ) -> ProbeSeries:
        """The series of a new probe worker, until it is dropped."""
        series = ProbeSeries(kind, namespace, pod, uid, container)
        self._probes[series] = None
        return series

    def drop(self, series: ProbeSeries) -> None:
        """The worker has ended; may be called many times."""
        self._probes.pop(series, None)

    def container_started(self, kind: str) -> None:
        """kubelet_started_containers_total: starts that were tried once their back-off was over.

        `kind` is container or init_container.
        """
        self.started_containers[kind] = self.started_containers.get(kind, 0) + 1

    def start_failed(self, kind: str, code: str) -> None:
        """kubelet_started_containers_errors_total: `code` is the waiting reason."""
        self.start_errors[kind, code] = self.start_errors.get((kind, code), 0) + 1
