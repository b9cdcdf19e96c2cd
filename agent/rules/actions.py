"""What may be decided about a pod: the vocabulary of the plan."""

from __future__ import annotations

import msgspec

from agent.model.container import Container
from agent.model.runtime import ContainerRun, KillReason

_FNV_OFFSET = 0x811C9DC5
_FNV_PRIME = 0x01000193


class ContainerKill(msgspec.Struct, frozen=True, kw_only=True):
    """Stop one running container.

    `message` is that of the Killing event; `reason` selects the grace period.
    """

    container_id: str
    name: str
    message: str
    reason: KillReason = KillReason.NONE
    is_init: bool = False


class PodActions(msgspec.Struct, frozen=True, kw_only=True):
    """What to do next, in this order (kuberuntime: podActions, SyncPod).

    `kill_pod` stops everything that runs and is done with the sandbox; then `containers_to_kill`
    carry no work of their own. With `create_sandbox` all begins anew in sandbox number `attempt`.
    Otherwise kill, then start in the order given; every start is subject to its back-off. A name
    that is in both is a restart.
    """

    kill_pod: bool = False
    create_sandbox: bool = False
    sandbox_id: str = ""
    attempt: int = 0
    init_containers_to_start: tuple[str, ...] = ()
    containers_to_start: tuple[str, ...] = ()
    ephemeral_containers_to_start: tuple[str, ...] = ()
    containers_to_kill: tuple[ContainerKill, ...] = ()

    @property
    def ends_something(self) -> bool:
        """Whether anything is to end, or all begins anew, before the starts."""
        return self.kill_pod or self.create_sandbox or bool(self.containers_to_kill)


def container_hash(container: Container) -> str:
    """Return what identifies a container's definition: since 1.31 only its name and its image.

    Kubernetes: HashContainer (kubelet/container/helpers.go); the number itself is our own.
    """
    value = _FNV_OFFSET
    for byte in f"{container.name}\0{container.image}".encode():
        value = (value ^ byte) * _FNV_PRIME & 0xFFFFFFFF
    return f"{value:08x}"


def definition_changed(container: Container, run: ContainerRun) -> bool:
    """Return whether a run was made from another definition; a run without a hash was not."""
    return bool(run.spec_hash) and run.spec_hash != container_hash(container)


def unknown_state(run: ContainerRun, *, is_init: bool) -> ContainerKill:
    """Kill what may or may not run, so that there are never two of it."""
    what = "Init container" if is_init else "Container"
    return ContainerKill(
        container_id=run.container_id,
        name=run.name,
        message=f'{what} is in "{run.state.value}" state, try killing it before restart',
        reason=KillReason.UNKNOWN,
        is_init=is_init,
    )
