"""What a bare host cannot honour is refused or listed."""

from __future__ import annotations

from typing import Any

import pytest

from agent.manifest.decode import decode
from agent.manifest.unsupported import Verdict, unsupported
from agent.model.pod import Pod


def verdict(spec: dict[str, Any]) -> Verdict:
    decoded = decode(Pod, {"spec": spec})
    assert decoded.findings == ()
    return unsupported(decoded.object)


def container(**fields: Any) -> dict[str, Any]:
    return {"containers": [{"name": "c", **fields}]}


@pytest.mark.parametrize(
    ("spec", "path"),
    [
        ({"hostPID": True}, "spec.hostPID"),
        ({"hostIPC": True}, "spec.hostIPC"),
        ({"shareProcessNamespace": True}, "spec.shareProcessNamespace"),
        ({"hostUsers": False}, "spec.hostUsers"),
        ({"os": {"name": "windows"}}, "spec.os"),
        ({"runtimeClassName": "gvisor"}, "spec.runtimeClassName"),
        ({"resourceClaims": [{"name": "a"}]}, "spec.resourceClaims"),
        ({"schedulingGates": [{"name": "a"}]}, "spec.schedulingGates"),
        (container(volumeDevices=[{"name": "a"}]), "spec.containers[0].volumeDevices"),
        (
            container(securityContext={"procMount": "Unmasked"}),
            "spec.containers[0].securityContext.procMount",
        ),
        (
            container(env=[{}, {"valueFrom": {"fileKeyRef": {"key": "k"}}}]),
            "spec.containers[0].env[1].valueFrom.fileKeyRef",
        ),
        (
            container(volumeMounts=[{"mountPropagation": "Bidirectional"}]),
            "spec.containers[0].volumeMounts[0].mountPropagation",
        ),
        ({"volumes": [{"persistentVolumeClaim": {}}]}, "spec.volumes[0].persistentVolumeClaim"),
        ({"volumes": [{}, {"nfs": {}}]}, "spec.volumes[1].nfs"),
        ({"volumes": [{"image": {}}]}, "spec.volumes[0].image"),
        ({"volumes": [{"emptyDir": {"medium": "HugePages"}}]}, "spec.volumes[0].emptyDir.medium"),
        (
            {"volumes": [{"projected": {"sources": [{"serviceAccountToken": {}}]}}]},
            "spec.volumes[0].projected.sources[0].serviceAccountToken",
        ),
    ],
)
def test_what_would_silently_run_otherwise_is_refused(spec: dict[str, Any], path: str) -> None:
    found = verdict(spec)

    assert [error.path for error in found.refused] == [path]
    assert found.refused[0].detail.startswith("not possible on a bare host: ")
    assert found.ignored == ()


@pytest.mark.parametrize(
    ("spec", "path", "is_missed"),
    [
        ({"nodeSelector": {"a": "b"}}, "spec.nodeSelector", False),
        ({"affinity": {}}, "spec.affinity", False),
        ({"dnsPolicy": "None"}, "spec.dnsPolicy", False),
        ({"tolerations": [{"key": "a"}]}, "spec.tolerations", False),
        ({"hostAliases": [{"ip": "::1"}]}, "spec.hostAliases", True),
        ({"resources": {"limits": {"cpu": "1"}}}, "spec.resources", True),
        ({"dnsConfig": {"searches": ["a"]}}, "spec.dnsConfig", True),
        ({"securityContext": {"sysctls": [{}]}}, "spec.securityContext.sysctls", True),
        (
            {"securityContext": {"seccompProfile": {"type": "RuntimeDefault"}}},
            "spec.securityContext.seccompProfile",
            True,
        ),
        (container(imagePullPolicy="Never"), "spec.containers[0].imagePullPolicy", False),
        (
            container(securityContext={"readOnlyRootFilesystem": True}),
            "spec.containers[0].securityContext.readOnlyRootFilesystem",
            True,
        ),
        (
            container(ports=[{"containerPort": 80, "hostPort": 8080}]),
            "spec.containers[0].ports[0].hostPort",
            True,
        ),
        (
            {"volumes": [{"emptyDir": {"sizeLimit": "1Gi"}}]},
            "spec.volumes[0].emptyDir.sizeLimit",
            False,
        ),
        (
            {"initContainers": [{"resizePolicy": [{}]}]},
            "spec.initContainers[0].resizePolicy",
            False,
        ),
    ],
)
def test_what_only_a_cluster_knows_is_ignored(
    spec: dict[str, Any], path: str, is_missed: bool
) -> None:
    found = verdict(spec)

    (ignored,) = found.ignored
    assert (ignored.path, ignored.is_missed) == (path, is_missed)
    assert str(ignored) == f"{path}: ignored: {ignored.why}"
    assert found.refused == ()


@pytest.mark.parametrize(
    "spec",
    [
        {},
        {"hostNetwork": True, "hostPID": False, "hostUsers": True, "dnsPolicy": "ClusterFirst"},
        {"os": {"name": "linux"}, "shareProcessNamespace": False, "priority": 100},
        {"resources": {"requests": {"cpu": "1"}}},
        {"securityContext": {"seccompProfile": {"type": "Unconfined"}, "fsGroup": 0}},
        {
            "volumes": [
                {"emptyDir": {"medium": "Memory", "sizeLimit": "1Mi"}},
                {"hostPath": {"path": "/"}},
            ]
        },
        {"volumes": [{"projected": {"sources": [{"secret": {}}, {"downwardAPI": {}}]}}]},
        container(ports=[{"containerPort": 80, "hostPort": 80}]),
        container(securityContext={"privileged": False, "procMount": "Default"}),
        container(volumeMounts=[{"mountPropagation": "None", "recursiveReadOnly": "Disabled"}]),
        container(
            volumeMounts=[{"mountPropagation": "HostToContainer", "recursiveReadOnly": "Enabled"}]
        ),
    ],
)
def test_what_is_so_anyway_is_not_mentioned(spec: dict[str, Any]) -> None:
    assert verdict(spec) == Verdict((), ())
