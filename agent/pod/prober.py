"""The probe workers of one pod: when the rules say so, run the handler and publish the belief.

Kubernetes: pkg/kubelet/prober. A worker exists from before its container's first start until the
pod ends, and survives restarts. No task stands behind it: the scheduler calls it at its ticks, the
handler calls it back.
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from agent.action.handler import Handler, Running
from agent.action.result import ActionResult, Outcome
from agent.host.scheduler import Scheduler, Timer
from agent.model.container import Container
from agent.model.handler import Probe
from agent.model.pod import Pod
from agent.model.runtime import CONTAINER_ID_SCHEME, ProbeKind
from agent.model.status import ContainerStatus
from agent.pod.facts import PodFacts
from agent.pod.metrics import Metrics
from agent.pod.recorder import Recorder
from agent.pod.rota import Rota
from agent.rules import environment, probe_report, probe_schedule, restart
from agent.rules import probe as rules


class ProberParts(msgspec.Struct, frozen=True, kw_only=True):
    """The collaborators of a pod's probe workers.

    `status_of` gives a container's published status; `is_over` tells that the pod's phase is
    terminal. `delay_of` is how long a probe with a period of so many seconds waits before its first
    run, in a pod that was there before the agent; None for a new pod. All pods of a node share its
    `rota`.
    """

    facts: PodFacts
    scheduler: Scheduler
    rota: Rota
    recorder: Recorder
    metrics: Metrics
    status_of: Callable[[str], ContainerStatus | None]
    is_over: Callable[[], bool]
    delay_of: Callable[[int], float] | None = None


class PodProber:
    """Owns the workers of one pod."""

    def __init__(self, pod: Pod, parts: ProberParts) -> None:
        self._pod = pod
        self._parts = parts
        self._workers: dict[tuple[str, ProbeKind], ProbeWorker] = {}
        self._begun = False

    def start(self) -> None:
        """Make the workers of regular containers and sidecars; once, before the first start."""
        if self._begun:
            return
        self._begun = True
        sidecars = tuple(c for c in self._pod.spec.init_containers if restart.is_sidecar(c))
        for container in (*sidecars, *self._pod.spec.containers):
            for kind, probe in probes_of(container):
                worker = ProbeWorker(self._pod, container, kind, probe, self._parts)
                worker.start()
                self._workers[container.name, kind] = worker

    def update(self, pod: Pod) -> None:
        """The pod changed in place: what is reported from now on is about `pod`."""
        self._pod = pod
        for worker in self._workers.values():
            worker.update(pod)

    def trigger_readiness(self, name: str) -> None:
        """Run a container's readiness probe out of turn, soon (UpdatePodStatus)."""
        worker = self._workers.get((name, ProbeKind.READINESS))
        if worker is not None:
            worker.trigger()

    def stop_liveness_and_startup(self) -> None:
        """The pod is ending: regular containers are no longer judged, readiness goes on."""
        regular = {container.name for container in self._pod.spec.containers}
        for (name, kind), worker in self._workers.items():
            if name in regular and kind is not ProbeKind.READINESS:
                worker.stop()

    def close(self) -> None:
        """End all workers."""
        for worker in self._workers.values():
            worker.stop()


def probes_of(container: Container) -> list[tuple[ProbeKind, Probe]]:
    """The probes of a container in the order in which they matter, commands expanded."""
    kinds = (
        (ProbeKind.STARTUP, container.startup_probe),
        (ProbeKind.READINESS, container.readiness_probe),
        (ProbeKind.LIVENESS, container.liveness_probe),
    )
    return [(kind, _expanded(probe, container)) for kind, probe in kinds if probe is not None]


def _expanded(probe: Probe, container: Container) -> Probe:
    """An exec probe's command with the literal variables of its container in place."""
    if probe.exec is None:
        return probe
    command = environment.expand_probe_command(probe.exec.command, container)
    return msgspec.structs.replace(
        probe, exec=msgspec.structs.replace(probe.exec, command=tuple(command))
    )


def _first_state(kind: ProbeKind, name: str, facts: PodFacts) -> rules.ProbeState:
    """What is believed at first: nothing, or of a run that an earlier agent started what it did."""
    instance = facts.live.get(name)
    if instance is None:
        return rules.ProbeState(kind)
    id_ = instance.container_id
    return rules.resumed(kind, id_, facts.results[kind].get(id_))


