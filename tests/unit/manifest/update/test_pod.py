"""Updates of pods beyond the recorded cases."""

from __future__ import annotations

from tests.support.updates import pod, texts, update


def test_a_changed_spec_is_another_generation() -> None:
    new = pod(activeDeadlineSeconds=5)
    assert update(new, pod()).object.metadata.generation == 4
    assert update(pod({"labels": {"a": "b"}}), pod()).object.metadata.generation == 3


def test_static_pods_keep_their_containers() -> None:
    mirror = {"annotations": {"kubernetes.io/config.mirror": "x"}}
    old, new = pod(mirror, nodeName="n"), pod(mirror, nodeName="n")
    for subresource, wrong in (
        ("ephemeralcontainers", "static pods do not support ephemeral containers"),
        ("resize", "static pods cannot be resized"),
    ):
        assert wrong in texts(update(new, old, subresource))[0]  # type: ignore[arg-type]
