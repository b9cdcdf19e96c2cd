"""The messages of volumes, in the notation of `fields`.

`ClusterOnly` stands for what no bare host can mount: it is read as an empty message, and refused
like the volume itself.
"""

from __future__ import annotations

from typing import Final

VOLUMES: Final[dict[str, str]] = {
    "Volume": "name:1s! volumeSource:2~VolumeSource",
    "VolumeSource": (
        "hostPath:1*HostPathVolumeSource emptyDir:2*EmptyDirVolumeSource "
        "gcePersistentDisk:3*GCEPersistentDiskVolumeSource "
        "awsElasticBlockStore:4*AWSElasticBlockStoreVolumeSource "
        "gitRepo:5*GitRepoVolumeSource secret:6*SecretVolumeSource nfs:7*NFSVolumeSource "
        "iscsi:8*ISCSIVolumeSource glusterfs:9*GlusterfsVolumeSource "
        "persistentVolumeClaim:10*PersistentVolumeClaimVolumeSource rbd:11*ClusterOnly "
        "flexVolume:12*ClusterOnly cinder:13*ClusterOnly cephfs:14*ClusterOnly "
        "flocker:15*ClusterOnly downwardAPI:16*DownwardAPIVolumeSource fc:17*ClusterOnly "
        "azureFile:18*ClusterOnly configMap:19*ConfigMapVolumeSource "
        "vsphereVolume:20*ClusterOnly quobyte:21*ClusterOnly azureDisk:22*ClusterOnly "
        "photonPersistentDisk:23*ClusterOnly portworxVolume:24*ClusterOnly "
        "scaleIO:25*ClusterOnly projected:26*ProjectedVolumeSource storageos:27*ClusterOnly "
        "csi:28*CSIVolumeSource ephemeral:29*ClusterOnly image:30*ImageVolumeSource"
    ),
    "HostPathVolumeSource": "path:1s! type:2*s",
    "EmptyDirVolumeSource": "medium:1 sizeLimit:2*Q",
    "SecretVolumeSource": "secretName:1 items:2[]KeyToPath defaultMode:3*i optional:4*b",
    "ConfigMapVolumeSource": (
        "localObjectReference:1~LocalObjectReference items:2[]KeyToPath defaultMode:3*i "
        "optional:4*b"
    ),
    "KeyToPath": "key:1s! path:2s! mode:3*i",
    "PersistentVolumeClaimVolumeSource": "claimName:1s! readOnly:2b",
    "DownwardAPIVolumeSource": "items:1[]DownwardAPIVolumeFile defaultMode:2*i",
    "DownwardAPIVolumeFile": (
        "path:1s! fieldRef:2*ObjectFieldSelector resourceFieldRef:3*ResourceFieldSelector mode:4*i"
    ),
    "ProjectedVolumeSource": "sources:1[]VolumeProjection! defaultMode:2*i",
    "VolumeProjection": (
        "secret:1*SecretProjection downwardAPI:2*DownwardAPIProjection "
        "configMap:3*ConfigMapProjection serviceAccountToken:4*ServiceAccountTokenProjection "
        "clusterTrustBundle:5*ClusterTrustBundleProjection "
        "podCertificate:6*PodCertificateProjection"
    ),
    "SecretProjection": (
        "localObjectReference:1~LocalObjectReference items:2[]KeyToPath optional:4*b"
    ),
    "ConfigMapProjection": (
        "localObjectReference:1~LocalObjectReference items:2[]KeyToPath optional:4*b"
    ),
    "DownwardAPIProjection": "items:1[]DownwardAPIVolumeFile",
    "ServiceAccountTokenProjection": "audience:1 expirationSeconds:2*l path:3s!",
    "ImageVolumeSource": "reference:1 pullPolicy:2",
    "GCEPersistentDiskVolumeSource": "pdName:1s! fsType:2 partition:3i readOnly:4b",
    "AWSElasticBlockStoreVolumeSource": "volumeID:1s! fsType:2 partition:3i readOnly:4b",
    "GitRepoVolumeSource": "repository:1s! revision:2 directory:3",
    "NFSVolumeSource": "server:1s! path:2s! readOnly:3b",
    "ISCSIVolumeSource": (
        "targetPortal:1s! iqn:2s! lun:3i! iscsiInterface:4 fsType:5 readOnly:6b portals:7[]s "
        "chapAuthDiscovery:8b secretRef:10*LocalObjectReference chapAuthSession:11b "
        "initiatorName:12*s"
    ),
    "GlusterfsVolumeSource": "endpoints:1s! path:2s! readOnly:3b",
    "CSIVolumeSource": (
        "driver:1s! readOnly:2*b fsType:3*s volumeAttributes:4{}s "
        "nodePublishSecretRef:5*LocalObjectReference"
    ),
    "ClusterTrustBundleProjection": (
        "name:1*s signerName:2*s labelSelector:3*LabelSelector optional:5*b path:4s!"
    ),
    "PodCertificateProjection": (
        "signerName:1 keyType:2 maxExpirationSeconds:3*i credentialBundlePath:4 keyPath:5 "
        "certificateChainPath:6"
    ),
}
