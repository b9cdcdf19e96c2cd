"""What holds for every pod, whatever its containers, hooks and probes do (virtual time)."""

from __future__ import annotations

import asyncio
from itertools import pairwise
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from agent.model.container import Container
from agent.model.pod import Pod
from agent.model.runtime import RunState
from agent.rules.phase import TERMINAL
from tests.support.builders import container, deleted, lifecycle, pod, probe, sidecar
from tests.support.node import FAILURE, SUCCESS, Behaviour, Node, Script
from tests.support.virtual_loop import VirtualLoop

_GRACE = 7
_ALIVE = probe("alive", period_seconds=2, failure_threshold=2, termination_grace_period_seconds=3)
_UP = probe("up", period_seconds=1, failure_threshold=3)
_READY = probe("ready", period_seconds=2, timeout_seconds=3)
_HANDLERS = ("alive", "up", "ready", "hello", "bye")

_lives = st.lists(
    st.tuples(st.sampled_from([None, 0.0, 0.5, 3.0, 12.0]), st.sampled_from([0, 1, 42])),
    min_size=1,
    max_size=3,
)
_behaviours = st.builds(
    Behaviour,
    lives=_lives,
    stop_takes=st.sampled_from([None, 0.0, 1.5, 4.0]),
    stop_code=st.sampled_from([0, 143]),
    start_takes=st.sampled_from([0.0, 0.5]),
)


def _script(failures: float, takes: float | None) -> Script:
    return Script(lambda now: FAILURE if now % 10 < failures else SUCCESS, takes)


_scripts = st.builds(
    _script, st.sampled_from([0.0, 4.0, 10.0]), st.sampled_from([0.0, 0.0, 0.5, 5.0, None])
)


@st.composite
def _containers(draw: st.DrawFn, name: str, *, is_sidecar: bool = False) -> Container:
    fields: dict[str, Any] = {
        "liveness_probe": draw(st.sampled_from([None, _ALIVE])),
        "startup_probe": draw(st.sampled_from([None, _UP])),
        "readiness_probe": draw(st.sampled_from([None, _READY])),
        "lifecycle": draw(
            st.sampled_from(
                [
                    None,
                    lifecycle(post_start="hello"),
                    lifecycle(pre_stop="bye"),
                    lifecycle(post_start="hello", pre_stop="bye"),
                ]
            )
        ),
    }
    return sidecar(name, **fields) if is_sidecar else container(name, **fields)


@st.composite
def _pods(draw: st.DrawFn) -> Pod:
    init = draw(
        st.sampled_from(
            [
                (),
                (container("i"),),
                (draw(_containers("s", is_sidecar=True)),),
                (draw(_containers("s", is_sidecar=True)), container("i")),
            ]
        )
    )
    names = draw(st.sampled_from([("a",), ("a", "b")]))
    return pod(
        *(draw(_containers(name)) for name in names),
        init=init,
        restart_policy=draw(st.sampled_from(["Always", "OnFailure", "Never"])),
        grace=_GRACE,
        active_deadline_seconds=draw(st.sampled_from([None, None, 9])),
    )


@st.composite
def _nodes(draw: st.DrawFn) -> tuple[Pod, dict[str, Behaviour], dict[str, Script], float]:
    wanted = draw(_pods())
    names = [one.name for one in (*wanted.spec.init_containers, *wanted.spec.containers)]
    return (
        wanted,
        {name: draw(_behaviours) for name in names},
        {f"{name} {what}": draw(_scripts) for name in names for what in _HANDLERS},
        draw(st.sampled_from([0.0, 0.5, 2.0, 6.0, 6.5, 30.0])),
    )


@settings(max_examples=80, deadline=None)
@given(_nodes())
def test_every_pod_keeps_the_rules_and_comes_to_its_end(
    case: tuple[Pod, dict[str, Behaviour], dict[str, Script], float],
) -> None:
    wanted, behaviours, scripts, stop_at = case

    async def live() -> None:
        node = Node(wanted, behaviours, scripts)
        _watch(node)
        await asyncio.wait_for(node.stopped_at(stop_at, _GRACE), 1000)
        _check(node, stop_at)

    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        runner.run(live())


@settings(max_examples=40, deadline=None)
@given(_nodes())
def test_a_kill_ends_everything_soon(
    case: tuple[Pod, dict[str, Behaviour], dict[str, Script], float],
) -> None:
    wanted, behaviours, scripts, kill_at = case

    async def live() -> None:
        node = Node(wanted, behaviours, scripts)
        _watch(node)
        async with asyncio.TaskGroup() as group:
            task = group.create_task(node.worker.run())
            await node.clock.sleep(kill_at)
            node.worker.stop(deleted(node.worker.pod, _GRACE))
            node.worker.kill()
            await asyncio.wait_for(task, 2)
        _check(node, kill_at)

    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        runner.run(live())


def _watch(node: Node) -> None:
    """A terminal phase is published only when nothing runs."""

    def seen(_: object) -> None:
        if node.pod.status.phase in TERMINAL:
            assert not [run for run in _runs(node) if run is RunState.RUNNING]

    node.store.watch(seen)


def _runs(node: Node) -> list[RunState]:
    facts = node.worker._parts.facts
    return [run.state for run in facts.all_runs()]


def _check(node: Node, stop_at: float) -> None:
    statuses = [seen.status for _, seen in node.statuses]
    phases = [status.phase for status in statuses]
    assert phases[-1] in TERMINAL
    assert all(after == before for before, after in pairwise(phases) if before in TERMINAL)
    assert RunState.RUNNING not in _runs(node)
    starts = [at for at, what in node.log if what.endswith(" started")]
    assert all(at <= stop_at + 0.5 for at in starts)
    for status in statuses:
        ready = {one.type: one.status for one in status.conditions}
        all_ready = all(one.ready for one in status.container_statuses)
        assert ready["Ready"] != "True" or all_ready
        assert ready["Ready"] == ready["ContainersReady"]
        for one in (*status.init_container_statuses, *status.container_statuses):
            assert not one.ready or one.state.waiting is None
    for before, after in pairwise(statuses):
        counts = {one.name: one.restart_count for one in before.container_statuses}
        for one in after.container_statuses:
            assert one.restart_count >= counts[one.name]
