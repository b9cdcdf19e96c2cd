"""One pod's volumes: made before its first container starts, kept up to date, removed at its end.

Kubernetes: pkg/kubelet/volumemanager and pkg/volume. Imported only for pods that mount something.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Mapping

import msgspec

from agent.host import hostpath, volume_dirs
from agent.host.clock import Clock
from agent.host.failure import os_error_text
from agent.host.mount_points import MountPoints
from agent.host.process import Mount
from agent.host.volume_dirs import VolumeDirs
from agent.model import quantity
from agent.model.config_data import ConfigMap, Secret
from agent.model.container import Container
from agent.model.event import EventType, Reason
from agent.model.pod import Pod
from agent.model.volume import Volume
from agent.pod.mounter import Mounter
from agent.pod.recorder import Recorder
from agent.rules import mounts as rules
from agent.rules import volume_files
from agent.rules.backoff import volume_delay
from agent.rules.downward import ConfigError, Surroundings
from agent.rules.volume_files import File, group_mode


class VolumeParts(msgspec.Struct, frozen=True, kw_only=True):
    """What a pod's volumes need: where to be, what to be made of, whom to tell.

    `disk_dir` is for what may become large, `memory_dir` for what should not reach a disk.
    `is_lasting`: they may outlive the agent, and the next one goes on with them.
    `watch` calls with every ConfigMap and Secret that changes, until the result is called.
    """

    disk_dir: str
    memory_dir: str
    is_lasting: bool
    around: Callable[[Pod], Surroundings]
    watch: Callable[[Callable[[ConfigMap | Secret], None]], Callable[[], None]]
    recorder: Recorder
    clock: Clock
    problem: Callable[[str], None]


class PodVolumes:
    """The volumes of one pod; `changed` is called when `set_up` has something to do."""

    def __init__(self, pod: Pod, parts: VolumeParts) -> None:
        self._pod = pod
        self._parts = parts
        uid, is_lasting = pod.metadata.uid, parts.is_lasting
        self._disk = VolumeDirs(parts.disk_dir, uid, is_lasting=is_lasting)
        self._memory = VolumeDirs(parts.memory_dir, uid, is_lasting=is_lasting)
        self._mount_points = MountPoints(f"{parts.memory_dir}/mount-points")
        if is_lasting:
            self._mount_points.keep(rules.targets(pod))
        self._volumes = {volume.name: volume for volume in pod.spec.volumes}
        self._paths: dict[str, str] = {}
        self._mounter = Mounter(self._paths, self._mount_points)
        self._files: dict[str, dict[str, File]] = {}
        self._due = dict.fromkeys(self._volumes, 0.0)
        self._failures: dict[str, int] = {}
        self._unwatch = parts.watch(self._source_changed)
        self.changed: Callable[[], None] = lambda: None

    @property
    def is_ready(self) -> bool:
        """Whether containers may start: every volume was there once."""
        return len(self._paths) == len(self._volumes)

    def set_up(self) -> float | None:
        """Make, or bring up to date, what is due; when to call again (monotonic), or None.

        What cannot be made is announced and tried again, ever less often (kubelet:
        nestedpendingoperations).
        """
        now = self._parts.clock.monotonic()
        for name in [name for name, due in self._due.items() if due <= now]:
            del self._due[name]
            try:
                self._set_up(self._volumes[name])
            except ConfigError as exc:
                self._failed(name, str(exc))
            except OSError as exc:
                self._failed(name, os_error_text(exc))
            else:
                self._failures.pop(name, None)
        return min(self._due.values(), default=None)

    def mounts(
        self, container: Container, environment: Mapping[str, str], message_path: str
    ) -> tuple[Mount, ...]:
        """What a run of `container` mounts; makes the mount points (ConfigError, StartError)."""
        places = rules.places(self._pod, container, environment, message_path)
        return self._mounter.mounts(places, container.name)

    async def tear_down(self) -> None:
        """The pod is gone: remove what was made for it, and what dead agents left."""
        self._unwatch()
        try:
            await asyncio.to_thread(self._tear_down)
        except OSError as exc:
            self._parts.problem(f"cannot remove the volumes of {self._pod.metadata.name}: {exc}")

    def _tear_down(self) -> None:
        self._mount_points.release()
        self._disk.remove()
        self._memory.remove()
        for base in {self._parts.disk_dir, self._parts.memory_dir}:
            volume_dirs.remove_leftovers(base)

    def _set_up(self, volume: Volume) -> None:
        if volume.host_path is not None:
            hostpath.prepare(volume.host_path.path, volume.host_path.type or "")
            self._paths[volume.name] = volume.host_path.path
        elif volume.empty_dir is not None:
            self._set_up_empty(volume)
        else:
            self._set_up_files(volume)

    def _set_up_empty(self, volume: Volume) -> None:
        assert volume.empty_dir is not None
        in_memory = volume.empty_dir.medium == "Memory"
        path = (self._memory if in_memory else self._disk).make(volume.name)
        if in_memory and os.geteuid() == 0:
            limit = volume.empty_dir.size_limit
            volume_dirs.mount_memory(path, None if limit is None else quantity.parse(limit).value())
        self._give_to_group(path, read_only=False)
        self._paths[volume.name] = path

    def _set_up_files(self, volume: Volume) -> None:
        files = volume_files.files(volume, self._pod, self._parts.around(self._pod))
        if self._files.get(volume.name) == files:
            return
        path = self._memory.make(volume.name)
        volume_dirs.replace_files(
            path,
            {name: (file.data, file.mode) for name, file in files.items()},
            lambda: self._give_to_group(path, read_only=True),
        )
        self._files[volume.name] = files
        self._paths[volume.name] = path

    def _give_to_group(self, path: str, *, read_only: bool) -> None:
        """Honour fsGroup; what an agent may not do, no container of it could use either."""
        security = self._pod.spec.security_context
        gid = security.fs_group if security is not None else None
        if gid is None or (os.geteuid() != 0 and gid not in (os.getegid(), *os.getgroups())):
            return
        volume_dirs.give_to_group(
            path,
            gid,
            lambda mode, is_directory: group_mode(
                mode, is_directory=is_directory, read_only=read_only
            ),
        )

    def _failed(self, name: str, text: str) -> None:
        count = self._failures.get(name, 0)
        self._failures[name] = count + 1
        self._due[name] = self._parts.clock.monotonic() + volume_delay(count)
        self._parts.recorder.record(
            self._pod,
            EventType.WARNING,
            Reason.FAILED_MOUNT,
            f'MountVolume.SetUp failed for volume "{name}" : {text}',
        )

    def _source_changed(self, obj: ConfigMap | Secret) -> None:
        metadata = obj.metadata
        if metadata.namespace != self._pod.metadata.namespace:
            return
        for name, volume in self._volumes.items():
            config_maps, secrets = volume_files.sources(volume)
            if metadata.name in (config_maps if isinstance(obj, ConfigMap) else secrets):
                self._due[name] = 0.0
                self.changed()
