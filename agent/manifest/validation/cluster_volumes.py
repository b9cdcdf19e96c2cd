"""Are the volumes valid that only a cluster can offer?

Most of them only have fields that must be set; those are a table.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from agent.manifest.errors import invalid, not_supported, required, too_long
from agent.manifest.validation import names
from agent.manifest.validation.images import check_pull_policy
from agent.manifest.validation.options import Errors, report
from agent.model import volume_cluster as model

#: Volume type -> its fields that must not be empty, as (attribute, name in the path).
_REQUIRED: dict[str, tuple[tuple[str, str], ...]] = {
    "glusterfs": (("endpoints", "endpoints"), ("path", "path")),
    "rbd": (("monitors", "monitors"), ("image", "image")),
    "cinder": (("volume_id", "volumeID"),),
    "cephfs": (("monitors", "monitors"),),
    "azure_file": (("secret_name", "secretName"), ("share_name", "shareName")),
    "vsphere_volume": (("volume_path", "volumePath"),),
    "photon_persistent_disk": (("pd_id", "pdID"),),
    "portworx_volume": (("volume_id", "volumeID"),),
    "scale_io": (("gateway", "gateway"), ("system", "system"), ("volume_name", "volumeName")),
    "persistent_volume_claim": (("claim_name", "claimName"),),
    "git_repo": (("repository", "repository"),),
    "gce_persistent_disk": (("pd_name", "pdName"),),
    "aws_elastic_block_store": (("volume_id", "volumeID"),),
    "nfs": (("server", "server"), ("path", "path")),
    "flex_volume": (("driver", "driver"),),
    "azure_disk": (("disk_name", "diskName"), ("data_disk_uri", "diskURI")),
}
_CACHING_MODES = ("None", "ReadOnly", "ReadWrite")
_DISK_KINDS = ("Dedicated", "Managed", "Shared")
_MANAGED_URI = (
    "/subscriptions/{sub-id}/resourcegroups/{group-name}/providers/microsoft.compute/disks"
    "/{disk-id}"
)
_BLOB_URI = "https://{account-name}.blob.core.windows.net/{container-name}/{disk-name}.vhd"
_REGISTRY = "must be a host:port pair or multiple pairs separated by commas"


def check_cluster_volume(kind: str, source: Any, path: str, errors: Errors) -> None:
    """Check the volume source of attribute `kind` of a Volume."""
    for attribute, name in _REQUIRED.get(kind, ()):
        if not getattr(source, attribute):
            errors.append(required(f"{path}.{name}"))
    check = _CHECKS.get(kind)
    if check is not None:
        check(source, path, errors)


def _check_git_repo(source: model.GitRepoVolumeSource, path: str, errors: Errors) -> None:
    messages = names.descending_path(source.directory)
    report(errors, f"{path}.directory", source.directory, messages)


def _check_partition(
    source: model.GCEPersistentDiskVolumeSource | model.AWSElasticBlockStoreVolumeSource,
    path: str,
    errors: Errors,
) -> None:
    if not 0 <= source.partition <= 255:
        wrong = names.out_of_range(1, 255)
        errors.append(invalid(f"{path}.partition", source.partition, wrong))


def _check_nfs(source: model.NFSVolumeSource, path: str, errors: Errors) -> None:
    if not source.path.startswith("/"):
        errors.append(invalid(f"{path}.path", source.path, "must be an absolute path"))


def _check_cinder(source: model.CinderVolumeSource, path: str, errors: Errors) -> None:
    if source.secret_ref is not None and not source.secret_ref.name:
        errors.append(required(f"{path}.secretRef.name"))


def _check_flex(source: model.FlexVolumeSource, path: str, errors: Errors) -> None:
    for key in source.options:
        domain = f".{key.partition('/')[0].lower()}"
        if domain.endswith((".kubernetes.io", ".k8s.io")):
            wrong = "kubernetes.io and k8s.io namespaces are reserved"
            errors.append(invalid(f"{path}.options[{key}]", key, wrong))


def _check_flocker(source: model.FlockerVolumeSource, path: str, errors: Errors) -> None:
    name, uuid = source.dataset_name, source.dataset_uuid
    if not name and not uuid:
        errors.append(required(path, "one of datasetName and datasetUUID is required"))
    if name and uuid:
        wrong = "datasetName and datasetUUID can not be specified simultaneously"
        errors.append(invalid(path, "resource", wrong))
    if "/" in name:
        errors.append(invalid(f"{path}.datasetName", name, "must not contain '/'"))


def _check_lun(lun: int, path: str, errors: Errors) -> None:
    if not 0 <= lun <= 255:
        errors.append(invalid(f"{path}.lun", lun, names.out_of_range(0, 255)))


def _check_fc(source: model.FCVolumeSource, path: str, errors: Errors) -> None:
    if not source.target_wwns and not source.wwids:
        wrong = "must specify either targetWWNs or wwids, but not both"
        errors.append(required(f"{path}.targetWWNs", wrong))
    if source.target_wwns and source.wwids:
        wrong = "targetWWNs and wwids can not be specified simultaneously"
        errors.append(invalid(f"{path}.targetWWNs", source.target_wwns, wrong))
    if source.target_wwns:
        if source.lun is None:
            wrong = "lun is required if targetWWNs is specified"
            errors.append(required(f"{path}.lun", wrong))
        else:
            _check_lun(source.lun, path, errors)


def _check_iscsi(source: model.ISCSIVolumeSource, path: str, errors: Errors) -> None:
    if not source.target_portal:
        errors.append(required(f"{path}.targetPortal"))
    if not source.iqn:
        errors.append(required(f"{path}.iqn"))
    else:
        for wrong in _iscsi_messages(source.iqn)[:1]:
            errors.append(invalid(f"{path}.iqn", source.iqn, wrong))
    _check_lun(source.lun, path, errors)
    if (source.chap_auth_discovery or source.chap_auth_session) and source.secret_ref is None:
        errors.append(required(f"{path}.secretRef"))
    if source.initiator_name is not None:
        messages = _iscsi_messages(source.initiator_name)
        report(errors, f"{path}.initiatorname", source.initiator_name, messages)


def _iscsi_messages(name: str) -> names.Messages:
    if name.startswith("iqn"):
        good = re.search(r"iqn\.[0-9]{4}-[0-9]{2}\.([0-9A-Za-z.-]+)(:[^,;*&$|\s]+)\Z", name)
    elif name.startswith("eui"):
        good = re.fullmatch(r"eui.[0-9A-Za-z]{16}", name)
    elif name.startswith("naa"):
        good = re.fullmatch(r"naa.[0-9A-Za-z]{32}", name)
    else:
        return ["must be valid format starting with iqn, eui, or naa"]
    return [] if good else ["must be valid format"]


def check_iscsi_length(
    source: model.ISCSIVolumeSource, volume: str, path: str, errors: Errors
) -> None:
    """Check that a name made of volume and portal is short enough."""
    together = names.size(f"{volume}:{source.target_portal}")
    if source.initiator_name is not None and together > 64:
        wrong = (
            "Total length of <volume name>:<iscsi.targetPortal> must be under 64 characters "
            "if iscsi.initiatorName is specified."
        )
        errors.append(invalid(f"{path}.name", volume, wrong))


def _check_quobyte(source: model.QuobyteVolumeSource, path: str, errors: Errors) -> None:
    if not source.registry:
        errors.append(required(f"{path}.registry", _REGISTRY))
    elif names.size(source.tenant) >= 65:
        wrong = "must be a UUID and may not exceed a length of 64 characters"
        errors.append(required(f"{path}.tenant", wrong))
    else:
        for pair in source.registry.split(","):
            if not _is_host_port(pair):
                errors.append(invalid(f"{path}.registry", source.registry, _REGISTRY))
    if not source.volume:
        errors.append(required(f"{path}.volume"))


def _is_host_port(text: str) -> bool:
    """Whether Go's net.SplitHostPort accepts it."""
    host, colon, port = text.rpartition(":")
    if host.startswith("[") and host.endswith("]"):
        host = host[1:-1].replace(":", "")
    return bool(colon) and not any(character in ":[]" for character in host + port)


