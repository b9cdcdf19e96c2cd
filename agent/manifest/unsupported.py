"""Which fields of a pod cannot be honoured on a bare host, and what follows from that?

Refused is what would silently change what runs. Ignored is what only a cluster can give meaning
to; of those, `is_missed` marks what a user would miss, so that an event tells (FieldIgnored).
Only what the user set counts, so the pod must not have been defaulted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from enum import Enum
from typing import Any

import msgspec

from agent.manifest.errors import FieldError, forbidden
from agent.model.base import Object
from agent.model.container import Container
from agent.model.pod import Pod
from agent.model.volume import Volume, VolumeProjection


class Ignored(msgspec.Struct, frozen=True):
    """A field that has no effect here, and why."""

    path: str
    why: str
    is_missed: bool = False

    def __str__(self) -> str:
        """`spec.hostAliases: ignored: the host's own /etc/hosts is used`."""
        return f"{self.path}: ignored: {self.why}"


class Verdict(msgspec.Struct, frozen=True):
    """What is refused and what is ignored, in the order of the fields."""

    refused: tuple[FieldError, ...]
    ignored: tuple[Ignored, ...]


class _Fate(Enum):
    REFUSED = "refused"
    MISSED = "ignored, with an event"
    IGNORED = "ignored, listed by validate"


class _Row(msgspec.Struct, frozen=True):
    """What becomes of one attribute; `when` narrows it to some values."""

    attribute: str
    fate: _Fate
    why: str
    when: Callable[[Any], bool] | None = None


_REFUSED, _MISSED, _IGNORED = _Fate.REFUSED, _Fate.MISSED, _Fate.IGNORED
_ONE_MACHINE = "there is one machine, and every pod runs on it"
_NO_ACCOUNTS = "there are no service accounts here"
_NO_PROFILES = "no security profile is applied to processes here"


def _is_confining(profile: Any) -> bool:
    return bool(profile.type != "Unconfined")


_SPEC = (
    _Row("host_pid", _REFUSED, "processes always see those of the host; there is no choice"),
    _Row("host_ipc", _REFUSED, "processes always share the host's IPC; there is no choice"),
    _Row("share_process_namespace", _REFUSED, "there are no process namespaces here"),
    _Row(
        "host_users",
        _REFUSED,
        "there are no user namespaces here: root would be root of the host",
        lambda value: value is False,
    ),
    _Row("os", _REFUSED, "this is a Linux host", lambda os: os.name != "linux"),
    _Row("runtime_class_name", _REFUSED, "there is only one way to run processes here"),
    _Row("resource_claims", _REFUSED, "there is nothing here that could provide devices"),
    _Row("scheduling_gates", _REFUSED, "nothing here could ever lift the gate"),
    _Row("host_aliases", _MISSED, "the host's own /etc/hosts is used"),
    _Row("dns_config", _MISSED, "the host's own resolver configuration is used"),
    _Row(
        "dns_policy",
        _IGNORED,
        "the host's own resolver configuration is used",
        lambda policy: policy not in ("", "Default", "ClusterFirst"),
    ),
    _Row("subdomain", _IGNORED, "there is no cluster DNS"),
    _Row("set_hostname_as_fqdn", _IGNORED, "the host keeps its name"),
    _Row("node_name", _IGNORED, _ONE_MACHINE),
    _Row("node_selector", _IGNORED, _ONE_MACHINE),
    _Row("affinity", _IGNORED, _ONE_MACHINE),
    _Row("tolerations", _IGNORED, "taints hold back pods of the API, not those of files"),
    _Row("topology_spread_constraints", _IGNORED, _ONE_MACHINE),
    _Row("scheduler_name", _IGNORED, _ONE_MACHINE),
    _Row("priority_class_name", _IGNORED, "no pod has to make room for another"),
    _Row("preemption_policy", _IGNORED, "no pod has to make room for another"),
    _Row(
        "resources",
        _MISSED,
        "the limits of single containers are enforced, not those of the pod",
        lambda resources: bool(resources.limits),
    ),
    _Row("overhead", _IGNORED, "there is no sandbox that would cost anything"),
    _Row("service_account_name", _IGNORED, _NO_ACCOUNTS),
    _Row("service_account", _IGNORED, _NO_ACCOUNTS),
    _Row("automount_service_account_token", _IGNORED, _NO_ACCOUNTS),
    _Row("image_pull_secrets", _IGNORED, "no image is pulled"),
)
_SECURITY = (
    _Row("sysctls", _MISSED, "they would change the whole host"),
    _Row("seccomp_profile", _MISSED, _NO_PROFILES, _is_confining),
    _Row("app_armor_profile", _MISSED, _NO_PROFILES, _is_confining),
    _Row("se_linux_options", _MISSED, _NO_PROFILES),
    _Row("se_linux_change_policy", _IGNORED, _NO_PROFILES),
    _Row("windows_options", _IGNORED, "this is a Linux host"),
    _Row("fs_group_change_policy", _IGNORED, "volumes are made anew for each pod"),
    _Row(
        "proc_mount",
        _REFUSED,
        "processes see the host's /proc; there is no choice",
        lambda value: value != "Default",
    ),
    _Row("read_only_root_filesystem", _MISSED, "processes see the host's own files"),
    _Row("privileged", _MISSED, "processes have the rights of their user, no more"),
)
_CONTAINER = (
    _Row("volume_devices", _REFUSED, "there are no block volumes here"),
    _Row("image_pull_policy", _IGNORED, "no image is pulled"),
    _Row("resize_policy", _IGNORED, "a running process is not resized"),
)
_ENV_SOURCE = (_Row("file_key_ref", _REFUSED, "env files are not read here"),)
_MOUNT = (
    _Row(
        "mount_propagation",
        _REFUSED,
        "what a container mounts never appears on the host",
        lambda value: value == "Bidirectional",
    ),
)
_HOST_PORT = _Row(
    "host_port",
    _MISSED,
    "the process is on the host's network: reach it at its containerPort",
)
_SIZE_LIMIT = _Row(
    "size_limit",
    _IGNORED,
    "the size of a directory is not limited (of medium Memory it is, for root)",
)


def _only_in_a_cluster(holder: type[Object], *supported: str) -> tuple[_Row, ...]:
    """Refuse each source of a volume but those that a bare host can offer."""
    return tuple(
        _Row(name, _REFUSED, "only a cluster can provide this volume")
        for name in holder.__struct_fields__
        if name not in supported
    )


_SUPPORTED_SOURCES = ("config_map", "secret", "downward_api")
_VOLUME = _only_in_a_cluster(
    Volume, "name", "host_path", "empty_dir", "projected", *_SUPPORTED_SOURCES
)
_PROJECTION = _only_in_a_cluster(VolumeProjection, *_SUPPORTED_SOURCES)


def unsupported(pod: Pod) -> Verdict:
    """Judge a pod as the user wrote it."""
    found = _Findings()
    spec = pod.spec
    found.judge(spec, "spec", _SPEC)
    if spec.security_context is not None:
        found.judge(spec.security_context, "spec.securityContext", _SECURITY)
    for index, volume in enumerate(spec.volumes):
        found.judge_volume(volume, f"spec.volumes[{index}]")
    for name in ("init_containers", "containers"):
        for index, container in enumerate(getattr(spec, name)):
            found.judge_container(container, f"spec.{_json_name(spec, name)}[{index}]")
    return Verdict(tuple(found.refused), tuple(found.ignored))


def notes() -> dict[str, dict[str, str]]:
    """What is to be known of fields before they are written: by Go type and attribute."""
    tables = {
        "PodSpec": _SPEC,
        "PodSecurityContext": _SECURITY,
        "SecurityContext": _SECURITY,
        "Container": _CONTAINER,
        "EphemeralContainer": _CONTAINER,
        "ContainerPort": (_HOST_PORT,),
        "EnvVarSource": _ENV_SOURCE,
        "VolumeMount": _MOUNT,
        "Volume": _VOLUME,
        "VolumeProjection": _PROJECTION,
        "EmptyDirVolumeSource": (_SIZE_LIMIT,),
    }
    return {
        name: {row.attribute: f"On a bare host {_FATES[row.fate]}: {row.why}." for row in rows}
        for name, rows in tables.items()
    }


_FATES = {_REFUSED: "refused", _MISSED: "ignored", _IGNORED: "ignored"}


class _Findings:
    def __init__(self) -> None:
        self.refused: list[FieldError] = []
        self.ignored: list[Ignored] = []

    def judge(self, holder: Object, path: str, rows: Iterable[_Row]) -> None:
        """Apply the rows to what `holder` has set."""
        for row in rows:
            value = getattr(holder, row.attribute, None)
            # False counts only where a row asks for it: elsewhere it asks for nothing.
            if row.when is None:
                is_set = value not in (None, "", (), {}) and value is not False
            else:
                is_set = value is not None and row.when(value)
            if is_set:
                self._add(row, f"{path}.{_json_name(holder, row.attribute)}")

    def _add(self, row: _Row, path: str) -> None:
        if row.fate is _REFUSED:
            self.refused.append(forbidden(path, f"not possible on a bare host: {row.why}"))
        else:
            self.ignored.append(Ignored(path, row.why, row.fate is _MISSED))

    def judge_container(self, container: Container, path: str) -> None:
        """A container, its ports, variables, mounts and security settings."""
        self.judge(container, path, _CONTAINER)
        if container.security_context is not None:
            self.judge(container.security_context, f"{path}.securityContext", _SECURITY)
        for index, port in enumerate(container.ports):
            if port.host_port not in (0, port.container_port):
                why = f"the process is on the host's network: reach it at {port.container_port}"
                self.ignored.append(Ignored(f"{path}.ports[{index}].hostPort", why, True))
        for index, variable in enumerate(container.env):
            if variable.value_from is not None:
                self.judge(variable.value_from, f"{path}.env[{index}].valueFrom", _ENV_SOURCE)
        for index, mount in enumerate(container.volume_mounts):
            self.judge(mount, f"{path}.volumeMounts[{index}]", _MOUNT)

    def judge_volume(self, volume: Volume, path: str) -> None:
        """A volume is refused when only a cluster could provide it."""
        self.judge(volume, path, _VOLUME)
        if volume.empty_dir is not None:
            medium = volume.empty_dir.medium
            if medium not in ("", "Memory"):
                self._add(_Row("", _REFUSED, f"no medium {medium} here"), f"{path}.emptyDir.medium")
            if volume.empty_dir.size_limit is not None and not medium:
                self._add(_SIZE_LIMIT, f"{path}.emptyDir.sizeLimit")
        if volume.projected is not None:
            for index, source in enumerate(volume.projected.sources):
                self.judge(source, f"{path}.projected.sources[{index}]", _PROJECTION)


def _json_name(holder: Object, attribute: str) -> str:
    return holder.__struct_encode_fields__[holder.__struct_fields__.index(attribute)]
