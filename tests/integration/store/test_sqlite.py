"""What a store keeps over restarts: objects, order, versions, ages, records."""

from __future__ import annotations

import asyncio
import stat
import sys
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.manifest.load import load
from agent.model.config_data import ConfigMap, Secret
from agent.model.event import Event
from agent.model.meta import ObjectMeta
from agent.model.pod import Pod
from agent.store.interface import Expired
from agent.store.memory import MemoryStore
from agent.store.records import ContainerRecord, PodRecord
from agent.store.sqlite import Pace, open_store
from agent.store.watch import Subscription
from tests.support.records import container_record, pod_record
from tests.support.stores import ShiftedClock, event, names, opened, pod

pytestmark = [pytest.mark.asyncio, pytest.mark.integration]

EXAMPLES = Path(__file__).parents[3] / "config" / "examples"


async def test_everything_is_there_after_a_restart(tmp_path: Path) -> None:
    config = ConfigMap(metadata=ObjectMeta(name="c", namespace="default"), data={"k": "v"})
    secret = Secret(metadata=ObjectMeta(name="s", namespace="default"), data={"k": "dg=="})
    async with opened(tmp_path) as store:
        kept = store.put(pod("a", "1")), store.put(config), store.put(secret)
        store.put(pod("b"))
        store.delete(Pod, "default", "b")

    async with opened(tmp_path) as store:
        assert store.list(Pod) == (kept[0],)
        assert store.list(ConfigMap) == (kept[1],)
        assert store.list(Secret) == (kept[2],)


async def test_real_manifests_come_back_as_they_were(tmp_path: Path) -> None:
    async with opened(tmp_path) as store:
        for path in sorted(EXAMPLES.glob("*.yaml")):
            for loaded in load([str(path)]).pods:
                store.put(loaded.pod)
        kept = store.list(Pod)

    async with opened(tmp_path) as store:
        assert len(kept) > 3
        assert store.list(Pod) == kept


async def test_records_are_there_after_a_restart(tmp_path: Path) -> None:
    first, second = container_record("u", attempt=0), container_record("u", attempt=1)
    async with opened(tmp_path) as store:
        for record in (first, second, container_record("gone")):
            store.records.put(record)
        store.records.put(pod_record("u"))
        store.records.drop_pod("gone")

    async with opened(tmp_path) as store:
        assert store.records.of_pod(ContainerRecord, "u") == (first, second)
        assert store.records.of_pod(PodRecord, "u") == (pod_record("u"),)
        assert store.records.pods() == ("u",)


async def test_the_order_of_creation_survives(tmp_path: Path) -> None:
    async with opened(tmp_path) as store:
        for name in ("c", "a", "b"):
            store.put(pod(name))
        await store.durable()
        store.delete(Pod, "default", "c")
        store.put(pod("c"))
        store.put(pod("a", "again"))
        assert names(store) == ["a", "b", "c"]

    async with opened(tmp_path) as store:
        assert names(store) == ["a", "b", "c"]


async def test_versions_grow_over_restarts_whatever_the_clock_says(tmp_path: Path) -> None:
    seen: list[int] = []
    for shift in (0.0, 3600.0, -10 * 365 * 86400.0, 0.0):
        async with opened(tmp_path, shift=shift) as store:
            seen.append(int(store.put(pod("a")).metadata.resource_version))

    assert seen == sorted(set(seen))


async def test_a_version_of_an_earlier_life_has_expired(tmp_path: Path) -> None:
    async with opened(tmp_path) as store:
        store.put(pod("a"))
        before = store.version
    async with opened(tmp_path) as store:
        assert isinstance(store.subscribe(Pod, since=before), Expired)
        assert isinstance(store.subscribe(Pod, since=store.version), Subscription)
        assert isinstance(store.subscribe(Pod, since=store.version + 1), Expired)


@pytest.mark.parametrize(
    ("age", "is_kept"), [(3000.0, True), (3700.0, False), (-3700.0, True)], ids=str
)
async def test_the_age_of_events_survives(tmp_path: Path, age: float, is_kept: bool) -> None:
    async with opened(tmp_path) as store:
        store.put(event("e"))

    async with opened(tmp_path, shift=age) as store:
        store.expire()
        assert bool(store.list(Event)) == is_kept

    async with opened(tmp_path, shift=age) as store:
        assert bool(store.list(Event)) == is_kept


