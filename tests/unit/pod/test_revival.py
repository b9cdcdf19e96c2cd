"""The agent dies, the next one goes on: what is kept, what is begun anew (virtual time)."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import msgspec
import pytest

from agent.model.pod import Pod
from agent.model.status import ContainerStatus
from agent.pod.run_files import RunFile
from agent.store.records import ContainerRecord, HookProgress, PodRecord
from tests.support.builders import annotated, container, deleted, lifecycle, pod, probe, sidecar
from tests.support.node import FAILURE, SUCCESS, Behaviour, Node, Script

pytestmark = pytest.mark.asyncio


def status(node: Node, name: str = "c") -> ContainerStatus:
    found = node.frozen.status
    return next(
        one
        for one in (*found.init_container_statuses, *found.container_statuses)
        if one.name == name
    )


async def remembered(given: Pod, *behaviours: tuple[str, Behaviour], **scripts: Script) -> Node:
    named = {name.replace("_", " "): script for name, script in scripts.items()}
    return Node(given, dict(behaviours), named, is_remembered=True)


async def test_what_runs_is_adopted_and_not_started_again() -> None:
    node = await remembered(pod(container("c"), init=(container("i"),)), ("i", _ends(2, 0)))
    await node.work_for(10)
    before = node.pod.status

    node.next_agent()
    await node.run_for(60)

    assert node.times("i started") == [0]
    assert node.times("c started") == [2]
    assert node.times("c adopted") == [10]
    assert node.frozen.status == before


async def test_restart_counts_and_the_last_state_go_on() -> None:
    node = await remembered(pod(), ("c", Behaviour(lives=[(3, 1), (20, 2), (None, 0)])))
    await node.work_for(10)

    node.next_agent()
    await node.run_for(60)

    assert node.times("c started") == [0, 3, 33]
    last = status(node).last_state.terminated
    assert (status(node).restart_count, last and last.exit_code) == (2, 2)


async def test_an_exit_that_nobody_saw_is_followed_by_the_restart_policy() -> None:
    for policy, starts, phase in (("Always", [0, 30], "Running"), ("Never", [0], "Failed")):
        node = await remembered(pod(restart_policy=policy), ("c", _ends(20, 7)))
        await node.work_for(10)
        await node.clock.sleep(20)

        node.next_agent()
        await node.run_for(5)

        assert [at % 35 for at in node.times("c started")] == [
            at % 35 for at in _since(starts, node)
        ]
        assert node.frozen.status.phase == phase


def _since(starts: Sequence[float], node: Node) -> list[float]:
    first = node.times("c started")[0]
    return [first + at for at in starts]


def _ends(seconds: float, code: int) -> Behaviour:
    return Behaviour(lives=[(seconds, code), (None, 0)])


async def test_back_off_goes_on_where_it_was() -> None:
    node = await remembered(pod(), ("c", Behaviour(lives=[(1, 1)])))
    await node.work_for(15)  # started at 0, 1 and 12; ended at 13: 20 s from there
    assert node.times("c started") == [0, 1, 12]

    node.next_agent()
    await node.run_for(30)

    assert node.times("c started") == [0, 1, 12, 33]


async def test_ready_and_started_are_kept_and_probes_go_on_with_their_jitter() -> None:
    checks = {
        "startup_probe": probe("begun", period_seconds=2),
        "readiness_probe": probe("up", period_seconds=10),
        "liveness_probe": probe("alive", period_seconds=10),
    }
    node = await remembered(pod(container("c", **checks)))
    await node.work_for(25)
    assert node.pod.status.container_statuses[0].ready
    asked = len(node.times("probe c begun"))

    node.next_agent(jitter=0.5)
    await node.run_for(30)

    assert node.conditions("Ready")[-1][1] == "True"
    assert [one[1] for one in node.conditions("Ready")].count("False") == 1
    assert len(node.times("probe c begun")) == asked
    assert [at for at in node.times("probe c alive") if at > 25] == [30, 40, 50]
    assert [at for at in node.times("probe c up") if at > 25] == [30, 40, 50]


async def test_readiness_that_is_lost_afterwards_counts_from_the_beginning() -> None:
    node = await remembered(
        pod(container("c", readiness_probe=probe("up", period_seconds=10))),
        c_up=Script(lambda now: SUCCESS if now < 25 else FAILURE),
    )
    await node.work_for(25)

    node.next_agent()
    await node.run_for(40)

    assert [at for at in node.times("probe c up") if at >= 25][:3] == [25, 35, 45]
    assert node.conditions("Ready")[-1][:2] == (45, "False")


async def test_a_startup_probe_that_had_not_succeeded_goes_on() -> None:
    node = await remembered(
        pod(container("c", startup_probe=probe("begun", failure_threshold=9))),
        c_begun=Script(lambda now: SUCCESS if now > 40 else FAILURE),
    )
    await node.work_for(15)

    node.next_agent()
    await node.run_for(40)

    assert node.times("c started") == [0]
    assert status(node).started is True
    assert not any("Killing" in text for text in node.events("Killing"))


async def test_a_post_start_hook_in_flight_is_neither_repeated_nor_waited_for() -> None:
    hooked = container("c", lifecycle=lifecycle(post_start="hello"))
    node = await remembered(pod(hooked), c_hello=Script(takes=None))
    await node.work_for(10)
    (record,) = node.store.records.of_pod(ContainerRecord, "u")
    assert record.post_start is HookProgress.RUNNING
    assert node.pod.status.phase == "Pending"

    node.next_agent()
    await node.run_for(5)

    assert node.times("hook c hello") == [0]
    assert node.times("c started") == [0]
    assert node.frozen.status.phase == "Running"


async def test_a_pod_that_was_being_deleted_ends_and_no_ended_hook_is_repeated() -> None:
    hooked = container("c", lifecycle=lifecycle(pre_stop="bye"))
    node = await remembered(pod(hooked), ("c", Behaviour(stop_takes=None)), c_bye=Script(takes=3))
    async with asyncio.TaskGroup() as group:
        task = group.create_task(node.worker.run())
        await node.clock.sleep(10)
        ending = node.store.put(deleted(node.pod, 30))
        node.worker.stop(ending, 30)
        await node.clock.sleep(10)
        task.cancel()
    assert node.times("hook c bye") == [10]

    node.next_agent()
    node.worker.stop(ending, 30)
    await node.worker.run()

    assert node.times("hook c bye") == [10]
    assert node.times("c ended 137")[-1] == 20 + 30


async def test_a_pre_stop_hook_that_was_cut_off_is_run_again() -> None:
    hooked = container("c", lifecycle=lifecycle(pre_stop="bye"))
    node = await remembered(pod(hooked), c_bye=Script(takes=8))
    async with asyncio.TaskGroup() as group:
        task = group.create_task(node.worker.run())
        await node.clock.sleep(1)
        ending = node.store.put(deleted(node.pod, 30))
        node.worker.stop(ending, 30)
        await node.clock.sleep(4)
        task.cancel()

    node.next_agent()
    node.worker.stop(ending, 30)
    await node.worker.run()

    assert node.times("hook c bye") == [1, 5]
    assert node.times("c ended 0") == [13]


async def test_after_a_reboot_everything_starts_from_the_first_init_container() -> None:
    given = pod(container("c"), init=(container("i"), sidecar("s")))
    node = await remembered(given, ("i", _ends(2, 0)))
    await node.work_for(10)
    node.behaviour("i").lives[:] = [(2, 0)]
    started = node.pod.status.start_time

    node.next_agent("another boot")
    await node.run_for(10)

    assert node.times("c adopted") == []
    assert node.times("i started") == [0, 10]
    assert node.times("s started") == [2, 12]
    assert node.times("c started") == [2, 12]
    last = status(node).last_state.terminated
    assert last is not None
    assert (last.exit_code, last.reason) == (137, "ContainerStatusUnknown")
    assert status(node).restart_count == 1
    assert node.frozen.status.start_time == started


async def test_a_pod_that_never_restarts_is_over_after_a_reboot() -> None:
    node = await remembered(pod(restart_policy="Never"))
    await node.work_for(10)

    node.next_agent("another boot")
    await node.run_for(10)

    assert node.times("c started") == [0]
    assert node.frozen.status.phase == "Failed"


async def test_the_deadline_of_a_pod_counts_from_its_first_start() -> None:
    for boot in ("boot", "another boot"):
        node = await remembered(pod(active_deadline_seconds=100))
        began = node.scheduler.time()
        await node.work_for(60)

        node.next_agent(boot)
        await node.run_for(60)

        assert node.frozen.status.reason == "DeadlineExceeded"
        assert node.phases()[-1] == (began + 100, "Failed")


async def test_readiness_that_was_told_is_not_told_again() -> None:
    given = annotated(pod(), on_ready='["tell", "up"]', on_not_ready='["tell", "down"]')
    node = await remembered(given)
    await node.work_for(10)
    assert node.times("aside c tell up") == [0]

    node.next_agent()
    await node.run_for(10)

    assert node.times("aside c tell up") == [0]


async def test_nothing_is_remembered_of_a_pod_that_is_over() -> None:
    node = await remembered(pod(restart_policy="Never"), ("c", _ends(3, 0)))
    await node.work_for(10)

    assert node.pod.status.phase == "Succeeded"
    assert node.store.records.pods() == ()


async def test_of_each_container_as_many_runs_are_remembered_as_are_shown() -> None:
    node = await remembered(pod(), ("c", Behaviour(lives=[(1, 1)])))
    await node.work_for(60)

    records = node.store.records.of_pod(ContainerRecord, "u")
    assert [record.attempt for record in records] == [2, 3]
    found = node.store.records.get(PodRecord, "u")
    assert found is not None
    assert found.back_off["c"].delay == 40
    assert found.start_failures["c"][0] == "CrashLoopBackOff"


def run_file(node: Node) -> RunFile:
    """The file of the only run, as it is in the records."""
    (container_record,) = node.store.records.of_pod(ContainerRecord, "u")
    pod_record = node.store.records.get(PodRecord, "u")
    assert pod_record is not None
    return RunFile(pod_record, container_record)


async def test_a_run_that_no_record_knew_yet_is_found_by_its_file() -> None:
    node = await remembered(pod())
    await node.work_for(10)
    node.run_files.append(run_file(node))
    node.store.records.drop_pod("u")

    node.next_agent()
    await node.run_for(10)

    assert node.times("c adopted") == [10]
    assert node.times("c started") == [0]


async def test_a_file_that_the_records_have_overtaken_is_not_believed() -> None:
    node = await remembered(pod(), ("c", Behaviour(lives=[(5, 1), (None, 0)])))
    await node.work_for(1)
    node.run_files.append(run_file(node))
    node.next_agent()
    await node.work_for(9)

    node.next_agent()
    await node.run_for(10)

    assert node.times("c started") == [0, 5]
    assert node.times("c adopted") == [1, 10]


async def test_files_of_another_boot_mean_nothing() -> None:
    node = await remembered(pod())
    await node.work_for(10)
    node.run_files.append(run_file(node))
    node.store.records.drop_pod("u")

    node.next_agent("another boot")
    await node.run_for(10)

    assert node.times("c adopted") == []
    assert node.times("c started") == [0, 10]


async def test_a_record_from_before_the_first_start_does_not_count_beside_the_runs_file() -> None:
    node = await remembered(pod())
    await node.work_for(10)
    file = run_file(node)
    node.run_files.append(file)
    node.store.records.drop_pod("u")
    node.store.records.put(msgspec.structs.replace(file.pod, sandbox=None))

    node.next_agent()
    await node.run_for(10)

    assert node.times("c adopted") == [10]
    assert node.times("c signalled") == []
    assert node.times("c started") == [0]
