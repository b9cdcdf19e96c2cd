"""The kinds that carry a pod template: Deployment, StatefulSet, DaemonSet, Job and their kin.

Only their template has a meaning here; the rest is known by name, so that a typo is found.
Their status is the cluster's and stays as it is given.
"""

from __future__ import annotations

from agent.model import names
from agent.model.base import Int32, Int64, IntOrString, Object, always
from agent.model.meta import LabelSelector, ObjectMeta
from agent.model.pod import PodTemplateSpec
from agent.model.volume_cluster import PersistentVolumeClaimSpec


class RollingUpdate(Object):
    """How many pods may be missing or extra during an update, or where it stops."""

    max_unavailable: IntOrString | None = None
    max_surge: IntOrString | None = None
    partition: Int32 | None = None


class DeploymentStrategy(Object):
    """How pods are replaced."""

    type: names.DeploymentStrategyType = ""
    rolling_update: RollingUpdate | None = None


class DeploymentSpec(Object):
    """What a Deployment runs."""

    replicas: Int32 | None = None
    selector: LabelSelector | None = always(factory=lambda: None)
    template: PodTemplateSpec = always(factory=PodTemplateSpec)
    strategy: DeploymentStrategy = always(factory=DeploymentStrategy)
    min_ready_seconds: Int32 = 0
    revision_history_limit: Int32 | None = None
    paused: bool = False
    progress_deadline_seconds: Int32 | None = None


class Deployment(Object):
    """Interchangeable pods."""

    api_version: str = ""
    kind: str = ""
    metadata: ObjectMeta = always(factory=ObjectMeta)
    spec: DeploymentSpec = always(factory=DeploymentSpec)
    status: dict[str, object] = {}


class ReplicaSetSpec(Object):
    """What a ReplicaSet runs."""

    replicas: Int32 | None = None
    min_ready_seconds: Int32 = 0
    selector: LabelSelector | None = always(factory=lambda: None)
    template: PodTemplateSpec = always(factory=PodTemplateSpec)


class ReplicaSet(Object):
    """A number of equal pods."""

    api_version: str = ""
    kind: str = ""
    metadata: ObjectMeta = always(factory=ObjectMeta)
    spec: ReplicaSetSpec = always(factory=ReplicaSetSpec)
    status: dict[str, object] = {}


class PersistentVolumeClaim(Object):
    """A claim for storage, as a StatefulSet makes one per pod."""

    api_version: str = ""
    kind: str = ""
    metadata: ObjectMeta = always(factory=ObjectMeta)
    spec: PersistentVolumeClaimSpec = always(factory=PersistentVolumeClaimSpec)
    status: dict[str, object] = {}


class StatefulSetUpdateStrategy(Object):
    """How pods are replaced."""

    type: names.StatefulSetUpdateStrategyType = ""
    rolling_update: RollingUpdate | None = None


class StatefulSetPersistentVolumeClaimRetentionPolicy(Object):
    """What becomes of claims."""

    when_deleted: names.PersistentVolumeClaimRetentionPolicyType = ""
    when_scaled: names.PersistentVolumeClaimRetentionPolicyType = ""


class StatefulSetOrdinals(Object):
    """The first number of a pod."""

    start: Int32 = always(factory=int)


class StatefulSetSpec(Object):
    """What a StatefulSet runs."""

    replicas: Int32 | None = None
    selector: LabelSelector | None = always(factory=lambda: None)
    template: PodTemplateSpec = always(factory=PodTemplateSpec)
    volume_claim_templates: tuple[PersistentVolumeClaim, ...] = ()
    service_name: str = always(factory=str)
    pod_management_policy: names.PodManagementPolicyType = ""
    update_strategy: StatefulSetUpdateStrategy = always(factory=StatefulSetUpdateStrategy)
    revision_history_limit: Int32 | None = None
    min_ready_seconds: Int32 = 0
    persistent_volume_claim_retention_policy: (
        StatefulSetPersistentVolumeClaimRetentionPolicy | None
    ) = None
    ordinals: StatefulSetOrdinals | None = None


class StatefulSet(Object):
    """Numbered pods."""

    api_version: str = ""
    kind: str = ""
    metadata: ObjectMeta = always(factory=ObjectMeta)
    spec: StatefulSetSpec = always(factory=StatefulSetSpec)
    status: dict[str, object] = {}


