"""`kubectl explain`: each field in a few words of its own, and what a bare host makes of it."""

from __future__ import annotations

import pytest

from tests.support.api import Server

pytestmark = [pytest.mark.integration, pytest.mark.asyncio]

_ROLE = "Asks whether the container still works."
_TYPE = "When and how often to probe, and how many results make a verdict"


async def _explained(server: Server, *arguments: str) -> str:
    done = await server.kubectl("explain", *arguments)
    assert done.code == 0, done.err
    assert "<no description>" not in done.out
    assert "<empty>" not in done.out
    return done.out


def _unwrapped(text: str) -> str:
    return " ".join(text.split())


async def test_a_field_says_what_it_is_for_and_its_type_what_it_is(server: Server) -> None:
    told = _unwrapped(await _explained(server, "pod.spec.containers.livenessProbe"))

    assert "FIELD: livenessProbe <Probe>" in told
    assert told.count(_ROLE) == 1
    assert told.count(_TYPE) == 1
    assert told.index(_ROLE) < told.index(_TYPE)
    assert "How often to probe, in seconds. Default 10, at least 1." in told
    assert "How many failures in a row make the probe fail. Default 3, at least 1." in told


@pytest.mark.parametrize(
    ("field", "part"),
    [
        ("pod.spec.containers.image", "looked up in [images] of barepod.toml"),
        ("pod.spec.containers.ports", "On a bare host ignored: the process is on the host's"),
        ("pod.spec.hostAliases", "On a bare host ignored: the host's own /etc/hosts is used."),
        ("pod.spec.volumes", "On a bare host refused: only a cluster can provide this volume."),
        ("pod.metadata", "Those below barepod.dev/ set the drain time"),
        ("pod.status.containerStatuses.state", "Exactly one is set"),
        ("service.spec", "On a bare host it has no effect"),
        ("lease.spec", "For that of a node: the node's name."),
        ("events.involvedObject", "The object that the event is about."),
        ("events.regarding --api-version=events.k8s.io/v1", "The object that the event is about."),
        ("node.status.conditions", "message says why"),
        ("pods --api-version=metrics.k8s.io/v1beta1", "What each running container uses."),
        ("selfsubjectreviews", "Filled in by the server."),
    ],
)
async def test_every_kind_is_explained(server: Server, field: str, part: str) -> None:
    assert part in _unwrapped(await _explained(server, *field.split()))


async def test_all_fields_at_once(server: Server) -> None:
    told = await _explained(server, "pod", "--recursive")

    assert len(told.splitlines()) > 500
    for line in ("failureThreshold\t<integer>", "volumeMounts\t<[]VolumeMount>"):
        assert line in told
