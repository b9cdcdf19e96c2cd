"""Named string types of the Kubernetes API: plain text here, but decode errors tell the name."""

from __future__ import annotations

from typing import Annotated

import msgspec


def _go(name: str) -> msgspec.Meta:
    """Remember the Go name of a type."""
    return msgspec.Meta(extra={"go": name})


UID = Annotated[str, _go("types.UID")]
ManagedFieldsOperationType = Annotated[str, _go("v1.ManagedFieldsOperationType")]
LabelSelectorOperator = Annotated[str, _go("v1.LabelSelectorOperator")]
Protocol = Annotated[str, _go("v1.Protocol")]
ResourceName = Annotated[str, _go("v1.ResourceName")]
ResourceResizeRestartPolicy = Annotated[str, _go("v1.ResourceResizeRestartPolicy")]
ContainerRestartPolicy = Annotated[str, _go("v1.ContainerRestartPolicy")]
ContainerRestartRuleAction = Annotated[str, _go("v1.ContainerRestartRuleAction")]
ContainerRestartRuleOnExitCodesOperator = Annotated[
    str, _go("v1.ContainerRestartRuleOnExitCodesOperator")
]
RecursiveReadOnlyMode = Annotated[str, _go("v1.RecursiveReadOnlyMode")]
MountPropagationMode = Annotated[str, _go("v1.MountPropagationMode")]
TerminationMessagePolicy = Annotated[str, _go("v1.TerminationMessagePolicy")]
PullPolicy = Annotated[str, _go("v1.PullPolicy")]
URIScheme = Annotated[str, _go("v1.URIScheme")]
Signal = Annotated[str, _go("v1.Signal")]
RestartPolicy = Annotated[str, _go("v1.RestartPolicy")]
DNSPolicy = Annotated[str, _go("v1.DNSPolicy")]
PreemptionPolicy = Annotated[str, _go("v1.PreemptionPolicy")]
OSName = Annotated[str, _go("v1.OSName")]
PodConditionType = Annotated[str, _go("v1.PodConditionType")]
ConditionStatus = Annotated[str, _go("v1.ConditionStatus")]
Capability = Annotated[str, _go("v1.Capability")]
SeccompProfileType = Annotated[str, _go("v1.SeccompProfileType")]
AppArmorProfileType = Annotated[str, _go("v1.AppArmorProfileType")]
ProcMountType = Annotated[str, _go("v1.ProcMountType")]
PodFSGroupChangePolicy = Annotated[str, _go("v1.PodFSGroupChangePolicy")]
SupplementalGroupsPolicy = Annotated[str, _go("v1.SupplementalGroupsPolicy")]
PodSELinuxChangePolicy = Annotated[str, _go("v1.PodSELinuxChangePolicy")]
NodeSelectorOperator = Annotated[str, _go("v1.NodeSelectorOperator")]
TolerationOperator = Annotated[str, _go("v1.TolerationOperator")]
TaintEffect = Annotated[str, _go("v1.TaintEffect")]
UnsatisfiableConstraintAction = Annotated[str, _go("v1.UnsatisfiableConstraintAction")]
NodeInclusionPolicy = Annotated[str, _go("v1.NodeInclusionPolicy")]
HostPathType = Annotated[str, _go("v1.HostPathType")]
StorageMedium = Annotated[str, _go("v1.StorageMedium")]
AzureDataDiskCachingMode = Annotated[str, _go("v1.AzureDataDiskCachingMode")]
AzureDataDiskKind = Annotated[str, _go("v1.AzureDataDiskKind")]
PersistentVolumeAccessMode = Annotated[str, _go("v1.PersistentVolumeAccessMode")]
PersistentVolumeMode = Annotated[str, _go("v1.PersistentVolumeMode")]
PodPhase = Annotated[str, _go("v1.PodPhase")]
PodQOSClass = Annotated[str, _go("v1.PodQOSClass")]
PodResizeStatus = Annotated[str, _go("v1.PodResizeStatus")]
ResourceHealthStatus = Annotated[str, _go("v1.ResourceHealthStatus")]
SecretType = Annotated[str, _go("v1.SecretType")]
NamespacePhase = Annotated[str, _go("v1.NamespacePhase")]
FinalizerName = Annotated[str, _go("v1.FinalizerName")]
NodePhase = Annotated[str, _go("v1.NodePhase")]
NodeConditionType = Annotated[str, _go("v1.NodeConditionType")]
NodeAddressType = Annotated[str, _go("v1.NodeAddressType")]
UniqueVolumeName = Annotated[str, _go("v1.UniqueVolumeName")]
DeploymentStrategyType = Annotated[str, _go("v1.DeploymentStrategyType")]
PodManagementPolicyType = Annotated[str, _go("v1.PodManagementPolicyType")]
StatefulSetUpdateStrategyType = Annotated[str, _go("v1.StatefulSetUpdateStrategyType")]
DaemonSetUpdateStrategyType = Annotated[str, _go("v1.DaemonSetUpdateStrategyType")]
PersistentVolumeClaimRetentionPolicyType = Annotated[
    str, _go("v1.PersistentVolumeClaimRetentionPolicyType")
]
CompletionMode = Annotated[str, _go("v1.CompletionMode")]
PodReplacementPolicy = Annotated[str, _go("v1.PodReplacementPolicy")]
PodFailurePolicyAction = Annotated[str, _go("v1.PodFailurePolicyAction")]
PodFailurePolicyOnExitCodesOperator = Annotated[str, _go("v1.PodFailurePolicyOnExitCodesOperator")]
ConcurrencyPolicy = Annotated[str, _go("v1.ConcurrencyPolicy")]
ServiceType = Annotated[str, _go("v1.ServiceType")]
ServiceAffinity = Annotated[str, _go("v1.ServiceAffinity")]
ServiceExternalTrafficPolicy = Annotated[str, _go("v1.ServiceExternalTrafficPolicy")]
ServiceInternalTrafficPolicy = Annotated[str, _go("v1.ServiceInternalTrafficPolicy")]
IPFamily = Annotated[str, _go("v1.IPFamily")]
IPFamilyPolicy = Annotated[str, _go("v1.IPFamilyPolicy")]
LoadBalancerIPMode = Annotated[str, _go("v1.LoadBalancerIPMode")]
CoordinatedLeaseStrategy = Annotated[str, _go("v1.CoordinatedLeaseStrategy")]
RowConditionType = Annotated[str, _go("v1.RowConditionType")]
