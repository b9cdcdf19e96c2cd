"""The places of a container's volumes to mounts: parts of volumes and mount points are made."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Mapping

from agent.host import wire
from agent.host.beneath import make_beneath, open_beneath
from agent.host.failure import os_error_text
from agent.host.mount_points import MountPoints
from agent.host.process import Mount
from agent.pod.starter import StartError
from agent.rules import mounts as rules
from agent.rules.downward import ConfigError
from agent.rules.mounts import Place

_CANNOT_BE_MADE = (errno.EACCES, errno.EPERM, errno.EROFS)


class Mounter:
    """Makes what the mounts of one pod's containers need; `paths` are the volumes by name."""

    def __init__(self, paths: Mapping[str, str], mount_points: MountPoints) -> None:
        self._paths = paths
        self._mount_points = mount_points

    def mounts(self, places: tuple[Place, ...], container: str) -> tuple[Mount, ...]:
        """The mounts, outer ones first; `container` is its name (ConfigError, StartError)."""
        for place in places:
            if place.sub_path:
                self._prepare_part(place, container)
        return tuple(self._mount(place) for place in places)

    def _prepare_part(self, place: Place, container: str) -> None:
        """Let the part of the volume exist, unless a link leads out of it on the way."""
        root = self._open(place)
        try:
            try:
                os.close(open_beneath(root, place.sub_path))
            except FileNotFoundError:
                self._make_part(root, place, container)
        except OSError as exc:
            text = rules.cannot_prepare(place.volume.name, container)
            raise ConfigError(text) from exc
        finally:
            os.close(root)

    def _make_part(self, root: int, place: Place, container: str) -> None:
        mode = stat.S_IMODE(os.fstat(root).st_mode)
        try:
            make_beneath(root, place.sub_path, mode=mode, is_directory=True)
        except OSError as exc:
            raise ConfigError(rules.cannot_create(place.volume.name, container)) from exc

    def _mount(self, place: Place) -> Mount:
        try:
            is_there = self._let_exist(place, is_directory=self._is_directory(place))
        except OSError as exc:
            reason = os_error_text(exc)
            text = f'error mounting volume "{place.volume.name}" at "{place.target}": {reason}'
            raise StartError("CreateContainerError", text) from exc
        return Mount(
            source=self._source(place),
            target=place.target,
            sub_path=place.sub_path,
            flags=_flags(place)
            | (0 if is_there else wire.PRETENDED)
            | (wire.OPTIONAL if place.source else 0),
        )

    def _let_exist(self, place: Place, *, is_directory: bool) -> bool:
        """Make the mount point, in the volume around it or on the host; False if that cannot be."""
        if place.target == "/":
            raise OSError(errno.EINVAL, "")
        if place.outer is None:
            try:
                self._mount_points.use(place.target, is_directory=is_directory)
            except OSError as exc:
                if exc.errno not in _CANNOT_BE_MADE:
                    raise
                return False
            return True
        root = self._open(place.outer)
        try:
            path = f"{place.outer.sub_path}/{place.path_in_outer}".lstrip("/")
            make_beneath(root, path, mode=0o755, is_directory=is_directory)
        finally:
            os.close(root)
        return True

    def _is_directory(self, place: Place) -> bool:
        if place.source:
            return False  # the file is made with the run, later than this
        root = self._open(place)
        fd = root
        try:
            if place.sub_path:
                fd = open_beneath(root, place.sub_path)
            return stat.S_ISDIR(os.fstat(fd).st_mode)
        finally:
            os.close(root)
            if fd != root:
                os.close(fd)

    def _open(self, place: Place) -> int:
        return os.open(self._source(place), os.O_PATH | os.O_CLOEXEC)

    def _source(self, place: Place) -> str:
        return place.source or self._paths[place.volume.name]


def _flags(place: Place) -> int:
    flags = wire.READ_ONLY if place.read_only else 0
    if place.recursive == "Enabled":
        flags |= wire.READ_ONLY_BELOW_OR_FAIL
    elif place.recursive == "IfPossible":
        flags |= wire.READ_ONLY_BELOW
    if place.follows_host:
        flags |= wire.FOLLOWS_HOST
    if place.volume.host_path is None:
        flags |= wire.RUNNABLE
    return flags
