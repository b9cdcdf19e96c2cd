"""What happened to the containers of one pod so far: the mutable record behind rules and status."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Protocol

import msgspec

from agent.action.handler import Handler, Target
from agent.host.clock import Clock
from agent.model.handler import LifecycleHandler, ProbeHandler
from agent.model.runtime import ContainerRun, ProbeKind, ProbeResult, RunState, Sandbox
from agent.pod.access import RunAccess
from agent.rules.backoff import BackOffEntry
from agent.store.records import HookProgress, Trace

#: Per container the current run and one dead one (kubelet: maximum-dead-containers-per-container).
_KEPT_RUNS = 2


class Ended(msgspec.Struct, frozen=True, kw_only=True):
    """How a run of a container ended; nothing of it is alive any more."""

    exit_code: int
    finished_at: datetime
    reason: str
    message: str = ""


class Instance(Protocol):
    """One live run of a container on this machine."""

    @property
    def container_id(self) -> str:
        """Bare id, unique over all runs."""
        ...

    @property
    def target(self) -> Target:
        """Where network handlers reach it."""
        ...

    @property
    def access(self) -> RunAccess:
        """The way in for exec and attach."""
        ...

    def probe(self, handler: ProbeHandler) -> Handler:
        """Prepare a probe's handler against this run."""
        ...

    def hook(self, handler: LifecycleHandler) -> Handler:
        """Prepare a lifecycle hook's handler against this run."""
        ...

    @property
    def trace(self) -> Trace | None:
        """What the next agent needs to take the run over; None if it ends with this one."""
        ...

    async def watch(self) -> Ended:
        """Wait for the end and clean up; the owner of the run keeps this going."""
        ...

    async def settle(self) -> None:
        """The end has become a fact: let go of what was kept until then."""
        ...

    async def stop(self, grace: float) -> None:
        """Send the stop signal, SIGKILL to all that is left after `grace` seconds; wait."""
        ...

    def kill(self) -> None:
        """SIGKILL to everything at once; `ended` tells when that is done."""
        ...

    def pids(self) -> frozenset[int]:
        """The processes of the run, for those who measure: as of a second ago at most."""
        ...


