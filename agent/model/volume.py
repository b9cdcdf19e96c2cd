"""Volumes that a bare host can offer, beside those that only a cluster has."""

from __future__ import annotations

import msgspec

from agent.model import names
from agent.model import volume_cluster as cluster
from agent.model.base import Int32, Int64, Object, Quantity, always
from agent.model.container import ObjectFieldSelector, ResourceFieldSelector
from agent.model.meta import LabelSelector, LocalObjectReference


class HostPathVolumeSource(Object):
    """A path of the host."""

    path: str = always(factory=str)
    type: names.HostPathType | None = None


class EmptyDirVolumeSource(Object):
    """An empty directory that lives as long as the pod."""

    medium: names.StorageMedium = ""
    size_limit: Quantity | None = None


class KeyToPath(Object):
    """A key of a ConfigMap or Secret and the file it becomes."""

    key: str = always(factory=str)
    path: str = always(factory=str)
    mode: Int32 | None = None


class SecretVolumeSource(Object):
    """The keys of a Secret as files."""

    secret_name: str = ""
    items: tuple[KeyToPath, ...] = ()
    default_mode: Int32 | None = None
    optional: bool | None = None


class ConfigMapVolumeSource(LocalObjectReference):
    """The keys of a ConfigMap as files."""

    items: tuple[KeyToPath, ...] = ()
    default_mode: Int32 | None = None
    optional: bool | None = None


class DownwardAPIVolumeFile(Object):
    """A field of the pod as a file."""

    path: str = always(factory=str)
    field_ref: ObjectFieldSelector | None = None
    resource_field_ref: ResourceFieldSelector | None = None
    mode: Int32 | None = None


class DownwardAPIVolumeSource(Object):
    """Fields of the pod as files."""

    items: tuple[DownwardAPIVolumeFile, ...] = ()
    default_mode: Int32 | None = None


class SecretProjection(LocalObjectReference):
    """A Secret inside a projected volume."""

    items: tuple[KeyToPath, ...] = ()
    optional: bool | None = None


class ConfigMapProjection(LocalObjectReference):
    """A ConfigMap inside a projected volume."""

    items: tuple[KeyToPath, ...] = ()
    optional: bool | None = None


class DownwardAPIProjection(Object):
    """Pod fields inside a projected volume."""

    items: tuple[DownwardAPIVolumeFile, ...] = ()


class ServiceAccountTokenProjection(Object):
    """A token inside a projected volume; needs a cluster."""

    audience: str = ""
    expiration_seconds: Int64 | None = None
    path: str = always(factory=str)


class ClusterTrustBundleProjection(Object):
    """Trust anchors inside a projected volume; needs a cluster."""

    name: str | None = None
    signer_name: str | None = None
    label_selector: LabelSelector | None = None
    optional: bool | None = None
    path: str = always(factory=str)


class PodCertificateProjection(Object):
    """A certificate inside a projected volume; needs a cluster."""

    signer_name: str = ""
    key_type: str = ""
    max_expiration_seconds: Int32 | None = None
    credential_bundle_path: str = ""
    key_path: str = ""
    certificate_chain_path: str = ""


class VolumeProjection(Object):
    """One source of a projected volume."""

    secret: SecretProjection | None = None
    downward_api: DownwardAPIProjection | None = msgspec.field(name="downwardAPI", default=None)
    config_map: ConfigMapProjection | None = None
    service_account_token: ServiceAccountTokenProjection | None = None
    cluster_trust_bundle: ClusterTrustBundleProjection | None = None
    pod_certificate: PodCertificateProjection | None = None


class ProjectedVolumeSource(Object):
    """Several sources in one directory."""

    sources: tuple[VolumeProjection, ...] = always(factory=tuple)
    default_mode: Int32 | None = None


class Volume(Object):
    """A named volume with exactly one source."""

    name: str = always(factory=str)
    host_path: HostPathVolumeSource | None = None
    empty_dir: EmptyDirVolumeSource | None = None
    gce_persistent_disk: cluster.GCEPersistentDiskVolumeSource | None = None
    aws_elastic_block_store: cluster.AWSElasticBlockStoreVolumeSource | None = None
    git_repo: cluster.GitRepoVolumeSource | None = None
    secret: SecretVolumeSource | None = None
    nfs: cluster.NFSVolumeSource | None = None
    iscsi: cluster.ISCSIVolumeSource | None = None
    glusterfs: cluster.GlusterfsVolumeSource | None = None
    persistent_volume_claim: cluster.PersistentVolumeClaimVolumeSource | None = None
    rbd: cluster.RBDVolumeSource | None = None
    flex_volume: cluster.FlexVolumeSource | None = None
    cinder: cluster.CinderVolumeSource | None = None
    cephfs: cluster.CephFSVolumeSource | None = None
    flocker: cluster.FlockerVolumeSource | None = None
    downward_api: DownwardAPIVolumeSource | None = msgspec.field(name="downwardAPI", default=None)
    fc: cluster.FCVolumeSource | None = None
    azure_file: cluster.AzureFileVolumeSource | None = None
    config_map: ConfigMapVolumeSource | None = None
    vsphere_volume: cluster.VsphereVirtualDiskVolumeSource | None = None
    quobyte: cluster.QuobyteVolumeSource | None = None
    azure_disk: cluster.AzureDiskVolumeSource | None = None
    photon_persistent_disk: cluster.PhotonPersistentDiskVolumeSource | None = None
    projected: ProjectedVolumeSource | None = None
    portworx_volume: cluster.PortworxVolumeSource | None = None
    scale_io: cluster.ScaleIOVolumeSource | None = msgspec.field(name="scaleIO", default=None)
    storageos: cluster.StorageOSVolumeSource | None = None
    csi: cluster.CSIVolumeSource | None = None
    ephemeral: cluster.EphemeralVolumeSource | None = None
    image: cluster.ImageVolumeSource | None = None
