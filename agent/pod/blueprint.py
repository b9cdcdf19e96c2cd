"""What is decided about a run of a container before anything is done."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import msgspec

from agent.action.handler import Target
from agent.host.limits import Limits
from agent.host.log_track import Follower
from agent.host.process import Command
from agent.model.config_data import ConfigMap, Secret
from agent.model.container import Container
from agent.model.pod import Pod
from agent.rules import messages
from agent.rules.images import ImageEntry


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """What the pod layer needs of the configuration, and of how the agent was started.

    `rlimits` are those that main processes get instead of the agent's own.
    """

    node_name: str
    address: str
    log_dir: str
    run_dir: str
    state_dir: str
    log_max_size: int
    log_max_files: int
    path: str = ""
    is_root: bool = False
    env: Mapping[str, str] = msgspec.field(default_factory=dict)
    images: Mapping[str, ImageEntry] = msgspec.field(default_factory=dict)
    allocatable: Mapping[str, str] = msgspec.field(default_factory=dict)
    rlimits: tuple[tuple[int, int, int], ...] = ()


class Sources(msgspec.Struct, frozen=True, kw_only=True):
    """Objects that containers take values from, by namespace and name."""

    config_maps: Callable[[str], Mapping[str, ConfigMap]]
    secrets: Callable[[str], Mapping[str, Secret]]
    follower: Callable[[Pod, str], Follower | None]
    warn: Callable[[Pod, str, str], None]


class Blueprint(msgspec.Struct, frozen=True, kw_only=True):
    """What a run will be: the command without mounts and termination log, signal, limits.

    `variables` are those that the manifest asks for, out of the command's environment.
    """

    command: Command
    variables: Mapping[str, str]
    stop_signal: int
    limits: Limits


class Naming(msgspec.Struct, frozen=True):
    """Which run of which container this is."""

    pod: Pod
    container: Container
    container_id: str
    restart_count: int

    def log_directory(self, log_dir: str) -> str:
        meta = self.pod.metadata
        folder = f"{meta.namespace}_{meta.name}_{meta.uid}"
        return f"{log_dir}/{folder}/{self.container.name}"

    def message_path(self, run_dir: str) -> str:
        """Where the container may leave its last words."""
        return f"{pod_folder(run_dir, self.pod)}/{self.container.name}.{self.restart_count}"

    def output_path(self, run_dir: str) -> str:
        """Through which directory the output goes, if it is to outlive the agent."""
        return f"{pod_folder(run_dir, self.pod)}/{self.container.name}.{self.restart_count}.output"

    def target(self, address: str) -> Target:
        reference = messages.pod_reference(self.pod)
        return Target(
            address=address,
            ports=self.container.ports,
            name=f"{reference}:{self.container.name}",
        )


def pod_folder(run_dir: str, pod: Pod) -> str:
    """Where a pod's short-lived files lie."""
    return f"{run_dir}/pods/{pod.metadata.uid}"
