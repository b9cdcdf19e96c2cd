"""What do a pod's worker and its runs need of its volumes?"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol

from agent.host.process import Mount
from agent.model.container import Container


class Volumes(Protocol):
    """The volumes of one pod; whoever wants to know when `set_up` has something to do sets
    `changed`."""

    changed: Callable[[], None]

    @property
    def is_ready(self) -> bool:
        """Whether containers may start."""
        ...

    def set_up(self) -> float | None:
        """Make what is due; when to call again (monotonic seconds), or None."""
        ...

    def mounts(
        self, container: Container, environment: Mapping[str, str], message_path: str
    ) -> tuple[Mount, ...]:
        """What a run of `container` mounts (ConfigError, StartError).

        `message_path` is where the file of its termination message will be.
        """
        ...

    async def tear_down(self) -> None:
        """Nothing of the pod is left: remove them."""
        ...


class NoVolumes:
    """The volumes of a pod whose containers mount nothing."""

    is_ready = True

    def __init__(self) -> None:
        self.changed: Callable[[], None] = lambda: None

    def set_up(self) -> float | None:
        return None

    def mounts(
        self, container: Container, environment: Mapping[str, str], message_path: str
    ) -> tuple[Mount, ...]:
        return ()

    async def tear_down(self) -> None:
        return
