"""Are the volumes of a pod valid?

The rules for kinds that few pods use are imported when they are needed: starting is to be fast.
"""

from __future__ import annotations

from agent.manifest.errors import duplicate, forbidden, invalid, not_supported, required
from agent.manifest.validation import names, volume_files
from agent.manifest.validation.options import Errors, report
from agent.model import gotext, quantity, volume_cluster
from agent.model.meta import ObjectMeta
from agent.model.volume import (
    ConfigMapVolumeSource,
    HostPathVolumeSource,
    SecretVolumeSource,
    Volume,
)

#: Attribute of a Volume, name in a path, name in the path of "more than 1 volume type" (where it
#: differs), in the order in which the API server looks at them.
_TYPES = (
    ("empty_dir", "emptyDir", ""),
    ("host_path", "hostPath", ""),
    ("git_repo", "gitRepo", ""),
    ("gce_persistent_disk", "persistentDisk", "gcePersistentDisk"),
    ("aws_elastic_block_store", "awsElasticBlockStore", ""),
    ("secret", "secret", ""),
    ("nfs", "nfs", ""),
    ("iscsi", "iscsi", ""),
    ("glusterfs", "glusterfs", ""),
    ("flocker", "flocker", ""),
    ("persistent_volume_claim", "persistentVolumeClaim", ""),
    ("rbd", "rbd", ""),
    ("cinder", "cinder", ""),
    ("cephfs", "cephfs", "cephFS"),
    ("quobyte", "quobyte", ""),
    ("downward_api", "downwardAPI", "downwarAPI"),
    ("fc", "fc", ""),
    ("flex_volume", "flexVolume", ""),
    ("config_map", "configMap", ""),
    ("azure_file", "azureFile", ""),
    ("vsphere_volume", "vsphereVolume", ""),
    ("photon_persistent_disk", "photonPersistentDisk", ""),
    ("portworx_volume", "portworxVolume", ""),
    ("azure_disk", "azureDisk", ""),
    ("storageos", "storageos", ""),
    ("projected", "projected", ""),
    ("scale_io", "scaleIO", ""),
    ("csi", "csi", ""),
    ("ephemeral", "ephemeral", ""),
    ("image", "image", ""),
)
_HOST_PATH_TYPES = (
    "", "BlockDevice", "CharDevice", "Directory", "DirectoryOrCreate", "File", "FileOrCreate",
    "Socket",
)  # fmt: skip


def check_volumes(
    volumes: tuple[Volume, ...], meta: ObjectMeta, path: str, errors: Errors
) -> dict[str, Volume]:
    """Check all volumes (ValidateVolumes); return the valid ones by name, for the mounts."""
    valid: dict[str, Volume] = {}
    created = {
        f"{meta.name}-{volume.name}"
        for volume in volumes
        if volume.ephemeral is not None and meta.name
    }
    for index, volume in enumerate(volumes):
        at = f"{path}[{index}]"
        found: Errors = []
        _check_source(volume, meta, at, found)
        if not volume.name:
            found.append(required(f"{at}.name"))
        else:
            report(found, f"{at}.name", volume.name, names.dns_label(volume.name))
        if volume.name in valid:
            found.append(duplicate(f"{at}.name", volume.name))
        if not found:
            valid[volume.name] = volume
        errors.extend(found)
        claim = volume.persistent_volume_claim
        if claim is not None and claim.claim_name in created:
            wrong = "must not reference a PVC that gets created for an ephemeral volume"
            name = f"{at}.persistentVolumeClaim.claimName"
            errors.append(invalid(name, claim.claim_name, wrong))
    return valid


