"""The volumes of a pod: those that a bare host offers (kubectl: describeVolumes)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from agent.api.describe.layout import NONE, UNSET, Page
from agent.manifest.decode import encode
from agent.model import quantity
from agent.model.volume import (
    DownwardAPIVolumeSource,
    EmptyDirVolumeSource,
    Volume,
    VolumeProjection,
)

#: A field of a volume, and its value.
_Field = tuple[str, object]


def describe_volumes(page: Page, volumes: Sequence[Volume]) -> None:
    """One section for each volume."""
    if not volumes:
        page.line(0, "Volumes:", NONE)
        return
    page.line(0, "Volumes:")
    for volume in volumes:
        page.line(1, f"{volume.name}:")
        fields = list(_fields(volume))
        for name, value in fields:
            page.line(2, f"{name}:", value)
        if volume.downward_api is not None:
            _items(page, volume.downward_api)
        if not fields:
            page.line(1, "<unknown>")


def _fields(volume: Volume) -> Iterator[_Field]:
    """What is said of a volume, whose kind alone is named if only a cluster offers it."""
    if volume.host_path is not None:
        yield "Type", "HostPath (bare host directory volume)"
        yield "Path", volume.host_path.path
        yield "HostPathType", NONE if volume.host_path.type is None else volume.host_path.type
    elif volume.empty_dir is not None:
        yield "Type", "EmptyDir (a temporary directory that shares a pod's lifetime)"
        yield "Medium", volume.empty_dir.medium
        yield "SizeLimit", _size_limit(volume.empty_dir)
    elif volume.config_map is not None:
        yield "Type", "ConfigMap (a volume populated by a ConfigMap)"
        yield "Name", volume.config_map.name
        yield "Optional", _bool(volume.config_map.optional)
    elif volume.secret is not None:
        yield "Type", "Secret (a volume populated by a Secret)"
        yield "SecretName", volume.secret.secret_name
        yield "Optional", _bool(volume.secret.optional)
    elif volume.downward_api is not None:
        yield "Type", "DownwardAPI (a volume populated by information about the pod)"
    elif volume.projected is not None:
        yield "Type", "Projected (a volume that contains injected data from multiple sources)"
        for source in volume.projected.sources:
            yield from _projection(source)
    else:
        for name in sorted(set(encode(volume)) - {"name"}):
            yield "Type", name


def _projection(source: VolumeProjection) -> Iterator[_Field]:
    if source.secret is not None:
        yield "SecretName", source.secret.name
        yield "Optional", _bool(source.secret.optional)
    elif source.downward_api is not None:
        yield "DownwardAPI", "true"
    elif source.config_map is not None:
        yield "ConfigMapName", source.config_map.name
        yield "Optional", _bool(source.config_map.optional)
    elif source.service_account_token is not None:
        yield "TokenExpirationSeconds", source.service_account_token.expiration_seconds


def _items(page: Page, source: DownwardAPIVolumeSource) -> None:
    page.line(2, "Items:")
    for item in source.items:
        if item.field_ref is not None:
            page.line(3, f"{item.field_ref.field_path} -> {item.path}")
        if item.resource_field_ref is not None:
            page.line(3, f"{item.resource_field_ref.resource} -> {item.path}")


def _size_limit(directory: EmptyDirVolumeSource) -> str:
    limit = directory.size_limit
    return limit if limit is not None and quantity.parse(limit).sign() > 0 else UNSET


def _bool(value: bool | None) -> str:
    return "true" if value else "false"
