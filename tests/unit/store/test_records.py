"""The agent's own records: kept by pod and part, numbered with the store's versions."""

from __future__ import annotations

import msgspec

from agent.store.memory import MemoryStore
from agent.store.records import ContainerRecord, PodRecord
from tests.support.records import container_record, pod_record


def test_a_record_survives_encoding_whole() -> None:
    for record in (container_record("u"), pod_record("u")):
        text = msgspec.json.encode(record)

        assert msgspec.json.decode(text, type=type(record)) == record


def test_records_of_a_pod_come_oldest_first() -> None:
    records = MemoryStore().records
    first, second = container_record("u", attempt=0), container_record("u", attempt=1)
    records.put(first)
    records.put(second)
    records.put(pod_record("u"))
    records.put(container_record("other"))

    changed = msgspec.structs.replace(first, is_ready=True)
    records.put(changed)

    assert records.of_pod(ContainerRecord, "u") == (changed, second)
    assert records.get(ContainerRecord, "u", "main/1") == second
    assert records.get(PodRecord, "u") == pod_record("u")
    assert records.pods() == ("u", "other")


def test_dropped_records_are_gone() -> None:
    records = MemoryStore().records
    records.put(container_record("u", attempt=0))
    records.put(container_record("u", attempt=1))
    records.put(container_record("other"))

    records.drop(container_record("u", attempt=0))
    assert [record.attempt for record in records.of_pod(ContainerRecord, "u")] == [1]
    records.drop_pod("u")

    assert records.pods() == ("other",)
    assert records.get(PodRecord, "u") is None


def test_records_and_objects_share_one_sequence_of_versions() -> None:
    store = MemoryStore()

    first = store.records.put(container_record("u"))
    second = store.records.drop_pod("u")

    assert (first, second, store.version) == (1, 2, 2)


def test_the_record_knows_the_id_of_its_run() -> None:
    assert container_record("u", "main", 3).container_id == "u-main-3"
