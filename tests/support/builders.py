"""Valid objects with as few words as possible."""

from __future__ import annotations

from typing import Any

import msgspec

from agent.model.container import Container
from agent.model.handler import ExecAction, Lifecycle, LifecycleHandler, Probe
from agent.model.meta import ObjectMeta
from agent.model.pod import Pod, PodSpec


def container(name: str, **fields: Any) -> Container:
    """A container that runs `true`, unless told otherwise."""
    return Container(name=name, image="i", command=("true",), **fields)


def sidecar(name: str, **fields: Any) -> Container:
    """An init container that keeps running."""
    return container(name, restart_policy="Always", **fields)


def probe(*words: str, **fields: Any) -> Probe:
    """An exec probe with the API server's defaults."""
    defaults: dict[str, Any] = {
        "timeout_seconds": 1,
        "period_seconds": 10,
        "success_threshold": 1,
        "failure_threshold": 3,
    }
    return Probe(exec=ExecAction(command=words), **(defaults | fields))


def hook(*words: str) -> LifecycleHandler:
    """An exec hook."""
    return LifecycleHandler(exec=ExecAction(command=words))


def lifecycle(*, post_start: str = "", pre_stop: str = "") -> Lifecycle:
    """Exec hooks named by one word each."""
    return Lifecycle(
        post_start=hook(post_start) if post_start else None,
        pre_stop=hook(pre_stop) if pre_stop else None,
    )


def pod(
    *containers: Container,
    init: tuple[Container, ...] = (),
    restart_policy: str = "Always",
    grace: int = 30,
    **spec: Any,
) -> Pod:
    """A defaulted pod `default/p` with UID `u`."""
    return Pod(
        api_version="v1",
        kind="Pod",
        metadata=ObjectMeta(name="p", namespace="default", uid="u"),
        spec=PodSpec(
            containers=containers or (container("c"),),
            init_containers=init,
            restart_policy=restart_policy,
            termination_grace_period_seconds=grace,
            **spec,
        ),
    )


def deleted(pod: Pod, grace: int) -> Pod:
    """The pod as the API shows it once its deletion was asked for."""
    from datetime import UTC, datetime

    metadata = msgspec.structs.replace(
        pod.metadata,
        deletion_timestamp=datetime(2025, 6, 1, 12, tzinfo=UTC),
        deletion_grace_period_seconds=grace,
    )
    return msgspec.structs.replace(pod, metadata=metadata)


def annotated(pod: Pod, **annotations: str) -> Pod:
    """The pod with annotations of ours: `drain_seconds="5"` is `barepod.dev/drain-seconds: 5`."""
    ours = {f"barepod.dev/{name.replace('_', '-')}": text for name, text in annotations.items()}
    metadata = msgspec.structs.replace(pod.metadata, annotations=ours)
    return msgspec.structs.replace(pod, metadata=metadata)
