"""Which kind, and which object, do arguments mean?"""

from __future__ import annotations

import pytest

from agent.cli.client.errors import ClientError
from agent.cli.client.kinds import Kind, Kinds, targets

_POD = Kind(
    group="", version="v1", kind="Pod", plural="pods", singular="pod", short_names=("po",),
    categories=("all",),
)  # fmt: skip
_NAMESPACE = Kind(
    group="", version="v1", kind="Namespace", plural="namespaces", short_names=("ns",),
    is_namespaced=False,
)  # fmt: skip
_SERVICE = Kind(group="", version="v1", kind="Service", plural="services", categories=("all",))
_LEASE = Kind(group="coordination.k8s.io", version="v1", kind="Lease", plural="leases")
_POD_METRICS = Kind(group="metrics.k8s.io", version="v1beta1", kind="PodMetrics", plural="pods")
KINDS = Kinds((_POD, _NAMESPACE, _SERVICE, _LEASE, _POD_METRICS))


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("pods", _POD),
        ("pod", _POD),
        ("Pod", _POD),
        ("po", _POD),
        ("pods.v1.", _POD),
        ("ns", _NAMESPACE),
        ("lease", _LEASE),
        ("leases.coordination.k8s.io", _LEASE),
        ("leases.v1.coordination.k8s.io", _LEASE),
        ("pods.metrics.k8s.io", _POD_METRICS),
        ("podmetrics", _POD_METRICS),
    ],
)
def test_names_of_kinds(name: str, kind: Kind) -> None:
    assert KINDS.named(name) == kind


@pytest.mark.parametrize("name", ["nope", "pods.apps", "leases.v2.coordination.k8s.io"])
def test_a_kind_that_there_is_not(name: str) -> None:
    with pytest.raises(ClientError, match="the server doesn't have a resource type"):
        KINDS.named(name)


@pytest.mark.parametrize(
    ("arguments", "found"),
    [
        (["pods"], [(_POD, "")]),
        (["pods,ns"], [(_POD, ""), (_NAMESPACE, "")]),
        (["all"], [(_POD, ""), (_SERVICE, "")]),
        (["po,pods"], [(_POD, "")]),
        (["pod", "a", "b"], [(_POD, "a"), (_POD, "b")]),
        (["pod,svc", "a"], None),
        (["pod,service", "a"], [(_POD, "a"), (_SERVICE, "a")]),
        (["pod/a", "ns/b"], [(_POD, "a"), (_NAMESPACE, "b")]),
        (["pod", "ns/b"], None),
        (["pod/a/b"], None),
        (["pod/"], None),
        (["pods,"], None),
    ],
)
def test_arguments(arguments: list[str], found: list[tuple[Kind, str]] | None) -> None:
    if found is None:
        with pytest.raises(ClientError):
            targets(KINDS, arguments)
    else:
        assert [(one.kind, one.name) for one in targets(KINDS, arguments)] == found


@pytest.mark.parametrize(
    ("kind", "parts", "path"),
    [
        (_POD, ("default", "web", "log"), "/api/v1/namespaces/default/pods/web/log"),
        (_POD, ("", ""), "/api/v1/pods"),
        (_NAMESPACE, ("default", "a"), "/api/v1/namespaces/a"),
        (_LEASE, ("n",), "/apis/coordination.k8s.io/v1/namespaces/n/leases"),
        (_POD, ("a/b", "c?d"), "/api/v1/namespaces/a%2Fb/pods/c%3Fd"),
    ],
)
def test_paths(kind: Kind, parts: tuple[str, ...], path: str) -> None:
    assert kind.path(*parts) == path


def test_how_a_kind_stands_before_a_name() -> None:
    assert (_POD.shown, _LEASE.shown) == ("pod", "lease.coordination.k8s.io")
    assert (_POD.full_plural, _LEASE.full_plural) == ("pods", "leases.coordination.k8s.io")
