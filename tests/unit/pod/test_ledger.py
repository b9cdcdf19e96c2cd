"""What is written down of a pod, and when."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from agent.model.runtime import ProbeKind, ProbeResult
from agent.pod import run_files
from agent.pod.facts import Ended, PodFacts
from agent.pod.ledger import RecordLedger
from agent.store.memory import MemoryStore
from agent.store.records import ContainerRecord, HookProgress, PodRecord, Trace
from tests.support.builders import pod
from tests.support.node import FakeInstance, Node
from tests.support.records import container_record
from tests.support.virtual_loop import VirtualClock

pytestmark = pytest.mark.asyncio


class Traced(FakeInstance):
    """A run that is to outlive the agent, with its output in a folder of the test's."""

    folder = Path()

    @property
    def trace(self) -> Trace | None:
        found = super().trace
        assert found is not None
        return msgspec.structs.replace(found, output=str(self.folder / "c.0.output"))


class Setting:
    def __init__(self, folder: Path, *, has_hook: bool = False) -> None:
        self.records = MemoryStore().records
        self.facts = PodFacts(clock=VirtualClock())
        self.ledger = RecordLedger(
            records=self.records,
            facts=self.facts,
            pod=pod(),
            boot_id="boot",
            has_post_start=lambda _: has_hook,
        )
        self.facts.changed = self.facts.shown = self.ledger.note
        self.folder = folder
        self.run = container_record("u", "c", 0).run

    def begin(self, *, hidden: bool = False) -> None:
        instance = Traced(Node(pod()), "c", self.run.container_id, None, 0)
        instance.folder = self.folder
        self.facts.began(self.run, instance, hidden=hidden)

    def record(self) -> ContainerRecord:
        (found,) = self.records.of_pod(ContainerRecord, "u")
        return found


async def test_a_run_is_written_down_as_it_begins_and_as_it_ends(tmp_path: Path) -> None:
    setting = Setting(tmp_path)
    setting.begin()
    assert setting.record().trace is not None
    assert setting.record().began_at is not None

    ended = Ended(exit_code=3, finished_at=setting.facts.clock.now(), reason="Error")
    setting.facts.finished("c", setting.run.container_id, ended)

    assert setting.record().trace is None
    assert setting.record().run.exit_code == 3


async def test_what_did_not_change_is_not_written_again(tmp_path: Path) -> None:
    setting = Setting(tmp_path)
    setting.begin()
    before = setting.records.put(container_record("other"))

    setting.ledger.note()

    assert setting.records.put(container_record("other")) == before + 1


async def test_beliefs_and_hooks_are_written_down(tmp_path: Path) -> None:
    setting = Setting(tmp_path, has_hook=True)
    setting.begin(hidden=True)
    assert setting.record().post_start is HookProgress.RUNNING
    id_ = setting.run.container_id
    setting.facts.results[ProbeKind.READINESS][id_] = ProbeResult.FAILURE
    setting.facts.results[ProbeKind.STARTUP][id_] = ProbeResult.SUCCESS
    setting.facts.pre_stop_is(id_, HookProgress.RUNNING)
    setting.facts.reveal(setting.run)

    record = setting.record()
    assert (record.is_ready, record.is_started) == (False, True)
    assert record.post_start is HookProgress.SUCCEEDED
    assert record.pre_stop is HookProgress.RUNNING


async def test_a_live_run_has_a_file_beside_its_output(tmp_path: Path) -> None:
    setting = Setting(tmp_path)
    setting.begin()

    (file,) = run_files.read_all(str(tmp_path))
    assert file.container.run == setting.run
    assert file.pod == setting.records.get(PodRecord, "u")
    assert file.object == pod()

    ended = Ended(exit_code=0, finished_at=setting.facts.clock.now(), reason="Completed")
    setting.facts.finished("c", setting.run.container_id, ended)
    assert run_files.read_all(str(tmp_path)) == []


async def test_nothing_is_left_of_a_pod_that_is_over(tmp_path: Path) -> None:
    setting = Setting(tmp_path)
    setting.begin()

    setting.ledger.close()
    setting.ledger.note()

    assert setting.records.pods() == ()
    assert list(tmp_path.iterdir()) == []
