"""Pods through the API: what is refused, what is told, what runs."""

from __future__ import annotations

from typing import Any

import pytest

from agent.model.event import Event
from agent.model.meta import ObjectMeta
from agent.model.node import Node, NodeSpec, Taint
from agent.rules import mirror
from tests.support.world import PODS, World, manifest, world

pytestmark = pytest.mark.asyncio

MERGE = "application/merge-patch+json"


async def test_a_pod_is_completed_and_runs() -> None:
    async with world() as w:
        made = await w.ask("POST", PODS, manifest())

        assert made["spec"]["restartPolicy"] == "Always"
        assert made["spec"]["nodeName"] == "vm"
        assert made["status"]["phase"] == "Pending"
        assert "web" in w.workers


@pytest.mark.parametrize(
    ("spec", "field"),
    [
        ({"restartPolicy": "Sometimes"}, "spec.restartPolicy"),
        ({"hostPID": True}, "spec.hostPID"),
        ({"containers": []}, "spec.containers"),
    ],
)
async def test_what_is_refused(spec: dict[str, Any], field: str) -> None:
    async with world() as w:
        refused = await w.ask("POST", PODS, manifest(**spec))

        assert w.workers == {}
    assert (refused["code"], refused["reason"]) == (422, "Invalid")
    assert refused["details"]["kind"] == "Pod"
    assert field in [cause["field"] for cause in refused["details"]["causes"]]


async def test_what_is_ignored_is_told() -> None:
    async with world() as w:
        pod = manifest(hostAliases=[{"ip": "127.0.0.1", "hostnames": ["x"]}])
        answer = await w.answer("POST", PODS, pod)
        events = [event for event in w.store.list(Event) if event.reason == "FieldIgnored"]

    (header,) = [value for name, value in answer.headers if name == "Warning"]
    assert header.startswith('299 - "spec.hostAliases: ignored: ')
    assert len(events) == 1


async def test_a_change_goes_to_who_runs_it() -> None:
    async with world() as w:
        await w.ask("POST", PODS, manifest())
        body = {"metadata": {"labels": {"tier": "front"}}}
        await w.ask("PATCH", f"{PODS}/web", body, media=MERGE)

        assert w.workers["web"].pod.metadata.labels == {"app": "web", "tier": "front"}


async def test_most_of_a_spec_stays() -> None:
    async with world() as w:
        await w.ask("POST", PODS, manifest())
        body = {"spec": {"hostNetwork": True}}
        refused = await w.ask("PATCH", f"{PODS}/web", body, media=MERGE)
        deadline = {"spec": {"activeDeadlineSeconds": 100}}
        changed = await w.ask("PATCH", f"{PODS}/web", deadline, media=MERGE)

    assert refused["code"] == 422
    assert refused["message"].startswith(
        'Pod "web" is invalid: spec: Forbidden: pod updates may not change fields other than '
    )
    assert changed["metadata"]["generation"] == 2


async def test_nobody_pretends_to_be_a_file() -> None:
    async with world() as w:
        pretended = manifest()
        pretended["metadata"]["annotations"] = {mirror.MIRROR: "x", mirror.SOURCE: "file"}
        refused = await w.ask("POST", PODS, pretended)
        await w.ask("POST", PODS, manifest())
        body = {"metadata": {"annotations": {mirror.MIRROR: "x"}}}
        later = await w.ask("PATCH", f"{PODS}/web", body, media=MERGE)

    assert (refused["code"], later["code"]) == (422, 422)


def _node(w: World, **spec: Any) -> None:
    w.store.put(Node(metadata=ObjectMeta(name="vm"), spec=NodeSpec(**spec)))


@pytest.mark.parametrize(
    "spec",
    [{"unschedulable": True}, {"taints": (Taint(key="a", value="b", effect="NoSchedule"),)}],
)
async def test_a_pod_waits_for_the_node(spec: dict[str, Any]) -> None:
    async with world() as w:
        _node(w, **spec)
        held = await w.ask("POST", PODS, manifest())
        assert w.workers == {}
        assert held["status"]["conditions"][0]["reason"] == "Unschedulable"
        assert [event.reason for event in w.store.list(Event)] == ["FailedScheduling"]

        _node(w)
        assert "web" in w.workers
        pod = w.pod()
        assert pod is not None
        assert pod.metadata.uid == held["metadata"]["uid"]


async def test_nothing_starts_while_the_agent_stops() -> None:
    async with world() as w:
        await w.ask("POST", PODS, manifest())
        await w.manager.stop_all()
        refused = await w.ask("POST", PODS, manifest("late"))

        assert set(w.workers) == {"web"}
    assert (refused["code"], refused["reason"]) == (503, "ServiceUnavailable")


async def test_a_condition_of_somebody_else_reaches_who_runs_the_pod() -> None:
    async with world() as w:
        await w.ask("POST", PODS, manifest(readinessGates=[{"conditionType": "example.org/up"}]))
        body = {"status": {"conditions": [{"type": "example.org/up", "status": "True"}]}}
        media = "application/strategic-merge-patch+json"
        changed = await w.ask("PATCH", f"{PODS}/web/status", body, media=media)

        conditions = w.workers["web"].pod.status.conditions
        assert [one.type for one in conditions] == ["example.org/up"]
    assert changed["status"]["conditions"][0]["status"] == "True"


async def test_a_pod_that_waits_can_be_deleted() -> None:
    async with world() as w:
        _node(w, unschedulable=True)
        await w.ask("POST", PODS, manifest())
        await w.ask("DELETE", f"{PODS}/web")
        assert w.pod() is None
        _node(w)
        assert w.workers == {}
