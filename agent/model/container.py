"""One container of a pod: command, environment, ports, resources, probes, hooks."""

from __future__ import annotations

import msgspec

from agent.model import names
from agent.model.base import Int32, Object, Quantity, ResourceList, always
from agent.model.handler import Lifecycle, Probe
from agent.model.security import SecurityContext


class ContainerPort(Object):
    """A port that the container listens on."""

    name: str = ""
    host_port: Int32 = 0
    container_port: Int32 = always(factory=int)
    protocol: names.Protocol = ""
    host_ip: str = msgspec.field(name="hostIP", default="")


class ObjectFieldSelector(Object):
    """A field of the pod, by path."""

    api_version: str = ""
    field_path: str = always(factory=str)


class ResourceFieldSelector(Object):
    """A container's request or limit, divided by `divisor`."""

    container_name: str = ""
    resource: str = always(factory=str)
    divisor: Quantity = always(factory=lambda: "0")


class ConfigMapKeySelector(Object):
    """A key of a ConfigMap."""

    name: str = ""
    key: str = always(factory=str)
    optional: bool | None = None


class SecretKeySelector(Object):
    """A key of a Secret."""

    name: str = ""
    key: str = always(factory=str)
    optional: bool | None = None


class FileKeySelector(Object):
    """A key of an env file in a volume."""

    volume_name: str = always(factory=str)
    path: str = always(factory=str)
    key: str = always(factory=str)
    optional: bool | None = None


class EnvVarSource(Object):
    """Where a variable's value comes from; exactly one is set."""

    field_ref: ObjectFieldSelector | None = None
    resource_field_ref: ResourceFieldSelector | None = None
    config_map_key_ref: ConfigMapKeySelector | None = None
    secret_key_ref: SecretKeySelector | None = None
    file_key_ref: FileKeySelector | None = None


class EnvVar(Object):
    """One environment variable."""

    name: str = always(factory=str)
    value: str = ""
    value_from: EnvVarSource | None = None


class ConfigMapEnvSource(Object):
    """All keys of a ConfigMap."""

    name: str = ""
    optional: bool | None = None


class SecretEnvSource(Object):
    """All keys of a Secret."""

    name: str = ""
    optional: bool | None = None


class EnvFromSource(Object):
    """A whole ConfigMap or Secret as variables."""

    prefix: str = ""
    config_map_ref: ConfigMapEnvSource | None = None
    secret_ref: SecretEnvSource | None = None


class ResourceClaim(Object):
    """A claim of the pod that this container uses."""

    name: str = always(factory=str)
    request: str = ""


class ResourceRequirements(Object):
    """What a container may use at most, and what it asks for."""

    limits: ResourceList = {}
    requests: ResourceList = {}
    claims: tuple[ResourceClaim, ...] = ()


_NO_RESOURCES = ResourceRequirements()  # most containers name none: one for all


class ContainerResizePolicy(Object):
    """Whether a resize needs a restart."""

    resource_name: names.ResourceName = always(factory=str)
    restart_policy: names.ResourceResizeRestartPolicy = always(factory=str)


class ContainerRestartRuleOnExitCodes(Object):
    """A set of exit codes; `operator` is In or NotIn."""

    operator: names.ContainerRestartRuleOnExitCodesOperator = ""
    values: tuple[Int32, ...] = ()


class ContainerRestartRule(Object):
    """What to do when the container exits with one of these codes."""

    action: names.ContainerRestartRuleAction = ""
    exit_codes: ContainerRestartRuleOnExitCodes | None = None


class VolumeMount(Object):
    """Where a volume appears in the container."""

    name: str = always(factory=str)
    read_only: bool = False
    recursive_read_only: names.RecursiveReadOnlyMode | None = None
    mount_path: str = always(factory=str)
    sub_path: str = ""
    mount_propagation: names.MountPropagationMode | None = None
    sub_path_expr: str = ""


class VolumeDevice(Object):
    """A raw block device of a claim."""

    name: str = always(factory=str)
    device_path: str = always(factory=str)


class Container(Object):
    """A container: here, one supervised process and all it starts."""

    name: str = always(factory=str)
    image: str = ""
    command: tuple[str, ...] = ()
    args: tuple[str, ...] = ()
    working_dir: str = ""
    ports: tuple[ContainerPort, ...] = ()
    env_from: tuple[EnvFromSource, ...] = ()
    env: tuple[EnvVar, ...] = ()
    resources: ResourceRequirements = always(factory=lambda: _NO_RESOURCES)
    resize_policy: tuple[ContainerResizePolicy, ...] = ()
    restart_policy: names.ContainerRestartPolicy | None = None
    restart_policy_rules: tuple[ContainerRestartRule, ...] = ()
    volume_mounts: tuple[VolumeMount, ...] = ()
    volume_devices: tuple[VolumeDevice, ...] = ()
    liveness_probe: Probe | None = None
    readiness_probe: Probe | None = None
    startup_probe: Probe | None = None
    lifecycle: Lifecycle | None = None
    termination_message_path: str = ""
    termination_message_policy: names.TerminationMessagePolicy = ""
    image_pull_policy: names.PullPolicy = ""
    security_context: SecurityContext | None = None
    stdin: bool = False
    stdin_once: bool = False
    tty: bool = False


class EphemeralContainer(Container):
    """A debugging container added to a running pod."""

    target_container_name: str = ""
