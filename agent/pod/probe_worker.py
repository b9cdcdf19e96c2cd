"""One probe of one container: when the rules say so, run the handler and publish the belief.

Kubernetes: pkg/kubelet/prober. A worker exists from before its container's first start until the
pod ends, and survives restarts. No task stands behind it: the scheduler calls it at its ticks, the
handler calls it back.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Protocol

from agent.action.handler import Handler, Running
from agent.action.result import ActionResult, Outcome
from agent.host.deadlines import Deadlines
from agent.model.container import Container
from agent.model.handler import Probe
from agent.model.pod import Pod
from agent.model.runtime import CONTAINER_ID_SCHEME, ProbeKind
from agent.model.status import PodStatus
from agent.pod.facts import Instance, PodFacts
from agent.rules import probe as rules
from agent.rules import probe_report, probe_schedule, restart

if TYPE_CHECKING:
    from agent.pod.prober import ProberParts

# Looking up a member of an Enum class is slow before Python 3.12.
_SUCCESS, _ERROR = Outcome.SUCCESS, Outcome.ERROR
_PROBE, _STOP = rules.Gate.PROBE, rules.Gate.STOP
_NEVER = float("inf")


class Owner(Protocol):
    """Whose probe it is (agent.pod.prober)."""

    @property
    def pod(self) -> Pod:
        """As it is now: labels, annotations and images may change."""
        ...

    @property
    def parts(self) -> ProberParts:
        """What its workers share."""
        ...


def _first_state(kind: ProbeKind, name: str, facts: PodFacts) -> rules.ProbeState:
    """What is believed at first: nothing, or of a run that an earlier agent started what it did."""
    instance = facts.live.get(name)
    if instance is None:
        return rules.ProbeState(kind)
    id_ = instance.container_id
    return rules.resumed(kind, id_, facts.results[kind].get(id_))


class ProbeWorker:
    """One probe of one container for as long as the pod lives.

    There may be very many of them, and nearly all that they do is to find that nothing is new:
    that takes few calls and leaves nothing behind (tests: test_probe_cost). When
    it is due again no cache knows it any more: what it needs is here, not behind two references.
    """

    __slots__ = (
        "_began",
        "_container",
        "_deadlines",
        "_due",
        "_facts",
        "_handler",
        "_judged",
        "_lateness",
        "_live",
        "_next",
        "_owner",
        "_period",
        "_probe",
        "_published",
        "_running",
        "_scheduler",
        "_series",
        "_state",
        "_steady",
        "_stopped",
        "_triggered",
        "_try",
    )

    def __init__(self, owner: Owner, container: Container, kind: ProbeKind, probe: Probe) -> None:
        parts, meta = owner.parts, owner.pod.metadata
        self._owner = owner
        self._scheduler = parts.scheduler
        self._lateness = parts.metrics.lateness
        self._published = parts.published
        self._facts = parts.facts
        self._period = probe.period_seconds
        self._container = container
        self._probe = probe
        self._state = _first_state(kind, container.name, parts.facts)
        self._deadlines: Deadlines = parts.scheduler.deadlines(float(probe.timeout_seconds))
        self._series = parts.metrics.probe(
            kind, meta.namespace, meta.name, meta.uid, container.name
        )
        self._handler: Handler | None = None  # prepared for the run that is believed something of
        self._running: Running | None = None
        self._live: Mapping[str, Instance] | None = None  # among which that was
        self._judged: PodStatus | None = None  # in which there was a reason to probe
        self._steady: Outcome | None = None  # the one that does not change the belief
        self._next = 0.0  # the next tick
        self._due = _NEVER  # when the scheduler calls, if it is to
        self._began = 0.0
        self._try = 0  # which one is under way; 0 between probes
        self._triggered = False
        self._stopped = False

    @property
    def kind(self) -> ProbeKind:
        """Which of the container's probes it is."""
        return self._state.kind

    @property
    def container(self) -> str:
        """Whose probe it is, by name."""
        return self._container.name

    def start(self) -> None:
        """Begin the ticker.

        The first look at a new pod is at once, and finds no container yet.
        """
        parts, period = self._owner.parts, self._period
        now = self._scheduler.time()
        if parts.delay_of is None:
            self._next = parts.rota.begin(now, period)
            self._due = now
            self.ring(now)
        else:
            self._due = self._next = probe_schedule.on_grid(now + parts.delay_of(period))
            self._scheduler.join(self._due, self)

    def stop(self) -> None:
        """End; the result published last stays. May be called many times."""
        if self._stopped:
            return
        self._stopped = True
        self._leave()
        self._deadlines.discard(self)
        if self._running is not None:
            self._running.cancel()
            self._running = None
        self._owner.parts.metrics.drop(self._series)

    def trigger(self) -> None:
        """Run out of turn: at the next turn of the loop, or when the present run has ended."""
        if self._triggered or self._stopped:
            return
        self._triggered = True
        if not self._try:
            self._wait(self._scheduler.time())

    def expire(self) -> None:
        """Called when the present try has taken too long."""
        if self._running is not None:
            self._running.expire()

    def ring(self, due: float) -> None:
        """Called by the scheduler when a tick has come."""
        if due != self._due or self._stopped:
            return
        self._due = _NEVER
        now = self._scheduler.time()
        if self._triggered:
            begun = self._owner.parts.rota.begin(now, self._period)
            self._next = probe_schedule.tick_after_manual_run(self._period, begun)
        else:
            self._next += self._period
            if self._next <= now:  # whole ticks have been missed
                self._next = probe_schedule.next_tick(self._next, self._period, now)
        # With the same status, the same belief and more time passed the rules say the same.
        verdict = _PROBE if self._judged is self._published.status else self._judge(now)
        self._triggered = False  # by ourselves: a first belief makes a status, which asks for us
        if verdict is _PROBE:
            self._lateness.observe(now - due)
            self._execute(1, now)
        elif verdict is _STOP:
            self.stop()
        else:
            self._wait(now)

    def _judge(self, now: float) -> rules.Gate:
        status = self._published.status
        verdict, state = rules.gate(
            self._state,
            self._seen(),
            ran_for=self._ran_for(now),
            initial_delay=self._probe.initial_delay_seconds,
        )
        self._publish(state)
        if verdict is _PROBE:
            self._judged = status
        return verdict

    def _seen(self) -> rules.ProbeFacts:
        published = self._published
        status = published.status_of(self._container.name)
        if status is None or not status.container_id:
            return rules.ProbeFacts(pod_ended=published.is_over())
        return rules.ProbeFacts(
            container_id=status.container_id.removeprefix(CONTAINER_ID_SCHEME),
            running=status.state.running is not None,
            terminated=status.state.terminated is not None,
            started=bool(status.started),
            may_restart=restart.may_ever_restart(self._owner.pod, self._container),
            pod_ended=published.is_over(),
        )

    def _ran_for(self, now: float) -> float:
        facts = self._facts
        run = facts.newest(self._container.name)
        if run is None:
            return 0.0
        return now - facts.began_at.get(run.container_id, now)

    def _execute(self, number: int, now: float) -> None:
        """Begin a try; `number` counts those of one probe."""
        live = self._facts.live
        if live is not self._live and not self._is_among(live):
            self._wait(now)  # it ended a moment ago; the next look will see that
            return
        assert self._handler is not None  # made when the run was found
        if self._due != _NEVER:
            self._leave()
        self._try, self._began = number, now
        running = self._handler.start(self._deadlines.seconds, self._done)
        if self._try == number:  # otherwise it is over, or another one is under way
            self._running = running
            self._deadlines.add(self, now)

    def _is_among(self, live: Mapping[str, Instance]) -> bool:
        """Whether the run that we believe something of is alive; if so, be prepared for it."""
        instance = live.get(self._container.name)
        if instance is None or instance.container_id != self._state.container_id:
            return False
        if self._handler is None:
            self._handler = instance.probe(self._probe)
        self._live = live
        return True

    def _done(self, result: ActionResult) -> None:
        if self._running is not None:
            self._running = None
            self._deadlines.discard(self)
        if self._stopped:
            return
        number, self._try = self._try, 0
        now, outcome = self._scheduler.time(), result.outcome
        if outcome is _ERROR and number < rules.MAX_TRIES:
            self._execute(number + 1, now)
            return
        if outcome is _SUCCESS:
            self._series.observe(now - self._began)
        else:
            self._tell(result, now)
        self._began = 0.0  # the number is freed while it is at hand
        if outcome is not self._steady:
            self._believe(outcome)
        elif self._next >= now and self._due == _NEVER and not self._triggered:  # as nearly always
            self._due = self._next
            self._scheduler.join(self._next, self)
            return
        if not self._stopped:
            self._wait(now)

    def _believe(self, outcome: Outcome) -> None:
        """Count it; what changes nothing now will not do so as long as the belief is the same."""
        state = rules.observe(self._state, outcome, self._probe)
        if state is self._state:
            self._steady = outcome
        else:
            self._publish(state)

    def _tell(self, result: ActionResult, now: float) -> None:
        """Count and record an execution that did not simply succeed."""
        metric = probe_report.probe_metric(result.outcome)
        if metric is not None and metric.is_timed:
            self._series.observe(now - self._began)
        elif metric is not None:
            self._series.failed()
        event = probe_report.probe_event(self.kind, result.outcome, result.output)
        if event is not None:
            self._owner.parts.recorder.record(
                self._owner.pod,
                event.type,
                event.reason,
                event.message,
                container=self._container.name,
            )

    def _publish(self, state: rules.ProbeState) -> None:
        before, self._state = self._state, state
        if state is before:
            return
        self._judged = self._steady = None
        if state.result is None:
            return
        facts = self._facts
        results = facts.results[state.kind]
        if state.container_id != before.container_id:
            results.pop(before.container_id, None)
            self._handler = self._live = None
        results[state.container_id] = state.result
        if not rules.is_news(before, state):
            return
        if state.kind is ProbeKind.READINESS:  # no plan depends on it
            facts.shown()
        else:
            facts.changed()

    def _wait(self, now: float) -> None:
        """Until the next tick, which may have passed while the probe ran; or go on at once."""
        if self._due != _NEVER:
            self._leave()
        self._due = due = now if self._triggered or self._next < now else self._next
        self._scheduler.join(due, self)

    def _leave(self) -> None:
        self._scheduler.leave(self._due, self)
        self._due = _NEVER
