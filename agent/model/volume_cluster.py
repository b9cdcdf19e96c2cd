"""Volume sources that only a cluster can offer: known by name, so that they are refused by name."""

from __future__ import annotations

import msgspec

from agent.model import names
from agent.model.base import Int32, Object, ResourceList, always
from agent.model.meta import (
    LabelSelector,
    LocalObjectReference,
    ObjectMeta,
    TypedLocalObjectReference,
    TypedObjectReference,
)


def _named(name: str) -> str:
    """A Go string without omitempty whose JSON name is not plain camelCase."""
    field: str = always(factory=str, name=name)
    return field


class GCEPersistentDiskVolumeSource(Object):
    """A Google Compute Engine disk."""

    pd_name: str = always(factory=str)
    fs_type: str = ""
    partition: Int32 = 0
    read_only: bool = False


class AWSElasticBlockStoreVolumeSource(Object):
    """An AWS disk."""

    volume_id: str = _named("volumeID")
    fs_type: str = ""
    partition: Int32 = 0
    read_only: bool = False


class GitRepoVolumeSource(Object):
    """A git repository, cloned at start."""

    repository: str = always(factory=str)
    revision: str = ""
    directory: str = ""


class NFSVolumeSource(Object):
    """An NFS export."""

    server: str = always(factory=str)
    path: str = always(factory=str)
    read_only: bool = False


class ISCSIVolumeSource(Object):
    """An iSCSI disk."""

    target_portal: str = always(factory=str)
    iqn: str = always(factory=str)
    lun: Int32 = always(factory=int)
    iscsi_interface: str = ""
    fs_type: str = ""
    read_only: bool = False
    portals: tuple[str, ...] = ()
    chap_auth_discovery: bool = False
    chap_auth_session: bool = False
    secret_ref: LocalObjectReference | None = None
    initiator_name: str | None = None


class GlusterfsVolumeSource(Object):
    """A Glusterfs mount."""

    endpoints: str = always(factory=str)
    path: str = always(factory=str)
    read_only: bool = False


class PersistentVolumeClaimVolumeSource(Object):
    """A claim."""

    claim_name: str = always(factory=str)
    read_only: bool = False


class RBDVolumeSource(Object):
    """A Rados block device."""

    monitors: tuple[str, ...] = always(factory=tuple)
    image: str = always(factory=str)
    fs_type: str = ""
    pool: str = ""
    user: str = ""
    keyring: str = ""
    secret_ref: LocalObjectReference | None = None
    read_only: bool = False


class FlexVolumeSource(Object):
    """A FlexVolume driver."""

    driver: str = always(factory=str)
    fs_type: str = ""
    secret_ref: LocalObjectReference | None = None
    read_only: bool = False
    options: dict[str, str] = {}


class CinderVolumeSource(Object):
    """An OpenStack disk."""

    volume_id: str = _named("volumeID")
    fs_type: str = ""
    read_only: bool = False
    secret_ref: LocalObjectReference | None = None


class CephFSVolumeSource(Object):
    """A CephFS mount."""

    monitors: tuple[str, ...] = always(factory=tuple)
    path: str = ""
    user: str = ""
    secret_file: str = ""
    secret_ref: LocalObjectReference | None = None
    read_only: bool = False


class FlockerVolumeSource(Object):
    """A Flocker dataset."""

    dataset_name: str = ""
    dataset_uuid: str = msgspec.field(name="datasetUUID", default="")


class FCVolumeSource(Object):
    """A Fibre Channel disk."""

    target_wwns: tuple[str, ...] = msgspec.field(name="targetWWNs", default=())
    lun: Int32 | None = None
    fs_type: str = ""
    read_only: bool = False
    wwids: tuple[str, ...] = ()


class AzureFileVolumeSource(Object):
    """An Azure file share."""

    secret_name: str = always(factory=str)
    share_name: str = always(factory=str)
    read_only: bool = False


class VsphereVirtualDiskVolumeSource(Object):
    """A vSphere disk."""

    volume_path: str = always(factory=str)
    fs_type: str = ""
    storage_policy_name: str = ""
    storage_policy_id: str = msgspec.field(name="storagePolicyID", default="")


class QuobyteVolumeSource(Object):
    """A Quobyte mount."""

    registry: str = always(factory=str)
    volume: str = always(factory=str)
    read_only: bool = False
    user: str = ""
    group: str = ""
    tenant: str = ""


class AzureDiskVolumeSource(Object):
    """An Azure disk."""

    disk_name: str = always(factory=str)
    data_disk_uri: str = _named("diskURI")
    caching_mode: names.AzureDataDiskCachingMode | None = None
    fs_type: str | None = None
    read_only: bool | None = None
    kind: names.AzureDataDiskKind | None = None


class PhotonPersistentDiskVolumeSource(Object):
    """A Photon disk."""

    pd_id: str = _named("pdID")
    fs_type: str = ""


class PortworxVolumeSource(Object):
    """A Portworx volume."""

    volume_id: str = _named("volumeID")
    fs_type: str = ""
    read_only: bool = False


class ScaleIOVolumeSource(Object):
    """A ScaleIO volume."""

    gateway: str = always(factory=str)
    system: str = always(factory=str)
    secret_ref: LocalObjectReference | None = always(factory=lambda: None)
    ssl_enabled: bool = False
    protection_domain: str = ""
    storage_pool: str = ""
    storage_mode: str = ""
    volume_name: str = ""
    fs_type: str = ""
    read_only: bool = False


class StorageOSVolumeSource(Object):
    """A StorageOS volume."""

    volume_name: str = ""
    volume_namespace: str = ""
    fs_type: str = ""
    read_only: bool = False
    secret_ref: LocalObjectReference | None = None


class CSIVolumeSource(Object):
    """An inline CSI volume."""

    driver: str = always(factory=str)
    read_only: bool | None = None
    fs_type: str | None = None
    volume_attributes: dict[str, str] = {}
    node_publish_secret_ref: LocalObjectReference | None = None


class VolumeResourceRequirements(Object):
    """Size of a claim."""

    limits: ResourceList = {}
    requests: ResourceList = {}


class PersistentVolumeClaimSpec(Object):
    """A claim to be made."""

    access_modes: tuple[names.PersistentVolumeAccessMode, ...] = ()
    selector: LabelSelector | None = None
    resources: VolumeResourceRequirements = always(factory=VolumeResourceRequirements)
    volume_name: str = ""
    storage_class_name: str | None = None
    volume_mode: names.PersistentVolumeMode | None = None
    data_source: TypedLocalObjectReference | None = None
    data_source_ref: TypedObjectReference | None = None
    volume_attributes_class_name: str | None = None


class PersistentVolumeClaimTemplate(Object):
    """Template of an ephemeral claim."""

    metadata: ObjectMeta = always(factory=ObjectMeta)
    spec: PersistentVolumeClaimSpec = always(factory=PersistentVolumeClaimSpec)


class EphemeralVolumeSource(Object):
    """A claim that lives as long as the pod."""

    volume_claim_template: PersistentVolumeClaimTemplate | None = None


class ImageVolumeSource(Object):
    """An OCI image as a volume."""

    reference: str = ""
    pull_policy: names.PullPolicy = ""
