"""Which files does a volume made of configuration have, and with which permissions?

Errors are `ConfigError` with the kubelet's texts (pkg/volume/configmap, secret, downwardapi,
projected).
"""

from __future__ import annotations

import binascii
import posixpath
from collections.abc import Iterable, Mapping, Sequence

import msgspec

from agent.model.pod import Pod
from agent.model.volume import (
    DownwardAPIVolumeFile,
    KeyToPath,
    ProjectedVolumeSource,
    Volume,
    VolumeProjection,
)
from agent.rules.downward import ConfigError, Surroundings, field_value, resource_value
from agent.rules.environment import MissingObject

DEFAULT_MODE = 0o644

_SETGID = 0o2000
#: What a volume's group may do, whether or not the owner may (volume_linux.go: rwMask, roMask).
_GROUP_WRITES, _GROUP_READS, _GROUP_ENTERS = 0o660, 0o440, 0o110


class File(msgspec.Struct, frozen=True):
    """Content and permissions of one file."""

    data: bytes
    mode: int


def is_configuration(volume: Volume) -> bool:
    """Whether the volume consists of files that are made here; those are always read-only."""
    return any((volume.config_map, volume.secret, volume.downward_api, volume.projected))


def sources(volume: Volume) -> tuple[frozenset[str], frozenset[str]]:
    """The names of the ConfigMaps and of the Secrets that the volume is made of."""
    config_maps, secrets = set(), set()
    if volume.config_map is not None:
        config_maps.add(volume.config_map.name)
    if volume.secret is not None:
        secrets.add(volume.secret.secret_name)
    for source in volume.projected.sources if volume.projected is not None else ():
        if source.config_map is not None:
            config_maps.add(source.config_map.name)
        if source.secret is not None:
            secrets.add(source.secret.name)
    return frozenset(config_maps), frozenset(secrets)


def files(volume: Volume, pod: Pod, around: Surroundings) -> dict[str, File]:
    """The files by their path in the volume; ConfigError when they cannot be made (SetUpAt)."""
    if (config_map := volume.config_map) is not None:
        found = _config_map(around, config_map.name, optional=config_map.optional)
        return _chosen(found, config_map.items, config_map.default_mode, _NO_CONFIG_KEY)
    if (secret := volume.secret) is not None:
        found = _secret(around, secret.secret_name, optional=secret.optional)
        return _chosen(found, secret.items, secret.default_mode, _NO_SECRET_KEY)
    if (downward := volume.downward_api) is not None:
        return _pod_fields(downward.items, downward.default_mode, pod, around)
    if volume.projected is not None:
        return _projected(volume.projected, pod, around)
    return {}


def group_mode(mode: int, *, is_directory: bool, read_only: bool) -> int:
    """Permissions after a volume was given to the pod's fsGroup (changeFilePermission).

    What is made in a directory later belongs to the group too.
    """
    mask = _GROUP_READS if read_only else _GROUP_WRITES
    if is_directory:
        mask |= _SETGID | _GROUP_ENTERS
    return mode | mask


class _Keys(msgspec.Struct, frozen=True):
    """What an object holds; whether keys that it has not are simply left out."""

    data: Mapping[str, bytes]
    optional: bool


_NO_CONFIG_KEY = "configmap references non-existent config key"
_NO_SECRET_KEY = "references non-existent secret key"


def _config_map(around: Surroundings, name: str, *, optional: bool | None) -> _Keys:
    found = around.config_maps.get(name)
    if found is None:
        return _nothing("configmap", name, optional=optional)
    data = {key: binascii.a2b_base64(value) for key, value in found.binary_data.items()}
    data |= {key: _encoded(value) for key, value in found.data.items()}
    return _Keys(data, bool(optional))


def _secret(around: Surroundings, name: str, *, optional: bool | None) -> _Keys:
    found = around.secrets.get(name)
    if found is None:
        return _nothing("secret", name, optional=optional)
    data = {key: binascii.a2b_base64(value) for key, value in found.data.items()}
    data |= {key: _encoded(value) for key, value in found.string_data.items()}
    return _Keys(data, bool(optional))


def _nothing(kind: str, name: str, *, optional: bool | None) -> _Keys:
    if not optional:
        raise MissingObject(kind, name)
    return _Keys({}, True)


def _chosen(
    keys: _Keys, items: Sequence[KeyToPath], default_mode: int | None, missing: str
) -> dict[str, File]:
    """All keys, or those that `items` name, under the names they are given (MakePayload)."""
    mode = DEFAULT_MODE if default_mode is None else default_mode
    if not items:
        return {key: File(data, mode) for key, data in keys.data.items()}
    result: dict[str, File] = {}
    for item in items:
        data = keys.data.get(item.key)
        if data is None:
            if keys.optional:
                continue
            raise ConfigError(f"{missing}: {item.key}")
        result[posixpath.normpath(item.path)] = File(data, mode if item.mode is None else item.mode)
    return result


def _pod_fields(
    items: Iterable[DownwardAPIVolumeFile], default_mode: int | None, pod: Pod, around: Surroundings
) -> dict[str, File]:
    """Fields of the pod and resources of its containers (CollectData)."""
    mode = DEFAULT_MODE if default_mode is None else default_mode
    result: dict[str, File] = {}
    errors: list[str] = []
    for item in items:
        try:
            text = _pod_field(item, pod, around)
        except ConfigError as exc:
            errors.append(str(exc))
            continue
        path = posixpath.normpath(item.path)
        result[path] = File(_encoded(text), mode if item.mode is None else item.mode)
    _raise_all(errors)
    return result


def _pod_field(item: DownwardAPIVolumeFile, pod: Pod, around: Surroundings) -> str:
    if item.field_ref is not None:
        return field_value(item.field_ref, pod, around)
    if item.resource_field_ref is not None:
        return resource_value(item.resource_field_ref, pod, pod.spec.containers[0], around)
    return ""


def _projected(projected: ProjectedVolumeSource, pod: Pod, around: Surroundings) -> dict[str, File]:
    """Several sources in one directory; of two files with one path the last counts (collectData).

    What is wrong with every source is told at once.
    """
    result: dict[str, File] = {}
    errors: list[str] = []
    for source in projected.sources:
        try:
            result |= _projection(source, projected.default_mode, pod, around)
        except _Several as exc:
            errors += exc.errors
        except ConfigError as exc:
            errors.append(str(exc))
    _raise_all(errors)
    return result


def _projection(
    source: VolumeProjection, mode: int | None, pod: Pod, around: Surroundings
) -> dict[str, File]:
    if (config_map := source.config_map) is not None:
        found = _config_map(around, config_map.name, optional=config_map.optional)
        return _chosen(found, config_map.items, mode, _NO_CONFIG_KEY)
    if (secret := source.secret) is not None:
        found = _secret(around, secret.name, optional=secret.optional)
        return _chosen(found, secret.items, mode, _NO_SECRET_KEY)
    if source.downward_api is not None:
        return _pod_fields(source.downward_api.items, mode, pod, around)
    return {}


class _Several(ConfigError):
    """More than one problem (apimachinery: errors.Aggregate)."""

    def __init__(self, errors: Sequence[str]) -> None:
        self.errors = tuple(dict.fromkeys(errors))
        text = ", ".join(self.errors)
        super().__init__(f"[{text}]" if len(self.errors) > 1 else text)


def _raise_all(errors: Sequence[str]) -> None:
    if errors:
        raise _Several(errors)


def _encoded(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")