def _check_azure_disk(source: model.AzureDiskVolumeSource, path: str, errors: Errors) -> None:
    caching, kind, uri = source.caching_mode, source.kind, source.data_disk_uri
    if caching is not None and caching not in _CACHING_MODES:
        errors.append(not_supported(f"{path}.cachingMode", caching, _CACHING_MODES))
    if kind is None:
        return
    if kind not in _DISK_KINDS:
        errors.append(not_supported(f"{path}.kind", kind, _DISK_KINDS))
    start, form = (
        ("/subscriptions/", _MANAGED_URI) if kind == "Managed" else ("https://", _BLOB_URI)
    )
    if not uri.startswith(start):
        errors.append(not_supported(f"{path}.diskURI", uri, (form,)))


def _check_storageos(source: model.StorageOSVolumeSource, path: str, errors: Errors) -> None:
    if not source.volume_name:
        errors.append(required(f"{path}.volumeName"))
    else:
        messages = names.dns_label(source.volume_name)
        report(errors, f"{path}.volumeName", source.volume_name, messages)
    if source.volume_namespace:
        messages = names.dns_label(source.volume_namespace)
        report(errors, f"{path}.volumeNamespace", source.volume_namespace, messages)
    if source.secret_ref is not None and not source.secret_ref.name:
        errors.append(required(f"{path}.secretRef.name"))


def _check_csi(source: model.CSIVolumeSource, path: str, errors: Errors) -> None:
    if not source.driver:
        errors.append(required(f"{path}.driver"))
    else:
        if names.size(source.driver) > 63:
            errors.append(too_long(f"{path}.driver", 63))
        messages = names.dns_subdomain(source.driver.lower())
        report(errors, f"{path}.driver", source.driver, messages)
    secret = source.node_publish_secret_ref
    if secret is not None:
        if not secret.name:
            errors.append(required(f"{path}.nodePublishSecretRef.name"))
        else:
            report(errors, f"{path}.name", secret.name, names.dns_subdomain(secret.name))


def _check_image(source: model.ImageVolumeSource, path: str, errors: Errors) -> None:
    if not source.reference:
        errors.append(required(f"{path}.reference"))
    check_pull_policy(source.pull_policy, f"{path}.pullPolicy", errors)


_CHECKS: dict[str, Callable[[Any, str, Errors], None]] = {
    "git_repo": _check_git_repo,
    "gce_persistent_disk": _check_partition,
    "aws_elastic_block_store": _check_partition,
    "nfs": _check_nfs,
    "cinder": _check_cinder,
    "flex_volume": _check_flex,
    "flocker": _check_flocker,
    "fc": _check_fc,
    "iscsi": _check_iscsi,
    "quobyte": _check_quobyte,
    "azure_disk": _check_azure_disk,
    "storageos": _check_storageos,
    "csi": _check_csi,
    "image": _check_image,
}