class PodFacts(msgspec.Struct):
    """Facts about one pod; only its worker and what the worker owns write here.

    `changed` is called after every change that could alter the next plan, `shown` after one that
    alters the status alone.
    """

    clock: Clock
    changed: Callable[[], None] = lambda: None
    shown: Callable[[], None] = lambda: None
    sandboxes: tuple[Sandbox, ...] = ()
    runs: dict[str, list[ContainerRun]] = msgspec.field(default_factory=dict)
    #: Container id to the second in which it was started, on the monotonic clock: statuses cut
    #: times to whole seconds, and initialDelaySeconds counts from there.
    began_at: dict[str, float] = msgspec.field(default_factory=dict)
    #: Container id to the moment of its end, on the monotonic clock: back-off counts from there.
    ended_at: dict[str, float] = msgspec.field(default_factory=dict)
    #: Replaced by another object whenever it changes: who has looked knows by it.
    live: Mapping[str, Instance] = msgspec.field(default_factory=dict)
    #: A process is being started: it may live before it is known here.
    is_starting: bool = False
    #: Runs whose postStart hook has not returned: no status and no probe sees them yet.
    hidden: frozenset[str] = frozenset()
    #: Container name to reason and message of the last start attempt that failed.
    start_failures: dict[str, tuple[str, str]] = msgspec.field(default_factory=dict)
    back_off: dict[str, BackOffEntry] = msgspec.field(default_factory=dict)
    _gone: dict[str, asyncio.Event] = msgspec.field(default_factory=dict)
    _purged: dict[str, int] = msgspec.field(default_factory=dict)
    results: dict[ProbeKind, dict[str, ProbeResult]] = msgspec.field(
        default_factory=lambda: {kind: {} for kind in ProbeKind}
    )
    #: Container id to how far its preStop hook has come; none that ended is run again.
    pre_stop: dict[str, HookProgress] = msgspec.field(default_factory=dict)
    #: When the pod became active (monotonic seconds): activeDeadlineSeconds counts from there.
    active_since: float = 0.0

    def __post_init__(self) -> None:
        """Unless an earlier agent knows better, the pod becomes active now."""
        self.active_since = self.active_since or self.clock.monotonic()

    def newest(self, name: str) -> ContainerRun | None:
        """The latest run of a container, hidden or not."""
        runs = self.runs.get(name)
        return runs[0] if runs else None

    def all_runs(self) -> list[ContainerRun]:
        """Every run that is remembered."""
        return [run for runs in self.runs.values() for run in runs]

    def visible_runs(self) -> list[ContainerRun]:
        """Every run whose postStart hook has returned."""
        return [run for run in self.all_runs() if run.container_id not in self.hidden]

    def last_exits(self) -> dict[str, float]:
        """When the newest ended run of each container ended (monotonic seconds)."""
        exits: dict[str, float] = {}
        for run in self.all_runs():
            if run.state is RunState.EXITED:
                exits.setdefault(run.name, self.ended_at.get(run.container_id, 0.0))
        return exits

    def new_sandbox(self, sandbox: Sandbox, init_containers: Iterable[str]) -> None:
        """Everything starts anew in `sandbox`.

        What init containers did before is forgotten but for their number, or they would count as
        done (kuberuntime: purgeInitContainers, calcRestartCountByLogDir).
        """
        self.sandboxes = (sandbox,)
        for name in init_containers:
            newest = self.newest(name)
            if newest is not None:
                del self.runs[name]
                self._purged[name] = newest.restart_count

    def end_sandbox(self) -> None:
        """All containers have ended for good; what they ran in is gone."""
        self.sandboxes = tuple(
            msgspec.structs.replace(sandbox, ready=False) for sandbox in self.sandboxes
        )

    def next_restart_count(self, name: str) -> int:
        """0 for the first run, one more than the previous run's afterwards."""
        newest = self.newest(name)
        if newest is not None:
            return newest.restart_count + 1
        return self._purged.get(name, -1) + 1

    def began(self, run: ContainerRun, instance: Instance | None, *, hidden: bool = False) -> None:
        """A run was started, or failed to start and is recorded as ended (`instance` is None)."""
        runs = [run, *self.runs.get(run.name, ())]
        for forgotten in runs[_KEPT_RUNS:]:
            self.ended_at.pop(forgotten.container_id, None)
            self.began_at.pop(forgotten.container_id, None)
            self.pre_stop.pop(forgotten.container_id, None)
        self.runs[run.name] = runs[:_KEPT_RUNS]
        now = self.clock.monotonic()
        if run.started_at is not None:
            self.began_at[run.container_id] = now - run.started_at.microsecond / 1e6
        if instance is None:
            self.ended_at[run.container_id] = now
        if hidden:
            self.hidden |= {run.container_id}
        if instance is not None:
            self.revived(run, instance)
        self.changed()

    def revived(self, run: ContainerRun, instance: Instance) -> None:
        """A run of this pod, which is among `runs`, is alive as `instance`."""
        self.live = {**self.live, run.name: instance}
        self._gone[run.container_id] = asyncio.Event()

    def pre_stop_is(self, container_id: str, progress: HookProgress) -> None:
        """The preStop hook of a run has come so far."""
        self.pre_stop[container_id] = progress
        self.shown()

    def reveal(self, run: ContainerRun, failure: tuple[str, str] | None = None) -> None:
        """The postStart hook of this run returned; `failure` is why the start failed by it."""
        if failure is None:
            self.start_succeeded(run.name)
        else:
            self.start_failures[run.name] = failure
        self.hidden -= {run.container_id}
        self.changed()

    def finished(self, name: str, container_id: str, ended: Ended) -> None:
        """A run ended and everything of it is gone."""
        self.runs[name] = [
            _finish(run, ended) if run.container_id == container_id else run
            for run in self.runs[name]
        ]
        self.ended_at[container_id] = self.clock.monotonic()
        instance = self.live.get(name)
        if instance is not None and instance.container_id == container_id:
            self.live = {other: each for other, each in self.live.items() if other != name}
        self._gone.pop(container_id).set()
        self.changed()

    def will_come_back(self, name: str) -> None:
        """The newest run of a container is about to be killed in order to be started again."""
        newest, *older = self.runs[name]
        self.runs[name] = [msgspec.structs.replace(newest, comes_back=True), *older]

    async def wait_gone(self, container_id: str) -> None:
        """Wait until the end of a run has become a fact here."""
        gone = self._gone.get(container_id)
        if gone is not None:
            await gone.wait()

    def failed_to_start(self, name: str, reason: str, message: str) -> None:
        """The last attempt to start a container failed, or was put off."""
        if self.start_failures.get(name) != (reason, message):
            self.start_failures[name] = (reason, message)
            self.shown()

    def start_succeeded(self, name: str) -> None:
        """The last attempt to start a container succeeded."""
        self.start_failures.pop(name, None)


def _finish(run: ContainerRun, ended: Ended) -> ContainerRun:
    return msgspec.structs.replace(
        run,
        state=RunState.EXITED,
        exit_code=ended.exit_code,
        finished_at=ended.finished_at,
        reason=ended.reason,
        message=ended.message,
    )
