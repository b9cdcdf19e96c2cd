"""From facts to the status that is published."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from agent.model.pod import Pod
from agent.model.runtime import Sandbox
from agent.model.status import PodStatus
from agent.pod.facts import Ended, PodFacts
from agent.pod.reporter import Reporter
from agent.rules.deadline import Eviction
from agent.store.memory import Change, MemoryStore
from tests.support.builders import container, deleted, pod
from tests.support.lifecycle import run, state_words
from tests.support.node import FakeInstance, Node
from tests.support.virtual_loop import VirtualClock

pytestmark = pytest.mark.asyncio


class Setting:
    """The reporter of one pod, and what it published."""

    def __init__(self) -> None:
        self.store = MemoryStore()
        clock = VirtualClock()
        self.facts = PodFacts(clock=clock)
        self.reporter = Reporter(
            store=self.store, facts=self.facts, clock=clock, host_ips=("127.0.0.1",)
        )
        self.published: list[PodStatus] = []
        self.store.watch(self._seen)

    def begin(self, name: str, container_id: str) -> None:
        instance = FakeInstance(Node(pod()), name, container_id, None, 0)
        self.facts.new_sandbox(Sandbox(sandbox_id="u", ip="127.0.0.1"), ())
        self.facts.began(run(name, "running"), instance)

    def end(self, name: str, container_id: str, code: int) -> None:
        at = datetime(2025, 6, 1, 12, tzinfo=UTC)
        reason = "Error" if code else "Completed"
        self.facts.finished(
            name, container_id, Ended(exit_code=code, finished_at=at, reason=reason)
        )

    def _seen(self, change: Change) -> None:
        if isinstance(change.object, Pod):
            self.published.append(change.object.status)


def states(status: PodStatus) -> list[str]:
    return [state_words(one.state) for one in status.container_statuses]


async def test_nothing_is_published_twice() -> None:
    setting, subject = Setting(), pod()

    setting.reporter.report(subject)
    setting.reporter.report(subject)

    assert len(setting.published) == 1
    assert setting.published[0].phase == "Pending"
    assert states(setting.published[0]) == ["Waiting ContainerCreating"]
    status = setting.reporter.status_of("c")
    assert status is not None
    assert status.name == "c"
    assert setting.reporter.status_of("other") is None


async def test_a_changed_pod_is_published_even_if_its_status_is_the_same() -> None:
    setting = Setting()

    setting.reporter.report(pod())
    setting.reporter.report(deleted(pod(), 3))

    assert len(setting.published) == 2


async def test_a_pod_is_not_over_while_something_of_it_lives() -> None:
    setting = Setting()
    subject = pod(container("a"), container("b"), restart_policy="Never")
    setting.begin("a", "a-10")
    setting.begin("b", "b-10")
    setting.reporter.report(subject)
    setting.reporter.eviction = Eviction("DeadlineExceeded", "too long")

    generated = setting.reporter.report(subject)

    assert generated.phase == "Failed"
    assert setting.reporter.status.phase == "Running"
    assert not setting.reporter.is_over()

    setting.end("a", "a-10", 0)
    setting.end("b", "b-10", 0)
    setting.reporter.report(subject)

    assert (setting.reporter.status.phase, setting.reporter.status.reason) == (
        "Failed",
        "DeadlineExceeded",
    )
    assert setting.reporter.is_over()


async def test_a_stopped_pod_that_ended_well_has_succeeded() -> None:
    setting, subject = Setting(), pod()
    setting.begin("c", "c-10")
    setting.reporter.report(subject)
    setting.end("c", "c-10", 0)

    setting.reporter.report(deleted(subject, 3), terminal=True)

    assert setting.reporter.status.phase == "Succeeded"


async def test_a_container_that_never_ran_counts_as_lost_when_its_pod_is_stopped() -> None:
    setting, subject = Setting(), pod()
    setting.facts.failed_to_start("c", "CreateContainerConfigError", 'configmap "x" not found')
    setting.reporter.report(subject)

    setting.reporter.report(deleted(subject, 3), terminal=True)

    (status,) = setting.reporter.status.container_statuses
    assert setting.reporter.status.phase == "Failed"
    assert status.state.terminated is not None
    assert status.state.terminated.exit_code == 137
    assert status.state.terminated.reason == "ContainerStatusUnknown"
    assert status.state.terminated.message == (
        "The container could not be located when the pod was terminated"
    )


async def test_containers_behind_an_init_container_that_never_ended_keep_waiting() -> None:
    setting, subject = Setting(), pod(init=(container("i"), container("j")))
    setting.facts.failed_to_start("i", "CreateContainerConfigError", 'configmap "x" not found')
    setting.reporter.report(subject)

    setting.reporter.report(deleted(subject, 3), terminal=True)

    status = setting.reporter.status
    assert status.phase == "Failed"
    assert [state_words(one.state) for one in status.init_container_statuses] == [
        "Terminated 137 ContainerStatusUnknown",
        "Waiting PodInitializing",
    ]
    assert states(status) == ["Waiting PodInitializing"]