async def test_old_events_go_at_the_start_by_themselves(tmp_path: Path) -> None:
    async with opened(tmp_path) as store:
        store.put(event("e"))

    async with opened(tmp_path, shift=7200.0) as store:
        await asyncio.sleep(0)
        assert store.list(Event) == ()


async def test_a_jump_of_the_wall_clock_makes_no_event_old(tmp_path: Path) -> None:
    clock, told = ShiftedClock(), list[str]()
    versions: list[int] = []
    async with open_store(str(tmp_path), clock, told.append) as store:
        for shift in (0.0, 7200.0, -7200.0):
            clock.shift = shift
            versions.append(int(store.put(event(f"e{shift}")).metadata.resource_version))
            store.expire()
            assert await store.durable()
        assert len(store.list(Event)) == 3

    assert versions == sorted(versions)
    assert told == []


async def test_a_foreground_run_does_not_load_sqlite() -> None:
    script = (
        "import sys, agent.cli.foreground, agent.daemon, agent.store.memory\n"
        "sys.exit('sqlite3' in sys.modules)"
    )
    done = await asyncio.create_subprocess_exec(sys.executable, "-c", script)

    assert await done.wait() == 0


async def test_what_is_reported_durable_can_be_read_by_others(tmp_path: Path) -> None:
    async with opened(tmp_path, pace=Pace(linger=60.0)) as store:
        version = int(store.put(pod("a")).metadata.resource_version)

        assert await store.durable(version)
        assert await store.durable()
        async with asyncio.timeout(1):
            assert await store.durable(version - 1)


async def test_files_are_private(tmp_path: Path) -> None:
    folder = tmp_path / "state"
    async with opened(folder) as store:
        store.put(pod("a"))
        await store.durable()
        modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()}

        # Volumes of other users lie below; nobody else can list it.
        assert stat.S_IMODE(folder.stat().st_mode) == 0o711
        assert {"state.db", "state.db-wal", "agent.lock"} <= set(modes)
        assert set(modes.values()) == {0o600}


async def test_a_kind_that_is_not_registered_is_refused(tmp_path: Path) -> None:
    class Widget(Pod):
        """Not registered."""

    async with opened(tmp_path) as store:
        with pytest.raises(LookupError, match="Widget is not registered"):
            store.put(Widget(metadata=ObjectMeta(name="w", namespace="default")))
        assert store.list(Widget) == ()


async def test_what_cannot_be_encoded_keeps_nothing_else_from_the_disk(tmp_path: Path) -> None:
    told: list[str] = []
    async with opened(tmp_path, told) as store:
        store.put(pod("bad", "\ud800"))
        store.put(pod("good"))
        await store.durable()
    async with opened(tmp_path) as store:
        assert names(store) == ["good"]

    assert [text.partition(":")[0] for text in told] == [
        "cannot write Pod/default/bad to the database"
    ]


NAMES = st.sampled_from(["a", "b", "c", "d"])
STEP = st.tuples(st.sampled_from(["put", "put", "delete", "durable", "reopen"]), NAMES)


@settings(max_examples=25)
@given(steps=st.lists(STEP, max_size=30))
async def test_any_sequence_of_writes_and_restarts_equals_a_dict(
    steps: list[tuple[str, str]],
) -> None:
    model: dict[str, Pod] = {}
    with tempfile.TemporaryDirectory() as folder:
        left = list(steps)
        version = 0
        while left or not version:
            async with opened(Path(folder)) as store:
                assert {obj.metadata.name: obj for obj in store.list(Pod)} == model
                assert names(store) == list(model)
                assert store.version > version
                await _follow(store, left, model)
                version = store.version
        async with opened(Path(folder)) as store:
            assert store.list(Pod) == tuple(model.values())


async def _follow(store: MemoryStore, left: list[tuple[str, str]], model: dict[str, Pod]) -> None:
    """Do the steps until the next restart."""
    while left:
        verb, name = left.pop(0)
        match verb:
            case "put":
                model[name] = store.put(pod(name, str(len(left))))
            case "delete":
                store.delete(Pod, "default", name)
                model.pop(name, None)
            case "durable":
                assert await store.durable()
            case _:
                return