class ProbeWorker:
    """One probe of one container for as long as the pod lives."""

    __slots__ = (
        "_began",
        "_container",
        "_deadline",
        "_drop_series",
        "_handler",
        "_kind",
        "_next",
        "_parts",
        "_pod",
        "_probe",
        "_running",
        "_series",
        "_state",
        "_stopped",
        "_timer",
        "_tries",
        "_triggered",
    )

    def __init__(
        self, pod: Pod, container: Container, kind: ProbeKind, probe: Probe, parts: ProberParts
    ) -> None:
        self._pod = pod
        self._container = container
        self._kind = kind
        self._probe = probe
        self._parts = parts
        self._state = _first_state(kind, container.name, parts.facts)
        self._handler: Handler | None = None
        self._running: Running | None = None
        self._timer: Timer | None = None
        self._deadline: Timer | None = None
        self._next = 0.0
        self._began = 0.0
        self._tries = 0
        self._triggered = False
        self._stopped = False
        meta = pod.metadata
        self._series, self._drop_series = parts.metrics.probe(
            kind, meta.namespace, meta.name, meta.uid, container.name
        )

    def start(self) -> None:
        """Begin the ticker.

        The first look at a new pod is at once, and finds no container yet.
        """
        now, delay_of = self._parts.scheduler.time(), self._parts.delay_of
        if delay_of is None:
            self._next = self._parts.rota.begin(now, self._probe.period_seconds)
            self._tick()
        else:
            self._next = probe_schedule.on_grid(now + delay_of(self._probe.period_seconds))
            self._schedule(self._next)

    def stop(self) -> None:
        """End; the result published last stays. May be called many times."""
        if self._stopped:
            return
        self._stopped = True
        for timer in (self._timer, self._deadline):
            if timer is not None:
                timer.cancel()
        if self._running is not None:
            self._running.cancel()
            self._running = None
        self._drop_series()

    def update(self, pod: Pod) -> None:
        """The same pod with other labels, annotations or images."""
        self._pod = pod

    def trigger(self) -> None:
        """Run out of turn: at the next turn of the loop, or when the present run has ended."""
        if self._triggered or self._stopped:
            return
        self._triggered = True
        if self._deadline is None:
            self._schedule(self._parts.scheduler.time())

    def _schedule(self, due: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._parts.scheduler.call_at(due, self._tick)

    def _tick(self) -> None:
        now = self._parts.scheduler.time()
        due = now if self._timer is None else self._timer.due
        period = self._probe.period_seconds
        if self._triggered:
            begun = self._parts.rota.begin(now, period)
            self._next = probe_schedule.tick_after_manual_run(period, begun)
        else:
            self._next = probe_schedule.next_tick(self._next, period, now)
        verdict, state = rules.gate(
            self._state,
            self._facts(),
            ran_for=self._ran_for(now),
            initial_delay=self._probe.initial_delay_seconds,
        )
        self._publish(state)
        self._triggered = False  # by ourselves: a first belief makes a status, which asks for us
        if verdict is rules.Gate.STOP:
            self.stop()
        elif verdict is rules.Gate.PROBE:
            self._parts.metrics.lateness.observe(now - due)
            self._tries = 0
            self._execute()
        else:
            self._wait()

    def _facts(self) -> rules.ProbeFacts:
        status = self._parts.status_of(self._container.name)
        if status is None or not status.container_id:
            return rules.ProbeFacts(pod_ended=self._parts.is_over())
        return rules.ProbeFacts(
            container_id=status.container_id.removeprefix(CONTAINER_ID_SCHEME),
            running=status.state.running is not None,
            terminated=status.state.terminated is not None,
            started=bool(status.started),
            may_restart=restart.may_ever_restart(self._pod, self._container),
            pod_ended=self._parts.is_over(),
        )

    def _ran_for(self, now: float) -> float:
        run = self._parts.facts.newest(self._container.name)
        if run is None:
            return 0.0
        return now - self._parts.facts.began_at.get(run.container_id, now)

    def _execute(self) -> None:
        instance = self._parts.facts.live.get(self._container.name)
        if instance is None or instance.container_id != self._state.container_id:
            self._wait()  # it ended a moment ago; the next look will see that
            return
        if self._handler is None:
            self._handler = instance.probe(self._probe)
        self._tries += 1
        scheduler, timeout = self._parts.scheduler, float(self._probe.timeout_seconds)
        self._began = scheduler.time()
        self._deadline = scheduler.call_at(self._began + timeout, self._expired)
        running = self._handler.start(timeout, self._done)
        if self._deadline is not None:
            self._running = running

    def _expired(self) -> None:
        if self._running is not None:
            self._running.expire()

    def _done(self, result: ActionResult) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None
        self._running = None
        if self._stopped:
            return
        if result.outcome is Outcome.ERROR and self._tries < rules.MAX_TRIES:
            self._execute()
            return
        self._conclude(result)
        if not self._stopped:
            self._wait()

    def _conclude(self, result: ActionResult) -> None:
        metric = probe_report.probe_metric(result.outcome)
        if metric is not None:
            self._series.count(metric.result)
            if metric.is_timed:
                self._series.time(self._parts.scheduler.time() - self._began)
        event = probe_report.probe_event(self._kind, result.outcome, result.output)
        if event is not None:
            self._parts.recorder.record(
                self._pod,
                event.type,
                event.reason,
                event.message,
                container=self._container.name,
            )
        self._publish(rules.observe(self._state, result.outcome, self._probe))

    def _publish(self, state: rules.ProbeState) -> None:
        before, self._state = self._state, state
        if state is before or state.result is None:
            return
        results = self._parts.facts.results[self._kind]
        if state.container_id != before.container_id:
            results.pop(before.container_id, None)
            self._handler = None
        results[state.container_id] = state.result
        if not rules.is_news(before, state):
            return
        if self._kind is ProbeKind.READINESS:  # no plan depends on it
            self._parts.facts.shown()
        else:
            self._parts.facts.changed()

    def _wait(self) -> None:
        """Until the next tick, which may have passed while the probe ran; or go on at once."""
        now = self._parts.scheduler.time()
        self._schedule(now if self._triggered else max(self._next, now))
