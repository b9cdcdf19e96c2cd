"""Updates of pods beyond the recorded cases."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from msgspec.structs import replace

from agent.manifest.decode import decode
from agent.manifest.defaults import default_pod
from agent.manifest.update.common import Updated
from agent.manifest.update.pod import Subresource, update_pod
from agent.model.pod import Pod
from agent.rules.qos import qos_class

META = {"name": "p", "namespace": "d", "uid": "u", "resourceVersion": "1", "generation": 3}


def pod(meta: dict[str, Any] | None = None, status: Any = None, **spec: Any) -> Pod:
    containers = [{"name": "c", "image": "i", "resources": {"requests": {"cpu": "1"}}}]
    plain = {
        "metadata": META | (meta or {}),
        "spec": {"containers": containers, "serviceAccountName": "default", **spec},
        "status": status or {},
    }
    return default_pod(decode(Pod, plain).object)


def update(new: Pod, old: Pod, subresource: Subresource = "") -> Updated[Pod]:
    return update_pod(new, old, subresource, qos_class=qos_class)


def texts(updated: Updated[Pod]) -> list[str]:
    return list(dict.fromkeys(str(error).partition("\n")[0] for error in updated.errors))


def test_what_a_client_may_leave_out_is_kept() -> None:
    now = datetime(2025, 6, 1, tzinfo=UTC)
    old = pod()
    meta = replace(old.metadata, creation_timestamp=now, deletion_timestamp=now)
    old = replace(old, metadata=replace(meta, deletion_grace_period_seconds=5))
    sent = replace(pod(), metadata=replace(pod().metadata, uid="", generation=0))
    updated = update(sent, old)
    assert updated.errors == ()
    assert updated.object.metadata == old.metadata
    assert updated.object.status == old.status


def test_a_changed_spec_is_another_generation() -> None:
    new = pod(activeDeadlineSeconds=5)
    assert update(new, pod()).object.metadata.generation == 4
    assert update(pod({"labels": {"a": "b"}}), pod()).object.metadata.generation == 3


def test_an_update_needs_a_resource_version() -> None:
    found = texts(update(pod({"resourceVersion": ""}), pod()))
    wrong = 'metadata.resourceVersion: Invalid value: "": must be specified for an update'
    assert found == [wrong]


def test_an_object_being_deleted_takes_no_new_finalizers() -> None:
    deleted = {"deletionTimestamp": "2025-06-01T00:00:00Z"}
    new = pod({**deleted, "finalizers": ["x/y"]})
    (wrong,) = texts(update(new, pod(deleted)))
    assert wrong.startswith("metadata.finalizers: Forbidden: no new finalizers can be added")


@pytest.mark.parametrize(
    ("before", "after", "wrong"),
    [
        ({"a": "1"}, {"a": "1", "b": "2"}, ""),
        ({"a": "1"}, {"a": "2"}, "only additions to spec.nodeSelector are allowed"),
        ({"a": "1"}, {}, "only additions to spec.nodeSelector are allowed"),
    ],
)
def test_a_gated_pod_may_be_narrowed_down(
    before: dict[str, str], after: dict[str, str], wrong: str
) -> None:
    gates = [{"name": "g"}]
    old = pod(schedulingGates=gates, nodeSelector=before)
    found = texts(update(pod(schedulingGates=gates, nodeSelector=after), old))
    assert bool(found) == bool(wrong)
    assert all(wrong in text for text in found)


def affinity(*terms: list[str]) -> dict[str, Any]:
    written = [
        {"matchExpressions": [{"key": key, "operator": "Exists"} for key in term]} for term in terms
    ]
    required = {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": written}}
    return {"nodeAffinity": required}


@pytest.mark.parametrize(
    ("before", "after", "wrong"),
    [
        (None, affinity(["a"]), ""),
        (affinity(["a"]), affinity(["a", "b"]), ""),
        (affinity(["a"]), affinity(["b"]), "only additions are allowed"),
        (affinity(["a"]), affinity(["a"], ["b"]), "no additions/deletions to non-empty"),
        (affinity(["a"]), None, "no additions/deletions to non-empty"),
    ],
)
def test_node_affinity_of_a_gated_pod(before: Any, after: Any, wrong: str) -> None:
    gates = [{"name": "g"}]
    old = pod(schedulingGates=gates, affinity=before)
    found = texts(update(pod(schedulingGates=gates, affinity=after), old))
    assert bool(found) == bool(wrong)
    assert all(wrong in text for text in found)


def test_the_difference_of_an_ordinary_change_names_the_field() -> None:
    (error,) = update(pod(hostname="h"), pod()).own
    assert '\n- "Hostname": "",\n+ "Hostname": "h",\n' in str(error)


def test_references_are_shown_with_the_names_of_go() -> None:
    (error,) = update(pod(imagePullSecrets=[{"name": "s"}]), pod()).own
    assert '+   "Name": "s"\n' in str(error)


def ended(code: int) -> dict[str, Any]:
    return {"name": "c", "state": {"terminated": {"exitCode": code}}}


@pytest.mark.parametrize(
    ("policy", "code", "refused"),
    [("Always", 1, False), ("OnFailure", 1, False), ("OnFailure", 0, True), ("Never", 1, True)],
)
@pytest.mark.parametrize("field", ["containerStatuses", "ephemeralContainerStatuses"])
def test_what_has_ended_for_good_does_not_run_again(
    field: str, policy: str, code: int, refused: bool
) -> None:
    old = pod(status={field: [ended(code)]}, restartPolicy=policy)
    new = pod(status={field: [{"name": "c", "state": {"running": {}}}]}, restartPolicy=policy)
    found = texts(update(new, old, "status"))
    wrong = f"status.{field}[0].state: Forbidden: may not be transitioned to non-terminated state"
    assert found == ([wrong] if refused or field.startswith("ephemeral") else [])


def test_a_status_keeps_what_it_does_not_tell() -> None:
    seen = [{"type": "Ready", "status": "True", "observedGeneration": 2}]
    old = pod(status={"conditions": seen, "qosClass": "Burstable", "observedGeneration": 2})
    new = pod(status={"conditions": [{"type": "Ready", "status": "False"}]}, hostname="ignored")
    stored = update(new, old, "status").object
    assert stored.spec == old.spec
    assert (stored.status.qos_class, stored.status.observed_generation) == ("Burstable", 2)
    assert stored.status.conditions[0].observed_generation == 2


@pytest.mark.parametrize(
    ("status", "wrong"),
    [
        ({"hostIPs": [{"ip": "1.2.3.4"}]}, "must be equal to `hostIP`"),
        ({"podIPs": [{"ip": "x"}]}, "status.podIPs[0]: Invalid value"),
        ({"conditions": [{"type": "a b"}]}, "status.conditions[0].Type"),
        ({"nominatedNodeName": "A"}, "status.nominatedNodeName"),
        ({"observedGeneration": -1}, "must be a non-negative integer"),
        (
            {"containerStatuses": [{"name": "c", "user": {"linux": {"uid": -1}}}]},
            "status.containerStatuses[0].user.linux.uid",
        ),
    ],
)
def test_a_status_that_is_not_valid(status: dict[str, Any], wrong: str) -> None:
    found = texts(update(pod(status=status), pod(), "status"))
    assert any(wrong in text for text in found)


@pytest.mark.parametrize(
    ("spec", "wrong"),
    [
        ({"containers": []}, "spec.containers: Forbidden: containers may not be added or removed"),
        ({"containers": [{"name": "d", "image": "i"}]}, "may not be renamed or reordered"),
        (
            {
                "containers": [
                    {"name": "c", "image": "i", "resources": {"requests": {"x.y/z": "1"}}}
                ]
            },
            "only cpu and memory resources are mutable",
        ),
        ({"os": {"name": "windows"}}, "windows pods cannot be resized"),
    ],
)
def test_a_resize_that_is_refused(spec: dict[str, Any], wrong: str) -> None:
    old = pod(os=spec["os"]) if "os" in spec else pod()
    assert any(wrong in text for text in texts(update(pod(**spec), old, "resize")))


@pytest.mark.parametrize(
    ("policy", "wrong"),
    [
        (None, "spec: Forbidden: resources for non-sidecar init containers are immutable"),
        ("Always", ""),
    ],
)
def test_a_resize_of_init_containers_is_for_sidecars(policy: str | None, wrong: str) -> None:
    def with_init(cpu: str) -> Pod:
        resources = {"requests": {"cpu": cpu}}
        init = {"name": "i", "image": "i", "restartPolicy": policy, "resources": resources}
        return pod(initContainers=[init])

    assert texts(update(with_init("2"), with_init("1"), "resize")) == ([wrong] if wrong else [])


def test_a_resize_changes_resources_only() -> None:
    limits = {"requests": {"cpu": "2"}}
    sent = pod(containers=[{"name": "c", "image": "z", "resources": limits}], hostname="h")
    updated = update(sent, pod(), "resize")
    assert updated.errors == ()
    (container,) = updated.object.spec.containers
    assert (container.image, container.resources.requests) == ("i", {"cpu": "2"})
    assert updated.object.spec.hostname == ""


def test_static_pods_keep_their_containers() -> None:
    mirror = {"annotations": {"kubernetes.io/config.mirror": "x"}}
    old, new = pod(mirror, nodeName="n"), pod(mirror, nodeName="n")
    for subresource, wrong in (
        ("ephemeralcontainers", "static pods do not support ephemeral containers"),
        ("resize", "static pods cannot be resized"),
    ):
        assert wrong in texts(update(new, old, subresource))[0]  # type: ignore[arg-type]
