"""Do the mounts and block devices of a container fit the pod's volumes?"""

from __future__ import annotations

from collections.abc import Mapping

from agent.manifest.errors import forbidden, invalid, not_found, not_supported, required
from agent.manifest.validation import names
from agent.manifest.validation.options import Errors, report
from agent.model.container import Container, VolumeDevice, VolumeMount
from agent.model.volume import Volume

_PROPAGATIONS = ("Bidirectional", "HostToContainer", "None")
_RECURSIVE = ("Disabled", "Enabled", "IfPossible")
_UNIQUE = "must be unique"


def check_mounts(
    container: Container, volumes: Mapping[str, Volume], path: str, errors: Errors
) -> None:
    """Check volumeMounts and volumeDevices against the valid `volumes` by name."""
    _check_volume_mounts(container, volumes, f"{path}.volumeMounts", errors)
    _check_volume_devices(container, volumes, f"{path}.volumeDevices", errors)


def _check_volume_mounts(
    container: Container, volumes: Mapping[str, Volume], path: str, errors: Errors
) -> None:
    """Check where volumes appear (ValidateVolumeMounts)."""
    devices = {device.name: device.device_path for device in container.volume_devices}
    seen: set[str] = set()
    for index, mount in enumerate(container.volume_mounts):
        at = f"{path}[{index}]"
        if not mount.name:
            errors.append(required(f"{at}.name"))
        if mount.name not in volumes:
            errors.append(not_found(f"{at}.name", mount.name))
        if not mount.mount_path:
            errors.append(required(f"{at}.mountPath"))
        if mount.mount_path in seen:
            errors.append(invalid(f"{at}.mountPath", mount.mount_path, _UNIQUE))
        seen.add(mount.mount_path)
        if mount.name in devices:
            wrong = "must not already exist in volumeDevices"
            errors.append(invalid(f"{at}.name", mount.name, wrong))
        if mount.mount_path in devices.values():
            wrong = "must not already exist as a path in volumeDevices"
            errors.append(invalid(f"{at}.mountPath", mount.mount_path, wrong))
        _check_sub_paths(mount, path, at, errors)
        _check_propagation(mount, container, f"{path}.mountPropagation", errors)
        _check_recursive(mount, f"{path}.recursiveReadOnly", errors)


def _check_sub_paths(mount: VolumeMount, path: str, at: str, errors: Errors) -> None:
    """Check the part of the volume that is mounted; Kubernetes reports it without the index."""
    if mount.sub_path:
        report(errors, f"{path}.subPath", mount.sub_path, names.descending_path(mount.sub_path))
    if mount.sub_path_expr:
        if mount.sub_path:
            wrong = "subPathExpr and subPath are mutually exclusive"
            errors.append(invalid(f"{at}.subPathExpr", mount.sub_path_expr, wrong))
        messages = names.descending_path(mount.sub_path_expr)
        report(errors, f"{path}.subPathExpr", mount.sub_path_expr, messages)


def _check_propagation(mount: VolumeMount, container: Container, path: str, errors: Errors) -> None:
    propagation = mount.mount_propagation
    if propagation is None:
        return
    if propagation not in _PROPAGATIONS:
        errors.append(not_supported(path, propagation, _PROPAGATIONS))
    context = container.security_context
    if propagation == "Bidirectional" and not (context is not None and context.privileged):
        wrong = "Bidirectional mount propagation is available only to privileged containers"
        errors.append(forbidden(path, wrong))


def _check_recursive(mount: VolumeMount, path: str, errors: Errors) -> None:
    mode = mount.recursive_read_only
    if mode is None or mode == "Disabled":
        return
    if mode not in _RECURSIVE:
        errors.append(not_supported(path, mode, _RECURSIVE))
        return
    if not mount.read_only:
        errors.append(forbidden(path, "may only be specified when readOnly is true"))
    if mount.mount_propagation not in (None, "None"):
        wrong = "may only be specified when mountPropagation is None or not specified"
        errors.append(forbidden(path, wrong))


def _check_volume_devices(
    container: Container, volumes: Mapping[str, Volume], path: str, errors: Errors
) -> None:
    """Check raw block devices (ValidateVolumeDevices)."""
    mounts = {mount.name: mount.mount_path for mount in container.volume_mounts}
    seen_names: set[str] = set()
    seen_paths: set[str] = set()
    for index, device in enumerate(container.volume_devices):
        at = f"{path}[{index}]"
        _check_device_name(device, volumes, seen_names, f"{at}.name", errors)
        _check_device_path(device, seen_paths, f"{at}.devicePath", errors)
        if device.name in mounts:
            wrong = "must not already exist in volumeMounts"
            errors.append(invalid(f"{at}.name", device.name, wrong))
        if device.device_path in mounts.values():
            wrong = "must not already exist as a path in volumeMounts"
            errors.append(invalid(f"{at}.devicePath", device.device_path, wrong))


def _check_device_name(
    device: VolumeDevice, volumes: Mapping[str, Volume], seen: set[str], path: str, errors: Errors
) -> None:
    name = device.name
    if not name:
        errors.append(required(path))
    if name in seen:
        errors.append(invalid(path, name, _UNIQUE))
    volume = volumes.get(name)
    if volume is None:
        errors.append(not_found(path, name))
    elif volume.persistent_volume_claim is None and volume.ephemeral is None:
        wrong = (
            "can only use volume source type of PersistentVolumeClaim or Ephemeral for block mode"
        )
        errors.append(invalid(path, name, wrong))
    if name:
        seen.add(name)


def _check_device_path(device: VolumeDevice, seen: set[str], path: str, errors: Errors) -> None:
    target = device.device_path
    if not target:
        errors.append(required(path))
    if target in seen:
        errors.append(invalid(path, target, _UNIQUE))
    if target and names.no_backsteps(target):
        errors.append(invalid(path, target, "can not contain backsteps ('..')"))
    else:
        seen.add(target)
