"""Which kinds does a manifest know, by which API version, and what becomes of each?"""

from __future__ import annotations

from typing import Final

from agent.model.base import Object

#: The kinds that are read: API version and the place of the type in the model. Types that only
#: workloads or the API need are imported when they occur.
_READ: Final[dict[str, tuple[str, str]]] = {
    "Pod": ("v1", "agent.model.pod"),
    "ConfigMap": ("v1", "agent.model.config_data"),
    "Secret": ("v1", "agent.model.config_data"),
    "Node": ("v1", "agent.model.node"),
    "Namespace": ("v1", "agent.model.namespace"),
    "Event": ("v1", "agent.model.event"),
    "PersistentVolumeClaim": ("v1", "agent.model.workload"),
    "Deployment": ("apps/v1", "agent.model.workload"),
    "ReplicaSet": ("apps/v1", "agent.model.workload"),
    "StatefulSet": ("apps/v1", "agent.model.workload"),
    "DaemonSet": ("apps/v1", "agent.model.workload"),
    "Job": ("batch/v1", "agent.model.workload"),
    "CronJob": ("batch/v1", "agent.model.workload"),
}
#: The package of the internal type in Kubernetes' own messages.
_PACKAGES: Final = {"v1": "core", "apps/v1": "apps", "batch/v1": "batch"}

#: Where the pod template of a workload kind is.
TEMPLATES: Final[dict[str, tuple[str, ...]]] = {
    "Deployment": ("spec", "template"),
    "ReplicaSet": ("spec", "template"),
    "StatefulSet": ("spec", "template"),
    "DaemonSet": ("spec", "template"),
    "Job": ("spec", "template"),
    "CronJob": ("spec", "jobTemplate", "spec", "template"),
}
#: The kinds of which a manifest makes something.
USED: Final = ("Pod", "ConfigMap", "Secret", *TEMPLATES)

#: Kinds that stand beside pods in ordinary manifests and have no meaning without a cluster.
CLUSTER_ONLY: Final[dict[str, tuple[str, ...]]] = {
    "v1": (
        "Binding",
        "ComponentStatus",
        "Endpoints",
        "Event",
        "LimitRange",
        "Namespace",
        "Node",
        "PersistentVolume",
        "PersistentVolumeClaim",
        "PodTemplate",
        "ReplicationController",
        "ResourceQuota",
        "Service",
        "ServiceAccount",
    ),
    "admissionregistration.k8s.io/v1": (
        "MutatingWebhookConfiguration",
        "ValidatingAdmissionPolicy",
        "ValidatingAdmissionPolicyBinding",
        "ValidatingWebhookConfiguration",
    ),
    "apps/v1": ("ControllerRevision",),
    "autoscaling/v1": ("HorizontalPodAutoscaler",),
    "autoscaling/v2": ("HorizontalPodAutoscaler",),
    "coordination.k8s.io/v1": ("Lease",),
    "discovery.k8s.io/v1": ("EndpointSlice",),
    "networking.k8s.io/v1": ("Ingress", "IngressClass", "NetworkPolicy"),
    "node.k8s.io/v1": ("RuntimeClass",),
    "policy/v1": ("PodDisruptionBudget",),
    "rbac.authorization.k8s.io/v1": (
        "ClusterRole",
        "ClusterRoleBinding",
        "Role",
        "RoleBinding",
    ),
    "scheduling.k8s.io/v1": ("PriorityClass",),
    "storage.k8s.io/v1": ("CSIDriver", "CSINode", "StorageClass", "VolumeAttachment"),
}


def type_of(api_version: str, kind: str) -> type[Object] | None:
    """Return the model's type for a kind, None when it has none."""
    expected, module = _READ.get(kind, ("", ""))
    if expected != api_version or not module:
        return None
    from importlib import import_module  # most manifests hold pods only

    found: type[Object] = getattr(import_module(module), kind)
    return found


def api_version_of(kind: str) -> str | None:
    """Return the API version by which a kind is read, None when it is not read."""
    return _READ[kind][0] if kind in _READ else None


def is_registered(api_version: str, kind: str) -> bool:
    """Say whether Kubernetes itself knows the kind."""
    return type_of(api_version, kind) is not None or is_cluster_only(api_version, kind)


def is_cluster_only(api_version: str, kind: str) -> bool:
    """Say whether a kind is one of Kubernetes' that has no meaning here."""
    return kind in CLUSTER_ONLY.get(api_version, ())


def internal_name(api_version: str, kind: str) -> str:
    """Return how Kubernetes' messages name the internal type ("core.Pod")."""
    return f"{_PACKAGES.get(api_version, 'core')}.{kind}"