def _check_source(volume: Volume, meta: ObjectMeta, path: str, errors: Errors) -> None:
    """Exactly one source; only the first of several is looked into (validateVolumeSource)."""
    given = [entry for entry in _TYPES if getattr(volume, entry[0]) is not None]
    if not given:
        errors.append(required(path, "must specify a volume type"))
    for position, (kind, name, other_name) in enumerate(given):
        if position:
            wrong = "may not specify more than 1 volume type"
            errors.append(forbidden(f"{path}.{other_name or name}", wrong))
        else:
            _check_first(volume, kind, f"{path}.{name}", errors)
            if kind == "ephemeral":
                _check_claim_name(volume.name, meta, path, errors)
        if kind == "iscsi" and volume.iscsi is not None:
            from agent.manifest.validation.cluster_volumes import check_iscsi_length

            check_iscsi_length(volume.iscsi, volume.name, path, errors)


def _check_first(volume: Volume, kind: str, path: str, errors: Errors) -> None:
    if kind == "empty_dir":
        _check_empty_dir(volume, path, errors)
    elif volume.host_path is not None and kind == "host_path":
        _check_host_path(volume.host_path, path, errors)
    elif volume.secret is not None and kind == "secret":
        name = volume.secret.secret_name
        _check_keys(name, "secretName", volume.secret, path, errors)
    elif volume.config_map is not None and kind == "config_map":
        _check_keys(volume.config_map.name, "name", volume.config_map, path, errors)
    elif volume.downward_api is not None and kind == "downward_api":
        volume_files.check_mode(volume.downward_api.default_mode, f"{path}.defaultMode", errors)
        for file in volume.downward_api.items:
            volume_files.check_field_file(file, path, errors)
    elif volume.projected is not None and kind == "projected":
        from agent.manifest.validation.projected import check_projected

        check_projected(volume.projected, path, errors)
    elif volume.ephemeral is not None and kind == "ephemeral":
        _check_ephemeral(volume.ephemeral, path, errors)
    else:
        from agent.manifest.validation.cluster_volumes import check_cluster_volume

        check_cluster_volume(kind, getattr(volume, kind), path, errors)


def _check_empty_dir(volume: Volume, path: str, errors: Errors) -> None:
    limit = None if volume.empty_dir is None else volume.empty_dir.size_limit
    if limit is not None and quantity.parse(limit).sign() < 0:
        wrong = "SizeLimit field must be a valid resource quantity"
        errors.append(forbidden(f"{path}.sizeLimit", wrong))


def _check_host_path(source: HostPathVolumeSource, path: str, errors: Errors) -> None:
    if not source.path:
        errors.append(required(f"{path}.path"))
        return
    report(errors, f"{path}.path", source.path, names.no_backsteps(source.path))
    if source.type is not None and source.type not in _HOST_PATH_TYPES:
        errors.append(not_supported(f"{path}.type", source.type, _HOST_PATH_TYPES))


def _check_keys(
    name: str,
    field: str,
    source: SecretVolumeSource | ConfigMapVolumeSource,
    path: str,
    errors: Errors,
) -> None:
    """Check a Secret or ConfigMap as files; its `name` is in `field`."""
    if not name:
        errors.append(required(f"{path}.{field}"))
    volume_files.check_mode(source.default_mode, f"{path}.defaultMode", errors)
    volume_files.check_items(source.items, f"{path}.items", errors)


def _check_ephemeral(
    source: volume_cluster.EphemeralVolumeSource, path: str, errors: Errors
) -> None:
    at = f"{path}.volumeClaimTemplate"
    if source.volume_claim_template is None:
        errors.append(required(at))
    else:
        from agent.manifest.validation.claims import check_claim_template

        check_claim_template(source.volume_claim_template, at, errors)


def _check_claim_name(name: str, meta: ObjectMeta, path: str, errors: Errors) -> None:
    """Check the name of the claim that will be made for an ephemeral volume."""
    if not meta.name or not name:
        return
    claim = f"{meta.name}-{name}"
    shown = (f"PVC name {gotext.quote(claim)}: {message}" for message in names.dns_subdomain(claim))
    report(errors, f"{path}.name", name, shown)