class DaemonSetUpdateStrategy(Object):
    """How pods are replaced."""

    type: names.DaemonSetUpdateStrategyType = ""
    rolling_update: RollingUpdate | None = None


class DaemonSetSpec(Object):
    """What a DaemonSet runs."""

    selector: LabelSelector | None = always(factory=lambda: None)
    template: PodTemplateSpec = always(factory=PodTemplateSpec)
    update_strategy: DaemonSetUpdateStrategy = always(factory=DaemonSetUpdateStrategy)
    min_ready_seconds: Int32 = 0
    revision_history_limit: Int32 | None = None


class DaemonSet(Object):
    """One pod per machine: exactly what barepod is about."""

    api_version: str = ""
    kind: str = ""
    metadata: ObjectMeta = always(factory=ObjectMeta)
    spec: DaemonSetSpec = always(factory=DaemonSetSpec)
    status: dict[str, object] = {}


class PodFailurePolicyOnExitCodesRequirement(Object):
    """Exit codes that a rule is about."""

    container_name: str | None = None
    operator: names.PodFailurePolicyOnExitCodesOperator = always(factory=str)
    values: tuple[Int32, ...] = always(factory=tuple)


class PodFailurePolicyOnPodConditionsPattern(Object):
    """A pod condition that a rule is about."""

    type: names.PodConditionType = always(factory=str)
    status: names.ConditionStatus = always(factory=str)


class PodFailurePolicyRule(Object):
    """What a kind of failure means for the job."""

    action: names.PodFailurePolicyAction = always(factory=str)
    on_exit_codes: PodFailurePolicyOnExitCodesRequirement | None = None
    on_pod_conditions: tuple[PodFailurePolicyOnPodConditionsPattern, ...] = ()


class PodFailurePolicy(Object):
    """Which failures count."""

    rules: tuple[PodFailurePolicyRule, ...] = always(factory=tuple)


class SuccessPolicyRule(Object):
    """When an indexed job has succeeded."""

    succeeded_indexes: str | None = None
    succeeded_count: Int32 | None = None


class SuccessPolicy(Object):
    """When a job has succeeded."""

    rules: tuple[SuccessPolicyRule, ...] = always(factory=tuple)


class JobSpec(Object):
    """What a Job runs."""

    parallelism: Int32 | None = None
    completions: Int32 | None = None
    active_deadline_seconds: Int64 | None = None
    pod_failure_policy: PodFailurePolicy | None = None
    success_policy: SuccessPolicy | None = None
    backoff_limit: Int32 | None = None
    backoff_limit_per_index: Int32 | None = None
    max_failed_indexes: Int32 | None = None
    selector: LabelSelector | None = None
    manual_selector: bool | None = None
    template: PodTemplateSpec = always(factory=PodTemplateSpec)
    ttl_seconds_after_finished: Int32 | None = None
    completion_mode: names.CompletionMode | None = None
    suspend: bool | None = None
    pod_replacement_policy: names.PodReplacementPolicy | None = None
    managed_by: str | None = None


class Job(Object):
    """A pod that runs to its end."""

    api_version: str = ""
    kind: str = ""
    metadata: ObjectMeta = always(factory=ObjectMeta)
    spec: JobSpec = always(factory=JobSpec)
    status: dict[str, object] = {}


class JobTemplateSpec(Object):
    """The job inside a CronJob."""

    metadata: ObjectMeta = always(factory=ObjectMeta)
    spec: JobSpec = always(factory=JobSpec)


class CronJobSpec(Object):
    """When and what a CronJob runs."""

    schedule: str = always(factory=str)
    time_zone: str | None = None
    starting_deadline_seconds: Int64 | None = None
    concurrency_policy: names.ConcurrencyPolicy = ""
    suspend: bool | None = None
    job_template: JobTemplateSpec = always(factory=JobTemplateSpec)
    successful_jobs_history_limit: Int32 | None = None
    failed_jobs_history_limit: Int32 | None = None


class CronJob(Object):
    """A job that runs on a schedule."""

    api_version: str = ""
    kind: str = ""
    metadata: ObjectMeta = always(factory=ObjectMeta)
    spec: CronJobSpec = always(factory=CronJobSpec)
    status: dict[str, object] = {}
