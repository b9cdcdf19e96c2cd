"""Would files of one volume overwrite each other? Kubernetes only warns about it."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from agent.model import gotext
from agent.model.volume import DownwardAPIVolumeFile, KeyToPath, Volume, VolumeProjection


class _File(msgspec.Struct, frozen=True):
    """A file and the source it comes from, for the message."""

    path: str
    source: str = ""

    def __str__(self) -> str:
        shown = gotext.quote(self.path)
        return f"{shown} ({self.source})" if self.source else shown

    def collides(self, other: _File) -> bool:
        """One is the other, or is a directory on the way to it."""
        mine, theirs = f"{self.path}/", f"{other.path}/"
        return bool(other.path) and (theirs.startswith(mine) or mine.startswith(theirs))


def overlap_warnings(volumes: Iterable[Volume]) -> list[str]:
    """A line for each pair of files that collide (warningsForOverlappingVirtualPaths)."""
    found: list[str] = []
    for volume in volumes:
        shown = gotext.quote(volume.name)
        if volume.config_map is not None:
            what = f"ConfigMap {gotext.quote(volume.config_map.name)}"
            found += _collisions(f"{shown} ({what})", _files(volume.config_map.items))
        if volume.secret is not None:
            what = f"Secret {gotext.quote(volume.secret.secret_name)}"
            found += _collisions(f"{shown} ({what})", _files(volume.secret.items))
        if volume.downward_api is not None:
            files = _files(volume.downward_api.items)
            found += _collisions(f"{shown} (DownwardAPI)", files)
        if volume.projected is not None:
            found += _projected_warnings(f"{shown} (Projected)", volume.projected.sources)
    return found


def _files(items: Iterable[KeyToPath | DownwardAPIVolumeFile], source: str = "") -> list[_File]:
    return [_File(item.path.rstrip("/"), source) for item in items]


def _collisions(
    volume: str, files: Iterable[_File], earlier: list[_File] | None = None
) -> list[str]:
    """Compare each file with those before it; `earlier` has the ones before the first."""
    found = []
    known = [] if earlier is None else earlier
    for file in files:
        if file.path:
            found += [
                f"volume {volume}: overlapping paths: {file} with {other}"
                for other in known
                if file.collides(other)
            ]
        known.append(file)
    return found


def _projected_warnings(volume: str, sources: tuple[VolumeProjection, ...]) -> list[str]:
    empty = VolumeProjection()
    found: list[str] = []
    files: list[_File] = []
    for source in sources:
        if source == empty:
            found.append(f"volume {volume} has no sources provided")
        found += _collisions(volume, _source_files(source), files)
    return found


def _source_files(source: VolumeProjection) -> list[_File]:
    """The files of the first kind that is set; keys of no items are not known here."""
    if source.config_map is not None and source.config_map.items:
        name = gotext.quote(source.config_map.name)
        return _files(source.config_map.items, f"ConfigMap {name}")
    if source.secret is not None and source.secret.items:
        name = gotext.quote(source.secret.name)
        return _files(source.secret.items, f"Secret {name}")
    if source.downward_api is not None and source.downward_api.items:
        return _files(source.downward_api.items, "DownwardAPI")
    if source.service_account_token is not None:
        path = source.service_account_token.path.rstrip("/")
        return [_File(path, "ServiceAccountToken")]
    if source.cluster_trust_bundle is not None:
        bundle = source.cluster_trust_bundle
        name = gotext.quote(bundle.name or bundle.signer_name or "")
        return [_File(bundle.path.rstrip("/"), f"ClusterTrustBundle {name}")]
    return []
