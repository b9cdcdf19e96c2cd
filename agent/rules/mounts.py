"""Where do a container's volumes appear, and in which order are they mounted?

(kubelet: makeMounts in pkg/kubelet/kubelet_pods.go; containerd: orderedMounts)
"""

from __future__ import annotations

import posixpath
from collections.abc import Mapping

import msgspec

from agent.model.container import Container, VolumeMount
from agent.model.gotext import quote
from agent.model.pod import Pod
from agent.model.volume import Volume
from agent.rules.downward import ConfigError
from agent.rules.environment import expand_sub_path
from agent.rules.messages import names_message_path
from agent.rules.volume_files import is_configuration

#: Stands for what is no volume of the pod.
_MESSAGE = Volume(name="termination message")


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """A volume, or the part `sub_path` of it, at the absolute path `target`.

    `source`, if there is one, is a file of the host that appears instead of the volume.
    `outer` is the place that `target` lies in, if one does: the mount point is to be in that
    volume then, at `path_in_outer`.
    """

    volume: Volume
    target: str
    source: str = ""
    sub_path: str = ""
    read_only: bool = False
    recursive: str = "Disabled"
    follows_host: bool = False
    outer: Place | None = None

    @property
    def path_in_outer(self) -> str:
        """The target relative to that of `outer`."""
        return self.target[len(self.outer.target) + 1 :] if self.outer is not None else ""


def places(
    pod: Pod, container: Container, environment: Mapping[str, str], message: str = ""
) -> tuple[Place, ...]:
    """The places of a container, outer ones before those in them; ConfigError.

    `message` is the file of its termination message, shown where the container looks for it.
    """
    volumes = {volume.name: volume for volume in pod.spec.volumes}
    found = [
        _place(mount, volumes[mount.name], environment)
        for mount in container.volume_mounts
        if mount.name in volumes
    ]
    if message and names_message_path(container):
        target = posixpath.normpath(container.termination_message_path)
        found.append(Place(volume=_MESSAGE, source=message, target=target))
    ordered: list[Place] = []
    for place in sorted(found, key=lambda place: place.target.count("/")):
        around = (one for one in ordered if place.target.startswith(f"{one.target}/"))
        outer = max(around, key=lambda one: len(one.target), default=None)
        if outer is not None or not _is_there(place):
            ordered.append(msgspec.structs.replace(place, outer=outer))
    return tuple(ordered)


def targets(pod: Pod) -> tuple[str, ...]:
    """Where on the host the containers of a pod may have mount points."""
    found: list[str] = []
    for container in (*pod.spec.init_containers, *pod.spec.containers):
        found += (mount.mount_path for mount in container.volume_mounts)
        if names_message_path(container):
            found.append(container.termination_message_path)
    return tuple(dict.fromkeys(posixpath.normpath("/" + path.lstrip("/")) for path in found))


def cannot_create(mount: str, container: str) -> str:
    """The part of the volume is not there and cannot be made."""
    return (
        f"failed to create subPath directory for volumeMount {quote(mount)} "
        f"of container {quote(container)}"
    )


def cannot_prepare(mount: str, container: str) -> str:
    """The part of the volume leads out of it, or cannot be opened."""
    return (
        f"failed to prepare subPath for volumeMount {quote(mount)} of container {quote(container)}"
    )


def _place(mount: VolumeMount, volume: Volume, environment: Mapping[str, str]) -> Place:
    sub_path = mount.sub_path
    if mount.sub_path_expr:
        sub_path = expand_sub_path(mount.sub_path_expr, environment)
    if sub_path.startswith("/"):
        raise ConfigError(f"error SubPath `{sub_path}` must not be an absolute path")
    if ".." in sub_path.split("/"):
        raise ConfigError(f"unable to provision SubPath `{sub_path}`: must not contain '..'")
    return Place(
        volume=volume,
        target=posixpath.normpath("/" + mount.mount_path.lstrip("/")),
        sub_path=sub_path,
        read_only=mount.read_only or is_configuration(volume),
        recursive=mount.recursive_read_only or "Disabled",
        follows_host=mount.mount_propagation == "HostToContainer",
    )


def _is_there(place: Place) -> bool:
    """Whether it is a path of the host at its own place, to be used as it is."""
    host_path = place.volume.host_path
    if host_path is None or place.read_only or place.sub_path:
        return False
    return posixpath.normpath(host_path.path) == place.target
